"""Sounds that no example recording has: a cough, "mhm", "hm", the noise of a room. Seeded."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pipecat_voice_test.audio.files import wav_bytes
from pipecat_voice_test.audio.level import at_active_level, to_pcm

RATE_HZ = 8000
_LEVEL_DBOV = -23.0
_HUM_HZ = 110.0
_ROOM_S = 20
HM_S = 0.13  # Too short for Pipecat's voice detector at its defaults, which wants 0.2 s.

Wave = NDArray[np.float64]


def write_sounds(folder: Path) -> None:
    """Put them into a folder, as WAV."""
    sounds = {"cough": _cough(), "mhm": _mhm(), "hm": _hum(HM_S, _HUM_HZ), "room": _room()}
    for name, wave in sounds.items():
        pcm = to_pcm(wave / np.max(np.abs(wave)) * 20_000)
        if name != "room":
            pcm = at_active_level(pcm, _LEVEL_DBOV)
        (folder / f"{name}.wav").write_bytes(wav_bytes(pcm))


def _time(length_s: float) -> Wave:
    return np.arange(round(length_s * RATE_HZ)) / RATE_HZ


def _shaped(wave: Wave, gain: Wave) -> Wave:
    """Filter by a gain for each bin of the spectrum."""
    filtered: Wave = np.fft.irfft(np.fft.rfft(wave) * gain, len(wave))
    return filtered


def _noise(seed: int, samples: int) -> Wave:
    random = np.random.Generator(np.random.PCG64(seed))
    return random.standard_normal(samples)


def _cough() -> Wave:
    """Two barks: a burst of air that dies away, strongest about 1.5 kHz."""
    bark = _time(0.22)
    fades = np.exp(-bark / 0.06) * np.minimum(1.0, bark / 0.004)
    hertz = np.fft.rfftfreq(len(bark), 1 / RATE_HZ)
    gain = np.exp(-(((hertz - 1800) / 1100) ** 2))
    barks = [_shaped(_noise(seed, len(bark)), gain) * fades for seed in (1, 2)]
    pause = np.zeros(round(0.06 * RATE_HZ))
    return np.concatenate([pause, barks[0], pause, barks[1] * 0.8, pause])


def _mhm() -> Wave:
    """A hum with closed lips in two syllables, the second higher: half a second."""
    parts = []
    for length_s, hertz in ((0.2, _HUM_HZ), (0.26, _HUM_HZ * 1.25)):
        parts += [_hum(length_s, hertz), np.zeros(round(0.03 * RATE_HZ))]
    joined: Wave = np.concatenate(parts)
    return joined


def _hum(length_s: float, hertz: float) -> Wave:
    time = _time(length_s)
    edges = np.minimum(1.0, np.minimum(time, time[::-1]) / 0.03)
    number = np.arange(1, 12)[:, None] * hertz
    formant = np.exp(-(((number - 250) / 250) ** 2) / 2)
    hum: Wave = (formant * np.sin(2 * np.pi * number * time)).sum(axis=0)
    return hum * edges


def _room() -> Wave:
    """A busy room from the next one: low noise whose strength wavers."""
    samples = _ROOM_S * RATE_HZ
    hertz = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    gain = 1 / (1 + (hertz / 800) ** 2) * (hertz > 100)
    slow = _shaped(_noise(4, samples), (hertz < 2).astype(np.float64))
    wavering: Wave = _shaped(_noise(3, samples), gain) * (1 + 0.15 * slow / np.std(slow))
    return wavering
