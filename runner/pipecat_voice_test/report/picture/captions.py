"""Words beside what they belong to: what is said in a lane, what went wrong in it, what happened.

Each stretch of the picture has a few rows of them. What does not fit is shortened, then left
out; the sign or the stretch it belongs to stays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipecat_voice_test.report.picture.header import text_at
from pipecat_voice_test.report.picture.lettering import (
    LABEL_PX,
    drawable,
    fitted,
    line_px,
    width_px,
)
from pipecat_voice_test.report.picture.rows import SPACE_PX, rows_of, within
from pipecat_voice_test.report.picture.scale import Scale
from pipecat_voice_test.report.picture.shapes import Box, Ink, Line, Mark, Shape, Sign
from pipecat_voice_test.report.view.model import Lane, Moment, MomentKind, Region, RegionKind

SAID_ROWS, TROUBLE_ROWS, MOMENT_ROWS = 2, 2, 3
LEAST_PX = 40  # A word cut shorter says nothing.
MOMENT_PX = 330
ROW_PX = line_px(LABEL_PX) + 4
SIGN_PX = 11
STEM_PX = 6

SIGNS = {
    MomentKind.MARK: (Mark.DIAMOND_OPEN, Ink.BOT),
    MomentKind.MARK_RETURNED: (Mark.DIAMOND, Ink.BOT),
    MomentKind.CLEAR: (Mark.BAR, Ink.OVERLAP),
    MomentKind.KEY: (Mark.SQUARE, Ink.CALLER),
    MomentKind.FINDING: (Mark.TRIANGLE, Ink.BAD),
    MomentKind.ENDED: (Mark.END, Ink.TEXT),
}
# Who is named first where there is no room for all.
_ORDER = (
    MomentKind.ENDED,
    MomentKind.CLEAR,
    MomentKind.FINDING,
    MomentKind.KEY,
    MomentKind.MARK,
    MomentKind.MARK_RETURNED,
)
_PLURAL = {
    MomentKind.MARK: "marks",
    MomentKind.MARK_RETURNED: "marks back",
    MomentKind.CLEAR: "clears",
    MomentKind.FINDING: "findings",
}


def said(regions: Sequence[Region], lane: Lane, scale: Scale, top: int) -> tuple[list[Shape], int]:
    """What is said in a lane, above it; each begins where the speech does."""
    mine = [
        (scale.x(region.from_ms), drawable(region.text))
        for region in regions
        if region.lane is lane
        and region.kind is RegionKind.SPEECH
        and region.text
        and scale.has(region.from_ms)
    ]
    ink = Ink.CALLER if lane is Lane.CALLER else Ink.BOT
    best: list[Shape] = []
    rows = 0
    for rows in range(1, min(SAID_ROWS, len(mine)) + 1):
        best, whole = _said_in(mine, rows, scale, top, ink)
        if whole:
            break
    return best, top + rows * ROW_PX


def _said_in(
    words: Sequence[tuple[int, str]], rows: int, scale: Scale, top: int, ink: Ink
) -> tuple[list[Shape], bool]:
    """Captions by turns in so many rows, and whether all of them are there as a whole."""
    shapes: list[Shape] = []
    whole = True
    for row in range(rows):
        after, own = scale.left, words[row::rows]
        for index, (left, text) in enumerate(own):
            until = own[index + 1][0] - SPACE_PX if index + 1 < len(own) else scale.right
            width = width_px(text, LABEL_PX)
            if left + width > until:  # To the left there may be room.
                left = max(after, min(left, until - width))
            shown = fitted(text, LABEL_PX, until - left)
            whole = whole and shown == text
            if not shown or (shown != text and until - left < LEAST_PX):
                continue
            label = text_at(shown, LABEL_PX, left, top + row * ROW_PX, ink)
            shapes.append(label)
            after = label.box.right + SPACE_PX
    return shapes, whole


def troubles(regions: Sequence[Region], scale: Scale, top: int) -> tuple[list[Shape], int]:
    """Cut-ins, talking over and holes by their names, below the bot's lane."""
    mine = [
        (scale.x(region.from_ms), drawable(region.text))
        for region in regions
        if region.kind is not RegionKind.SPEECH and region.text and scale.has(region.from_ms)
    ]
    return _in_rows(mine, scale, top, TROUBLE_ROWS, Ink.OVERLAP)


def _in_rows(
    labels: Sequence[tuple[int, str]], scale: Scale, top: int, most_rows: int, ink: Ink
) -> tuple[list[Shape], int]:
    room = (scale.left, scale.right)
    boxes: list[tuple[int, str, int]] = []
    for x, text in labels:
        shown = fitted(text, LABEL_PX, scale.right - scale.left)
        width = width_px(shown, LABEL_PX)
        boxes.append((within(x, width, room), shown, width))
    placed, rows = rows_of([(left, left + width) for left, _, width in boxes], most_rows)
    shapes: list[Shape] = [
        text_at(text, LABEL_PX, left, top + row * ROW_PX, ink)
        for (left, text, _), row in zip(boxes, placed, strict=True)
        if row is not None
    ]
    return shapes, top + rows * ROW_PX


@dataclass(frozen=True, slots=True)
class _Group:
    """Moments of one kind that lie so near to each other that they share a sign."""

    kind: MomentKind
    x: int
    texts: tuple[str, ...]

    @property
    def label(self) -> str:
        if self.kind is MomentKind.KEY:
            return f"key{'s' * (len(self.texts) > 1)} {''.join(self.texts)}"
        if len(self.texts) > 1 and self.kind in _PLURAL:
            return f"{len(self.texts)} {_PLURAL[self.kind]}"
        text = self.texts[-1]
        match self.kind:
            case MomentKind.MARK:
                return f"mark {text}".rstrip()
            case MomentKind.MARK_RETURNED:
                return f"mark back {text}".rstrip()
            case MomentKind.CLEAR:
                return f"clear, {text}" if text else "clear"
            case _:
                return text


def untold(moments: Sequence[Moment], regions: Sequence[Region]) -> tuple[Moment, ...]:
    """The moments without the keys that stand over the caller's lane as what he did there."""
    told = [one for one in regions if one.lane is Lane.CALLER and one.text]
    return tuple(
        moment
        for moment in moments
        if moment.kind is not MomentKind.KEY
        or not any(one.from_ms <= moment.at_ms <= one.to_ms for one in told)
    )


def happened(moments: Sequence[Moment], scale: Scale, top: int) -> tuple[list[Shape], int]:
    """Marks, `clear`, keys, findings and the end as signs on stems, with their names beside them.

    The signs hang from a line at `top`; names that have no room are left out.
    """
    groups = sorted(_groups(moments, scale), key=lambda one: (_ORDER.index(one.kind), one.x))
    if not groups:
        return [], top
    made = [_named(group, scale) for group in groups]
    placed, rows = rows_of([one.stretch for one in made], MOMENT_ROWS)
    shapes: list[Shape] = list(_pins(moments, scale, top))
    for one, row in zip(made, placed, strict=True):
        if row is None:
            continue
        mark, ink = SIGNS[one.group.kind]
        y = top + STEM_PX + ROW_PX * row
        shapes.append(Line(Box(one.group.x, top, one.group.x + 1, y), ink))
        sign_y = y + (line_px(LABEL_PX) - SIGN_PX) // 2
        box = Box(one.sign_left, sign_y, one.sign_left + SIGN_PX, sign_y + SIGN_PX)
        shapes.append(Sign(box, mark, ink))
        shapes.append(text_at(one.text, LABEL_PX, one.text_left, y, ink))
    return shapes, top + STEM_PX + rows * ROW_PX


@dataclass(frozen=True, slots=True)
class _Named:
    """A group and its name, which stands on its right, or on its left near the end."""

    group: _Group
    text: str
    sign_left: int
    text_left: int

    @property
    def stretch(self) -> tuple[int, int]:
        text_right = self.text_left + width_px(self.text, LABEL_PX)
        return min(self.sign_left, self.text_left), max(self.sign_left + SIGN_PX, text_right)


def _named(group: _Group, scale: Scale) -> _Named:
    text = fitted(drawable(group.label), LABEL_PX, MOMENT_PX)
    width = width_px(text, LABEL_PX)
    sign_left = within(group.x - SIGN_PX // 2, SIGN_PX, (scale.left, scale.right))
    text_left = sign_left + SIGN_PX + 4
    if text_left + width > scale.right:
        text_left = max(scale.left, sign_left - 4 - width)
    return _Named(group, text, sign_left, text_left)


def _pins(moments: Sequence[Moment], scale: Scale, top: int) -> Iterator[Line]:
    """A short line for every moment, also for one that has no sign of its own."""
    columns = {(scale.x(one.at_ms), one.kind) for one in moments if scale.has(one.at_ms)}
    for x, kind in sorted(columns, key=lambda column: (column[0], _ORDER.index(column[1]))):
        yield Line(Box(x, top, x + 1, top + STEM_PX), SIGNS[kind][1])


def _groups(moments: Sequence[Moment], scale: Scale) -> Iterator[_Group]:
    for kind in _ORDER:
        mine = [one for one in moments if one.kind is kind and scale.has(one.at_ms)]
        start, texts, last = 0, list[str](), 0
        for moment in mine:
            x = scale.x(moment.at_ms)
            if texts and x - last > SIGN_PX + 2:
                yield _Group(kind, start, tuple(texts))
                texts = []
            start = x if not texts else start
            last = x
            texts.append(moment.text)
        if texts:
            yield _Group(kind, start, tuple(texts))
