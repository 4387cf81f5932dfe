"""What the signs of a picture mean: of those that occur in it."""

from collections.abc import Iterator

from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.report.picture.brackets import CAP_PX, GAP_PX, THICK_PX, THIN_PX
from pipecat_voice_test.report.picture.captions import SIGN_PX, SIGNS
from pipecat_voice_test.report.picture.header import MARGIN_PX, text_at
from pipecat_voice_test.report.picture.lettering import LABEL_PX, line_px, width_px
from pipecat_voice_test.report.picture.shapes import (
    Box,
    Fill,
    Frame,
    Hatch,
    Ink,
    Line,
    Shape,
    Sign,
)
from pipecat_voice_test.report.view.model import CallView, Distance, MomentKind, RegionKind

SWATCH_PX = 26
ROW_PX = line_px(LABEL_PX) + 6
SPACE_PX = 22

_MOMENTS = {
    MomentKind.MARK: "mark asked for",
    MomentKind.MARK_RETURNED: "mark sent back",
    MomentKind.CLEAR: "clear",
    MomentKind.KEY: "key",
    MomentKind.FINDING: "message the network drops",
}


def legend(view: CallView, width: int, top: int) -> tuple[list[Shape], int]:
    """Lay out the legend in as many rows as it takes; its shapes, and where it ends."""
    shapes: list[Shape] = []
    left = MARGIN_PX
    for meaning in _meanings(view):
        length = SWATCH_PX + 6 + width_px(meaning, LABEL_PX)
        if left > MARGIN_PX and left + length > width - MARGIN_PX:
            left, top = MARGIN_PX, top + ROW_PX
        shapes += _swatch(meaning, Box(left, top, left + SWATCH_PX, top + line_px(LABEL_PX)))
        shapes.append(text_at(meaning, LABEL_PX, left + SWATCH_PX + 6, top, Ink.SOFT))
        left += length + SPACE_PX
    return shapes, top + ROW_PX


CALLER, BOT, BOTH, HOLE = "caller speaks", "bot speaks", "both speak", "hole in the bot's voice"
WITHIN, BEYOND = "measured, within its limit", "missed its limit"
UNDECIDED = "could not be judged"


def _meanings(view: CallView) -> Iterator[str]:
    kinds = {region.kind for region in view.regions}
    yield from (CALLER, BOT)
    if kinds & {RegionKind.CUT_IN, RegionKind.TALK_OVER}:
        yield BOTH
    if RegionKind.GAP in kinds:
        yield HOLE
    verdicts = {_verdict(distance) for distance in view.distances}
    for verdict, meaning in _BRACKETS.items():
        if verdict in verdicts:
            yield meaning
    moments = {moment.kind for moment in view.moments}
    yield from (meaning for kind, meaning in _MOMENTS.items() if kind in moments)


_BRACKETS = {
    Verdict.PASSED: WITHIN,
    Verdict.FAILED: BEYOND,
    Verdict.INCONCLUSIVE: UNDECIDED,
}


def _verdict(distance: Distance) -> Verdict:
    return distance.verdict if distance.verdict in _BRACKETS else Verdict.INCONCLUSIVE


def _swatch(meaning: str, box: Box) -> list[Shape]:
    middle = (box.top + box.bottom) // 2
    match meaning:
        case str() if meaning in (CALLER, BOT):
            tint, ink = _LANES[meaning]
            inner = Box(box.left + 6, middle - 3, box.right - 6, middle + 4)
            return [Fill(box, tint), Fill(inner, ink)]
        case str() if meaning == BOTH:
            return [Hatch(box, Ink.OVERLAP), Frame(box, Ink.OVERLAP)]
        case str() if meaning == HOLE:
            return [Frame(Box(box.left + 8, box.top, box.right - 8, box.bottom), Ink.OVERLAP)]
        case str() if meaning in _LINES:
            return _bracket(meaning, box, middle)
        case _:
            kind = next(kind for kind, text in _MOMENTS.items() if text == meaning)
            left, top = box.right - SIGN_PX - 2, middle - SIGN_PX // 2
            return [Sign(Box(left, top, left + SIGN_PX, top + SIGN_PX), *SIGNS[kind])]


_LANES = {
    CALLER: (Ink.CALLER_TINT, Ink.CALLER),
    BOT: (Ink.BOT_TINT, Ink.BOT),
}
_LINES = {
    WITHIN: (Ink.TEXT, THIN_PX, 0),
    BEYOND: (Ink.BAD, THICK_PX, 0),
    UNDECIDED: (Ink.SOFT, THIN_PX, GAP_PX),
}


def _bracket(meaning: str, box: Box, middle: int) -> list[Shape]:
    ink, thick, gap_px = _LINES[meaning]
    top, bottom = middle - CAP_PX // 2, middle + CAP_PX // 2 + 1
    level = Box(box.left, middle - thick // 2, box.right, middle - thick // 2 + thick)
    return [
        Line(level, ink, gap_px),
        Line(Box(box.left, top, box.left + THIN_PX, bottom), ink),
        Line(Box(box.right - THIN_PX, top, box.right, bottom), ink),
    ]
