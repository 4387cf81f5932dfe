"""About how long a call takes, known before it is made.

Only the proportions matter: by them the work is divided among machines. A bot is taken to do
what the scenario expects of it, and nothing is read from disk, so that every machine comes to
the same figures.
"""

from pipecat_voice_test.scenario.model import EventName, Pause, Scenario, Turn, TurnKind
from pipecat_voice_test.scenario.waiting import awaits_reply, quiet_needed_ms

_AROUND_CALL_MS = 1500  # Dialling, hanging up, judging.
_CHARACTER_MS = 70  # 150 words a minute.
_KEY_MS = 100  # P-16
_RECORDING_MS = 3000  # A recording that does not tell what is said in it.
_ANSWER_MS = 1000
_REPLY_MS = 3000
_HANGING_UP_MS = 2000


def expected_ms(scenario: Scenario) -> int:
    """About how long a call takes with a bot that does what is expected; above 0."""
    gap_ms = scenario.turn_gap_ms
    total_ms = _AROUND_CALL_MS + gap_ms
    turns = scenario.turns
    for before, turn, after in zip([None, *turns], turns, [*turns[1:], None], strict=False):
        if turn.send_after is not None:
            total_ms += turn.send_after.delay_ms
        elif awaits_reply(before):
            total_ms += round(quiet_needed_ms(before, gap_ms))
        total_ms += _said_ms(turn) + _listened_ms(turn, after)
    return min(total_ms, scenario.call.max_call_s * 1000)


def _said_ms(turn: Turn) -> int:
    if turn.kind is TurnKind.WAIT:
        return turn.wait_ms
    if turn.dtmf:
        return len(turn.dtmf) * _KEY_MS
    if turn.parts:
        return sum(
            part.pause_ms if isinstance(part, Pause) else len(part) * _CHARACTER_MS
            for part in turn.parts
        )
    if turn.audio is not None:
        return _RECORDING_MS if turn.text is None else len(turn.text) * _CHARACTER_MS
    return 0


def _listened_ms(turn: Turn, after: Turn | None) -> int:
    total_ms = max((e.within_ms or 0 for e in turn.expect if e.absent), default=0)
    if awaits_reply(turn):
        total_ms = max(total_ms, _ANSWER_MS + _reply_ms(turn, after))
    if any(e.event is EventName.CALL_ENDED for e in turn.expect):
        total_ms += _HANGING_UP_MS
    return total_ms


def _reply_ms(turn: Turn, after: Turn | None) -> int:
    """How much of the reply is listened to before the next turn's own delay begins."""
    anchor = after.send_after.event if after is not None and after.send_after else None
    if anchor is EventName.BOT_STARTED_SPEAKING:
        return 0
    bounds = [e.lasts_at_least_ms or 0 for e in turn.expect]
    return max([_REPLY_MS, *bounds])
