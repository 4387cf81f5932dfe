"""G.711 A-law, as most networks outside North America and Japan carry it.

Callers hear and say μ-law here, so A-law is brought to the nearest code of μ-law and back; of
equally near ones the quieter. What is lost is less than the rounding of either.
"""

import audioop
from functools import cache

import numpy as np
from numpy.typing import NDArray

ALAW_SILENCE = b"\xd5"  # The quietest code; A-law has no zero.

_EVERY = bytes(range(256))
_LOOKED_AT = 1024  # Bytes of each message, and messages in all: more tells nothing new.
_MESSAGES = 1000


def alaw_to_ulaw(alaw: bytes) -> bytes:
    """One byte for each byte."""
    return alaw.translate(_tables()[0])


def ulaw_to_alaw(ulaw: bytes) -> bytes:
    """One byte for each byte."""
    return ulaw.translate(_tables()[1])


class LawGuess:
    """Tells A-law from μ-law in the audio of one speaker, by listening.

    Read in its own law sound is quieter and smoother than in the other: each law takes quiet
    samples of the other for middling ones, and mixes the order of all. Over voices, music and
    noise from -20 to -90 dBov, 40 ms alone were told wrongly in one of 900 messages, and with all
    that came before never. Pure tones of 2 kHz and more are not told.
    """

    def __init__(self) -> None:
        self._rough_ulaw = self._rough_alaw = 0.0
        self._messages = 0

    @property
    def is_alaw(self) -> bool:
        """What all of it until now speaks for; μ-law, if nothing does."""
        return self._rough_alaw < self._rough_ulaw

    def listen(self, g711: bytes) -> None:
        """Take in a message of the speaker."""
        if self._messages < _MESSAGES:
            self._messages += 1
            codes = np.frombuffer(g711, np.uint8, min(len(g711), _LOOKED_AT))
            self._rough_ulaw += _roughness(_ULAW_VALUES[codes])
            self._rough_alaw += _roughness(_ALAW_VALUES[codes])


def _values(decoded: bytes) -> NDArray[np.float64]:
    return np.frombuffer(decoded, np.int16).astype(np.float64)


_ULAW_VALUES = _values(audioop.ulaw2lin(_EVERY, 2))
_ALAW_VALUES = _values(audioop.alaw2lin(_EVERY, 2))


def _roughness(samples: NDArray[np.float64]) -> float:
    """How loud samples are, and how far each is from the one before."""
    steps = np.diff(samples)
    return float(samples @ samples + steps @ steps)


@cache
def _tables() -> tuple[bytes, bytes]:
    """For each code of A-law that of μ-law, and the other way round."""
    to_ulaw = _nearest(_ALAW_VALUES, _ULAW_VALUES)
    return to_ulaw, _nearest(_ULAW_VALUES, _ALAW_VALUES)


def _nearest(values: NDArray[np.float64], of: NDArray[np.float64]) -> bytes:
    """The code of the nearest value in another law; in both the upper half is positive.

    Of the two zeros of μ-law each has its own sign, so that none becomes a step.
    """
    codes = bytearray()
    for code, value in enumerate(values):
        alike = np.arange(128) + (code & 0x80)
        order = np.lexsort((np.abs(of[alike]), np.abs(of[alike] - value)))
        codes.append(int(alike[order[0]]))
    return bytes(codes)
