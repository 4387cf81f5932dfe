"""Interruptions that no call could judge, found before anybody is phoned.

A barge-in is valid only if the bot has been speaking for 500 ms when it comes (METRICS 3.3).
Where the script itself rules that out, every call ends as inconclusive. One that says so of
itself is a mistake. One that only comes too soon is told as a doubt, because Pipecat's eval
files, which have no such rule, run unchanged.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipecat_voice_test.scenario.model import EventName, Turn, TurnKind
from pipecat_voice_test.scenario.reading.mistakes import Mistake, Place

SPEAKING_BEFORE_MS = 500
_FIX = "write `send_after: {event: bot_started_speaking, delay_ms: 1000}`"

# An expectation of these is met as soon as the bot is heard, so the turn after can begin then.
_MET_AT_ONSET = frozenset({EventName.RESPONSE, EventName.BOT_STARTED_SPEAKING, None})


def never_valid(turn: Turn, place: Place) -> Iterator[Mistake]:
    """The mistake of a `barge_in` that waits until nobody speaks; `place` is its `send_after`."""
    after = turn.send_after
    if turn.kind is not TurnKind.BARGE_IN or after is None:
        return
    if after.event is EventName.BOT_STOPPED_SPEAKING or after.event is None:
        what = "this `barge_in` begins after the bot has finished, so there is nobody to interrupt"
        yield Mistake(place, what, _FIX)


def doubts_about(turns: Sequence[Turn]) -> Iterator[tuple[int, str]]:
    """Line and text of every barge-in that comes too soon in any call."""
    befores: list[Turn | None] = [None, *(before for before, _ in pairwise(turns))]
    for before, turn in zip(befores, turns, strict=False):
        after = turn.send_after
        if turn.kind is TurnKind.BARGE_IN and after is not None and _too_soon(turn, before):
            yield (
                turn.line,
                f"this barge-in comes {after.delay_ms} ms after the bot began to speak, and none "
                f"can be judged before {SPEAKING_BEFORE_MS} ms: its calls will be inconclusive. "
                f"Fix: {_FIX}",
            )


def _too_soon(turn: Turn, before: Turn | None) -> bool:
    """Whether the bot has always been speaking for too short a time.

    A turn before that goes on for longer than the bot's first sound moves the moment: the delay
    may then be over, and the caller comes in late enough.
    """
    after = turn.send_after
    if after is None or after.event is not EventName.BOT_STARTED_SPEAKING:
        return False
    if after.delay_ms >= SPEAKING_BEFORE_MS:
        return False
    if before is None:
        return True
    if before.kind is TurnKind.WAIT:
        return False
    return all(e.event in _MET_AT_ONSET and not e.absent for e in before.expect)
