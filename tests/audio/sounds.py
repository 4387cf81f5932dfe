"""Sounds whose timing and level are known, and recordings of a real person."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pipecat_voice_test.audio.codec import SAMPLE_RATE_HZ, Pcm
from pipecat_voice_test.audio.files import read_recording

RECORDINGS = Path(__file__).parents[2] / "examples" / "scenarios" / "audio"
VOICES = sorted(path.stem for path in RECORDINGS.glob("*.wav"))
MS = SAMPLE_RATE_HZ // 1000


def tone(ms: float, dbov: float, hz: float = 440.0) -> Pcm:
    """A sine of exactly this RMS level."""
    at = np.arange(round(ms * MS)) / SAMPLE_RATE_HZ
    amplitude = 32768 * np.sqrt(2) * 10 ** (dbov / 20)
    return _pcm(amplitude * np.sin(2 * np.pi * hz * at + 0.3))


def hiss(ms: float, dbov: float) -> Pcm:
    """White noise, the same each time."""
    noise = np.random.RandomState(7).standard_normal(round(ms * MS))
    return _pcm(noise * 32768 * 10 ** (dbov / 20))


def silence(ms: float) -> Pcm:
    return np.zeros(round(ms * MS), np.int16)


def sound(*parts: Pcm) -> Pcm:
    return np.concatenate(parts)


def voice(name: str) -> Pcm:
    return read_recording((RECORDINGS / f"{name}.wav").read_bytes())


def _pcm(samples: NDArray[np.float64]) -> Pcm:
    pcm: Pcm = np.rint(samples).astype(np.int16)
    return pcm
