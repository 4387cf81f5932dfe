"""What is on a telephone line besides the voice; P-23 and METRICS 6 `noise`.

Noise is made as a sum of equally strong waves of seeded phase, one per bin of the band. That
gives an exact level, nothing outside the band, and a signal that is periodic, so it loops
without a seam. The phases come from the raw output of PCG64, the part of numpy's random
numbers whose stream is guaranteed not to change between versions.
"""

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import FRAME_SAMPLES, SAMPLE_RATE_HZ, SAMPLES_PER_MS, Pcm
from pipecat_voice_test.audio.level import FULL_SCALE, mean_square

LOWEST_HZ, HIGHEST_HZ = 300, 3400
LONGEST_RECORDING_S = 60
_SEAM_SAMPLES = 50 * SAMPLES_PER_MS


def line_noise(seed: int, level_dbov: float, samples: int) -> NDArray[np.float64]:
    """White noise limited to 300-3400 Hz that repeats after `samples`.

    Args:
        seed: Any integer; equal seeds give equal noise.
        level_dbov: Its RMS level, exact over one period.
        samples: Length of the period at 8000 Hz.
    """
    spectrum = np.zeros(samples // 2 + 1, np.complex128)
    band = _band(samples)
    turns = (seeded_bits(seed, band.stop - band.start) >> np.uint64(11)) / 2.0**53
    spectrum[band] = np.exp(2j * np.pi * turns)
    wave = np.fft.irfft(spectrum, samples)
    scaled: NDArray[np.float64] = wave * np.sqrt(mean_square(level_dbov) / np.mean(wave**2))
    return scaled


def seeded_bits(seed: int, count: int) -> NDArray[np.uint64]:
    """`count` random 64-bit numbers; the same on every machine and with every numpy."""
    bits: NDArray[np.uint64] = np.random.PCG64(seed % 2**128).random_raw(count)
    return bits


def band_level_dbov(samples: NDArray[np.float64]) -> float:
    """RMS level of one period of a sound in 300-3400 Hz; -inf if nothing is there."""
    spectrum = np.fft.rfft(samples)[_band(len(samples))]
    power = 2 * float(np.sum(np.abs(spectrum) ** 2)) / len(samples) ** 2
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(power / FULL_SCALE**2))


def looped(recording: Pcm) -> NDArray[np.float64]:
    """One period of an endless version of `recording`, in whole 20 ms frames.

    Its last 50 ms are blended into its first, so the seam cannot be heard. A recording too
    short for that is repeated first; of one longer than a minute the first minute is used.
    """
    longest = LONGEST_RECORDING_S * SAMPLE_RATE_HZ + _SEAM_SAMPLES
    shortest = 2 * _SEAM_SAMPLES + FRAME_SAMPLES
    sound = np.tile(recording[:longest], -(-shortest // len(recording))).astype(np.float64)
    period = (len(sound) - _SEAM_SAMPLES) // FRAME_SAMPLES * FRAME_SAMPLES
    loop = sound[:period].copy()
    # Noise before and after the seam is unrelated, so their powers add up to a constant.
    share = np.arange(_SEAM_SAMPLES) / _SEAM_SAMPLES
    loop[:_SEAM_SAMPLES] *= np.sqrt(share)
    loop[:_SEAM_SAMPLES] += sound[period : period + _SEAM_SAMPLES] * np.sqrt(1 - share)
    return loop


def _band(samples: int) -> slice:
    """The bins of a spectrum of a real signal that lie in 300-3400 Hz."""
    first = -(-LOWEST_HZ * samples // SAMPLE_RATE_HZ)
    return slice(first, HIGHEST_HZ * samples // SAMPLE_RATE_HZ + 1)
