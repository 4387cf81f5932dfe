"""Where the dots of a distribution go: one for each value, above an axis, none on another.

Units are those of an SVG as wide as a phone, so that its text is legible there. Values that
fall on one place are stacked; of a stack that would grow too high the rest is a number.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.measurement.statistics.quantiles import median
from pipecat_voice_test.report.facts import rounded

WIDTH = 320
_SIDE = 8  # Room for half a dot, and half a number of the axis.
_DOT = 3.0  # Radius.
_STEP = 7.0  # From dot to dot.
_STACK = 6
_NUMBER = 26  # Width of a number of dots.
_LABEL = 14  # Height of a line of text.
_AXIS_TEXT = 16
_FAR = 4.0  # A limit more times the largest value is named at the edge.
_HEADROOM = 1.2  # So that nothing seems to touch a limit that is not there.
_TICKS = 4

# Drawn first, so that in a stack it stays at the bottom, where it is seen.
_ORDER = {Verdict.FAILED: 0, Verdict.INCONCLUSIVE: 1, Verdict.PASSED: 2}


@dataclass(frozen=True, slots=True)
class Point:
    """One value.

    Attributes:
        text: What it is, for people: scenario, call, value.
        call: Id of the call on the page, or empty.
        at_ms: Where it can be heard, or None.
    """

    value: float
    text: str
    verdict: Verdict = Verdict.PASSED
    call: str = ""
    at_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A line: `each` for one that single values are held against, else of the `median`."""

    value: float
    kind: str = "each"


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    verdict: Verdict
    text: str
    call: str
    at_ms: float | None

    @property
    def path(self) -> str:
        """Its shape says how it came out, besides its colour: round if it passed, else a cross."""
        x, y, r = self.x, self.y, _DOT
        if self.verdict is Verdict.FAILED:
            return f"M{x - r:g} {y - r:g}l{2 * r:g} {2 * r:g}m0 {-2 * r:g}l{-2 * r:g} {2 * r:g}"
        if self.verdict is Verdict.INCONCLUSIVE:
            return f"M{x:g} {y - r:g}L{x + r:g} {y + r:g}H{x - r:g}Z"
        return f"M{x - r:g} {y:g}a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0Z"


@dataclass(frozen=True, slots=True)
class More:
    """So many dots of a stack are not drawn."""

    x: float
    y: float
    count: int


@dataclass(frozen=True, slots=True)
class Strip:
    """One series of values."""

    label: str
    label_y: float
    top: float
    bottom: float
    dots: tuple[Dot, ...]
    more: tuple[More, ...]
    median: str
    median_x: float | None


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
class Plot:
    """A whole picture: one or more series above one axis.

    Attributes:
        summary: The same for those who cannot see it.
    """

    height: float
    top: float
    axis: float
    rows: tuple[Strip, ...]
    ticks: tuple[Tick, ...]
    rules: tuple[Rule, ...]
    summary: str
    width: int = WIDTH


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float

    def x(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(_SIDE + min(max(share, 0.0), 1.0) * (WIDTH - 2 * _SIDE), 1)


def plot(
    metric: str, series: Sequence[tuple[str, Sequence[Point]]], limits: Sequence[Limit] = ()
) -> Plot:
    """Lay out one metric.

    Args:
        metric: Its id; one that ends in `_ms` is in milliseconds.
        series: A label (empty for none) and values each; there is at least one value.
        limits: What to draw as lines.
    """
    scale = _scale([p.value for _, points in series for p in points], limits)
    rules = _rules(metric, limits, scale)
    y = top = float(_LABEL * len(rules) + 4)
    strips = []
    for label, points in series:
        strip = _strip(metric, label, points, scale, y)
        strips.append(strip)
        y = strip.bottom + 4
    return Plot(
        height=y + _AXIS_TEXT,
        top=top,
        axis=y,
        rows=tuple(strips),
        ticks=tuple(_ticks(metric, scale)),
        rules=tuple(rules),
        summary="; ".join(
            [_summary(metric, label, points) for label, points in series]
            + [f"{rule.text}" for rule in rules]
        ),
    )


def shown(metric: str, value: float) -> str:
    """A value with its unit."""
    return f"{rounded(metric, value)}{' ms' if metric.endswith('_ms') else ''}"


def _scale(values: Sequence[float], limits: Sequence[Limit]) -> _Scale:
    """From zero, or below, to what there is and the limits near it."""
    most = max(values)
    near = [limit.value for limit in limits if most <= 0 or limit.value <= _FAR * most]
    high = max([most * (_HEADROOM if len(near) < len(limits) else 1), *near])
    low = min([0.0, *values, *near])
    return _Scale(low, high if high > low else low + 1)


def _strip(metric: str, label: str, points: Sequence[Point], scale: _Scale, y: float) -> Strip:
    placed, left = _stacked(points, scale)
    counts = _counted(left)
    rows = max((row for _, _, row in placed), default=0) + 1
    top = y + (_LABEL if label else 0) + (_LABEL if counts else 0)
    bottom = top + max(rows, 2) * _STEP
    middle = median([point.value for point in points]) if points else None
    return Strip(
        label,
        y + _LABEL - 4,
        top,
        bottom,
        tuple(
            Dot(x, bottom - (row + 0.5) * _STEP, one.verdict, one.text, one.call, one.at_ms)
            for one, x, row in placed
        ),
        tuple(More(x, top - 3, count) for x, count in counts),
        "" if middle is None else shown(metric, middle),
        None if middle is None else scale.x(middle),
    )


def _stacked(
    points: Sequence[Point], scale: _Scale
) -> tuple[list[tuple[Point, float, int]], list[float]]:
    """Each point with its place and its row from 0, as low as no other is in its way.

    Also the places of those for which no row is left; what failed is seen before that.
    """
    exact: dict[tuple[int, int], float] = {}
    placed: list[tuple[Point, float, int]] = []
    left: list[float] = []
    for point in sorted(points, key=lambda one: (_ORDER.get(one.verdict, 3), one.value)):
        x = scale.x(point.value)
        cell = int(x // _STEP)
        for row in range(_STACK):
            near = [exact.get((row, cell + by)) for by in (-1, 0, 1)]
            if all(other is None or abs(other - x) >= _STEP for other in near):
                exact[row, cell] = x
                placed.append((point, x, row))
                break
        else:
            left.append(x)
    return sorted(placed, key=lambda one: (one[1], one[2])), sorted(left)


def _counted(left: Sequence[float]) -> list[tuple[float, int]]:
    """Places at which so many dots are missing, far enough from each other for a number."""
    counts: list[tuple[float, int]] = []
    for x in left:
        if counts and x - counts[-1][0] < _NUMBER:
            counts[-1] = (counts[-1][0], counts[-1][1] + 1)
        else:
            counts.append((x, 1))
    return [(min(x, WIDTH - _NUMBER), count) for x, count in counts]


def _rules(metric: str, limits: Sequence[Limit], scale: _Scale) -> list[Rule]:
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
                y=float(_LABEL * (row + 1) - 3),
                text=f"{text} →" if beyond else text,
                text_x=x - 3 if anchor == "end" else x + 3,
                anchor=anchor,
                kind=f"{'beyond' if beyond else limit.kind}",
            )
        )
    return rules


def _ticks(metric: str, scale: _Scale) -> list[Tick]:
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


def _summary(metric: str, label: str, points: Sequence[Point]) -> str:
    values = [point.value for point in points]
    head = f"{label}: " if label else ""
    if not values:
        return f"{head}no values"
    missed = sum(point.verdict is Verdict.FAILED for point in points)
    return (
        f"{head}{metric}: {len(values)} value{'s' * (len(values) != 1)} from "
        f"{shown(metric, min(values))} to {shown(metric, max(values))}, "
        f"median {shown(metric, median(values))}" + (f", {missed} beyond the limit" * bool(missed))
    )
