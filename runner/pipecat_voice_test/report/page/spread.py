"""Where the dots of a distribution go: one for each value, above an axis, none on another.

Units are those of an SVG as wide as a phone, so that its text is legible there. Values that
fall on one place are stacked; of a stack that would grow too high the rest is a number.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.measurement.statistics.quantiles import median
from pipecat_voice_test.report.page.axis import (
    LABEL,
    WIDTH,
    Limit,
    Rule,
    Scale,
    Tick,
    rules_of,
    scale_of,
    shown,
    ticks_of,
)

_DOT = 3.0  # Radius.
_STEP = 7.0  # From dot to dot.
_STACK = 6
_NUMBER = 26  # Width of a number of dots.
_AXIS_TEXT = 16

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


def plot(
    metric: str, series: Sequence[tuple[str, Sequence[Point]]], limits: Sequence[Limit] = ()
) -> Plot:
    """Lay out one metric.

    Args:
        metric: Its id; one that ends in `_ms` is in milliseconds.
        series: A label (empty for none) and values each; there is at least one value.
        limits: What to draw as lines.
    """
    scale = scale_of([p.value for _, points in series for p in points], limits)
    rules = rules_of(metric, limits, scale)
    y = top = float(LABEL * len(rules) + 4)
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
        ticks=tuple(ticks_of(metric, scale)),
        rules=tuple(rules),
        summary="; ".join(
            [_summary(metric, label, points) for label, points in series]
            + [f"{rule.text}" for rule in rules]
        ),
    )


def _strip(metric: str, label: str, points: Sequence[Point], scale: Scale, y: float) -> Strip:
    placed, left = _stacked(points, scale)
    counts = _counted(left)
    rows = max((row for _, _, row in placed), default=0) + 1
    top = y + (LABEL if label else 0) + (LABEL if counts else 0)
    bottom = top + max(rows, 2) * _STEP
    middle = median([point.value for point in points]) if points else None
    return Strip(
        label,
        y + LABEL - 4,
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
    points: Sequence[Point], scale: Scale
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
