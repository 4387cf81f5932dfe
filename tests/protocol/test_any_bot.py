"""Whatever a bot does, samples and marks are conserved and nothing raises.

Seeded loops, so a failure comes again: the seed is the test's id.
"""

import json
import random
from typing import Any

import pytest
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.timeline import (
    FRAME_MS,
    FRAME_SAMPLES,
    SAMPLES_PER_MS,
    MarkReturned,
    MessageReceived,
    PlaybackCleared,
)

from protocol.wires import SID, clear, mark, marks_in, media, running_call

SECONDS_LONG = 6


def talk(call: VirtualCall, rng: random.Random) -> tuple[list[tuple[float, str]], float, bytes]:
    """Let a bot do anything for some seconds, then end the call.

    Returns:
        The marks as (earliest due time, name) in order of arrival, when the call ended, and
        what was heard frame by frame on the way.
    """
    at_ms, asked_ms, tail_ms = 0.0, 0.0, 0.0
    marks: list[tuple[float, str]] = []
    frames = b""
    while at_ms < SECONDS_LONG * 1000:
        at_ms += rng.choice([0, 0, rng.uniform(0, 3), 20, rng.expovariate(1 / 150)])
        while asked_ms + FRAME_MS <= at_ms:
            frames += call.heard_frame(asked_ms) or b"\xff" * FRAME_SAMPLES
            asked_ms += FRAME_MS
        match rng.randrange(8):
            case 0 | 1 | 2 | 3:
                size = rng.choice([1, 159, 160, 320, 1100, rng.randrange(1, 5000)])
                call.receive(media(bytes([rng.randrange(255)]) * size), at_ms)
                tail_ms = max(at_ms, tail_ms) + size / SAMPLES_PER_MS
            case 4 | 5:
                name = rng.choice("abc")
                call.receive(mark(name), at_ms)
                marks.append((max(at_ms, tail_ms), name))
            case 6:
                call.receive(clear(), at_ms)
                tail_ms = min(tail_ms, at_ms)
                marks = [(min(due_ms, at_ms), name) for due_ms, name in marks]
            case _:
                call.advance(at_ms)
    if rng.random() < 0.5:
        call.hang_up(at_ms)
    else:
        call.bot_closed(1000, "", at_ms)
    return marks, at_ms, frames


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("delay_ms", [0.0, 33.3])
def test_p35_to_p41_samples_are_conserved_and_pieces_never_overlap(
    seed: int, delay_ms: float
) -> None:
    call = running_call(playout_delay_ms=delay_ms)
    _, end_ms, frames = talk(call, random.Random(seed))

    heard = sum(len(piece.ulaw) for piece in call.heard)
    discarded_ms = sum(e.discarded_ms for e in call.events if isinstance(e, PlaybackCleared))
    discarded = round(discarded_ms * SAMPLES_PER_MS)
    received = sum(e.payload_bytes for e in call.events if isinstance(e, MessageReceived))
    assert heard + discarded + len(call.unheard_ulaw) == received == len(call.raw_ulaw)
    ends = [0, *(piece.end_sample for piece in call.heard)]
    assert all(p.first_sample >= end for p, end in zip(call.heard, ends, strict=False))
    assert ends[-1] <= end_ms * SAMPLES_PER_MS
    for piece in call.heard:
        assert 0 < len(piece.ulaw) <= piece.sent_samples
        assert piece.first_sample >= (piece.arrived_ms + delay_ms) * SAMPLES_PER_MS
    track = bytearray(b"\xff" * max(ends[-1], len(frames)))
    for piece in call.heard:
        track[piece.first_sample : piece.end_sample] = piece.ulaw
    assert frames == bytes(track[: len(frames)])


@pytest.mark.parametrize("seed", range(40))
def test_p36_p37_marks_come_back_as_sent_in_order_and_never_early(seed: int) -> None:
    call = running_call()
    marks, end_ms, _ = talk(call, random.Random(seed))

    returned = [event for event in call.events if isinstance(event, MarkReturned)]
    # Where a fraction of a sample decides, the model above and whole samples may differ.
    surely_due = [name for due_ms, name in marks if due_ms <= end_ms - 1]
    surely_waiting = [name for due_ms, name in marks if due_ms > end_ms + 1]
    assert len(surely_due) <= len(returned) <= len(marks) - len(surely_waiting)
    assert [event.name for event in returned] == [name for _, name in marks[: len(returned)]]
    assert marks_in(call.messages_to_send()) in ([], [event.name for event in returned])
    for event, (due_ms, _) in zip(returned, marks, strict=False):
        assert event.at_ms >= due_ms - 0.001


def oddities(rng: random.Random) -> Any:
    """A JSON value of any shape."""
    simple = [None, True, -1, 1e308, "", "x", "\ud800", "media", SID, "AAAA", "A", "=", "RIFF"]
    match rng.randrange(6):
        case 0:
            return [oddities(rng) for _ in range(rng.randrange(3))]
        case 1:
            keys = ["event", "streamSid", "media", "payload", "mark", "name", "", "\x00"]
            return {rng.choice(keys): oddities(rng) for _ in range(rng.randrange(4))}
        case _:
            return rng.choice(simple)


def odd_message(rng: random.Random) -> str | bytes:
    """A message that is nearly right, or not at all."""
    fields: dict[str, Any] = {"event": "media", "streamSid": SID, "media": {"payload": "AAAA"}}
    if rng.random() < 0.3:
        fields = {"event": "mark", "streamSid": SID, "mark": {"name": "n"}}
    for _ in range(rng.randrange(3)):
        fields[rng.choice(["event", "streamSid", "media", "mark", "clear", "x"])] = oddities(rng)
    for _ in range(rng.randrange(2)):
        fields.pop(rng.choice(list(fields)), None)
    text = json.dumps(fields if rng.random() < 0.9 else oddities(rng))
    match rng.randrange(6):
        case 0:
            where = rng.randrange(len(text) + 1)
            return text[:where] + rng.choice(["\x00", '"', "{", "é", "\ud800", "]"]) + text[where:]
        case 1:
            return text[: rng.randrange(len(text) + 1)]
        case 2:
            return text.encode() if rng.random() < 0.5 else rng.randbytes(rng.randrange(50))
        case _:
            return text


@pytest.mark.parametrize("seed", range(10))
def test_no_message_raises_and_what_is_kept_can_be_written(seed: int) -> None:
    rng = random.Random(seed)
    call = running_call()
    messages = [odd_message(rng) for _ in range(1_000)]
    for at_ms, message in enumerate(messages):
        call.receive(message, at_ms)
    call.hang_up(1_000)

    received = [event for event in call.events if isinstance(event, MessageReceived)]
    assert len(received) == len(messages)
    ignored = sum(event.detail.startswith("ignored: ") for event in received)
    warnings = sum(row.count for row in call.finding_counts if row.severity == "warning")
    assert 0 < ignored <= warnings
    assert repr(call.events).encode("utf-8")
    assert all(row.first.message.isprintable() for row in call.finding_counts)
    assert all(text.isascii() for text in call.messages_to_send())
