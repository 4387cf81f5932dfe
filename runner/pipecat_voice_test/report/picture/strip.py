"""One strip of a picture.

From top to bottom: the flags of what did not pass, the caller, the measured distances, the bot,
what happened, and the time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipecat_voice_test.report.picture.brackets import brackets
from pipecat_voice_test.report.picture.captions import happened, said, troubles
from pipecat_voice_test.report.picture.header import DISC_PX, Flag, disc, text_at
from pipecat_voice_test.report.picture.lettering import LABEL_PX, line_px, width_px
from pipecat_voice_test.report.picture.rows import SPACE_PX as BESIDE_PX
from pipecat_voice_test.report.picture.rows import rows_of, within
from pipecat_voice_test.report.picture.scale import Scale, seconds
from pipecat_voice_test.report.picture.shapes import Box, Frame, Hatch, Ink, Line, Shape, Wave
from pipecat_voice_test.report.view.model import CallView, Lane, Region, RegionKind

LANE_PX = 71  # Odd, so that silence is a line in the middle.
FLAG_ROWS = 3
SPACE_PX = 6
LEAST_PX = 3  # What is shorter than that is not seen.
AXIS = "time (s)"

_NAMES = {Lane.CALLER: ("caller,", "as said"), Lane.BOT: ("bot,", "as heard")}
_INKS = {Lane.CALLER: Ink.CALLER, Lane.BOT: Ink.BOT}


@dataclass(frozen=True, slots=True)
class Voice:
    """What is the same of a lane in all strips; `silent` says that nobody speaks, or is empty."""

    gain: float
    silent: str = ""


def strip(
    view: CallView, flags: Sequence[Flag], scale: Scale, top: int, voices: Mapping[Lane, Voice]
) -> tuple[list[Shape], int]:
    """Lay out one strip below `top`; its shapes, and where it ends."""
    grid = [scale.x(at_ms) for at_ms in scale.ticks_ms()]
    shapes, y = _flags(flags, scale, top)
    captions, y = said(view.regions, Lane.CALLER, scale, y)
    shapes += captions
    caller = Box(scale.left, y + 2, scale.right, y + 2 + LANE_PX)
    shapes += _lane(view.regions, Lane.CALLER, scale, caller, grid, voices[Lane.CALLER])
    measured, y = brackets(view.distances, scale, caller.bottom + SPACE_PX)
    shapes += measured
    replies, y = said(view.regions, Lane.BOT, scale, y + SPACE_PX)
    shapes += replies
    bot = Box(scale.left, y, scale.right, y + LANE_PX)
    shapes += _lane(view.regions, Lane.BOT, scale, bot, grid, voices[Lane.BOT])
    shapes += _trouble(view.regions, scale, bot)
    names, y = troubles(view.regions, scale, bot.bottom + 2)
    shapes += names
    signs, y = happened(view.moments, scale, y)
    shapes += signs
    axis, bottom = _axis(scale, y + 4)
    shapes += axis
    for x in grid:
        for start, end in ((top, caller.top), (caller.bottom, bot.top), (bot.bottom, y + 4)):
            shapes.insert(0, Line(Box(x, start, x + 1, end), Ink.GRID))
    flagged = {(scale.x(flag.at_ms), flag.ink) for flag in flags if scale.has(flag.at_ms)}
    for x, ink in sorted(flagged, key=lambda one: one[0]):
        shapes.append(Line(Box(x, top, x + 1, y + 4), ink, 3))
    return shapes, bottom


def _flags(flags: Sequence[Flag], scale: Scale, top: int) -> tuple[list[Shape], int]:
    """The numbers of the list above, each over its second."""
    mine = sorted((flag for flag in flags if scale.has(flag.at_ms)), key=lambda one: one.at_ms)
    lefts = _side_by_side([scale.x(flag.at_ms) for flag in mine], scale)
    placed, rows = rows_of([(left, left + DISC_PX) for left in lefts], FLAG_ROWS)
    shapes: list[Shape] = []
    for flag, left, row in zip(mine, lefts, placed, strict=True):
        if row is not None:
            disc(shapes, flag.number, left, top + row * (DISC_PX + 3), flag.ink)
    return shapes, top + rows * (DISC_PX + 3)


def _side_by_side(places: Sequence[int], scale: Scale) -> list[int]:
    """Where discs begin: each on its place, those of one place next to each other."""
    lefts: list[int] = []
    first = None
    for x in places:
        if first is not None and x - first < DISC_PX // 2:
            left = lefts[-1] + DISC_PX + BESIDE_PX
        else:
            first, left = x, x - DISC_PX // 2
        lefts.append(within(left, DISC_PX, (scale.left, scale.right)))
    return lefts


def _lane(
    regions: Sequence[Region],
    lane: Lane,
    scale: Scale,
    box: Box,
    grid: Sequence[int],
    voice: Voice,
) -> list[Shape]:
    speech = tuple(
        (scale.x(one.from_ms) - box.left, _right(one, scale) - box.left)
        for one in regions
        if one.lane is lane
        and one.kind is RegionKind.SPEECH
        and scale.shows(one.from_ms, one.to_ms)
    )
    columns = tuple(x - box.left for x in grid)
    shapes: list[Shape] = [
        Wave(box, lane, scale.from_ms, scale.to_ms, speech, columns, voice.gain),
        Line(Box(box.left, box.top - 1, box.right, box.top), Ink.EDGE),
        Line(Box(box.left, box.bottom, box.right, box.bottom + 1), Ink.EDGE),
    ]
    height = line_px(LABEL_PX)
    y = (box.top + box.bottom) // 2 - height
    if voice.silent:
        left = (box.left + box.right - width_px(voice.silent, LABEL_PX)) // 2
        shapes.append(text_at(voice.silent, LABEL_PX, left, y + height // 2, Ink.SOFT))
    for number, word in enumerate(_NAMES[lane]):
        left = box.left - 8 - width_px(word, LABEL_PX)
        ink = _INKS[lane] if number == 0 else Ink.SOFT
        shapes.append(text_at(word, LABEL_PX, left, y + number * height, ink))
    return shapes


def _right(region: Region, scale: Scale) -> int:
    return max(scale.x(region.to_ms) + 1, scale.x(region.from_ms) + LEAST_PX)


def _trouble(regions: Sequence[Region], scale: Scale, lane: Box) -> list[Shape]:
    """Where both speak, and where the bot's voice has holes."""
    shapes: list[Shape] = []
    for region in regions:
        if region.kind is RegionKind.SPEECH or not scale.shows(region.from_ms, region.to_ms):
            continue
        right = min(lane.right, _right(region, scale))
        left = min(scale.x(region.from_ms), right - LEAST_PX)
        box = Box(left, lane.top, right, lane.bottom)
        if region.kind is not RegionKind.GAP:
            shapes.append(Hatch(box, Ink.OVERLAP))
        shapes.append(Frame(box, Ink.OVERLAP))
    return shapes


def _axis(scale: Scale, top: int) -> tuple[list[Shape], int]:
    height = line_px(LABEL_PX)
    shapes: list[Shape] = [Line(Box(scale.left, top, scale.right, top + 1), Ink.SOFT)]
    for at_ms in scale.ticks_ms():
        x, text = scale.x(at_ms), seconds(at_ms)
        width = width_px(text, LABEL_PX)
        shapes.append(Line(Box(x, top, x + 1, top + 5), Ink.SOFT))
        left = min(x - width // 2, scale.right - width)
        shapes.append(text_at(text, LABEL_PX, left, top + 6, Ink.SOFT))
    left = scale.left - 8 - width_px(AXIS, LABEL_PX)
    shapes.append(text_at(AXIS, LABEL_PX, left, top + 6, Ink.SOFT))
    return shapes, top + 6 + height
