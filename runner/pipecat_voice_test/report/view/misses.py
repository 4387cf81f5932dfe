"""What did not pass, the worst first, and which call of a run is the worst.

A miss is as bad as it is far beyond its limit, relative to it: a response of 3000 ms where 1500
are allowed is worse than a gap of 240 where 200 are. What never came, a bot that is gone and
sound that is no speech have no distance from a limit and go before all that have one. A count
whose limit is zero is as far beyond it as it is high. Of two that are as bad the one that can be
heard goes first, then the earlier one: what comes later may be a consequence.
"""

from typing import NamedTuple

from pipecat_voice_test.measurement.results import CallResult, Check, RunResult, Verdict
from pipecat_voice_test.report.facts import check_line
from pipecat_voice_test.report.view.model import Miss
from pipecat_voice_test.report.view.words import shown
from pipecat_voice_test.scenario.limits import METRICS

MISS_CHARACTERS = 1000

_MISSED = (Verdict.FAILED, Verdict.INCONCLUSIVE)
_BAD = (Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE)

HARD = 1000.0  # Beyond whatever a time can be.
# Not counts of something that went wrong a little, but calls that went wrong.
_HARD = frozenset(
    {
        "a_law",
        "byte_swapped",
        "call_ended_ms",
        "cut_goodbye",
        "double_base64",
        "ended_by",
        "greeting_missing",
        "linear_pcm",
        "missed_turn",
        "no_yield",
        "send_after",
        "wrong_speed",
    }
)
_MOST_OF_A_COUNT = 10.0  # A thousand messages of one kind are one mistake.


class Worst(NamedTuple):
    """Where to look first: positions in the run, and the moment if there is one to hear."""

    scenario: int
    call: int
    at_ms: float | None


def misses_of(call: CallResult) -> tuple[Miss, ...]:
    """Everything that did not pass in one call, the worst first."""
    return tuple(_miss(check) for check in missed_checks(call))


def missed_checks(call: CallResult) -> list[Check]:
    """The checks of one call that did not pass, the worst first.

    Of a call that is void as a whole (M-5) they are those that would not have passed either.
    """
    missed = [check for check in call.checks if check.verdict in _MISSED]
    if call.error and all(check.verdict is Verdict.INCONCLUSIVE for check in call.checks):
        missed = [check for check in missed if is_beyond(check)]
    return sorted(missed, key=_rank)


def is_beyond(check: Check) -> bool:
    """Whether a check was about a limit, and what was measured is not within it."""
    value, limit = check.value, check.limit
    if limit is None or value is None:
        return limit is not None
    at_least = check.id.endswith((".at_least", ".lasts_at_least_ms"))
    return value < limit if at_least else value > limit


def worst_call(run: RunResult) -> Worst | None:
    """The call a page opens at, and where in it; None if all is well.

    A call that failed goes before one that could not be judged, whatever that one's checks say.
    """
    ranked = [
        (_call_rank(call), Worst(place, position, _worst_ms(call)))
        for place, result in enumerate(run.scenarios)
        for position, call in enumerate(result.calls)
        if not call.replaced and (call.verdict in _BAD or missed_checks(call))
    ]
    return min(ranked, key=lambda one: one[0])[1] if ranked else None


def _call_rank(call: CallResult) -> tuple[int, int, float]:
    of_call = _BAD.index(call.verdict) if call.verdict in _BAD else len(_BAD)
    missed = missed_checks(call)
    if not missed:
        return of_call, len(_MISSED), 0.0
    of_check, beyond, *_ = _rank(missed[0])
    return of_call, of_check, beyond


def _worst_ms(call: CallResult) -> float | None:
    return next((check.at_ms for check in missed_checks(call) if check.at_ms is not None), None)


def _rank(check: Check) -> tuple[int, float, bool, float]:
    at_ms = check.at_ms
    order = _MISSED.index(check.verdict)
    return order, -severity(check), at_ms is None, 0.0 if at_ms is None else at_ms


def severity(check: Check) -> float:
    """How far a check that did not pass is beyond its limit, relative to it."""
    value, limit = check.value, check.limit
    if check.metric in _HARD or value is None or limit is None or value != value:
        return HARD
    beyond = abs(value - limit)
    if check.metric.endswith("_ms"):
        return min(HARD, beyond / max(abs(limit), 1.0))
    if limit == 0 or _is_count(check.metric):
        return min(_MOST_OF_A_COUNT, beyond)
    return min(HARD, beyond / abs(limit))


def _is_count(metric: str) -> bool:
    known = METRICS.get(metric)
    return known is not None and known.gates.get("each") == 0


def _miss(check: Check) -> Miss:
    return Miss(
        check.verdict,
        shown(check_line(check), MISS_CHARACTERS),
        check.metric,
        check.line,
        check.at_ms,
    )
