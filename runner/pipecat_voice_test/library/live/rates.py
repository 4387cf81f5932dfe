"""Between the line, 8000 samples a second, and chunks of 24 000, without a shift in time.

`audio.resample` gives every chunk its whole duration at once, with the sound 1.5 ms late. Here
that delay is taken out at the beginning of a stretch and made up for at its end, so a sample
lies where it belongs, and nothing of a last word stays in the filter.
"""

from copy import copy

import numpy as np

from pipecat_voice_test.audio.codec import SAMPLE_RATE_HZ, Pcm
from pipecat_voice_test.audio.resample import Resampler
from pipecat_voice_test.library.chunk import CHUNK_RATE_HZ

_NOTHING = np.zeros(0, np.int16)
# What is converted at once; it takes a millisecond.
_BLOCK_SAMPLES = CHUNK_RATE_HZ


class _Stretch:
    """One stretch of sound, from one rate to the other.

    Attributes:
        held_back: How many samples that went in have not come out, because what follows them
            is not known yet; 1.5 ms at most.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self.held_back = 0
        self._resampler = Resampler(from_hz, to_hz)
        self._early = round(self._resampler.delay_ms * to_hz / 1000.0)
        self._rest = np.zeros(round(self._resampler.delay_ms * from_hz / 1000.0), np.int16)

    def feed(self, pcm: Pcm) -> Pcm:
        """What is certain after these samples."""
        self.held_back = min(self.held_back + len(pcm), len(self._rest))
        return self._in_time(self._resampler(pcm))

    def rest(self) -> Pcm:
        """What follows if nothing more comes; the stretch may go on all the same."""
        one = copy(self)
        one._resampler = copy(self._resampler)
        return one._in_time(one._resampler(self._rest))

    def _in_time(self, pcm: Pcm) -> Pcm:
        dropped = min(self._early, len(pcm))
        self._early -= dropped
        return pcm[dropped:]


class Heard24k(_Stretch):
    """A stretch of what was heard, on its way into chunks: three samples for each."""

    def __init__(self) -> None:
        super().__init__(SAMPLE_RATE_HZ, CHUNK_RATE_HZ)


class Spoken8k:
    """Chunks that follow each other without a hole, on their way to the line.

    Attributes:
        samples: How many the line gets of all that was given so far.
    """

    def __init__(self) -> None:
        self._stretch = _Stretch(CHUNK_RATE_HZ, SAMPLE_RATE_HZ)
        self._given = 0
        self._waiting: list[Pcm] = []
        self._known = _NOTHING
        self._guessed = _NOTHING  # What follows `_known` if nothing more is given.
        self._guesses_taken = 0

    @property
    def samples(self) -> int:
        return self._given * SAMPLE_RATE_HZ // CHUNK_RATE_HZ

    def give(self, pcm: Pcm) -> None:
        """Append samples at 24 kHz; they are converted when they are needed."""
        self._given += len(pcm)
        blocks = range(0, len(pcm), _BLOCK_SAMPLES)
        self._waiting += [pcm[start : start + _BLOCK_SAMPLES] for start in blocks]

    def take(self, samples: int) -> Pcm:
        """The next samples for the line, fewer or none when there are no more."""
        while self._waiting and len(self._known) < samples:
            self._convert(self._waiting.pop(0))
        taken = self._known[:samples]
        self._known = self._known[samples:]
        missing = samples - len(taken)
        if missing and len(self._guessed):
            taken = np.concatenate([taken, self._guessed[:missing]])
            self._guesses_taken += min(missing, len(self._guessed))
            self._guessed = self._guessed[missing:]
        return taken

    def _convert(self, pcm: Pcm) -> None:
        certain = self._stretch.feed(pcm)
        repeated = min(self._guesses_taken, len(certain))
        self._guesses_taken -= repeated
        self._known = np.concatenate([self._known, certain[repeated:]])
        self._guessed = self._stretch.rest()[self._guesses_taken :]
