"""A YAML tree in which every value knows its file and line, and the disk as the reader sees it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pipecat_voice_test.scenario.reading.mistakes import Place


class Refused(Exception):
    """A path that a scenario may not use; the reader adds where it was written."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


class Files(Protocol):
    """The part of the disk that one scenario file may see."""

    def find(self, written: str) -> Path:
        """The regular file that a path in the scenario means.

        Raises:
            Refused: It does not exist, is no regular file, or lies outside the root.
        """

    def read(self, file: Path) -> bytes:
        """All of it.

        Raises:
            Refused: It is too big or cannot be read.
        """

    def shown(self, file: Path) -> Path:
        """The path as people should see it."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A date or another value that no key of ours takes; only its spelling is kept."""

    kind: str


Value = str | int | float | bool | None | Unread


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value. `written` is how the file spells it, without quotes."""

    place: Place
    value: Value
    written: str


@dataclass(frozen=True, slots=True)
class Items:
    place: Place
    items: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Keys:
    """A block of keys. `places` says where each key itself stands."""

    place: Place
    entries: dict[str, "Node"] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def place_of(self, key: str) -> Place:
        return self.places.get(key, self.place)


Node = Scalar | Items | Keys


def plain(node: Node) -> object:
    """The tree as ordinary Python values."""
    match node:
        case Scalar():
            return node.value
        case Items():
            return [plain(item) for item in node.items]
        case Keys():
            return {key: plain(value) for key, value in node.entries.items()}
