"""From one sample rate to another while the audio comes in, without holding any of it back.

The stream of soxr gives the sound of a chunk 15 to 130 ms after the chunk, at every quality that
keeps aliases out: on a wire that would be a bot that answers late and loses its last words. Here
every chunk gives its whole duration at once. What lies at the edges of a chunk is put together
by a short symmetric filter (a sinc in a Kaiser window), which delays all frequencies alike, by
`delay_ms`.

Measured between 8000 Hz and 16000 to 48000 Hz: nothing is changed by more than 0.2 dB up to
3400 Hz, and what has no place at 8000 Hz is 58 dB down from 4500 Hz on, 20 dB below the noise of
μ-law. 20 ms take 20 to 40 µs, ten seconds in one chunk 1 to 4 ms.
"""

from functools import cache, lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.level import to_pcm

Samples = NDArray[np.float32]

# The filter reaches so many samples of the lower rate to either side: 1.5 ms at 8000 Hz.
_REACH = 12
_ATTENUATION_DB = 60.0
_BETA = 0.1102 * (_ATTENUATION_DB - 8.7)  # Kaiser's own formula.
_CUTOFF = 0.975  # Half as loud there; 1 is half of the lower rate.
_STEPS = 512  # Points of the filter for one sample; what lies between them is interpolated.

# A ratio may need thousands of filters, 44100 to 8000 needs 80. Beyond this, places closer to each
# other than one such part of a sample of the lower rate share one, which is off by -65 dB.
_MOST_PLACES = 1024

_AT_ONCE = 65_536  # Samples: what fits into a processor's cache is done twice as fast.
_MANY = 50  # Samples, for which another way to multiply is quicker.


class Resampler:
    """Brings the chunks of one stream from one rate to another.

    When k samples in all went in, exactly `floor(k * to_hz / from_hz)` came out.

    Args:
        from_hz: Of what comes in; positive.
        to_hz: Of what goes out; positive. Any ratio is possible, equal rates change nothing.

    Attributes:
        delay_ms: By how much the sound comes later: 12 samples of the lower rate, which is
            1.5 ms if that is 8000 Hz; 0 where the rates are equal.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        if from_hz <= 0 or to_hz <= 0:
            raise ValueError(f"there is no way from {from_hz} to {to_hz} samples a second")
        common = gcd(from_hz, to_hz)
        # `up` samples come out for `down` that go in.
        self._up, self._down = to_hz // common, from_hz // common
        self.delay_ms = 0.0 if from_hz == to_hz else 1000 * _REACH / min(from_hz, to_hz)
        self._filters = _filters(self._up, self._down)
        # What is still to come may begin so many samples before what comes in next.
        self._back = -(-self._down // self._up)
        self._before = np.zeros(self._filters.shape[1] - 1 + self._back, np.float32)
        # From the first sample that comes in next to the next that goes out, in parts of `up`.
        self._ahead = 0

    def __call__(self, pcm: Pcm) -> Pcm:
        """What the next chunk gives; it may have any length, none too. It is not changed."""
        if self._up == self._down:
            return pcm
        # Each filter comes up once in `down`, and is to be worth taking up.
        at_once = max(_AT_ONCE, _MANY * self._down)
        if len(pcm) > at_once:
            parts = [pcm[first : first + at_once] for first in range(0, len(pcm), at_once)]
            return np.concatenate([self(part) for part in parts])
        known = np.concatenate([self._before, pcm], dtype=np.float32)
        count = (len(pcm) * self._up - self._ahead) // self._down
        made = np.empty(count, np.float32)
        # One in `up` has the same place between two samples that came in, and so the same filter.
        for first in range(min(count, self._up)):
            start, part = divmod(self._ahead + first * self._down, self._up)
            alike = made[first :: self._up]
            seen = self._windows(known, self._back + start, len(alike))
            # The one is quicker for many samples, by three times, the other for few.
            if len(alike) > _MANY:
                np.einsum("ij,j->i", seen, self._filter(part), out=alike)
            else:
                alike[:] = seen @ self._filter(part)
        self._ahead += count * self._down - len(pcm) * self._up
        self._before = known[len(pcm) :]
        return to_pcm(made)

    def _windows(self, known: Samples, first: int, count: int) -> Samples:
        """What a filter sees of each sample to be made: rows, `down` samples apart."""
        size = known.itemsize
        shape, strides = (count, self._filters.shape[1]), (size * self._down, size)
        # What `sliding_window_view` does takes a quarter of all the time of a short chunk.
        return np.ndarray(shape, known.dtype, known, size * first, strides)

    def _filter(self, part: int) -> Samples:
        rows = len(self._filters) - 1
        row: Samples = self._filters[(part * rows + self._up // 2) // self._up]
        return row


@lru_cache(maxsize=16)
def _filters(up: int, down: int) -> Samples:
    """What the samples up to a moment count for it, the oldest first.

    One row for each place that the moment can have between two of them, from 0 up to and with 1.
    """
    places = up if max(up, down) <= _MOST_PLACES else -(-_MOST_PLACES // max(1, down // up))
    # In samples that come in; where fewer go out, a filter takes in more of them.
    reach = _REACH * max(1.0, down / up)
    age = np.arange(int(np.ceil(2 * reach)), -1, -1) + np.arange(places + 1)[:, np.newaxis] / places
    from_middle = np.abs(age - reach) * (_REACH / reach)
    # By hand, because `np.interp` is slow, and a bot may state another rate in every message.
    points = np.minimum(from_middle, _REACH) * _STEPS
    before = points.astype(np.int64)
    shape = _shape()
    rows = shape[before] + (points - before) * np.diff(shape, append=0.0)[before]
    filters: Samples = (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)
    filters.setflags(write=False)
    return filters


@cache
def _shape() -> NDArray[np.float64]:
    """The filter from its middle outwards, `_STEPS` points for a sample of the lower rate."""
    away = np.arange(_REACH * _STEPS + 1) / _STEPS
    window = np.i0(_BETA * np.sqrt(1 - (away / _REACH) ** 2))
    shape: NDArray[np.float64] = np.sinc(_CUTOFF * away) * window
    shape[-1] = 0.0  # For all that is farther away, too.
    return shape
