"""How many calls of a scenario have to pass: `all` by default, else what it says (M-24, M-25).

A call that could not be judged counts neither as passed nor as failed. Where it could still
tip the scales nothing is decided; and what is not decided forgives no failure.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from pipecat_voice_test.measurement.repeats.pool import Rate, passing
from pipecat_voice_test.measurement.repeats.wording import passed_calls_text
from pipecat_voice_test.measurement.results import CallResult, Check, Verdict
from pipecat_voice_test.measurement.statistics.rates import clean_needed, lower_bound
from pipecat_voice_test.measurement.wording import number
from pipecat_voice_test.scenario.limits import Statistic
from pipecat_voice_test.scenario.model import Scenario

PASSED = "passed"
_MEASURES: Mapping[Statistic, Callable[[Rate], float]] = {
    "at_least": lambda rate: float(rate.times),
    "lower_bound": lambda rate: lower_bound(rate.times, rate.of),
}


def calls_needed(statistic: Statistic, limit: float) -> int:
    """With how many calls, all of them good, a limit on `passed` would be kept."""
    needed = clean_needed(limit) if statistic == "lower_bound" else int(limit)
    assert needed is not None, "the scenario's reader refuses what nothing can prove"
    return needed


def passed_checks(
    scenario: Scenario, calls: Sequence[CallResult], *, to_come: int = 0
) -> Iterator[Check]:
    """The gates on `passed`, if the scenario has any; `to_come` calls have not been made."""
    rate = passing(calls)
    unjudged = sum(not call.replaced for call in calls) - rate.of
    for statistic, limit in scenario.limits.of(PASSED).items():
        verdict = _verdict(statistic, limit, rate, unjudged + to_come)
        text = _text(statistic, limit, rate)
        if verdict is Verdict.SKIPPED:
            needed = calls_needed(statistic, limit)
            text = f"too few for {statistic}: {text}; needs `--repeat {needed}`"
        elif verdict is Verdict.INCONCLUSIVE:
            text += f": not decided, {_left_open(unjudged, to_come)}"
        value = None if verdict is Verdict.SKIPPED else _MEASURES[statistic](rate)
        line = scenario.limits.line_of(PASSED)
        yield Check(f"limits.{PASSED}.{statistic}", PASSED, verdict, text, value, limit, line=line)


def _verdict(statistic: Statistic, limit: float, rate: Rate, left_open: int) -> Verdict:
    """Judge what is known; `left_open` calls may yet have passed."""
    measure = _MEASURES[statistic]
    at_best = Rate(rate.times + left_open, rate.of + left_open)
    if measure(rate) >= limit:
        return Verdict.PASSED
    if at_best.of < calls_needed(statistic, limit):
        return Verdict.SKIPPED
    return Verdict.INCONCLUSIVE if measure(at_best) >= limit else Verdict.FAILED


def _text(statistic: Statistic, limit: float, rate: Rate) -> str:
    text = passed_calls_text(rate)
    if statistic == "at_least":
        return f"{text}, limit at least {number(limit)}"
    return f"{text}, limit on its lower end {100 * limit:.4g} %"


def _left_open(unjudged: int, to_come: int) -> str:
    counts = {"could not be judged": unjudged, "not made": to_come}
    return " and ".join(f"{count} {what}" for what, count in counts.items() if count)


def forgiven(verdict: Verdict, calls: Sequence[CallResult], checks: Sequence[Check]) -> Verdict:
    """The verdict over the calls, where the scenario says how many of them have to pass.

    Args:
        verdict: As it is if all have to.
        calls: Those made.
        checks: The scenario's gates over all of them.
    """
    gates = {check.verdict for check in checks if check.metric == PASSED}
    if not gates or verdict not in (Verdict.FAILED, Verdict.FLAKY):
        return verdict
    if gates & {Verdict.FAILED, Verdict.SKIPPED}:
        return verdict
    left = {call.verdict for call in calls if not call.replaced}
    for unjudged in (Verdict.ERROR, Verdict.INCONCLUSIVE):
        if unjudged in left | gates:
            return unjudged
    return Verdict.PASSED
