"""Two runs side by side, as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pipecat_voice_test.measurement.comparison.fingerprint import Fingerprint
from pipecat_voice_test.measurement.statistics.bootstrap import Sample


class Standing(StrEnum):
    """How a metric stands against its baseline.

    `too_few` is information only (M-34); `not_comparable` is neither pass nor failure (M-31).
    """

    REGRESSION = "regression"
    NO_REGRESSION = "no_regression"
    TOO_FEW = "too_few"
    NOT_COMPARABLE = "not_comparable"


@dataclass(frozen=True, slots=True)
class Settings:
    """What was asked for and may move the figures."""

    provider: str = "twilio"
    workers: int = 1
    repeat: int = 1
    fresh_bot: bool = False


@dataclass(frozen=True, slots=True)
class MeasuredScenario:
    """What one run has to say about one scenario.

    Attributes:
        fingerprint: None if it was never made ready.
        samples: Metric id to the values of the calls that could be judged.
        rates: `passed`, and the rates within calls, as (times, of); only of those calls.
        why_not: Why there were no such calls, if there were none.
        starved: Numbers of those calls in which no CPU was free for the bot (METRICS 7).
    """

    name: str
    fingerprint: Fingerprint | None
    samples: Mapping[str, Sample]
    rates: Mapping[str, tuple[int, int]]
    why_not: str = ""
    starved: frozenset[int] = frozenset()

    @property
    def judged(self) -> int:
        """How many calls could be judged."""
        return self.rates.get("passed", (0, 0))[1]


@dataclass(frozen=True, slots=True)
class Measured:
    """One run, as far as another can be compared with it.

    Attributes:
        shown: What to call it: the name of its file.
        verdict: How the run came out.
        runner: Class of the machine, such as `linux x86_64, 2 CPUs`.
        launcher: How the bot was reached: `image`, `url`, ….
    """

    shown: str
    version: str
    verdict: str
    started_at: str
    runner: str
    launcher: str
    seed: int
    settings: Settings
    scenarios: Sequence[MeasuredScenario]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: the median in ms, or a rate from 0 to 1, of `n` values."""

    n: int
    figure: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric of one scenario against its baseline.

    Attributes:
        metric: Its id; empty if the scenario as a whole cannot be compared.
        message: The line people read.
        difference: New minus base, in ms or as a share.
        interval: Where the difference lies, 95 of 100 times; latencies only.
        allowed: What a latency may grow by before it counts; M-32.
        could_show: The least growth in ms, or the highest new rate, that these numbers
            would have shown as a regression; None if they could show none.
    """

    scenario: str
    metric: str
    standing: Standing
    message: str
    base: Side | None = None
    new: Side | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    allowed: float | None = None
    could_show: float | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of holding a run against its baseline.

    Attributes:
        base: Name of the baseline's file.
        base_version, base_started_at: Of the run it was kept from.
        comparisons: In order of the new run's scenarios, then those only the baseline has.
        notes: Differences that forbid nothing and that people should know of.
    """

    base: str
    base_version: str
    base_started_at: str
    comparisons: tuple[Comparison, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def count(self, standing: Standing) -> int:
        return sum(one.standing is standing for one in self.comparisons)

    @property
    def nothing_comparable(self) -> bool:
        """Whether not one figure could be held against another."""
        return all(one.standing is Standing.NOT_COMPARABLE for one in self.comparisons)
