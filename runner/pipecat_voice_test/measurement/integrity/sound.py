"""The bot's audio of a whole call in one piece, as it was heard, without the pauses between.

Faults of the coding lie in the bytes that were sent one after the other, however they were cut
into messages and whenever they arrived; where such a byte was heard is known for each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import SAMPLE_RATE_HZ, Pcm, decode_ulaw
from pipecat_voice_test.timeline import SAMPLES_PER_MS, HeardPiece

PIECE_SAMPLES = 60 * SAMPLE_RATE_HZ  # Whole windows of 10 ms.


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """Everything of the bot that was heard, byte by byte.

    Attributes:
        ulaw: All pieces, one after the other.
        starts: Where in `ulaw` each piece, and so each message, begins.
        first_samples: Ear clock of the first sample of each piece.
    """

    ulaw: bytes = field(repr=False)
    starts: NDArray[np.int64] = field(repr=False)
    first_samples: NDArray[np.int64] = field(repr=False)

    def at_ms(self, position: int) -> float:
        """When the byte at `position` was heard."""
        piece = int(np.searchsorted(self.starts, position, side="right")) - 1
        if piece < 0:
            return 0.0
        sample = int(self.first_samples[piece]) + position - int(self.starts[piece])
        return sample / SAMPLES_PER_MS

    def pieces(self) -> Iterator[Pcm]:
        """All samples in order, `PIECE_SAMPLES` at a time, at last less."""
        for first in range(0, len(self.ulaw), PIECE_SAMPLES):
            yield decode_ulaw(self.ulaw[first : first + PIECE_SAMPLES])

    def position_at(self, at_ms: float) -> int:
        """The first byte that was heard at this moment or later."""
        sample = round(at_ms * SAMPLES_PER_MS)
        piece = int(np.searchsorted(self.first_samples, sample, side="right")) - 1
        if piece < 0:
            return 0
        within = sample - int(self.first_samples[piece])
        end = int(self.starts[piece + 1]) if piece + 1 < len(self.starts) else len(self.ulaw)
        return min(int(self.starts[piece]) + within, end)


def sound_of(pieces: Sequence[HeardPiece]) -> Sound:
    """Put the pieces of one call together."""
    lengths = np.array([len(piece.ulaw) for piece in pieces], np.int64)
    return Sound(
        b"".join(piece.ulaw for piece in pieces),
        np.cumsum(lengths) - lengths,
        np.array([piece.first_sample for piece in pieces], np.int64),
    )
