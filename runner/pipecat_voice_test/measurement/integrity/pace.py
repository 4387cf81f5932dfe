"""Figures of a voice that change when it is played too fast or too slow.

A recording that plays at another speed has its pitch, its formants, its syllables and the changes
between its sounds all moved by the same factor. None of them alone tells the speed of a strange
voice: a woman at half speed has the pitch of a man, though not his formants, nor his pace.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import SAMPLE_RATE_HZ, Pcm
from pipecat_voice_test.audio.level import (
    WINDOW_SAMPLES,
    active_level_dbov,
    mean_square,
    window_powers,
)

Floats = NDArray[np.float64]

LONGEST_S = 60  # Of what was sent; more tells no more.
FIGURES = 66
PITCH = 48  # Which of them is the median pitch, in octaves over 1 Hz.

_FRAME, _HOP = 512, 256  # 64 and 32 ms.
_AT_ONCE = 128  # Frames: what all of a minute take on the way would be 50 MB.
_BANDS = 24
_LOWEST_HZ, _HIGHEST_HZ = 70.0, 3900.0
_LOUD_DB = 15.0  # Below the active level of the voice.
_LOUD_FRAMES = 90  # Three seconds of voice.
_PERIODS = (14, 300)  # Samples: 27 to 570 Hz.
_PERIODIC, _NEARLY = 0.6, 0.88
_VOICED_FRAMES, _VOICED_SHARE = 20, 0.15
_RHYTHM_WINDOWS = 200  # 2 s in windows of 10 ms.
_RHYTHM_HZ = np.geomspace(0.5, 20.0, 9)
_LATER = 4  # Frames.


def voice_figures(pcm: Pcm) -> Floats | None:
    """`FIGURES` figures of whoever speaks here; None without three seconds of a clear voice."""
    pcm = pcm[: LONGEST_S * SAMPLE_RATE_HZ]
    if len(pcm) < _RHYTHM_WINDOWS * WINDOW_SAMPLES or not pcm.any():
        return None
    active = mean_square(active_level_dbov(pcm))
    frames = np.lib.stride_tricks.sliding_window_view(pcm, _FRAME)[::_HOP]
    parts = [
        _looked_at(frames[first : first + _AT_ONCE].astype(np.float32))
        for first in range(0, len(frames), _AT_ONCE)
    ]
    powers, spectra, periodicity, period = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    loud = powers > active * 10 ** (-_LOUD_DB / 10)
    if loud.sum() < _LOUD_FRAMES:
        return None
    bands = spectra @ _band_weights() + 1.0
    pitch = _pitch(periodicity, period, loud)
    if pitch is None:
        return None
    figures: Floats = np.concatenate(
        [_colour(bands, loud), pitch, _rhythm(pcm, active), _change(bands, loud)]
    )
    return figures


def _looked_at(frames: NDArray[np.float32]) -> tuple[NDArray[Any], ...]:
    """Of each frame its power, its spectrum, how periodic it is, and its period in samples."""
    window = np.hanning(_FRAME).astype(np.float32)
    windowed = frames * window
    powers = np.einsum("ij,ij->i", frames, frames) / _FRAME
    return powers, np.abs(np.fft.rfft(windowed)) ** 2, *_periods(windowed, window)


def _periods(
    windowed: NDArray[np.float32], window: NDArray[np.float32]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """How much each frame is like itself one period later, at best, and after which."""
    likeness = np.fft.irfft(np.abs(np.fft.rfft(windowed, 2 * _FRAME)) ** 2)[:, :_FRAME]
    of_window = np.correlate(window, window, "full")[_FRAME - 1 :]
    likeness /= (likeness[:, :1] + 1.0) * np.maximum(of_window / of_window[0], 0.05)
    likeness = likeness[:, _PERIODS[0] : _PERIODS[1]]
    best = likeness.max(axis=1)
    # The shortest period that fits nearly best: its multiples fit as well.
    period = np.argmax(likeness >= _NEARLY * best[:, np.newaxis], axis=1)
    rows = np.arange(len(period))
    for _ in range(6):
        longer = np.minimum(period + 1, likeness.shape[1] - 1)
        period = np.where(likeness[rows, longer] > likeness[rows, period], longer, period)
    return best, period


def _band_weights() -> Floats:
    """Means over bands of equal width on a logarithmic scale, as a matrix."""
    edges = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, _BANDS + 1)
    width = SAMPLE_RATE_HZ / _FRAME
    centres = np.arange(_FRAME // 2 + 1)[:, np.newaxis] * width
    covered = np.minimum(centres + width / 2, edges[1:]) - np.maximum(
        centres - width / 2, edges[:-1]
    )
    weights = np.clip(covered, 0.0, None)
    matrix: Floats = weights / weights.sum(axis=0)
    return matrix


def _colour(bands: Floats, loud: NDArray[np.bool_]) -> Floats:
    """Spectrum of the voice in dB: of its power, and on average over its sounds."""
    shares = 10 * np.log10((bands / bands.sum(axis=1, keepdims=True))[loud].mean(axis=0))
    levels = 10 * np.log10(bands[loud]).mean(axis=0)
    return np.concatenate([shares - shares.mean(), levels - levels.mean()])


def _pitch(
    periodicity: NDArray[Any], period: NDArray[np.int64], loud: NDArray[np.bool_]
) -> Floats | None:
    """Pitch in octaves: median, low, high, movement, spread; and how much has one at all."""
    voiced = loud & (periodicity > _PERIODIC) & (period > 1)
    share = voiced.sum() / loud.sum()
    if voiced.sum() < _VOICED_FRAMES or share < _VOICED_SHARE:
        return None
    octaves = np.log2(SAMPLE_RATE_HZ / (period + _PERIODS[0]))
    moves = np.abs(np.diff(octaves))[voiced[1:] & voiced[:-1]]
    heard = octaves[voiced]
    low, middle, high = np.percentile(heard, (10, 50, 90))
    movement = np.median(np.minimum(moves, 0.5)) if len(moves) else 0.0
    return np.array([middle, low, high, movement, heard.std(), share])


def _rhythm(pcm: Pcm, active: float) -> Floats:
    """How strongly the level goes up and down how many times a second, in dB, and on average."""
    levels = 10 * np.log10(np.maximum(window_powers(pcm) / active, 1e-3))
    levels -= levels.mean()
    parts = np.lib.stride_tricks.sliding_window_view(levels, _RHYTHM_WINDOWS)
    parts = parts[:: _RHYTHM_WINDOWS // 2] * np.hanning(_RHYTHM_WINDOWS)
    power = (np.abs(np.fft.rfft(parts)) ** 2).mean(axis=0)
    hz = np.arange(len(power)) * 0.5
    bands = [
        10 * np.log10(power[(hz >= low) & (hz <= high)].mean() + 1e-3)
        for low, high in pairwise(_RHYTHM_HZ)
    ]
    used = (hz >= _RHYTHM_HZ[0]) & (hz <= _RHYTHM_HZ[-1])
    middle = (np.log2(hz[used]) * power[used]).sum() / max(power[used].sum(), 1e-9)
    return np.array([*(np.array(bands) - np.mean(bands)), middle])


def _change(bands: Floats, loud: NDArray[np.bool_]) -> Floats:
    """How much the spectrum changes in 32 ms and in 128 ms, in dB, and the ratio of both."""
    levels = 10 * np.log10(bands)
    levels -= levels.mean(axis=1, keepdims=True)
    soon, later = (_distance_db(levels, loud, frames) for frames in (1, _LATER))
    return np.array([soon, later, soon / max(later, 1e-3)])


def _distance_db(levels: Floats, loud: NDArray[np.bool_], frames: int) -> float:
    both = loud[frames:] & loud[:-frames]
    if not both.any():
        return 0.0
    apart = np.sqrt(((levels[frames:] - levels[:-frames]) ** 2).mean(axis=1))
    return float(apart[both].mean())
