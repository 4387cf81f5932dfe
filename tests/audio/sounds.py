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


def music(ms: float, dbov: float) -> Pcm:
    """Four chords over and over with a bass and a drum, the same each time, at this RMS level."""
    at = np.arange(round(ms * MS)) / SAMPLE_RATE_HZ
    beat = at % 0.5
    chord = np.array([220.0, 174.6, 261.6, 196.0])[(at // 2).astype(int) % 4]
    phase = 2 * np.pi * np.cumsum(chord) / SAMPLE_RATE_HZ
    mixed = np.sin(phase / 2)
    for interval in (1.0, 1.25, 1.5):
        for harmonic in (1, 2, 3):
            mixed += np.sin(phase * interval * harmonic) * np.exp(-3 * beat) / harmonic
    drum = np.random.RandomState(11).standard_normal(len(at)) * np.exp(-40 * beat)
    return at_rms(mixed + drum, dbov)


def typing(ms: float, dbov: float, every_ms: float = 140.0) -> Pcm:
    """Clicks of a keyboard at uneven moments over a hiss 20 dB softer, at this RMS level."""
    dice = np.random.RandomState(13)
    mixed = dice.standard_normal(round(ms * MS)) * 0.02
    click = dice.standard_normal(30 * MS) * np.exp(-np.arange(30 * MS) / (6 * MS))
    at_ms = 0.0
    while (at_ms := at_ms + every_ms * dice.uniform(0.5, 1.5)) < ms - 30:
        first = round(at_ms * MS)
        mixed[first : first + len(click)] += click * dice.uniform(0.5, 1.0)
    return at_rms(mixed, dbov)


def at_rms(samples: NDArray[np.float64], dbov: float) -> Pcm:
    """The same sound at this RMS level; peaks are limited."""
    scaled = samples * 32768 * 10 ** (dbov / 20) / np.sqrt(np.mean(samples**2))
    return _pcm(np.clip(scaled, -32768, 32767))


def mixed(under: Pcm, *over: tuple[float, Pcm]) -> Pcm:
    """A sound with others over it, each from its moment in ms on, as far as it lasts."""
    total = under.astype(np.float64)
    for from_ms, pcm in over:
        first = round(from_ms * MS)
        total[first : first + len(pcm)] += pcm[: len(total) - first]
    return _pcm(np.clip(total, -32768, 32767))


def silence(ms: float) -> Pcm:
    return np.zeros(round(ms * MS), np.int16)


def sound(*parts: Pcm) -> Pcm:
    return np.concatenate(parts)


def voice(name: str) -> Pcm:
    return read_recording((RECORDINGS / f"{name}.wav").read_bytes())


def _pcm(samples: NDArray[np.float64]) -> Pcm:
    pcm: Pcm = np.rint(samples).astype(np.int16)
    return pcm
