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

from protocol.tongues import TONGUES, Tongue

SECONDS_LONG = 6
QUIET = bytes(range(0xD0, 0xF0)) * 50
EVERY_NETWORK = pytest.mark.parametrize("tongue", TONGUES, ids=lambda tongue: tongue.network)


def talk(
    call: VirtualCall, rng: random.Random, tongue: Tongue
) -> tuple[list[tuple[float, str]], float, bytes]:
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
                call.receive(tongue.media(bytes([rng.randrange(255)]) * size), at_ms)
                tail_ms = max(at_ms, tail_ms) + size / SAMPLES_PER_MS
            case 4 | 5:
                name = rng.choice("abc")
                call.receive(tongue.mark(name), at_ms)
                marks.append((max(at_ms, tail_ms), name))
            case 6:
                # Where a fraction of a sample decides, the model here and whole samples differ.
                if any(0 < abs(due_ms - at_ms) < 1 for due_ms, _ in marks):
                    continue
                call.receive(tongue.clear(), at_ms)
                tail_ms = min(tail_ms, at_ms)
                if tongue.forgets_marks:
                    marks = [(due_ms, name) for due_ms, name in marks if due_ms <= at_ms]
                marks = [(min(due_ms, at_ms), name) for due_ms, name in marks]
            case _:
                call.advance(at_ms)
    if rng.random() < 0.5:
        call.hang_up(at_ms)
    else:
        call.bot_closed(1000, "", at_ms)
    return marks, at_ms, frames


@EVERY_NETWORK
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("delay_ms", [0.0, 33.3])
def test_p35_to_p41_samples_are_conserved_and_pieces_never_overlap(
    seed: int, delay_ms: float, tongue: Tongue
) -> None:
    call = tongue.call(playout_delay_ms=delay_ms)
    _, end_ms, frames = talk(call, random.Random(seed), tongue)

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


@EVERY_NETWORK
@pytest.mark.parametrize("seed", range(20))
def test_p36_p37_marks_come_back_as_sent_in_order_and_never_early(
    seed: int, tongue: Tongue
) -> None:
    call = tongue.call()
    marks, end_ms, _ = talk(call, random.Random(seed), tongue)

    returned = [event for event in call.events if isinstance(event, MarkReturned)]
    # Where a fraction of a sample decides, the model above and whole samples may differ.
    surely_due = [name for due_ms, name in marks if due_ms <= end_ms - 1]
    surely_waiting = [name for due_ms, name in marks if due_ms > end_ms + 1]
    assert len(surely_due) <= len(returned) <= len(marks) - len(surely_waiting)
    assert [event.name for event in returned] == [name for _, name in marks[: len(returned)]]
    assert tongue.marks_in(call.messages_to_send()) in ([], [event.name for event in returned])
    for event, (due_ms, _) in zip(returned, marks, strict=False):
        assert event.at_ms >= due_ms - 0.001


def oddities(rng: random.Random, names: list[str]) -> Any:
    """A JSON value of any shape; `names` are those the network knows."""
    simple = [None, True, -1, 1e308, "", "x", "\ud800", "AAAA", "A", "=", "RIFF", *names]
    match rng.randrange(6):
        case 0:
            return [oddities(rng, names) for _ in range(rng.randrange(3))]
        case 1:
            keys = [*names, "", "\x00"]
            return {rng.choice(keys): oddities(rng, names) for _ in range(rng.randrange(4))}
        case _:
            return rng.choice(simple)


def odd_message(rng: random.Random, tongue: Tongue) -> str | bytes:
    """A message that is nearly right, or not at all."""
    payload = rng.choice(["AAAA", "AA==", "A" * 700, "UklGRg=="])
    fields = json.loads(rng.choice([tongue.payload(payload), tongue.mark("n"), tongue.clear()]))
    names = [*fields, *fields.get("media", {}), str(fields["event"]), *map(str, fields.values())]
    for _ in range(rng.randrange(3)):
        part = fields.get("media") if rng.random() < 0.4 else fields
        part = part if isinstance(part, dict) else fields
        part[rng.choice([*names, "x"])] = oddities(rng, names)
    for _ in range(rng.randrange(2)):
        fields.pop(rng.choice(list(fields)), None)
    text = json.dumps(fields if rng.random() < 0.9 else oddities(rng, names))
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


@EVERY_NETWORK
@pytest.mark.parametrize("seed", range(5))
def test_no_message_raises_and_what_is_kept_can_be_written(seed: int, tongue: Tongue) -> None:
    rng = random.Random(seed)
    call = tongue.call()
    messages = [odd_message(rng, tongue) for _ in range(1_000)]
    for at_ms, message in enumerate(messages):
        call.receive(message, at_ms)
    call.hang_up(1_000)

    received = [event for event in call.events if isinstance(event, MessageReceived)]
    assert len(received) == len(messages)
    ignored = sum(event.detail.startswith("ignored: ") for event in received)
    warnings = sum(row.count for row in call.finding_counts if row.severity == "warning")
    assert 0 < ignored <= warnings
    assert ignored < len(messages) * 0.9
    assert repr(call.events).encode("utf-8")
    assert all(row.first.message.isprintable() for row in call.finding_counts)
    sent = [text for text in call.messages_to_send() if isinstance(text, str)]
    assert all(text.isascii() for text in sent)
    assert all(json.loads(text)["event"] for text in sent)


@EVERY_NETWORK
def test_p37_p38_what_is_sent_after_a_clear_is_heard_as_sent(tongue: Tongue) -> None:
    call = tongue.call()
    call.receive(tongue.media(b"\x35" * 1600), 0)
    call.receive(tongue.clear(), 50)
    call.receive(tongue.media(QUIET), 60)
    call.hang_up(1_000)

    heard = b"".join(piece.ulaw for piece in call.heard)
    assert len(heard) == 400 + 1600
    assert [(piece.first_sample, len(piece.ulaw)) for piece in call.heard] == [
        (0, 400),
        (480, 1600),
    ]
    # The steps of A-law are not quite the same.
    apart = [abs(one - other) for one, other in zip(heard[400:], QUIET, strict=True)]
    assert max(apart) <= (1 if "A-law" in tongue.network else 0)
