"""How loud a recording is along its length, for a waveform."""

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.level import FULL_SCALE

PERCENT = 100


def peaks(pcm: Pcm, *, count: int) -> list[int]:
    """The largest sample of each of `count` equal pieces, without its sign, as 0 to 100.

    100 is full scale. A recording of fewer samples than pieces repeats some; an empty one is 0.
    """
    shares = peak_shares(pcm, count=count)
    return [int(share) for share in np.rint(shares * PERCENT)]


def peak_shares(pcm: Pcm, *, count: int) -> NDArray[np.float64]:
    """The same as shares of full scale, 0 to 1."""
    if count <= 0 or not len(pcm):
        return np.zeros(max(0, count))
    starts = np.arange(count, dtype=np.int64) * len(pcm) // count
    # Signs are looked at apart: -32768 has no positive twin in 16 bits.
    high = np.maximum.reduceat(pcm, starts).astype(np.float64)
    low = np.minimum.reduceat(pcm, starts).astype(np.float64)
    return np.minimum(1.0, np.maximum(np.maximum(high, -low), 0.0) / FULL_SCALE)
