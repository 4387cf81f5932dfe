"""Measured distances as brackets between the lanes: from whom they are measured to whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.measurement.wording import number
from pipecat_voice_test.report.picture.header import ink_of, mark_of, text_at
from pipecat_voice_test.report.picture.lettering import (
    LABEL_PX,
    drawable,
    fitted,
    line_px,
    width_px,
)
from pipecat_voice_test.report.picture.rows import rows_of, within
from pipecat_voice_test.report.picture.scale import Scale
from pipecat_voice_test.report.picture.shapes import Box, Fill, Ink, Line, Shape, Sign
from pipecat_voice_test.report.view.model import Distance

MOST_ROWS = 6
MOST_PX = 420
PAD_PX = 4
SIGN_PX = 10
THIN_PX, THICK_PX, CAP_PX = 2, 5, 11
ROW_PX = line_px(LABEL_PX) + 2 * PAD_PX + CAP_PX + 4
GAP_PX = 4


@dataclass(frozen=True, slots=True)
class _Bracket:
    """A distance with its words, before it has a row."""

    distance: Distance
    left: int
    right: int
    label: str
    label_left: int
    label_width: int

    @property
    def missed(self) -> bool:
        return self.distance.verdict is not Verdict.PASSED

    @property
    def stretch(self) -> tuple[int, int]:
        if not self.label:
            return self.left, self.right
        return min(self.left, self.label_left), max(self.right, self.label_left + self.label_width)


def brackets(distances: Sequence[Distance], scale: Scale, top: int) -> tuple[list[Shape], int]:
    """Lay out the brackets of one strip below `top`; their shapes, and where they end.

    What did not pass comes first and is always named; where there is no room for the words of
    all others, they are shortened, then left out.
    """
    mine = [one for one in distances if scale.shows(one.from_ms, one.to_ms)]
    mine.sort(key=lambda one: (one.verdict is Verdict.PASSED, one.from_ms))
    placed: list[int | None] = []
    made: list[_Bracket] = []
    rows = 0
    for brevity in range(3):
        made = [_bracket(one, scale, brevity) for one in mine]
        placed, rows = rows_of([one.stretch for one in made], MOST_ROWS)
        if None not in placed:
            break
    bottom = top + rows * ROW_PX
    shapes: list[Shape] = []
    for one, row in zip(made, placed, strict=True):
        if row is not None:
            shapes += _shapes(one, scale, top, top + row * ROW_PX, bottom)
    return shapes, bottom


def _bracket(distance: Distance, scale: Scale, brevity: int) -> _Bracket:
    left, right = scale.x(distance.from_ms), scale.x(distance.to_ms) + 1
    label = fitted(drawable(label_of(distance, brevity)), LABEL_PX, MOST_PX)
    width = width_px(label, LABEL_PX) + 2 * PAD_PX if label else 0
    if distance.verdict is not Verdict.PASSED:
        width += SIGN_PX + PAD_PX
    room = (scale.left, scale.right)
    return _Bracket(
        distance, left, max(right, left + THIN_PX), label,
        within((left + right - width) // 2, width, room), width,
    )  # fmt: skip


def label_of(distance: Distance, brevity: int = 0) -> str:
    """What was measured, how long it was, and how long it might be."""
    value = number(distance.value_ms, beside=distance.limit_ms)
    if distance.verdict is Verdict.PASSED and brevity > 0:
        return f"{value} ms" if brevity == 1 else ""
    name = distance.metric.removesuffix("_ms").replace("_", " ")
    limit = "" if distance.limit_ms is None else f", limit {number(distance.limit_ms)}"
    return f"{name} {value} ms{limit}"


def _shapes(one: _Bracket, scale: Scale, lane: int, top: int, other_lane: int) -> list[Shape]:
    ink = ink_of(one.distance.verdict) if one.missed else Ink.TEXT
    label_px = line_px(LABEL_PX) + PAD_PX
    y = top + label_px + 2 + CAP_PX // 2
    shapes = _label(one, ink, top) if one.label else []
    shapes += _span(one, scale, ink, y)
    for x in (one.left, one.right - THIN_PX):
        cap = Box(x, y - CAP_PX // 2, x + THIN_PX, y + CAP_PX // 2 + 1)
        shapes.append(Line(cap, ink))
    # Up to whoever began it, down to whoever ended it.
    guide, gap_px = (ink, GAP_PX) if one.missed else (Ink.EDGE, 0)
    left, right = one.left, one.right - 1
    shapes.append(Line(Box(left, lane, left + 1, y - CAP_PX // 2), guide, gap_px))
    shapes.append(Line(Box(right, y + CAP_PX // 2, right + 1, other_lane), guide, gap_px))
    return shapes


def _label(one: _Bracket, ink: Ink, top: int) -> list[Shape]:
    left, height = one.label_left, line_px(LABEL_PX)
    if not one.missed:
        return [text_at(one.label, LABEL_PX, left + PAD_PX, top + 2)]
    sign_top = top + 2 + (height - SIGN_PX) // 2
    sign_left = left + PAD_PX
    return [
        Fill(Box(left, top, left + one.label_width, top + height + 4), ink),
        Sign(
            Box(sign_left, sign_top, sign_left + SIGN_PX, sign_top + SIGN_PX),
            mark_of(one.distance.verdict), Ink.PAPER, ink,
        ),
        text_at(one.label, LABEL_PX, sign_left + SIGN_PX + PAD_PX, top + 2, Ink.PAPER, ink),
    ]  # fmt: skip


def _span(one: _Bracket, scale: Scale, ink: Ink, y: int) -> list[Shape]:
    """The line from end to end, heavy from the limit on."""
    distance = one.distance
    thin = Line(_level(one.left, one.right, y, THIN_PX), ink, 0)
    if distance.verdict is Verdict.INCONCLUSIVE:
        return [Line(thin.box, ink, GAP_PX)]
    if not one.missed:
        return [thin]
    limit_ms = distance.limit_ms
    if limit_ms is None or not 0 < limit_ms < distance.value_ms:
        return [Line(_level(one.left, one.right, y, THICK_PX), ink)]
    limit_x = scale.x(distance.from_ms + limit_ms)
    notch = Box(limit_x, y - CAP_PX // 2, limit_x + THIN_PX, y + CAP_PX // 2 + 1)
    heavy = Line(_level(limit_x, one.right, y, THICK_PX), ink)
    return [thin, heavy, Line(notch, Ink.TEXT)]


def _level(left: int, right: int, y: int, thick: int) -> Box:
    return Box(left, y - thick // 2, max(right, left + 1), y - thick // 2 + thick)
