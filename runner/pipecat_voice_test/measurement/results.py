"""What a run found out, as data: `report` renders it, `run` turns it into an exit code.

Shapes and names are those of results.json (DESIGN 6). Times are milliseconds on the call
clock with fractions; rounding is for people and happens in `report` only, so that no result
is ever rounded into a pass (METRICS 8).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pipecat_voice_test.measurement.comparison.fingerprint import Fingerprint
from pipecat_voice_test.measurement.comparison.model import Compared, Comparison, Settings
from pipecat_voice_test.scenario.model import Scenario, TurnKind
from pipecat_voice_test.scenario.shard import Shard, Share
from pipecat_voice_test.timeline import Severity, Timeline


class Verdict(StrEnum):
    """How a check, a call, a scenario or a run came out.

    `failed` is the bot's doing; `error` and `inconclusive` say that it could not be judged.
    """

    PASSED = "passed"
    FAILED = "failed"
    FLAKY = "flaky"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"
    ERROR = "error"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True)
class Check:
    """One metric held against one limit.

    Attributes:
        id: Where it comes from: `turns[1].expect[0]`, `limits.stop_ms.each.turns[2]`, …
        metric: Id of the metric.
        value: What was measured; None if there was nothing to measure.
        limit: What it was held against; None for a check without a number.
        message: The line people read: `response was 2210 ms, limit 1500`.
        turn: Index of the turn, or None for the whole call.
        line: Line of the scenario file, or None.
        at_ms: Where in the recording it can be heard, or None.
    """

    id: str
    metric: str
    verdict: Verdict
    message: str
    value: float | None = None
    limit: float | None = None
    turn: int | None = None
    line: int | None = None
    at_ms: float | None = None


@dataclass(frozen=True, slots=True)
class TurnFacts:
    """What happened in one turn of a call.

    Attributes:
        said: The caller's speech on the mouth clock, or None.
        heard: Bot bursts on the ear clock in this turn.
        response_ms: To the answer, for a barge-in METRICS `recovery`; None if there was none.
        clear_ms: METRICS `clear_seen`.
        text: What was said, for people.
        keys: What was pressed.
    """

    index: int
    line: int
    kind: TurnKind
    name: str = ""
    said: tuple[float, float] | None = None
    heard: tuple[tuple[float, float], ...] = ()
    response_ms: float | None = None
    stop_ms: float | None = None
    clear_ms: float | None = None
    text: str | None = None
    keys: str = ""


@dataclass(frozen=True, slots=True)
class FindingCount:
    """All findings of one kind in a call; METRICS `protocol`, PROTOCOL 4.2."""

    code: int | None
    kind: str
    severity: Severity
    count: int
    first: str
    first_at_ms: float


@dataclass(frozen=True, slots=True)
class CallResult:
    """One call: what was measured and how it was judged.

    Attributes:
        number: From 1, within its scenario.
        metrics: Metric id to the values this call yields, in order of time.
        slow: Those among them that answered a turn marked `slow`: they have a limit of their own
            and no part in distributions (METRICS 3.2).
        rates: For the shares among them: how many times, of how many (M-24).
        error: Why nothing could be judged (with its `Fix:`), or empty.
        error_kind: Short name of that, for machines: `bot_exited`, `rig`, ….
        bot_log: What the bot printed during this call, not yet made harmless.
        replaced: The call was void and another was made in its place (P-22).
        detector: How the bot's speech was found: `level` or `model` (METRICS 2).
        detector_because: Why that one, for people.
        gaps: Holes in the bot's voice, `(start_ms, end_ms)`; METRICS `gaps`.
        logged: When the bot printed what: `(at_ms, line)` for each piece of its log in which
            a line begins, with the number, from 1, of the first that does. So a line of bot.log
            has the time of the last entry whose number is not above its own, and none if there
            is no such entry. Below 0 is before the call, and after its end there may be some.
    """

    number: int
    verdict: Verdict
    timeline: Timeline
    turns: tuple[TurnFacts, ...] = ()
    checks: tuple[Check, ...] = ()
    metrics: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    slow: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    rates: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    protocol: tuple[FindingCount, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""
    error_kind: str = ""
    bot_log: str = ""
    replaced: bool = False
    detector: str = "level"
    detector_because: str = ""
    gaps: tuple[tuple[float, float], ...] = ()
    logged: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """All calls of one scenario.

    Attributes:
        checks: Gates over the pooled values of all its calls (M-21).
        reason: Why it was skipped, not run or could not be judged, or empty.
        fingerprint: What another run must share to be compared; None if it was not made ready.
        comparisons: How its figures stand against the baseline's; checks say the same.
    """

    scenario: Scenario
    verdict: Verdict
    calls: tuple[CallResult, ...] = ()
    checks: tuple[Check, ...] = ()
    reason: str = ""
    fingerprint: Fingerprint | None = None
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class BotFacts:
    """Which bot was called; `launcher` is `image`, `build`, `command` or `url`."""

    launcher: str
    name: str
    ready_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Control:
    """What came of the control bot, whose times are known; METRICS 7 "self-test".

    Attributes:
        response_error_ms, stop_error_ms: Measured minus true; None if not measured.
    """

    response_error_ms: float | None = None
    stop_error_ms: float | None = None

    @property
    def error_ms(self) -> float | None:
        """The worse of the two, without its sign."""
        errors = [abs(e) for e in (self.response_error_ms, self.stop_error_ms) if e is not None]
        return max(errors, default=None)


@dataclass(frozen=True, slots=True)
class RunError:
    """Something that kept the run, or part of it, from judging the bot."""

    kind: str
    message: str
    log_tail: str = ""


@dataclass(frozen=True, slots=True)
class RunResult:
    """The whole run.

    Attributes:
        started_at: ISO 8601, UTC.
        duration_ms: Wall time of the run.
        run_checks: Gates over the whole run (M-21a).
        shard: Whose share of the scenarios this is, or None for all of them.
        share: Which of them those are; None also where the run ended before they were known.
        control: How exact this machine was before the first scenario; None if not asked.
        settings: What was asked for and may move the figures.
        runner: Class of the machine (M-31).
        compared: What came of the comparison with a baseline, if one was asked for.
    """

    verdict: Verdict
    exit_code: int
    seed: int
    started_at: str
    duration_ms: float
    bot: BotFacts
    scenarios: tuple[ScenarioResult, ...] = ()
    run_checks: tuple[Check, ...] = ()
    errors: tuple[RunError, ...] = ()
    shard: Shard | None = None
    share: Share | None = None
    control: Control | None = None
    settings: Settings = field(default_factory=Settings)
    runner: str = ""
    compared: Compared | None = None
