"""The head of a picture: which call it is, how it came out, and what did not pass."""

from dataclasses import dataclass

from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.report.facts import words
from pipecat_voice_test.report.picture.lettering import (
    BODY_PX,
    LABEL_PX,
    TITLE_PX,
    drawable,
    fitted,
    line_px,
    width_px,
    wrapped,
)
from pipecat_voice_test.report.picture.shapes import Box, Fill, Ink, Mark, Shape, Sign, Text
from pipecat_voice_test.report.view.model import CallView, Miss, MomentKind

MARGIN_PX = 20
MOST_MISSES = 8
MISS_LINES = 2
DISC_PX = 19

_BADGE = {
    Verdict.PASSED: (Ink.GOOD, Mark.TICK),
    Verdict.FAILED: (Ink.BAD, Mark.CROSS),
    Verdict.FLAKY: (Ink.BAD, Mark.CROSS),
}
_UNDECIDED = (Ink.SOFT, Mark.QUESTION)


@dataclass(frozen=True, slots=True)
class Flag:
    """A miss of the list that can be found in the strips by its number."""

    number: int
    at_ms: float
    ink: Ink


def header(view: CallView, width: int) -> tuple[list[Shape], list[Flag], int]:
    """Lay out the head; its shapes, the flags of its list, and where it ends."""
    shapes: list[Shape] = []
    top = MARGIN_PX - 4
    badge_left = _badge(shapes, view.verdict, width - MARGIN_PX, top)
    room = badge_left - 2 * MARGIN_PX
    call = f", call {view.number}"
    name = fitted(drawable(view.name), TITLE_PX, room - width_px(call, TITLE_PX))
    bottom = _line(shapes, name + call, TITLE_PX, MARGIN_PX, top)
    bottom = _line(shapes, _facts(view), BODY_PX, MARGIN_PX, bottom + 2, Ink.SOFT)
    listed, flags = view.misses[:MOST_MISSES], []
    if view.misses or view.error:
        bottom += 8
    if view.error:
        bottom = _error(shapes, view.error, width, bottom)
    for number, miss in enumerate(listed, 1):
        ink = ink_of(miss.verdict)
        if miss.at_ms is not None:
            flags.append(Flag(number, miss.at_ms, ink))
        bottom = _miss(shapes, number, miss, width, bottom)
    if left := len(view.misses) - len(listed):
        text = f"and {left} more, in the report"
        bottom = _line(shapes, text, BODY_PX, MARGIN_PX + DISC_PX + 8, bottom, Ink.SOFT) + 3
    return shapes, flags, bottom


def ink_of(verdict: Verdict) -> Ink:
    return _BADGE.get(verdict, _UNDECIDED)[0]


def mark_of(verdict: Verdict) -> Mark:
    return _BADGE.get(verdict, _UNDECIDED)[1]


def disc(shapes: list[Shape], number: int, left: int, top: int, ink: Ink) -> None:
    """Put a number into a disc of `DISC_PX`."""
    text = str(number)
    shapes.append(Sign(Box(left, top, left + DISC_PX, top + DISC_PX), Mark.DISC, ink))
    x = left + (DISC_PX - width_px(text, LABEL_PX) + 1) // 2
    y = top + (DISC_PX - line_px(LABEL_PX)) // 2
    shapes.append(text_at(text, LABEL_PX, x, y, Ink.PAPER, ink))


def text_at(
    text: str, size_px: int, left: int, top: int, ink: Ink = Ink.TEXT, back: Ink = Ink.PAPER
) -> Text:
    """Place drawable text by its left upper corner."""
    box = Box(left, top, left + width_px(text, size_px), top + line_px(size_px))
    return Text(box, text, size_px, ink, back)


def _line(
    shapes: list[Shape], text: str, size_px: int, left: int, top: int, ink: Ink = Ink.TEXT
) -> int:
    shapes.append(text_at(text, size_px, left, top, ink))
    return top + line_px(size_px)


def _badge(shapes: list[Shape], verdict: Verdict, right: int, top: int) -> int:
    """The verdict in capitals on its colour, with its sign; where it begins."""
    ink, mark = _BADGE.get(verdict, _UNDECIDED)
    text = words(verdict).upper()
    height, sign_px, pad = line_px(BODY_PX) + 8, 12, 9
    left = right - width_px(text, BODY_PX) - sign_px - 3 * pad + 2
    shapes.append(Fill(Box(left, top, right, top + height), ink))
    sign_top = top + (height - sign_px) // 2
    sign_box = Box(left + pad, sign_top, left + pad + sign_px, sign_top + sign_px)
    shapes.append(Sign(sign_box, mark, Ink.PAPER, ink))
    shapes.append(text_at(text, BODY_PX, left + 2 * pad + sign_px - 2, top + 4, Ink.PAPER, ink))
    return left


def _facts(view: CallView) -> str:
    ended = [moment.text for moment in view.moments if moment.kind is MomentKind.ENDED]
    parts = [f"{view.duration_ms / 1000:.1f} s"] if view.duration_ms > 0 else ["no call was held"]
    parts += map(drawable, ended[-1:])
    for verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE):
        if count := sum(miss.verdict is verdict for miss in view.misses):
            parts.append(f"{count} {'check' if count == 1 else 'checks'} {words(verdict)}")
    return ", ".join(parts)


def _error(shapes: list[Shape], text: str, width: int, top: int) -> int:
    room = width - 2 * MARGIN_PX
    for line in wrapped(drawable(text), BODY_PX, room, MISS_LINES + 1):
        top = _line(shapes, line, BODY_PX, MARGIN_PX, top)
    return top + 4


def _miss(shapes: list[Shape], number: int, miss: Miss, width: int, top: int) -> int:
    """One entry of the list: its number, its second, and what was wrong."""
    disc(shapes, number, MARGIN_PX, top, ink_of(miss.verdict))
    left = MARGIN_PX + DISC_PX + 8
    second_px = width_px("000.0 s", BODY_PX)
    if miss.at_ms is not None:
        second = f"{miss.at_ms / 1000:.1f} s"
        x = left + second_px - width_px(second, BODY_PX)
        shapes.append(text_at(second, BODY_PX, x, top, Ink.SOFT))
    left += second_px + 10
    text = drawable(miss.text)
    if miss.verdict is not Verdict.FAILED:
        text = f"{words(miss.verdict)}: {text}"
    bottom = top
    for line in wrapped(text, BODY_PX, width - MARGIN_PX - left, MISS_LINES):
        bottom = _line(shapes, line, BODY_PX, left, bottom)
    return max(bottom, top + DISC_PX) + 3
