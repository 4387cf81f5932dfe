"""The axis below a distribution: where values stand on it, its numbers, and the limits.

Units are those of an SVG as wide as a phone, so that its text is legible there.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipecat_voice_test.report.facts import rounded

WIDTH = 320
LABEL = 14  # Height of a line of text.
_SIDE = 8  # Room for half a dot, and half a number of the axis.
_FAR = 4.0  # A limit more times the largest value is named at the edge.
_HEADROOM = 1.2  # So that nothing seems to touch a limit that is not there.
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Limit:
    """A line: `each` for one that single values are held against, else of the `median`."""

    value: float
    kind: str = "each"


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Rule:
    """The line of a limit; `text_x` and `anchor` keep its text inside."""

    x: float
    y: float
    text: str
    text_x: float
    anchor: str
    kind: str


@dataclass(frozen=True, slots=True)
class Scale:
    low: float
    high: float

    def x(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(_SIDE + min(max(share, 0.0), 1.0) * (WIDTH - 2 * _SIDE), 1)


def shown(metric: str, value: float) -> str:
    """A value with its unit."""
    return f"{rounded(metric, value)}{' ms' if metric.endswith('_ms') else ''}"


def scale_of(values: Sequence[float], limits: Sequence[Limit]) -> Scale:
    """From zero, or below, to what there is and the limits near it."""
    most = max(values)
    near = [limit.value for limit in limits if most <= 0 or limit.value <= _FAR * most]
    high = max([most * (_HEADROOM if len(near) < len(limits) else 1), *near])
    low = min([0.0, *values, *near])
    return Scale(low, high if high > low else low + 1)


def rules_of(metric: str, limits: Sequence[Limit], scale: Scale) -> list[Rule]:
    """One line of text each, so that none lies on another."""
    rules = []
    for row, limit in enumerate(sorted(limits, key=lambda one: -one.value)):
        what = "limit" if limit.kind == "each" else f"limit of the {limit.kind}"
        text = f"{what} {shown(metric, limit.value)}"
        beyond = limit.value > scale.high
        x = scale.x(limit.value)
        anchor = "end" if x > WIDTH / 2 else "start"
        rules.append(
            Rule(
                x=x,
                y=float(LABEL * (row + 1) - 3),
                text=f"{text} →" if beyond else text,
                text_x=x - 3 if anchor == "end" else x + 3,
                anchor=anchor,
                kind=f"{'beyond' if beyond else limit.kind}",
            )
        )
    return rules


def ticks_of(metric: str, scale: Scale) -> list[Tick]:
    step = _round_step((scale.high - scale.low) / _TICKS)
    first = math.ceil(scale.low / step)
    last = math.floor(scale.high / step + 1e-9)
    values = [index * step for index in range(first, last + 1)]
    ticks = []
    for position, value in enumerate(values):
        x = scale.x(value)
        anchor = "start" if x < 2 * _SIDE else "end" if x > WIDTH - 3 * _SIDE else "middle"
        at_end = position == len(values) - 1
        text = shown(metric, value) if at_end else f"{rounded(metric, value)}"
        ticks.append(Tick(x, text, anchor))
    return ticks


def _round_step(rough: float) -> float:
    """Go up to the next of 1, 2, 5, 10 and so on."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
