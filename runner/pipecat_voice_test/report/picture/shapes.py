"""What a picture is made of, before anything is drawn: shapes with places in pixels.

A layout is a list of these, so that a test can ask whether two labels lie on each other without
looking at pixels. Boxes are half open: `right` and `bottom` are the first pixels beyond.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from pipecat_voice_test.report.view.model import Lane


class Ink(Enum):
    """What a colour stands for; which one it is, `palette.py` knows."""

    PAPER = auto()
    EDGE = auto()
    GRID = auto()
    TEXT = auto()
    SOFT = auto()
    GOOD = auto()
    BAD = auto()
    OVERLAP = auto()
    CALLER = auto()
    CALLER_PEAK = auto()
    CALLER_TINT = auto()
    BOT = auto()
    BOT_PEAK = auto()
    BOT_TINT = auto()


class Mark(Enum):
    """A small sign; each stands for something also where colours cannot be told apart."""

    DISC = auto()
    CROSS = auto()
    TICK = auto()
    QUESTION = auto()
    DIAMOND = auto()
    DIAMOND_OPEN = auto()
    BAR = auto()
    SQUARE = auto()
    TRIANGLE = auto()
    END = auto()


class Box(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int

    def overlaps(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


@dataclass(frozen=True, slots=True)
class Fill:
    box: Box
    ink: Ink


@dataclass(frozen=True, slots=True)
class Wave:
    """The waveform of one lane in a box, from one moment to another.

    Attributes:
        speech: Columns in which its voice speaks, counted from the box's left, half open.
        grid: Columns in which a line of the time axis runs.
        gain: What samples are multiplied with; 1 puts full scale at the edge of the box.
    """

    box: Box
    lane: Lane
    from_ms: float
    to_ms: float
    speech: tuple[tuple[int, int], ...] = ()
    grid: tuple[int, ...] = ()
    gain: float = 1.0


@dataclass(frozen=True, slots=True)
class Hatch:
    """Slanting lines over what is there."""

    box: Box
    ink: Ink


@dataclass(frozen=True, slots=True)
class Frame:
    """An empty box with a line around it."""

    box: Box
    ink: Ink


@dataclass(frozen=True, slots=True)
class Line:
    """A level or an upright line as thick as its box; a dashed one has gaps of `gap_px`."""

    box: Box
    ink: Ink
    gap_px: int = 0


@dataclass(frozen=True, slots=True)
class Sign:
    box: Box
    mark: Mark
    ink: Ink
    back: Ink = Ink.PAPER


@dataclass(frozen=True, slots=True)
class Text:
    """Letters on a ground of their own, so that no line runs through them."""

    box: Box
    text: str
    size_px: int
    ink: Ink = Ink.TEXT
    back: Ink = Ink.PAPER


Shape = Fill | Wave | Hatch | Frame | Line | Sign | Text

# What lies further up hides what lies below.
LAYERS: tuple[type[Shape], ...] = (Wave, Hatch, Frame, Line, Fill, Sign, Text)


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole layout, in order of layers."""

    width: int
    height: int
    shapes: tuple[Shape, ...]

    def texts(self) -> list[Text]:
        return [shape for shape in self.shapes if isinstance(shape, Text)]


def picture(width: int, height: int, shapes: list[Shape]) -> Picture:
    return Picture(width, height, tuple(sorted(shapes, key=lambda one: LAYERS.index(type(one)))))
