"""The folder of a build as the engine wants it: a tar, made while it is sent.

BuildKit looks at the first 1024 bytes to tell a tar from a lone Dockerfile, so the Dockerfile comes
first, under a header without extensions. `.dockerignore` is ours to obey, and the one that is named
after the Dockerfile comes before it.

Source: https://docs.docker.com/build/concepts/context/#dockerignore-files
"""

import contextlib
import io
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docker.utils import exclude_paths

from pipecat_voice_test.errors import UsageError

_PIECE_BYTES = 256 * 1024
_BLOCK_BYTES = tarfile.BLOCKSIZE
_OUTSIDE_NAME = ".dockerfile.pipecat-voice-test"


@dataclass(frozen=True, slots=True)
class BuildContext:
    """A folder and its Dockerfile.

    Attributes:
        folder: What `COPY` sees.
        dockerfile: Where it lies, in the folder or not.
        dockerfile_name: What it is called in the tar.
    """

    folder: Path
    dockerfile: Path
    dockerfile_name: str

    @classmethod
    def of(cls, folder: Path, dockerfile: str | None = None) -> "BuildContext":
        """Look whether both are there.

        Args:
            folder: The folder to build.
            dockerfile: Seen from the folder; None for the one called Dockerfile.

        Raises:
            UsageError: One of them is not.
        """
        if not folder.is_dir():
            raise UsageError(
                f"there is no folder `{folder}` to build.",
                fix="give the folder that holds the bot's Dockerfile as `--bot-build`.",
            )
        path = folder / (dockerfile or "Dockerfile")
        if not path.is_file():
            raise UsageError(f"there is no Dockerfile at `{path}`.", fix=_other_dockerfiles(folder))
        resolved, root = path.resolve(), folder.resolve()
        inside = resolved.is_relative_to(root)
        name = resolved.relative_to(root).as_posix() if inside else _OUTSIDE_NAME
        return cls(root, resolved, name)

    def tar(self) -> Iterator[bytes]:
        """The whole of it, in pieces; raises OSError where a file cannot be read."""
        with tarfile.open(mode="w", fileobj=io.BytesIO()) as archive:  # For its headers only.
            yield from _entry(archive, self.dockerfile, self.dockerfile_name)
            for name in self._names():
                if name != self.dockerfile_name:
                    yield from _entry(archive, self.folder / name, name)
        yield bytes(2 * _BLOCK_BYTES)

    def _names(self) -> list[str]:
        return sorted(exclude_paths(str(self.folder), self._ignored(), self.dockerfile_name))

    def _ignored(self) -> list[str]:
        own = self.dockerfile.with_name(self.dockerfile.name + ".dockerignore")
        for path in (own, self.folder / ".dockerignore"):
            if path.is_file():
                lines = path.read_text("utf-8-sig", "replace").splitlines()
                return [line.strip() for line in lines if line.strip() and line[0] != "#"]
        return []


def _entry(archive: tarfile.TarFile, path: Path, name: str) -> Iterator[bytes]:
    info = None
    with contextlib.suppress(FileNotFoundError):  # It went while we read the others.
        info = archive.gettarinfo(path, arcname=name)
    if info is None:  # Sockets have no place in a tar either.
        return
    # Ours alone, and no fractions of seconds, which need extended headers.
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mtime = max(0, int(info.mtime))
    if not info.isreg():
        yield info.tobuf(tarfile.GNU_FORMAT)
        return
    with path.open("rb") as file:
        info.size = os.fstat(file.fileno()).st_size
        yield info.tobuf(tarfile.GNU_FORMAT)
        left_bytes = info.size
        while left_bytes:
            # A file that shrinks while it is read is made up with zeros.
            piece = file.read(min(_PIECE_BYTES, left_bytes)) or bytes(min(_PIECE_BYTES, left_bytes))
            left_bytes -= len(piece)
            yield piece
    yield bytes(-info.size % _BLOCK_BYTES)


def _other_dockerfiles(folder: Path) -> str:
    found = sorted(
        path.relative_to(folder).as_posix()
        for pattern in ("*Dockerfile*", "*/Dockerfile*", "Containerfile")
        for path in folder.glob(pattern)
        if path.is_file() and not path.name.endswith(".dockerignore")
    )[:5]
    if not found:
        return "give the folder that holds it as `--bot-build`, or write one."
    there = ", ".join(f"`{one}`" for one in found)
    return f"say which with `--bot-dockerfile`: there is {there}."
