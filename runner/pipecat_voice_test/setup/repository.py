"""What may be seen of a repository, and how to say where something was seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Generic, Protocol, TypeVar

T = TypeVar("T", covariant=True)


class Unreadable(Exception):
    """A file is there and cannot be read as text; the message says why."""


class Repository(Protocol):
    """A folder with somebody's bot in it. Paths are relative to it, with `/` between names."""

    @property
    def files(self) -> Sequence[str]:
        """Every file worth a look, sorted."""

    @property
    def remotes(self) -> Sequence[str]:
        """Hosts of its git remotes, such as `github.com`; no addresses, which may hold secrets."""

    @property
    def branch(self) -> str:
        """Its main branch, or nothing if that cannot be told."""

    def text(self, path: str) -> str:
        """What is in a file.

        Raises:
            Unreadable: It is too big, no text, or may not be read.
        """


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """A fact and where it stands, such as `Dockerfile:12`, or why it is assumed."""

    value: T
    where: str


@dataclass(frozen=True, slots=True)
class Advice:
    """Something that will go wrong, and what to do about it; shaped as our errors."""

    what: str
    fix: str


def folder_of(path: str) -> str:
    """The folder a file lies in; the repository itself is the empty text."""
    parent = PurePosixPath(path).parent.as_posix()
    return "" if parent == "." else parent


def joined(folder: str, path: str) -> str:
    """A path seen from a folder, made one seen from the repository; `..` is worked out."""
    parts: list[str] = []
    for part in PurePosixPath(folder, path.lstrip("/")).parts:
        if part == ".." and parts:
            parts.pop()
        elif part not in ("..", "."):
            parts.append(part)
    return "/".join(parts)


def inside(folder: str, path: str) -> bool:
    """Whether a path lies in a folder or below it."""
    return not folder or path == folder or path.startswith(f"{folder}/")
