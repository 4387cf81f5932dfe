"""events.jsonl: everything that happened on a call, one object a line, in order (P-70).

`dir` says whose doing a line is: `out` and `in` are the messages of the wire, one line each;
`caller` is what the caller did; `rig` is what the network's end made of it (marks, what `clear`
threw away, findings, notes). `t` is call time in ms, to 0.1. Audio is replaced by its length
and the beginning of its SHA-256. Credentials are masked.
"""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from pipecat_voice_test.report.facts import number
from pipecat_voice_test.report.text import masked, valid_text
from pipecat_voice_test.timeline import (
    FRAME_SAMPLES,
    SAMPLES_PER_MS,
    Event,
    MessageReceived,
    MessageSent,
    Timeline,
    UtteranceBegan,
)

_HASH_CHARACTERS = 16
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")

_encode = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


def events_jsonl(timeline: Timeline) -> str:
    """Render the events of a call; the last line says how it ended."""
    return "".join(f"{line}\n" for line in event_lines(timeline))


def event_lines(timeline: Timeline) -> Iterator[str]:
    """`events_jsonl`, line by line, without line ends."""
    audio = _Audio(timeline)
    for event in timeline.events:
        match event:
            case MessageSent(event="media", detail=""):
                yield _sent_audio(event, audio)
            case MessageReceived(event="media", detail="", payload_bytes=size) if size:
                yield _received_audio(event, audio)
            case MessageSent():
                yield _encode(_sent(event, audio))
            case MessageReceived():
                yield _encode(_received(event, audio))
            case _:
                yield _encode(_happened(event))
    yield _encode(_ended(timeline))


@dataclass
class _Audio:
    """Finds the audio of each message in the timeline, and counts messages of a kind."""

    timeline: Timeline
    sent: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)
    raw_position: int = 0
    raw_is_complete: bool = False

    def __post_init__(self) -> None:
        # Hashes are of the audio that belongs to the message, or there are none.
        total = sum(event.payload_bytes for event in self.timeline.of(MessageReceived))
        self.raw_is_complete = total == len(self.timeline.raw_ulaw)

    def said(self, frames: range) -> bytes:
        """These frames of the caller, in order."""
        start, end = frames.start * FRAME_SAMPLES, frames.stop * FRAME_SAMPLES
        return self.timeline.said_ulaw[start:end]

    def next_payload(self, size_bytes: int) -> bytes | None:
        start = self.raw_position
        self.raw_position += size_bytes
        if not self.raw_is_complete:
            return None
        return self.timeline.raw_ulaw[start : self.raw_position]


def _sent_audio(event: MessageSent, audio: _Audio) -> str:
    """A line for one frame of the caller, or several in one message.

    Written by hand, as is that for the bot's audio: they are all but a few of the tens of
    thousands of lines, and while they are written other calls have less of the processor.
    """
    audio.sent["media"] += 1
    count = audio.sent["media"]
    sequence = "" if event.sequence is None else f',"sequence":{event.sequence}'
    frames = range(count - 1, count) if event.frames is None else event.frames
    late_ms = audio.timeline.late_ms
    late = ""
    if frames.stop <= len(late_ms):
        late = f',"late_ms":{_tenths_text(late_ms[frames.stop - 1])}'
    return (
        f'{{"t":{_tenths_text(event.at_ms)},"dir":"out","event":"media","count":{count}{sequence},'
        f'"size_bytes":{event.size_bytes},{_payload_text(audio.said(frames))}{late}}}'
    )


def _received_audio(event: MessageReceived, audio: _Audio) -> str:
    audio.received["media"] += 1
    payload = audio.next_payload(event.payload_bytes)
    told = _payload_text(payload) if payload else f'"payload_bytes":{event.payload_bytes}'
    return (
        f'{{"t":{_tenths_text(event.at_ms)},"dir":"in","event":"media",'
        f'"count":{audio.received["media"]},"size_bytes":{event.size_bytes},{told}}}'
    )


def _payload_text(ulaw: bytes) -> str:
    return f'"payload_bytes":{len(ulaw)},"payload_sha256":"{_digest(ulaw)}"'


def _tenths_text(value: float) -> str:
    tenths = _tenths(value)
    return "null" if tenths is None else repr(tenths)


def _sent(event: MessageSent, audio: _Audio) -> dict[str, Any]:
    audio.sent[event.event] += 1
    line = _line(event, "out", event.event)
    line["count"] = audio.sent[event.event]
    if event.sequence is not None:
        line["sequence"] = event.sequence
    line["size_bytes"] = event.size_bytes
    return _with_detail(line, event.detail)


def _received(event: MessageReceived, audio: _Audio) -> dict[str, Any]:
    audio.received[event.event] += 1
    line = _line(event, "in", _text(event.event))
    line["count"] = audio.received[event.event]
    line["size_bytes"] = event.size_bytes
    if event.payload_bytes:
        payload = audio.next_payload(event.payload_bytes)
        line["payload_bytes"] = event.payload_bytes
        if payload is not None:
            line["payload_sha256"] = _digest(payload)
    return _with_detail(line, event.detail)


def _digest(ulaw: bytes) -> str:
    return hashlib.sha256(ulaw).hexdigest()[:_HASH_CHARACTERS]


def _happened(event: Event) -> dict[str, Any]:
    """Everything the event knows, under its own names; only the caller knows of turns."""
    known = [item.name for item in fields(event)]
    name = _WORD.sub("_", type(event).__name__).lower()
    line = _line(event, "caller" if "turn" in known else "rig", name)
    if isinstance(event, UtteranceBegan):
        starts_ms = event.first_sample / SAMPLES_PER_MS
        return line | {
            "turn": event.turn,
            "starts_ms": _tenths(starts_ms),
            "length_ms": _tenths(event.samples / SAMPLES_PER_MS),
            "speech_ms": [
                [_tenths(starts_ms + edge / SAMPLES_PER_MS) for edge in span]
                for span in event.spans
            ],
        }
    return line | {key: _value(getattr(event, key)) for key in known if key != "at_ms"}


def _ended(timeline: Timeline) -> dict[str, Any]:
    return {
        "t": _tenths(timeline.ended_at_ms),
        "dir": "rig",
        "event": "call_ended",
        "ended_by": timeline.ended_by,
        "ended_how": timeline.ended_how,
        "close_code": timeline.close_code,
        "close_reason": _text(timeline.close_reason),
        "stream_sid": timeline.stream_sid,
        "call_sid": timeline.call_sid,
    }


def _line(event: Event, direction: str, name: str) -> dict[str, Any]:
    return {"t": _tenths(event.at_ms), "dir": direction, "event": name}


def _with_detail(line: dict[str, Any], detail: str) -> dict[str, Any]:
    if detail:
        line["detail"] = _text(detail)
    return line


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    return _tenths(value) if isinstance(value, float) else value


def _text(text: str) -> str:
    return masked(valid_text(text))


def _tenths(value: float) -> int | float | None:
    return number(value, 1) if math.isfinite(value) else None
