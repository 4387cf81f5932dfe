"""Signed 16-bit samples, little-endian, mono, as some providers carry audio; μ-law is on our side.

One object for each direction of each call: both remember the end of what went through them.
"""

import numpy as np

from pipecat_voice_test.audio.codec import SAMPLE_RATE_HZ, Pcm, decode_ulaw, encode_ulaw
from pipecat_voice_test.audio.resample import Resampler

SAMPLE_BYTES = 2


def read_l16(l16: bytes) -> Pcm:
    """One sample for two bytes, read-only; half a sample at the end is left out."""
    whole = len(l16) - len(l16) % SAMPLE_BYTES
    return np.frombuffer(l16[:whole], "<i2").astype(np.int16, copy=False)


def write_l16(pcm: Pcm) -> bytes:
    """Two bytes for each sample."""
    return pcm.astype("<i2", copy=False).tobytes()


class LinearMouth:
    """The caller's frames on their way to a bot.

    Args:
        rate_hz: Of what comes out.
    """

    def __init__(self, rate_hz: int) -> None:
        self._resample = Resampler(SAMPLE_RATE_HZ, rate_hz)

    def __call__(self, ulaw: bytes) -> bytes:
        """The same duration at the other rate, if that is a multiple of 8000 Hz."""
        return write_l16(self._resample(decode_ulaw(ulaw)))


class LinearEar:
    """A bot's audio on its way to the caller's ear.

    Args:
        rate_hz: Of what comes in.
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.clear()

    def __call__(self, pcm: Pcm) -> bytes:
        """The same duration in μ-law, to the sample over all calls."""
        return encode_ulaw(self._resample(pcm))

    def clear(self) -> None:
        """What came before is not continued by what comes."""
        self._resample = Resampler(self.rate_hz, SAMPLE_RATE_HZ)
