"""What happened at one instant: marks, `clear`, keys, findings, and how the call ended.

Without events.jsonl the result itself still knows when the bot cleared, what it did wrong first,
and how the call ended.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pipecat_voice_test.measurement.results import CallResult
from pipecat_voice_test.report.view.model import Evidence, Moment, MomentKind
from pipecat_voice_test.report.view.words import NAME_CHARACTERS, length, shown
from pipecat_voice_test.timeline import EndedBy, EndedHow

CALL_ENDED = "call_ended"

_ENDED = {
    EndedBy.CALLER: "the caller hung up",
    EndedBy.BOT: "the bot hung up",
    EndedBy.BOT_ABNORMAL: "the bot's socket was lost",
    EndedBy.TIMEOUT: "the time for the call was up",
}
_OVER_API = {
    EndedHow.CALL_API: "the bot hung up over the call API",
    EndedHow.NEW_INSTRUCTIONS: "the bot gave the network other instructions",
}
_HOWS = [how.value for how in EndedHow]

Line = Mapping[str, Any]


def moments_of(call: CallResult, evidence: Evidence) -> tuple[Moment, ...]:
    """Every moment of a call, oldest first."""
    found = [moment for line in evidence.events if (moment := _moment(line)) is not None]
    if not evidence.events:
        found = list(_known_without_events(call))
    if not any(moment.kind is MomentKind.ENDED for moment in found):
        found += _end(call)
    return tuple(sorted(found, key=lambda moment: moment.at_ms))


def _moment(line: Line) -> Moment | None:
    at_ms = float(line["t"])
    match line["event"]:
        case "mark_received":
            return Moment(at_ms, MomentKind.MARK, _text(line, "name"))
        case "mark_returned":
            return Moment(at_ms, MomentKind.MARK_RETURNED, _text(line, "name"))
        case "playback_cleared":
            return Moment(at_ms, MomentKind.CLEAR, _cleared(line.get("discarded_ms")))
        case "key_pressed":
            return Moment(at_ms, MomentKind.KEY, _text(line, "digit"))
        case "finding":
            text = shown(f"{line.get('kind', '')}: {line.get('message', '')}")
            return Moment(at_ms, MomentKind.FINDING, text)
        case name if name == CALL_ENDED:
            return Moment(at_ms, MomentKind.ENDED, _ended(line))
        case _:
            return None


def _text(line: Line, key: str) -> str:
    return shown(str(line.get(key, "")), NAME_CHARACTERS)


def _cleared(discarded_ms: object) -> str:
    if not isinstance(discarded_ms, int | float):
        return ""
    return f"{length(discarded_ms)} unheard" if discarded_ms else "nothing was queued"


def _ended(line: Line) -> str:
    try:
        by = EndedBy(line.get("ended_by", ""))
    except ValueError:
        return "the call ended"
    code, how = line.get("close_code"), line.get("ended_how")
    known = EndedHow(how) if how in _HOWS else None
    return ended_text(by, code if isinstance(code, int) else None, known)


def ended_text(by: EndedBy, close_code: int | None, how: EndedHow | None = None) -> str:
    """Say who ended a call; the bot's close code where the bot did it by its socket."""
    if how in _OVER_API:
        return _OVER_API[how]
    by_bot = by in (EndedBy.BOT, EndedBy.BOT_ABNORMAL) and close_code is not None
    return _ENDED[by] + (f" ({close_code})" if by_bot else "")


def _known_without_events(call: CallResult) -> Iterator[Moment]:
    for turn in call.turns:
        if turn.clear_ms is not None and turn.said is not None:
            yield Moment(turn.said[0] + turn.clear_ms, MomentKind.CLEAR, "")
    for finding in call.protocol:
        text = shown(f"{finding.kind}: {finding.first}")
        yield Moment(finding.first_at_ms, MomentKind.FINDING, text)


def _end(call: CallResult) -> list[Moment]:
    timeline = call.timeline
    at_ms = timeline.ended_at_ms or timeline.duration_ms
    if at_ms <= 0.0:
        return []  # It never began.
    text = ended_text(timeline.ended_by, timeline.close_code, timeline.ended_how)
    return [Moment(at_ms, MomentKind.ENDED, text)]
