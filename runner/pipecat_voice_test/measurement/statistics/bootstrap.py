"""How far a quantile may be off: the percentile bootstrap of M-23.

Whole calls are drawn, not single values, because the turns of one call resemble each other.
The seed comes from a name, so the same data give the same interval to the last bit, on every
machine: only the raw stream of PCG64 is used, which numpy promises to keep as it is, while it
may change how its other random functions use that stream.

Sources: Efron and Tibshirani, An Introduction to the Bootstrap, 13.3 and 8.5;
https://numpy.org/neps/nep-0019-rng-policy.html
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pipecat_voice_test.measurement.statistics.quantiles import quantile

RESAMPLES = 2000
CONFIDENCE = 0.95
# Cells of one intermediate table: bounds the memory whatever the number of values, and the
# time (a millisecond) for which numpy keeps other threads, and the calls in them, waiting.
_CELLS = 200_000

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """Pooled values and the call each of them comes from; both of one length."""

    values: tuple[float, ...]
    calls: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.values) != len(self.calls):
            raise ValueError(f"{len(self.values)} values of {len(self.calls)} calls")

    @property
    def call_count(self) -> int:
        """How many calls gave a value."""
        return len(set(self.calls))


@lru_cache(maxsize=1024)  # Reports are written after every call, and most samples stay.
def quantile_interval(sample: Sample, share: float, *, name: str) -> Interval | None:
    """Where the quantile would lie in 95 of 100 repetitions of all these calls.

    Args:
        sample: In any order.
        share: Which quantile, from 0 to 1.
        name: Of the scenario; gives the seed.

    Returns:
        Low and high end, or None with fewer than two calls, which show no spread.
    """
    if sample.call_count < 2:
        return None
    if min(sample.values) == max(sample.values):
        return sample.values[0], sample.values[0]
    return _middle(_resampled(sample, share, _stream(name)))


def median_difference_interval(new: Sample, base: Sample, *, name: str) -> Interval:
    """The interval of median(new) - median(base), each side resampled by itself (M-32).

    A side of one call has no spread between calls, so there its single values are drawn; the
    interval is then too narrow by what calls differ among themselves. Neither side may be empty.
    """
    stream = _stream(name)
    of_base = _resampled(_divided(base), 0.5, stream)
    return _middle(_resampled(_divided(new), 0.5, stream) - of_base)


def _divided(sample: Sample) -> Sample:
    if sample.call_count > 1:
        return sample
    return Sample(sample.values, tuple(range(len(sample.values))))


def _stream(name: str) -> np.random.PCG64:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return np.random.PCG64(int.from_bytes(digest[:16], "big"))


def _middle(found: npt.NDArray[np.float64]) -> Interval:
    ordered = sorted(found.tolist())
    outside = (1 - CONFIDENCE) / 2
    return quantile(ordered, outside), quantile(ordered, 1 - outside)


def _resampled(sample: Sample, share: float, stream: np.random.PCG64) -> npt.NDArray[np.float64]:
    """The quantile of each resample.

    A call drawn three times counts each of its values three times: instead of copying values,
    the sorted values get weights, and order statistics are looked up in the sums of these.
    """
    order = sorted(zip(sample.values, sample.calls, strict=True))
    values = np.array([value for value, _ in order])
    place = {call: index for index, call in enumerate(sorted(set(sample.calls)))}
    call_of = np.array([place[call] for _, call in order])
    found = []
    left = RESAMPLES
    while left:
        block = min(left, max(1, _CELLS // max(len(values), len(place))))
        drawn = _drawn(stream, block, len(place))
        reached = np.take(drawn, call_of, axis=1)
        np.cumsum(reached, axis=1, out=reached)
        found.append(_quantiles(values, reached, share))
        left -= block
    return np.concatenate(found)


def _drawn(stream: np.random.PCG64, resamples: int, calls: int) -> npt.NDArray[np.int32]:
    """How many times each call (column) was drawn in each resample (row)."""
    raw = np.asarray(stream.random_raw(resamples * calls)) >> np.uint64(32)
    # Multiplied and cut instead of a remainder: even to one part in four thousand million.
    index = ((raw * np.uint64(calls)) >> np.uint64(32)).astype(np.int64)
    row = np.repeat(np.arange(resamples) * calls, calls)
    drawn = np.bincount(row + index, minlength=resamples * calls).astype(np.int32)
    return drawn.reshape(resamples, calls)


def _quantiles(
    values: npt.NDArray[np.float64], reached: npt.NDArray[np.int32], share: float
) -> npt.NDArray[np.float64]:
    """Linear interpolation of order statistics in every row of summed weights."""
    last = reached[:, -1] - 1
    position = last * share
    below = np.floor(position).astype(np.int64)
    low = values[_place_of(below, reached)]
    high = values[_place_of(np.minimum(below + 1, last), reached)]
    result: npt.NDArray[np.float64] = low + (high - low) * (position - below)
    return result


def _place_of(rank: npt.NDArray[np.int64], reached: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """In every row the first column that goes beyond a rank from 0, by halving."""
    rows = np.arange(len(reached))
    first = np.zeros(len(reached), np.int64)
    last = np.full(len(reached), reached.shape[1] - 1)
    while (first < last).any():
        middle = (first + last) // 2
        beyond = reached[rows, middle] > rank
        last = np.where(beyond, middle, last)
        first = np.where(beyond, first, middle + 1)
    return first
