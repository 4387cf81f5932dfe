"""The WAV files of a call: what was said, what was heard, what was sent (P-71, P-72)."""

import io
import tracemalloc
import wave

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import decode_ulaw
from pipecat_voice_test.report.recording import bot_raw_wav, call_wav, call_wav_blocks
from pipecat_voice_test.timeline import FRAME_SAMPLES, HeardPiece, Timeline

LOUD, SOFT, QUIET = b"\x80", b"\xc0", b"\xff"
TEN_MINUTES_SAMPLES = 600 * 8000


def samples_of(wav: bytes) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (8000, 2)
        data = file.readframes(file.getnframes())
        return np.frombuffer(data, "<i2").reshape(-1, file.getnchannels())


def heard(at_sample: int, ulaw: bytes) -> HeardPiece:
    return HeardPiece(at_sample, ulaw, arrived_ms=0, sent_samples=len(ulaw))


@pytest.mark.parametrize(
    ("timeline", "left", "right"),
    [
        pytest.param(Timeline(), b"", b"", id="an-empty-call"),
        pytest.param(Timeline(said_ulaw=LOUD * 4), LOUD * 4, QUIET * 4, id="only-the-caller"),
        pytest.param(
            Timeline(heard=(heard(2, LOUD * 2),)),
            QUIET * 4,
            QUIET * 2 + LOUD * 2,
            id="only-the-bot",
        ),
        pytest.param(
            Timeline(said_ulaw=LOUD * 8, heard=(heard(1, SOFT * 2), heard(5, LOUD))),
            LOUD * 8,
            QUIET + SOFT * 2 + QUIET * 2 + LOUD + QUIET * 2,
            id="gaps-are-silent",
        ),
        pytest.param(
            Timeline(said_ulaw=LOUD * 2, heard=(heard(1, SOFT * 3),)),
            LOUD * 2 + QUIET * 2,
            QUIET + SOFT * 3,
            id="both-are-as-long-as-the-longer",
        ),
        pytest.param(
            Timeline(said_ulaw=QUIET * FRAME_SAMPLES + LOUD * FRAME_SAMPLES, late_ms=(0.0, 90.0)),
            QUIET * FRAME_SAMPLES + LOUD * FRAME_SAMPLES,
            QUIET * 2 * FRAME_SAMPLES,
            id="a-late-frame-is-not-moved",
        ),
    ],
)
def test_call_wav_is_on_the_call_clock_p71(timeline: Timeline, left: bytes, right: bytes) -> None:
    samples = samples_of(call_wav(timeline))

    assert samples.shape == (len(left), 2)
    assert samples[:, 0].tolist() == decode_ulaw(left).tolist()
    assert samples[:, 1].tolist() == decode_ulaw(right).tolist()


def test_silence_is_digital_zero() -> None:
    assert samples_of(call_wav(Timeline(said_ulaw=LOUD)))[0, 1] == 0


@pytest.mark.parametrize("raw", [b"", LOUD * 3 + SOFT, bytes(range(256))])
def test_bot_raw_wav_holds_every_payload_p72(raw: bytes) -> None:
    assert samples_of(bot_raw_wav(Timeline(raw_ulaw=raw)))[:, 0].tolist() == (
        decode_ulaw(raw).tolist()
    )


def test_a_ten_minute_call_is_written_in_little_memory() -> None:
    half = TEN_MINUTES_SAMPLES // 2
    timeline = Timeline(said_ulaw=LOUD * TEN_MINUTES_SAMPLES, heard=(heard(half, SOFT * half),))
    tracemalloc.start()
    try:
        size_bytes = sum(len(block) for block in call_wav_blocks(timeline))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert size_bytes == 44 + 4 * TEN_MINUTES_SAMPLES
    assert peak_bytes < 40_000_000
