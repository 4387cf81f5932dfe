"""Linear PCM is μ-law at another rate: the same duration, the same sound."""

import numpy as np
import pytest
import soxr  # type: ignore[import-untyped]  # It ships no types.
from pipecat_voice_test.audio.codec import (
    FRAME_MS,
    FRAME_SAMPLES,
    SAMPLES_PER_MS,
    decode_ulaw,
    encode_ulaw,
)
from pipecat_voice_test.audio.files import read_recording
from pipecat_voice_test.audio.l16 import LinearEar, LinearMouth, read_l16, write_l16
from pipecat_voice_test.audio.level import to_pcm
from pipecat_voice_test.audio.speech import heard_bursts

from audio.sounds import RECORDINGS, VOICES

RATES_HZ = [8000, 16_000, 24_000, 48_000]
FRAMES = 50


def spoken_ulaw() -> bytes:
    """A second of a tone that no frame holds a whole number of cycles of."""
    at_s = np.arange(FRAMES * FRAME_SAMPLES) / 8000
    return encode_ulaw(np.rint(8000 * np.sin(2 * np.pi * 777 * at_s)).astype(np.int16))


@pytest.mark.parametrize(
    ("l16", "samples"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"\x01", [], id="half-a-sample"),
        pytest.param(
            b"\x01\x00\xff\xff\x00\x80\xff\x7f", [1, -1, -32768, 32767], id="low-byte-first"
        ),
        pytest.param(b"\x01\x00\xff", [1], id="half-a-sample-too-much"),
    ],
)
def test_two_bytes_are_a_sample(l16: bytes, samples: list[int]) -> None:
    assert read_l16(l16).tolist() == samples
    assert write_l16(np.array(samples, np.int16)) == l16[: 2 * len(samples)]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_each_of_the_callers_frames_comes_out_as_20_ms(rate_hz: int) -> None:
    mouth, ulaw = LinearMouth(rate_hz), spoken_ulaw()

    sizes = {
        len(mouth(ulaw[start : start + FRAME_SAMPLES]))
        for start in range(0, len(ulaw), FRAME_SAMPLES)
    }

    assert sizes == {2 * rate_hz * FRAME_MS // 1000}


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_there_and_back_only_the_rounding_of_ulaw_is_heard(rate_hz: int) -> None:
    mouth, ear, ulaw = LinearMouth(rate_hz), LinearEar(rate_hz), spoken_ulaw()

    heard = b"".join(
        ear(read_l16(mouth(ulaw[start : start + FRAME_SAMPLES])))
        for start in range(0, len(ulaw), FRAME_SAMPLES)
    )

    late = 0 if rate_hz == 8000 else 24  # Two filters, each 1.5 ms.
    wanted = decode_ulaw(ulaw)[400 : -400 - late].astype(float)
    difference = decode_ulaw(heard)[400 + late : -400] - wanted
    assert len(heard) == len(ulaw)
    assert difference @ difference <= (wanted @ wanted) / 10**3.5


def test_at_8000_hz_the_bot_gets_the_very_samples_of_the_call() -> None:
    codes = bytes(range(256)).replace(b"\x7f", b"\xff")

    assert read_l16(LinearMouth(8000)(codes)).tolist() == decode_ulaw(codes).tolist()
    assert LinearEar(8000)(decode_ulaw(codes)) == codes


def test_what_was_cleared_is_not_heard_at_the_beginning_of_what_comes_next() -> None:
    ear = LinearEar(24_000)
    ear(np.full(480, 20_000, np.int16))

    ear.clear()

    assert not decode_ulaw(ear(np.zeros(480, np.int16))).any()


@pytest.mark.parametrize("voice", VOICES)
def test_a_voice_begins_within_3_ms_of_when_it_does_over_ulaw(voice: str) -> None:
    quiet = np.zeros(4000, np.int16)
    pcm = np.concatenate([quiet, read_recording((RECORDINGS / f"{voice}.wav").read_bytes()), quiet])
    ear, sent = LinearEar(24_000), to_pcm(soxr.resample(pcm.astype(np.float64), 8000, 24_000))

    linear = b"".join(ear(sent[start : start + 960]) for start in range(0, len(sent), 960))

    onsets = [np.array([start for start, _ in heard_bursts(decode_ulaw(ulaw))])
              for ulaw in (linear, encode_ulaw(pcm))]  # fmt: skip
    assert len(onsets[0])
    assert np.abs(onsets[0] - onsets[1]).max() <= 3 * SAMPLES_PER_MS
