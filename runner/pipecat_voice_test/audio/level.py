"""How loud is it? Levels in dBov: 0 dBov is the RMS of a full-scale square wave, 32768.

Level = 20·log10(RMS / 32768) per 10 ms window; METRICS 2. Digital silence is -inf dBov.
"""

import math

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import SAMPLES_PER_MS, Pcm

FULL_SCALE = 32768
WINDOW_MS = 10
WINDOW_SAMPLES = WINDOW_MS * SAMPLES_PER_MS

# ITU-T P.56, method B: active is what lies less than 15.9 dB below the active level, and the
# pauses of up to 200 ms inside it.
_ACTIVITY_MARGIN_DB = 15.9
_HELD_WINDOWS = 200 // WINDOW_MS

_BLOCK_WINDOWS = 4096  # A ten-minute recording is never converted to float as a whole.


def mean_square(level_dbov: float) -> float:
    """The mean of the squared samples of a signal at this level."""
    return float(FULL_SCALE**2 * 10.0 ** (level_dbov / 10))


def level_dbov(pcm: Pcm) -> float:
    """Level of all samples together; -inf for digital silence or no samples."""
    powers = window_powers(pcm)
    if not powers.any():
        return -math.inf
    return _dbov(float(powers.sum()) * WINDOW_SAMPLES / len(pcm))


def window_powers(pcm: Pcm, window_samples: int = WINDOW_SAMPLES) -> NDArray[np.float64]:
    """The mean of the squared samples of each window, the first beginning with sample 0.

    A last window that is not full is taken as if silence followed.
    """
    whole = len(pcm) // window_samples
    powers = np.empty(-(-len(pcm) // window_samples))
    for first in range(0, whole, _BLOCK_WINDOWS):
        last = min(first + _BLOCK_WINDOWS, whole)
        block = pcm[first * window_samples : last * window_samples].astype(np.float64)
        block = block.reshape(-1, window_samples)
        powers[first:last] = np.einsum("ij,ij->i", block, block)
    if whole < len(powers):
        rest = pcm[whole * window_samples :].astype(np.float64)
        powers[whole] = rest @ rest
    powers /= window_samples
    return powers


def window_levels_dbov(pcm: Pcm) -> NDArray[np.float64]:
    """The level of each 10 ms window; -inf where there is digital silence."""
    return powers_dbov(window_powers(pcm))


def powers_dbov(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn the results of `window_powers` into levels."""
    with np.errstate(divide="ignore"):
        levels: NDArray[np.float64] = 10 * np.log10(powers / FULL_SCALE**2)
    return levels


def active_level_dbov(pcm: Pcm) -> float:
    """Level of the speech alone, whatever silence lies around and between it.

    The method is that of ITU-T P.56 on 10 ms windows: the energy of the recording is spread
    over the time in which somebody is active, and active is what lies less than 15.9 dB below
    the resulting level. It needs no threshold, so it works on recordings of any loudness.
    Unlike there, activity is not held beyond its end, so a tight clip and the same one with
    silence around it have the same level.

    Returns:
        The level in dBov; -inf if there is nothing but digital silence.
    """
    powers = window_powers(pcm)
    if not powers.any():
        return -math.inf
    padded = np.pad(powers, _HELD_WINDOWS)
    loudest = np.lib.stride_tricks.sliding_window_view(padded, _HELD_WINDOWS + 1).max(axis=1)
    held = np.minimum(loudest[:-_HELD_WINDOWS], loudest[_HELD_WINDOWS:])
    # With the k loudest windows active, the level is total/k and the threshold that makes
    # exactly these active is the level of the k-th. The lowest threshold that lies close
    # enough below its level is the one.
    thresholds = powers_dbov(np.sort(held)[::-1])
    levels = powers_dbov(powers.sum() / np.arange(1, len(held) + 1))
    close = np.flatnonzero(levels - thresholds <= _ACTIVITY_MARGIN_DB)
    return float(levels[close[-1] if len(close) else -1])


def at_active_level(pcm: Pcm, target_dbov: float) -> Pcm:
    """Make speech louder or softer so that its active level becomes `target_dbov`.

    Nothing is ever clipped: a recording whose peaks leave no room for the gain becomes as loud
    as it can be, and stays below the target. Digital silence stays what it is.
    """
    now_dbov = active_level_dbov(pcm)
    if now_dbov == -math.inf:
        return pcm
    peak = max(int(pcm.max()), -int(pcm.min()))
    gain = min(10 ** ((target_dbov - now_dbov) / 20), (FULL_SCALE - 1) / peak)
    levelled = np.empty_like(pcm, dtype=np.int16)
    for start in range(0, len(pcm), _BLOCK_WINDOWS * WINDOW_SAMPLES):
        block = slice(start, start + _BLOCK_WINDOWS * WINDOW_SAMPLES)
        levelled[block] = to_pcm(pcm[block] * gain)
    return levelled


def to_pcm(samples: NDArray[np.floating]) -> Pcm:
    """Round samples in the 16-bit scale; what lies beyond it is limited to it."""
    limited = np.clip(np.rint(samples), -FULL_SCALE, FULL_SCALE - 1)
    pcm: Pcm = limited.astype(np.int16)
    return pcm


def _dbov(power: float) -> float:
    return 10 * math.log10(power / FULL_SCALE**2)
