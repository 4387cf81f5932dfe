"""The arithmetic of the figures. Pure."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """How values are distributed; all but `count` in their unit. No values, no numbers."""

    count: int
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    max: float = 0.0

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        ordered = sorted(values)
        if not ordered:
            return cls(0)
        p50, p95, p99 = (quantile(ordered, share) for share in (0.5, 0.95, 0.99))
        return cls(len(ordered), p50, p95, p99, ordered[-1])

    def told(self, unit: str) -> str:
        """For the table."""
        if not self.count:
            return "nothing was measured"
        figures = " / ".join(f"{value:.2f}" for value in (self.p50, self.p95, self.p99, self.max))
        return f"{figures} {unit}"


def quantile(ordered: Sequence[float], share: float) -> float:
    """Linear interpolation of order statistics, as in METRICS M-23."""
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def drift_ms(late_ms: Sequence[float]) -> float:
    """How much later the last frame goes out than the first, by a straight line through all.

    The line keeps single late frames, at the end too, from passing for drift.
    """
    if len(late_ms) < 2:
        return 0.0
    slope = statistics.linear_regression(range(len(late_ms)), late_ms).slope
    return slope * (len(late_ms) - 1)


@dataclass(frozen=True, slots=True)
class Errors:
    """How far measured values lie from the true ones.

    Attributes:
        count: Values that were measured and have a truth.
        unmatched: Values measured without a truth, and truths nothing was measured for.
        within_share: Of all of these, those that are off by `within_ms` at most.
        bias_ms: Median of measured minus true.
    """

    count: int
    unmatched: int
    within_share: float
    bias_ms: float
    off_ms: Spread

    @classmethod
    def of(cls, pairs: Sequence[tuple[float | None, float | None]], within_ms: float) -> "Errors":
        """Compare `(measured, true)` pairs; None where there is none."""
        off_ms = [
            measured - true for measured, true in pairs if measured is not None and true is not None
        ]
        within = sum(abs(off) <= within_ms for off in off_ms)
        return cls(
            len(off_ms),
            len(pairs) - len(off_ms),
            within / len(pairs) if pairs else 0.0,
            statistics.median(off_ms) if off_ms else 0.0,
            Spread.of(abs(off) for off in off_ms),
        )
