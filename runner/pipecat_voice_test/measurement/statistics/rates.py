"""Rates: what so many of so many show (M-24), and when one is worse than another (M-33).

Sources: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference,
JASA 22 (1927); R. A. Fisher, Statistical Methods for Research Workers, section 21.02.
"""

import math
from fractions import Fraction

# The standard normal quantile of 0.975, which leaves 95 % in the middle.
Z_95 = 1.959963984540054
SIGNIFICANT = 0.05


def wilson_interval(times: int, of: int) -> tuple[float, float]:
    """The Wilson 95 % interval of a rate of `times` in `of`; with none at all, 0 to 1."""
    _check_counts(times, of)
    if of == 0:
        return 0.0, 1.0
    rate, z2 = times / of, Z_95 * Z_95
    middle = (rate + z2 / (2 * of)) / (1 + z2 / of)
    half = Z_95 / (1 + z2 / of) * math.sqrt(rate * (1 - rate) / of + z2 / (4 * of * of))
    # The ends are 0 and 1 exactly where nothing, or everything, succeeded.
    low = 0.0 if times == 0 else middle - half
    return low, 1.0 if times == of else middle + half


def lower_bound(times: int, of: int) -> float:
    """The least rate that `times` in `of` is still compatible with."""
    return wilson_interval(times, of)[0]


def clean_needed(bound: float) -> int | None:
    """How many in a row, all of them good, prove a rate of at least `bound`; None if none do."""
    if bound >= 1:
        return None
    # `n` of `n` has the lower bound n / (n + z²).
    wanted = max(1, math.floor(bound * Z_95 * Z_95 / (1 - bound)))
    while lower_bound(wanted, wanted) < bound:
        wanted += 1
    return wanted


def drop_probability(new: int, of_new: int, base: int, of_base: int) -> float:
    """Fisher's exact test, one-sided: how likely so few `new` are if nothing had changed.

    Args:
        new: Successes now.
        of_new: Tries now.
        base: Successes before.
        of_base: Tries before.

    Returns:
        The p-value, summed exactly in whole numbers; below 0.05 the rate has dropped.
    """
    _check_counts(new, of_new)
    _check_counts(base, of_base)
    good = new + base
    least = max(0, good - of_base)
    ways = sum(math.comb(of_new, k) * math.comb(of_base, good - k) for k in range(least, new + 1))
    return float(Fraction(ways, math.comb(of_new + of_base, good)))


def is_drop(new: int, of_new: int, base: int, of_base: int) -> bool:
    """Whether the new rate is lower, and that is hardly chance (M-33)."""
    lower = new * of_base < base * of_new
    return lower and drop_probability(new, of_new, base, of_base) < SIGNIFICANT


def largest_drop_result(of_new: int, base: int, of_base: int) -> int | None:
    """The most successes of `of_new` that would still show a drop against `base` of `of_base`.

    None if not even 0 would: then these numbers can show no drop at all.
    """
    shown = (k for k in range(of_new, -1, -1) if is_drop(k, of_new, base, of_base))
    return next(shown, None)


def _check_counts(times: int, of: int) -> None:
    if not 0 <= times <= of:
        raise ValueError(f"{times} of {of} is no rate")
