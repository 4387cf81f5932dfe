"""How a measured value reads: `response was 2210 ms, limit 1500`.

Whole numbers are for people; verdicts are taken from the unrounded value (METRICS 8).
"""

from collections.abc import Mapping

_RESPONSE_BANDS = ((500, "excellent"), (800, "good"), (1500, "usable"), (2500, "slow"))
_STOP_BANDS = ((300, "excellent"), (600, "good"), (1000, "usable"), (2000, "slow"))
_BANDS: Mapping[str, tuple[tuple[int, str], ...]] = {
    "response_ms": _RESPONSE_BANDS,
    "recovery_ms": _RESPONSE_BANDS,
    "stop_ms": _STOP_BANDS,
}


def band(metric: str, value_ms: float) -> str:
    """What a caller would call it; METRICS 3.2 and 3.3. Empty for other metrics."""
    bands = _BANDS.get(metric)
    if bands is None:
        return ""
    return next((name for limit_ms, name in bands if value_ms <= limit_ms), "broken")


def reading(metric: str, value: float | None, limit: float | None = None) -> str:
    """One line for people; a limit of None is left out, a value of None never happened."""
    name, unit = (metric.removesuffix("_ms"), " ms") if metric.endswith("_ms") else (metric, "")
    limit_text = "" if limit is None else f", limit {number(limit)}"
    if value is None:
        return f"{name} never came{limit_text}"
    shown = number(value, beside=limit)
    return f"{name} was {shown}{unit}{limit_text}"


def number(value: float, *, beside: float | None = None) -> str:
    """A value without idle decimals; with them where rounding would hide a miss."""
    if abs(value - round(value)) < 1e-9:
        return str(round(value))
    if abs(value) < 10:
        return f"{value:.3g}"
    if beside is not None and round(value) == round(beside):
        return next(
            (text for digits in (1, 2, 3) if float(text := f"{value:.{digits}f}") != beside),
            repr(value),
        )
    return str(round(value))
