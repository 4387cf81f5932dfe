"""Any usual recording becomes 8000 Hz mono; anything else is refused with the reason."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.files import (
    UnreadableAudio,
    read_recording,
    resampled,
    wav_blocks,
    wav_bytes,
)
from pipecat_voice_test.audio.level import active_level_dbov, level_dbov

from audio.sounds import hiss, silence, tone


def file_of(samples: NDArray[Any], rate_hz: int, kind: str, subtype: str | None = None) -> bytes:
    data = BytesIO()
    soundfile.write(data, samples, rate_hz, format=kind, subtype=subtype)
    return data.getvalue()


def sine(seconds: float, rate_hz: int, hz: float) -> NDArray[np.float64]:
    """RMS level -26 dBov."""
    at = np.arange(0, seconds, 1 / rate_hz)
    wave: NDArray[np.float64] = 10 ** (-26 / 20) * np.sqrt(2) * np.sin(2 * np.pi * hz * at)
    return wave


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        ("WAV", "PCM_16"),
        ("WAV", "PCM_24"),
        ("WAV", "FLOAT"),
        ("WAV", "ULAW"),
        ("WAVEX", "PCM_16"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
        ("MP3", "MPEG_LAYER_III"),
    ],
)
@pytest.mark.parametrize("rate_hz", [8000, 24_000, 48_000])
def test_usual_files_are_read_at_any_rate(kind: str, subtype: str, rate_hz: int) -> None:
    pcm = read_recording(file_of(sine(1.5, rate_hz, 440), rate_hz, kind, subtype))

    # MP3 and Opus begin and end with a little silence.
    assert len(pcm) == pytest.approx(12_000, abs=1300)
    assert active_level_dbov(pcm) == pytest.approx(-26, abs=0.6)


@pytest.mark.parametrize("rate_hz", [11_025, 16_000, 22_050, 44_100, 96_000])
def test_the_length_stays_what_it_was(rate_hz: int) -> None:
    pcm = read_recording(file_of(sine(1.5, rate_hz, 440), rate_hz, "WAV"))

    assert abs(len(pcm) - 12_000) <= 1


def test_telephone_recordings_keep_every_sample() -> None:
    original = hiss(9000, -20)

    assert (read_recording(wav_bytes(original)) == original).all()


def test_what_a_telephone_cannot_carry_is_gone_and_does_not_fold_back() -> None:
    kept = read_recording(file_of(sine(1.0, 48_000, 1000), 48_000, "WAV"))
    folded = read_recording(file_of(sine(1.0, 48_000, 5000), 48_000, "WAV"))

    assert level_dbov(kept) == pytest.approx(-26, abs=0.1)
    assert level_dbov(folded[800:-800]) < -90


def test_channels_are_averaged() -> None:
    left = sine(1.0, 8000, 440)

    pcm = read_recording(file_of(np.stack([left, np.zeros_like(left)], axis=1), 8000, "WAV"))

    assert level_dbov(pcm) == pytest.approx(-26 - 6.02, abs=0.05)


def test_samples_beyond_full_scale_are_limited_to_it() -> None:
    pcm = read_recording(file_of(np.array([2.0, -2.0]), 8000, "WAV", "FLOAT"))

    assert pcm.tolist() == [32767, -32768]


TEN_MINUTES = np.zeros(600 * 8000, np.int16)


def test_ten_minutes_are_not_too_long() -> None:
    assert len(read_recording(file_of(TEN_MINUTES, 8000, "FLAC"))) == 600 * 8000


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(
            b"", "it is no WAV, FLAC, OGG or MP3 file (Format not recognised)", id="no-bytes"
        ),
        pytest.param(
            b"just a text, but long enough to be looked at",
            "it is no WAV, FLAC, OGG or MP3 file (Format not recognised)",
            id="another-file",
        ),
        pytest.param(wav_bytes(silence(0)), "it is empty", id="no-samples"),
        pytest.param(
            file_of(np.append(TEN_MINUTES, TEN_MINUTES[:1]), 8000, "FLAC"),
            "it is longer than 10 minutes",
            id="too-long",
        ),
        pytest.param(
            file_of(np.array([0.0, np.nan]), 8000, "WAV", "FLOAT"),
            "it contains samples that are no numbers",
            id="not-a-number",
        ),
        pytest.param(
            file_of(np.zeros((10, 9)), 8000, "WAV"),
            "it has 9 channels, and at most 8 are read",
            id="too-many-channels",
        ),
        pytest.param(
            file_of(np.zeros(10), 1000, "WAV"),
            "its rate is 1000 Hz, and only 4000 to 384000 Hz are read",
            id="not-a-rate-of-sound",
        ),
    ],
)
def test_other_files_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableAudio) as refused:
        read_recording(data)

    assert str(refused.value) == reason


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 24_000])
def test_speech_engines_rates_become_8000_hz(rate_hz: int) -> None:
    spoken: Pcm = np.rint(sine(1.0, rate_hz, 440) * 32768).astype(np.int16)

    pcm = resampled(spoken, rate_hz)

    assert abs(len(pcm) - 8000) <= 1
    assert level_dbov(pcm) == pytest.approx(-26, abs=0.05)


def test_two_channels_are_written_side_by_side() -> None:
    said, heard = tone(10_000, -26), hiss(10_000, -30)

    written = b"".join(wav_blocks(said, heard))

    samples, rate_hz = soundfile.read(BytesIO(written), dtype="int16")
    assert rate_hz == 8000
    assert (samples == np.stack([said, heard], axis=1)).all()


def test_channels_of_different_length_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        wav_bytes(silence(20), silence(40))
