"""P-23: white noise limited to 300-3400 Hz, the same for the same seed."""

import hashlib

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.level import level_dbov, to_pcm
from pipecat_voice_test.audio.noise import band_level_dbov, line_noise, looped

from audio.sounds import hiss, silence, sound, tone

SECOND = 8000


def test_p_23_the_noise_of_a_seed_never_changes() -> None:
    """The same on every machine, Python and numpy: a run can be repeated bit for bit."""
    noise = to_pcm(line_noise(0, -60.0, 81_920)).astype("<i2").tobytes()

    assert hashlib.sha256(noise).hexdigest() == (
        "0454df627683238226406010f7fe90e36dadc8b168741b46e7c2db74e6502752"
    )


@pytest.mark.parametrize("seed", [1, -1, 2**70, 2**128 + 5])
def test_p_23_every_seed_has_a_noise_of_its_own(seed: int) -> None:
    assert not np.array_equal(line_noise(seed, -60, SECOND), line_noise(0, -60, SECOND))
    assert np.array_equal(line_noise(seed, -60, SECOND), line_noise(seed, -60, SECOND))


@pytest.mark.parametrize("dbov", [-54.0, -60.0, -70.0])
def test_p_23_it_has_the_level_asked_for(dbov: float) -> None:
    assert level_dbov(to_pcm(line_noise(3, dbov, 10 * SECOND))) == pytest.approx(dbov, abs=0.1)


def test_p_23_it_is_as_strong_everywhere_in_the_band_and_absent_elsewhere() -> None:
    spectrum = np.abs(np.fft.rfft(line_noise(3, -60, SECOND)))

    assert spectrum[300:3401] == pytest.approx(spectrum[1000])
    assert spectrum[:300].max() < spectrum[1000] / 1e6
    assert spectrum[3401:].max() < spectrum[1000] / 1e6


def test_it_is_noise_not_pulses() -> None:
    noise = line_noise(3, -60, 10 * SECOND)

    kurtosis = np.mean(noise**4) / np.mean(noise**2) ** 2
    assert kurtosis == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize(
    ("hz", "level"),
    [
        pytest.param(100, -100, id="rumble-does-not-count"),
        pytest.param(1000, -30, id="what-the-telephone-carries-counts"),
        pytest.param(3800, -100, id="what-it-does-not-carry-does-not"),
    ],
)
def test_the_level_of_a_background_is_that_of_its_band(hz: float, level: float) -> None:
    assert band_level_dbov(tone(1000, -30, hz).astype(float)) == pytest.approx(level, abs=12)


def test_silence_has_no_level_in_the_band() -> None:
    assert band_level_dbov(np.zeros(800)) == -np.inf


@pytest.mark.parametrize(
    ("recording", "samples"),
    [
        pytest.param(hiss(3000, -30), 2940 * 8, id="loses-the-50-ms-of-its-seam-in-whole-frames"),
        pytest.param(hiss(30, -30), 60 * 8, id="a-short-one-is-repeated"),
        pytest.param(hiss(61_000, -30), 60_000 * 8, id="of-a-long-one-a-minute-is-used"),
    ],
)
def test_a_recording_becomes_a_loop_of_whole_frames(recording: Pcm, samples: int) -> None:
    assert len(looped(recording)) == samples


def test_the_seam_of_a_loop_cannot_be_heard() -> None:
    rising = sound(*(tone(100, -50 + 2 * step) for step in range(11)))

    loop = looped(rising)

    steps = np.abs(np.diff(np.concatenate([loop, loop])))
    assert steps.max() <= np.abs(np.diff(rising.astype(float))).max() * 1.05


def test_the_seam_is_as_loud_as_the_rest() -> None:
    loop = to_pcm(looped(hiss(10_000, -30)))

    assert level_dbov(loop[:400]) == pytest.approx(-30, abs=1)


def test_a_loop_of_silence_is_silent() -> None:
    assert not looped(silence(500)).any()
