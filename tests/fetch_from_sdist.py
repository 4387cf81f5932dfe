"""Fetch what some tests need from where it is published: a package's source distribution.

    python tests/fetch_from_sdist.py LOCK PACKAGE MEMBER DEST

LOCK pins the version and its hashes; MEMBER is a file or folder inside the distribution.
`.ci/run` shows what is fetched, and by which variable the tests find it.
"""

import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

PIP = ("-m", "pip", "download", "--quiet", "--no-cache-dir", "--no-deps", "--require-hashes")


def locked(lock: str, package: str) -> str:
    """The lines of a lock file that pin `package`."""
    for entry in lock.replace("\\\n", " ").splitlines():
        if entry.partition("==")[0].partition("[")[0] == package:
            return entry
    raise LookupError(f"{package} is not locked")


def files_of(sdist: Path, member: str) -> Iterator[tuple[PurePosixPath, bytes]]:
    """The files that are or lie in `member`, by their path below it."""
    with tarfile.open(sdist) as archive:
        for info in archive:
            # The first part is the folder that every source distribution begins with.
            path = PurePosixPath(*PurePosixPath(info.name).parts[1:])
            if info.isfile() and ".." not in path.parts and path.is_relative_to(member):
                file = archive.extractfile(info)
                assert file is not None
                yield path.relative_to(member), file.read()


def fetch(lock: Path, package: str, member: str, dest: Path) -> None:
    """Write `member` to `dest`.

    Raises:
        subprocess.CalledProcessError: pip could not get the source distribution.
        FileNotFoundError: `member` is not in it.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = folder / "wanted.txt"
        wanted.write_text(locked(lock.read_text(), package))
        pip = [sys.executable, *PIP, "--no-binary", package, "-r", str(wanted), "-d", name]
        subprocess.run(pip, check=True)
        (sdist,) = folder.glob("*.tar.gz")
        found = list(files_of(sdist, member))
    if not found:
        raise FileNotFoundError(f"{member} is not in {sdist.name}")
    for below, content in found:
        path = dest / below
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    fetch(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]))
