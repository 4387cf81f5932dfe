"""Limits that the planned calls cannot decide, told before anybody is phoned.

The script says how many values a call can yield at most. Too few of them, and a limit on a
quantile or a rate is held against nothing (M-22, M-24); none at all, and so is any limit.
"""

import math
from collections.abc import Iterator, Mapping

from pipecat_voice_test.measurement.repeats.passing import PASSED, calls_needed
from pipecat_voice_test.measurement.repeats.pool import is_its_own
from pipecat_voice_test.scenario.limits import VALUES_NEEDED, Statistic
from pipecat_voice_test.scenario.model import EventName, Scenario, TurnKind

_OF_BARGE_INS = frozenset(
    {
        "stop_ms", "no_yield", "talk_over_ms", "stale_audio_ms", "early_answer", "clear_seen_ms",
        "cleared_ms", "barge_in_ok",
    }
)  # fmt: skip
_OF_DISTRACTORS = frozenset({"false_yield", "false_response", "hold_rate"})
# As many as the bot likes.
_UNBOUNDED = frozenset({"cut_in_at_ms", "cut_in_overlap_ms"})
_ANSWERED = frozenset({TurnKind.TURN, TurnKind.DTMF})
_MISSING: Mapping[TurnKind, str] = {
    TurnKind.BARGE_IN: "no turn interrupts the bot",
    TurnKind.DISTRACTOR: "no turn is a `distractor`",
    TurnKind.TURN: "no turn of the caller awaits an answer",
    TurnKind.LISTEN: "the bot does not speak first",
}


def undecidable(scenario: Scenario, repeat: int | None = None) -> Iterator[str]:
    """A line for each limit of the scenario's own that its calls cannot decide, with the fix.

    Args:
        scenario: What would be played.
        repeat: How many calls of it; None tells only of limits that no number would decide.
    """
    for metric in sorted(scenario.limits.own):
        line = scenario.limits.line_of(metric)
        most = values_of_a_call(scenario, metric)
        for statistic, limit in scenario.limits.of(metric).items():
            where = f"{scenario.file}:{line}: `{metric}.{statistic}`"
            needed = _needed(metric, statistic, limit)
            if most == 0 and is_its_own(scenario, line):
                why = _MISSING[_needs(metric)]
                yield f"{where} can never be decided: {why}. Fix: write `{metric}: none`"
            elif most and repeat is not None and needed > most * repeat:
                calls = f"{repeat} call{'s' * (repeat != 1)}"
                yield (
                    f"{where} needs {needed} value{'s' * (needed != 1)}, and {calls} give "
                    f"{most * repeat} at most, so it will stay undecided. "
                    f"Fix: `--repeat {math.ceil(needed / most)}`"
                )


def values_of_a_call(scenario: Scenario, metric: str) -> int | None:
    """How many values of a metric one call yields at most; None if the script sets no bound."""
    turns = scenario.turns
    if metric in _UNBOUNDED:
        return None
    if metric == "response_ms":
        return sum(turn.kind in _ANSWERED and not turn.slow for turn in turns)
    if metric == "recovery_ms":
        return sum(turn.kind is TurnKind.BARGE_IN and not turn.slow for turn in turns)
    if metric in _OF_BARGE_INS:
        return sum(turn.kind is TurnKind.BARGE_IN for turn in turns)
    if metric in _OF_DISTRACTORS:
        return sum(turn.kind is TurnKind.DISTRACTOR for turn in turns)
    if metric == "greeting_ms":
        return int(scenario.bot_speaks_first)
    if metric == "response_duration_ms":
        expected = (e for turn in turns for e in turn.expect)
        return sum(e.event is EventName.RESPONSE and not e.absent for e in expected)
    return 1


def _needs(metric: str) -> TurnKind:
    if metric in _OF_BARGE_INS or metric == "recovery_ms":
        return TurnKind.BARGE_IN
    if metric in _OF_DISTRACTORS:
        return TurnKind.DISTRACTOR
    return TurnKind.LISTEN if metric == "greeting_ms" else TurnKind.TURN


def _needed(metric: str, statistic: Statistic, limit: float) -> int:
    """How many values decide a limit at the least."""
    if metric == PASSED or statistic == "lower_bound":
        return calls_needed(statistic, limit)
    return VALUES_NEEDED.get(statistic, 1)
