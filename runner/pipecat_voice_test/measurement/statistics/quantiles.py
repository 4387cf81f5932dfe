"""Quantiles: linear interpolation of order statistics, everywhere the same (M-23)."""

from collections.abc import Sequence


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of `values` lie; `values` must not be empty."""
    ordered = sorted(values)
    below, part = divmod((len(ordered) - 1) * share, 1)
    low = ordered[int(below)]
    high = ordered[min(int(below) + 1, len(ordered) - 1)]
    return low + (high - low) * part


def median(values: Sequence[float]) -> float:
    """The middle one, or the mean of the two in the middle."""
    return quantile(values, 0.5)
