"""A repository on disk: read with care, added to, and never changed.

The only module of this room that touches the disk. What lies there may be anything: what is
too big, no text, a pipe, or a link that leads out of the repository is not read.
"""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from pipecat_voice_test.setup.repository import Unreadable

MAX_FILE_BYTES = 1024 * 1024
MAX_FILES = 20_000
MAX_DEPTH = 10

_NEVER_ENTERED = {
    "node_modules", "venv", "env", "site-packages", "__pycache__", "vendor", "third_party",
    "dist", "build", "target", "voice-test-results",
}  # fmt: skip
_HIDDEN_BUT_SEEN = {".github"}
_URL = re.compile(r"^\s*url\s*=\s*(\S+)", re.MULTILINE)
_HOST = re.compile(r"(?:[a-z+]+://)?(?:[^/@\s]*@)?([A-Za-z0-9][A-Za-z0-9.-]*)[:/].*")
_BRANCH = re.compile(r"ref: refs/(?:heads|remotes/[\w.-]+)/([\w][\w./-]*)")


class DiskRepository:
    """A folder on disk as a `Repository`.

    Args:
        root: Its folder; an existing one.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))

    @cached_property
    def files(self) -> Sequence[str]:
        return sorted(self._walk())

    @cached_property
    def remotes(self) -> Sequence[str]:
        config = self._git_text("config")
        urls = (_HOST.fullmatch(url) for url in _URL.findall(config))
        return list(dict.fromkeys(found[1].lower() for found in urls if found))

    @cached_property
    def branch(self) -> str:
        for name in ("refs/remotes/origin/HEAD", "HEAD"):
            found = _BRANCH.match(self._git_text(name))
            # What happens to be checked out is only the main one if it is called so.
            if found and (name != "HEAD" or found[1] in ("main", "master")):
                return found[1]
        return ""

    def text(self, path: str) -> str:
        """What is in a file.

        Raises:
            Unreadable: It is too big, no text, no file, or may not be read.
        """
        real = Path(os.path.realpath(self.root / path))
        if not real.is_relative_to(self.root):
            raise Unreadable("is a link that leads out of the repository")
        try:
            data = _read(real)
        except OSError as error:
            raise Unreadable(f"cannot be read ({error.strerror})") from None
        if len(data) > MAX_FILE_BYTES:
            raise Unreadable(f"has more than {MAX_FILE_BYTES // 1024} KiB")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Unreadable("is no text in UTF-8") from None
        if "\0" in text:
            raise Unreadable("is no text")
        return text

    def _walk(self) -> Iterator[str]:
        found = 0
        for folder, subfolders, names in os.walk(self.root):  # Links are not followed.
            place = Path(folder).relative_to(self.root)
            deep = len(place.parts) >= MAX_DEPTH
            subfolders[:] = sorted(name for name in subfolders if not deep and _enters(name))
            if "pyvenv.cfg" in names:
                subfolders.clear()
                continue
            for name in names:
                found += 1
                if found > MAX_FILES:
                    return
                if name.isprintable() and _is_file(Path(folder, name)):
                    yield (place / name).as_posix()

    def _git_text(self, name: str) -> str:
        """A small file of git's own; nothing where there is none."""
        folder = self.root / ".git"
        try:
            if folder.is_file():  # A worktree, or a submodule.
                pointed = folder.read_text(errors="replace").partition("gitdir:")[2].strip()
                folder = self.root / pointed
                if (folder / "commondir").is_file():
                    shared = folder / (folder / "commondir").read_text(errors="replace").strip()
                    folder = folder if name == "HEAD" else shared
            return _read(folder / name)[:MAX_FILE_BYTES].decode(errors="replace")
        except (OSError, ValueError):
            return ""


def root_of(folder: Path) -> Path:
    """The repository that a folder lies in: the nearest one upwards with `.git`, else itself."""
    real = Path(os.path.realpath(folder))
    return next((above for above in (real, *real.parents) if (above / ".git").exists()), real)


def write_new(root: Path, path: str, text: str) -> bool:
    """Write a file that is not there yet, and the folders it needs.

    What root makes in somebody else's folder, as it does in a container, belongs to them.

    Returns:
        False if something of that name is there already; it is left as it is.

    Raises:
        OSError: It cannot be written.
    """
    root = Path(os.path.realpath(root))
    target = root / path
    if os.path.lexists(target):
        return False
    if not Path(os.path.realpath(target.parent)).is_relative_to(root):
        raise OSError(None, "its folder is a link that leads out of the repository", str(target))
    made = [folder for folder in (target.parent, *target.parents) if not folder.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = target.open("x", encoding="utf-8", newline="\n")
    except FileExistsError:
        return False
    try:
        with file:
            file.write(text)
    except OSError:
        target.unlink(missing_ok=True)  # Half a file would be taken for one that is there.
        raise
    owner = root.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        for new in (target, *made):
            os.chown(new, owner.st_uid, owner.st_gid)
    return True


def _enters(name: str) -> bool:
    hidden = name.startswith(".") and name not in _HIDDEN_BUT_SEEN
    return not hidden and name not in _NEVER_ENTERED and name.isprintable()


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):  # A link to nowhere or to itself.
        return False


def _read(path: Path) -> bytes:
    """The first bytes of a regular file, one more than may be."""
    # Should it be a pipe by now, opening it does not wait for somebody to write.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(None, "it is no file")
        return file.read(MAX_FILE_BYTES + 1)
