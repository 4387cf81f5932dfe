"""What was heard comes out as chunks, whole, in order, and at the ear's pace; DESIGN 9."""

import numpy as np
import pytest
from fakes import IDENTITY, clear, media
from pipecat_voice_test.audio.codec import decode_ulaw
from pipecat_voice_test.library.chunk import AudioChunk
from pipecat_voice_test.library.live.ear import END_MS, FIRST_MS, ChunkEar
from pipecat_voice_test.library.live.rates import Heard24k
from pipecat_voice_test.protocol.twilio import TwilioWire
from pipecat_voice_test.protocol.virtual_call import VirtualCall

VOICE = bytes(np.random.default_rng(1).integers(0, 256, 8000 * 2, dtype=np.uint8))
Messages = list[tuple[float, bytes | str]]


def started() -> VirtualCall:
    call = VirtualCall(TwilioWire(IDENTITY, {}))
    call.start()
    return call


def listen(messages: Messages, until_ms: float, *, is_endless: bool = False) -> list[AudioChunk]:
    """Wait as a program does: until something arrives or the ear asks to be looked at again."""
    call = started()
    ear = ChunkEar(call, is_endless=is_endless)
    chunks: list[AudioChunk] = []
    waiting = [(at, media(what) if isinstance(what, bytes) else what) for at, what in messages]
    now_ms = 0.0
    while now_ms <= until_ms:
        while waiting and waiting[0][0] <= now_ms:
            at_ms, message = waiting.pop(0)
            call.receive(message, at_ms)
        while (chunk := ear.take(now_ms)) is not None:
            chunks.append(chunk)
        again_ms = ear.look_again_ms(now_ms)
        moments = [at for at, _ in waiting[:1]] + [until_ms + 1]
        if again_ms is not None:
            moments.append(max(again_ms, now_ms + 0.125))
        now_ms = min(moments)
    return chunks


def as_heard(ulaw: bytes) -> bytes:
    stretch = Heard24k()
    return np.concatenate([stretch.feed(decode_ulaw(ulaw)), stretch.rest()]).tobytes()


def data(chunks: list[AudioChunk]) -> bytes:
    return b"".join(chunk.data for chunk in chunks)


LENGTHS_MS = [20, 30, 99, 100, 101, 137.5, 400, 617, 1180]


@pytest.mark.parametrize("length_ms", LENGTHS_MS)
def test_a_reply_sent_at_once_arrives_whole(length_ms: float) -> None:
    ulaw = VOICE[: round(length_ms * 8)]

    chunks = listen([(103.7, ulaw)], 103.7 + length_ms + END_MS + 1)

    assert data(chunks) == as_heard(ulaw)


@pytest.mark.parametrize("length_ms", LENGTHS_MS)
def test_a_reply_sent_as_it_is_spoken_arrives_whole(length_ms: float) -> None:
    """Messages 0 to 3 ms late, so that the queue runs dry between them."""
    ulaw = VOICE[: round(length_ms * 8)]
    paced: Messages = [
        (50.0 + at / 8 + (at // 160) % 4, ulaw[at : at + 160]) for at in range(0, len(ulaw), 160)
    ]

    chunks = listen(paced, 50.0 + length_ms + 100)

    assert data(chunks) == as_heard(ulaw)


def test_a_long_reply_comes_at_the_pace_at_which_it_is_heard() -> None:
    chunks = listen([(100.0, VOICE)], 3000)

    assert chunks[0].start_time == 0.1
    assert chunks[0].duration_seconds <= FIRST_MS / 1000
    assert chunks[-1].end_time == 2.1
    assert max(chunk.duration_seconds for chunk in chunks) <= 0.025
    starts = [chunk.start_time for chunk in chunks[1:]]
    assert starts == [chunk.end_time for chunk in chunks[:-1]]


def test_nothing_is_given_before_it_has_been_heard() -> None:
    call = started()
    call.receive(media(VOICE[:8000]), 0.0)
    ear = ChunkEar(call)

    given_s = 0.0
    for now_ms in range(0, 1000, 7):
        given_s += sum(c.duration_seconds for c in [ear.take(now_ms)] if c is not None)
        assert given_s <= now_ms / 1000
    assert given_s > 0.95


def test_what_a_clear_removed_is_not_given() -> None:
    chunks = listen([(0.0, VOICE[:8000]), (400.0, clear())], 1000)

    assert data(chunks) == as_heard(VOICE[:3200])


def test_two_replies_are_two_stretches() -> None:
    one, other = VOICE[:800], VOICE[800:1600]

    chunks = listen([(0.0, one), (500.0, other)], 1000)

    assert data(chunks) == as_heard(one) + as_heard(other)
    assert 0.5 in [chunk.start_time for chunk in chunks]


def test_the_rest_is_given_when_the_call_is_over() -> None:
    call = started()
    call.receive(media(VOICE[:800]), 0.0)
    ear = ChunkEar(call)
    call.hang_up(33.0)

    first = ear.take(33.0, at_once=True)
    rest = ear.rest()

    assert first is not None
    assert rest is not None
    assert first.data + rest.data == as_heard(VOICE[:264])
    assert ear.take(50.0, at_once=True) is None
    assert ear.rest() is None


def test_on_a_line_that_never_stops_sending_silence_is_no_reply() -> None:
    """WebRTC: a pause between two words is part of a reply, one between two replies is not."""
    silence = b"\xff" * 160
    words: Messages = []
    for number in range(100):
        is_word = number in (20, 21, 25, 70)
        words.append((number * 20.0, VOICE[:160] if is_word else silence))

    chunks = listen(words, 2100, is_endless=True)

    heard = b"".join(decode_ulaw(VOICE[:160]).tobytes() for _ in range(4))
    assert len(data(chunks)) == 3 * (len(heard) + 3 * 320)
    assert chunks[0].start_time == 0.4
    assert chunks[-1].end_time == pytest.approx(1.42, abs=0.001)
