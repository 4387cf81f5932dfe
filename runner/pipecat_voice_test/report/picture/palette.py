"""The colours, and the shades between two of them.

Blue, bluish green and vermilion are told apart by nearly everybody; what failed has a sign and a
heavier line as well. The ground is white and opaque, so the picture looks the same on a dark
page. A picture keeps an index into these colours for each pixel: letters and signs have soft
edges, so there is a ramp of shades for each pair of ink and ground that occurs.

Source of the hues: https://jfly.uni-koeln.de/color/ (Okabe and Ito), darkened for text.
"""

from functools import cache

from pipecat_voice_test.report.picture.shapes import Ink

Rgb = tuple[int, int, int]

RGB: dict[Ink, Rgb] = {
    Ink.PAPER: (255, 255, 255),
    Ink.EDGE: (190, 197, 206),
    Ink.GRID: (228, 232, 237),
    Ink.TEXT: (31, 35, 40),
    Ink.SOFT: (89, 99, 110),
    Ink.GOOD: (0, 110, 82),
    Ink.BAD: (190, 60, 0),
    Ink.OVERLAP: (122, 82, 0),
    Ink.CALLER: (0, 94, 148),
    Ink.CALLER_PEAK: (110, 172, 212),
    Ink.CALLER_TINT: (226, 240, 249),
    Ink.BOT: (0, 110, 82),
    Ink.BOT_PEAK: (98, 190, 162),
    Ink.BOT_TINT: (223, 244, 237),
}
# Ink on ground, wherever an edge is soft.
PAIRS: tuple[tuple[Ink, Ink], ...] = (
    (Ink.TEXT, Ink.PAPER),
    (Ink.SOFT, Ink.PAPER),
    (Ink.GOOD, Ink.PAPER),
    (Ink.BAD, Ink.PAPER),
    (Ink.OVERLAP, Ink.PAPER),
    (Ink.CALLER, Ink.PAPER),
    (Ink.BOT, Ink.PAPER),
    (Ink.PAPER, Ink.BAD),
    (Ink.PAPER, Ink.GOOD),
    (Ink.PAPER, Ink.SOFT),
    (Ink.CALLER, Ink.CALLER_PEAK),
    (Ink.BOT, Ink.BOT_PEAK),
    (Ink.CALLER_PEAK, Ink.PAPER),
    (Ink.CALLER_PEAK, Ink.CALLER_TINT),
    (Ink.BOT_PEAK, Ink.PAPER),
    (Ink.BOT_PEAK, Ink.BOT_TINT),
)
SHADES = 8  # Between ink and ground, both left out.

_INKS = list(Ink)


def index_of(ink: Ink) -> int:
    return _INKS.index(ink)


@cache
def colours() -> bytes:
    """All of them, three bytes each: the inks, then the ramps."""
    found = [RGB[ink] for ink in _INKS]
    for ink, back in PAIRS:
        for step in range(1, SHADES + 1):
            found.append(_between(RGB[back], RGB[ink], step / (SHADES + 1)))
    return bytes(value for colour in found for value in colour)


@cache
def shade_of(ink: Ink, back: Ink) -> bytes:
    """For each coverage from 0 to 255 the index of the colour it looks like."""
    first = len(_INKS) + SHADES * PAIRS.index((ink, back))
    steps = [index_of(back), *range(first, first + SHADES), index_of(ink)]
    return bytes(steps[round(coverage / 255 * (SHADES + 1))] for coverage in range(256))


def _between(back: Rgb, ink: Rgb, share: float) -> Rgb:
    red, green, blue = (
        round(one + (other - one) * share) for one, other in zip(back, ink, strict=True)
    )
    return red, green, blue
