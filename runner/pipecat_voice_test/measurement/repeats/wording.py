"""How numbers over several calls read."""

import math
from collections.abc import Sequence

from pipecat_voice_test.measurement.repeats.pool import Rate
from pipecat_voice_test.measurement.statistics.quantiles import median
from pipecat_voice_test.measurement.wording import number


def proven(rate: Rate, name: str = "Wilson 95 %: ") -> str:
    """What a rate shows: ` (Wilson 95 %: 23 to 88 %)`; nothing without a try."""
    if not rate.of:
        return ""
    low, high = rate.interval
    return f" ({name}{100 * low:.0f} to {100 * high:.0f} %)"


def passed_calls_text(rate: Rate) -> str:
    """`passed 3 of 5 calls (Wilson 95 %: 23 to 88 %)`."""
    return f"passed {rate} call{'s' * (rate.of != 1)}{proven(rate)}"


def short_of(metric: str, values: Sequence[float], needed: float) -> str:
    """How many values there are of those needed, and what they are nevertheless (M-22)."""
    name, unit = (metric.removesuffix("_ms"), " ms") if metric.endswith("_ms") else (metric, "")
    text = f"{len(values)} of {needed} values of {name}"
    if not values:
        return text
    return f"{text}, median {number(median(values))}{unit}, worst {number(max(values))}{unit}"


def needs_repeat(count: int, needed: float, calls: int) -> str:
    """How often the calls would have to be made, if some of them gave `count` of the values."""
    if not count or not calls or not math.isfinite(needed):
        return ""
    return f"; needs `--repeat {math.ceil(needed * calls / count)}`"
