"""What the calls of a scenario measured, put together and kept with their call (M-20).

A call that was void, or could not be judged for another reason, has no part in it: only trouble
of the rig is made up for by another call, and what no call shows is no figure (M-25).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipecat_voice_test.measurement.results import CallResult, Verdict
from pipecat_voice_test.measurement.statistics.bootstrap import Sample
from pipecat_voice_test.measurement.statistics.rates import wilson_interval
from pipecat_voice_test.scenario.model import Scenario

ANSWERS = ("response_ms", "recovery_ms")
NOTHING = Sample((), ())


@dataclass(frozen=True, slots=True)
class Rate:
    """So many times of so many."""

    times: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson, 95 %."""
        return wilson_interval(self.times, self.of)

    def __str__(self) -> str:
        return f"{self.times} of {self.of}"


def judged(calls: Sequence[CallResult]) -> list[CallResult]:
    """The calls that passed or failed."""
    return [
        call
        for call in calls
        if call.verdict in (Verdict.PASSED, Verdict.FAILED) and not call.replaced
    ]


def passing(calls: Sequence[CallResult]) -> Rate:
    """How many of the calls that could be judged passed."""
    kept = judged(calls)
    return Rate(sum(call.verdict is Verdict.PASSED for call in kept), len(kept))


def shares(calls: Sequence[CallResult]) -> Mapping[str, Rate]:
    """The rates within calls, by metric id, over all of them: not the mean of their shares."""
    times, of = Counter[str](), Counter[str]()
    for call in judged(calls):
        for metric, (good, tried) in call.rates.items():
            times[metric] += good
            of[metric] += tried
    return {metric: Rate(times[metric], of[metric]) for metric in of}


def kinds_of(metric: str, rates: Mapping[str, Rate]) -> dict[str, Rate]:
    """What `shares` has of a metric for each kind of sound, by the kind's name."""
    head = f"{metric} ("
    return {
        name.removeprefix(head).removesuffix(")"): rate
        for name, rate in rates.items()
        if name.startswith(head)
    }


def pooled(calls: Sequence[CallResult]) -> dict[str, Sample]:
    """The values by metric id, as distribution gates take them.

    An answer that may be slow has a limit of its own and no part in distributions (METRICS 3.2).
    """
    pool: dict[str, list[tuple[float, int]]] = {}
    for call in judged(calls):
        slow = Counter((metric, value) for metric, found in call.slow.items() for value in found)
        for metric, values in call.metrics.items():
            kept = pool.setdefault(metric, [])
            for value in values:
                if slow[metric, value]:
                    slow[metric, value] -= 1
                else:
                    kept.append((value, call.number))
    return {metric: sample(kept) for metric, kept in pool.items()}


def sample(pairs: Sequence[tuple[float, int]]) -> Sample:
    """Values with the call each comes from."""
    return Sample(tuple(value for value, _ in pairs), tuple(call for _, call in pairs))


def is_its_own(scenario: Scenario, line: int | None) -> bool:
    """Whether a limit on this line of the file is one of this scenario's own.

    Limits that a file sets for all its scenarios need not concern every one of them.
    """
    return line is None or line >= scenario.line_number
