"""From a layout to a PNG.

Pixels are indices into the palette from the beginning, so there is nothing to quantise at the
end and the file is small. Every step is short: while a picture is drawn, other calls go on.

Source: https://www.w3.org/TR/png-3/
"""

import struct
import zlib
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from pipecat_voice_test.report.picture.lettering import coverage
from pipecat_voice_test.report.picture.palette import colours, index_of, shade_of
from pipecat_voice_test.report.picture.shapes import (
    Box,
    Fill,
    Frame,
    Hatch,
    Ink,
    Line,
    Mark,
    Picture,
    Shape,
    Sign,
    Text,
    Wave,
)
from pipecat_voice_test.report.picture.waves import wave_pixels
from pipecat_voice_test.report.view.model import Evidence, Lane

HATCH_PX, HATCH_EVERY_PX = 2, 8
DASH_PX = 5
# A little larger than at 9, and written in a third of the time.
COMPRESSION = 5
_PALETTED = 3

_FINER = 8

# Corners in a box from 0 to 1.
_CORNERS = {
    Mark.DIAMOND: [(0.5, 0.0), (1.0, 0.5), (0.5, 1.0), (0.0, 0.5)],
    Mark.DIAMOND_OPEN: [(0.5, 0.0), (1.0, 0.5), (0.5, 1.0), (0.0, 0.5)],
    Mark.SQUARE: [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)],
    Mark.BAR: [(0.35, 0.0), (0.65, 0.0), (0.65, 1.0), (0.35, 1.0)],
    Mark.TRIANGLE: [(0.5, 0.05), (1.0, 0.95), (0.0, 0.95)],
    Mark.END: [(0.0, 0.0), (0.25, 0.0), (1.0, 0.35), (0.25, 0.7), (0.25, 1.0), (0.0, 1.0)],
}
_STROKES = {
    Mark.CROSS: [[(0.12, 0.12), (0.88, 0.88)], [(0.88, 0.12), (0.12, 0.88)]],
    Mark.TICK: [[(0.08, 0.55), (0.38, 0.85), (0.92, 0.18)]],
    Mark.QUESTION: [
        [(0.22, 0.3), (0.28, 0.12), (0.5, 0.05), (0.74, 0.14), (0.78, 0.34), (0.5, 0.52),
         (0.5, 0.68)],
        [(0.5, 0.86), (0.5, 0.96)],
    ],
}  # fmt: skip


def png(picture: Picture, evidence: Evidence) -> bytes:
    """Draw a layout; the same one gives the same bytes."""
    image = Image.new("L", (picture.width, picture.height), index_of(Ink.PAPER))
    draw = ImageDraw.Draw(image)
    for shape in picture.shapes:
        _put(image, draw, shape, evidence)
    return _file(image)


def _file(image: Image.Image) -> bytes:
    """Write the file: the library would not let other threads run while it compresses."""
    rows = np.zeros((image.height, 1 + image.width), np.uint8)  # Each row begins with its filter.
    rows[:, 1:] = np.asarray(image)
    size = struct.pack(">IIBBBBB", image.width, image.height, 8, _PALETTED, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", size),
            _chunk(b"PLTE", colours()),
            _chunk(b"IDAT", zlib.compress(rows.data, COMPRESSION)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(name))
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


def _put(image: Image.Image, draw: ImageDraw.ImageDraw, shape: Shape, evidence: Evidence) -> None:
    match shape:
        case Fill(box, ink):
            draw.rectangle(_inside(box), fill=index_of(ink))
        case Wave(box, lane):
            pcm = evidence.said if lane is Lane.CALLER else evidence.heard
            image.paste(Image.fromarray(wave_pixels(pcm, shape)), (box.left, box.top))
        case Hatch(box, ink):
            _hatch(image, box, index_of(ink))
        case Frame(box, ink):
            draw.rectangle(_inside(box), outline=index_of(ink))
        case Line():
            for dash in _dashes(shape):
                draw.rectangle(_inside(dash), fill=index_of(shape.ink))
        case Sign(box, mark, ink, back):
            mask = sign(mark, box.right - box.left, box.bottom - box.top)
            image.paste(_shaded(mask, ink, back), (box.left, box.top))
        case Text(box, text, size_px, ink, back):
            image.paste(_shaded(coverage(text, size_px), ink, back), (box.left, box.top))


def _shaded(mask: Image.Image, ink: Ink, back: Ink) -> Image.Image:
    return Image.frombytes("L", mask.size, mask.tobytes().translate(shade_of(ink, back)))


def _inside(box: Box) -> tuple[int, int, int, int]:
    """The same with the last pixels inside, as the library counts; at least one pixel."""
    right, bottom = max(box.left, box.right - 1), max(box.top, box.bottom - 1)
    return box.left, box.top, right, bottom


def _dashes(line: Line) -> list[Box]:
    box = line.box
    if not line.gap_px:
        return [box]
    step = DASH_PX + line.gap_px
    if box.right - box.left >= box.bottom - box.top:
        lefts = range(box.left, box.right, step)
        return [box._replace(left=x, right=min(box.right, x + DASH_PX)) for x in lefts]
    tops = range(box.top, box.bottom, step)
    return [box._replace(top=y, bottom=min(box.bottom, y + DASH_PX)) for y in tops]


def _hatch(image: Image.Image, box: Box, colour: int) -> None:
    piece = image.crop(box)
    draw = ImageDraw.Draw(piece)
    # By where they are in the picture, so that the lines of neighbours meet.
    height = piece.height
    first = -height - (box.left + box.bottom) % HATCH_EVERY_PX
    for x in range(first, piece.width, HATCH_EVERY_PX):
        draw.line((x, height, x + height, 0), fill=colour, width=HATCH_PX)
    image.paste(piece, (box.left, box.top))


@lru_cache(maxsize=64)
def sign(mark: Mark, width: int, height: int) -> Image.Image:
    """How much of each pixel the sign covers, 0 to 255."""
    fine = Image.new("L", (width * _FINER, height * _FINER))
    draw = ImageDraw.Draw(fine)
    right, bottom = fine.width - 1, fine.height - 1

    def at(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x * right, y * bottom) for x, y in corners]

    if mark is Mark.DISC:
        draw.ellipse((0, 0, right, bottom), fill=255)
    elif mark in _CORNERS:
        draw.polygon(at(_CORNERS[mark]), fill=255)
        if mark is Mark.DIAMOND_OPEN:
            hole = [(0.5 + (x - 0.5) * 0.5, 0.5 + (y - 0.5) * 0.5) for x, y in _CORNERS[mark]]
            draw.polygon(at(hole), fill=0)
    else:
        thick = max(1, round(fine.width * 0.2))
        for stroke in _STROKES[mark]:
            draw.line(at(stroke), fill=255, width=thick, joint="curve")
    return fine.reduce(_FINER)
