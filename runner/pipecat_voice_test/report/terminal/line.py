"""One line of what is printed, and how it is set off where there is colour."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.text import masked, plain_text, shortened

TEXT_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is harmless to whoever reads it.

    Attributes:
        verdict: What its colour stands for; None for none. The words say the same.
    """

    text: str
    verdict: Verdict | None = None


Block = list[Line]
"""Lines that belong together, with some room around them where there is room."""


def indented(text: str, by: int = 2) -> Iterator[Line]:
    """Several lines that a bot, a file or an error of ours wrote."""
    whole = shortened(masked(plain_text(text)), TEXT_CHARACTERS)
    return (Line(f"{' ' * by}{line}") for line in whole.splitlines())


def near(path: PurePath, place: Place) -> str:
    """The shortest way to say where a file is, from the working directory or from the root."""
    relative, whole = place.relative(path), PurePath(place.working, path).as_posix()
    return min(relative, whole, key=len)


def texts(blocks: Iterable[Block]) -> list[str]:
    return [line.text for block in blocks for line in block]
