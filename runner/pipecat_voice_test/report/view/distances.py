"""The times that were measured, as stretches of the call, with the limits they were held against.

Where a metric counts from and to is METRICS 3. Most are known by the moment they end at, some
by the one they begin at. A time that never came is no distance: the misses say so.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from pipecat_voice_test.measurement.results import CallResult, Check, TurnFacts, Verdict
from pipecat_voice_test.measurement.value import FROM_ITS_MOMENT
from pipecat_voice_test.report.view.misses import is_beyond
from pipecat_voice_test.report.view.model import Distance
from pipecat_voice_test.scenario.model import TurnKind

GREETING, RESPONSE, RECOVERY, STOP = "greeting_ms", "response_ms", "recovery_ms", "stop_ms"

# These are shown of every turn; of all others what missed its limit.
_ALWAYS = frozenset({GREETING, RESPONSE, RECOVERY, STOP})
# No stretch of the call: sums over several, and what lies before its first moment.
_NOWHERE = frozenset(
    {
        "connect_ms",
        "talk_over_ms",
        "cut_in_overlap_ms",
        "cut_in_at_ms",
        "cleared_ms",
        "stale_audio_ms",
        "tail_lost_ms",
        "burst_ahead_ms",
        "pause_tolerance_ms",
    }
)
_DURATION = "response_duration_ms"

# Stored times are whole milliseconds, what a check measured is kept to 0.1.
_SAME_MS = 1.0

_GRAVITY: Mapping[Verdict, int] = {Verdict.FAILED: 2, Verdict.INCONCLUSIVE: 1}


def distances_of(call: CallResult) -> tuple[Distance, ...]:
    """Every distance of a call, in order of where it begins."""
    found: list[Distance] = []
    told: set[int] = set()
    by_metric: dict[str, list[tuple[int, Check]]] = defaultdict(list)
    for place, check in enumerate(call.checks):
        by_metric[check.metric].append((place, check))
    for metric, turn, from_ms, value_ms in _measured(call):
        mine = [
            (place, check)
            for place, check in by_metric[metric]
            if _is_of(check, metric, turn, value_ms)
        ]
        told |= {place for place, _ in mine}
        found.append(_held(metric, turn, from_ms, value_ms, [check for _, check in mine]))
    for place, check in enumerate(call.checks):
        if place not in told and (distance := _of_check(check)) is not None:
            found.append(distance)
    return tuple(sorted(found, key=lambda one: (one.from_ms, one.to_ms, one.metric)))


def _measured(call: CallResult) -> Iterator[tuple[str, int, float, float]]:
    """What every turn has: metric, turn, where it begins, how long it lasts."""
    for value_ms in call.metrics.get(GREETING, ())[:1]:
        yield GREETING, 0, 0.0, value_ms
    for turn in call.turns:
        yield from _of_turn(turn)


def _of_turn(turn: TurnFacts) -> Iterator[tuple[str, int, float, float]]:
    if turn.said is None or turn.kind is TurnKind.DISTRACTOR:
        return
    onset_ms, end_ms = turn.said
    if turn.stop_ms is not None:
        yield STOP, turn.index, onset_ms, turn.stop_ms
    if turn.response_ms is not None:
        metric = RECOVERY if turn.kind is TurnKind.BARGE_IN else RESPONSE
        yield metric, turn.index, end_ms, turn.response_ms


def _is_of(check: Check, metric: str, turn: int, value_ms: float) -> bool:
    same_turn = check.turn == turn or (check.turn is None and metric == GREETING)
    if not same_turn or check.verdict is Verdict.SKIPPED:
        return False
    return check.value is not None and abs(check.value - value_ms) <= _SAME_MS


def _held(
    metric: str, turn: int, from_ms: float, value_ms: float, checks: Sequence[Check]
) -> Distance:
    """One distance against the strictest of its limits; the worst verdict is its own."""
    exact = next((check.value for check in checks if check.value is not None), value_ms)
    limit_ms = min((check.limit for check in checks if check.limit is not None), default=None)
    verdict = max(
        (check.verdict for check in checks),
        key=lambda verdict: _GRAVITY.get(verdict, 0),
        default=Verdict.PASSED,
    )
    return Distance(metric, turn, from_ms, from_ms + exact, limit_ms, verdict)


def _of_check(check: Check) -> Distance | None:
    """What only a check knows of, or None if it is no stretch of the call worth showing."""
    value_ms, at_ms = check.value, check.at_ms
    if value_ms is None or at_ms is None or value_ms < 0 or not check.metric.endswith("_ms"):
        return None
    if check.metric in _NOWHERE or check.verdict is Verdict.SKIPPED:
        return None
    if check.metric not in _ALWAYS and not _is_missed(check):
        return None
    from_ms = at_ms if _begins_there(check) else max(0.0, at_ms - value_ms)
    return Distance(
        check.metric, check.turn or 0, from_ms, from_ms + value_ms, check.limit, check.verdict
    )


def _is_missed(check: Check) -> bool:
    if check.verdict is Verdict.INCONCLUSIVE:
        return is_beyond(check)
    return check.verdict is Verdict.FAILED


def _begins_there(check: Check) -> bool:
    # A limit on the length of replies points at where one begins, an expectation at its end.
    of_expectation = ".expect[" in check.id
    return check.metric in FROM_ITS_MOMENT or (check.metric == _DURATION and not of_expectation)
