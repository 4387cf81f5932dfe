"""Files of a results folder on disk: whole or not at all, and never in place of somebody else's."""

import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.report.files import CALL_FILES
from pipecat_voice_test.report.results_json import TOOL

_CALL_FOLDER = re.compile(r"call-\d+(-\d+)?")
_OURS_WITHIN_BYTES = 4096


def write_whole(path: Path, blocks: Iterable[bytes]) -> None:
    """Write a file; what is there of it when its blocks end in an error is taken away.

    Raises:
        UsageError: The disk refuses.
    """
    unfinished = path.with_name(f".{path.name}.tmp")
    try:
        with unfinished.open("wb") as file:
            file.writelines(blocks)
        unfinished.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def bring_file(source: Path, to: Path) -> bool:
    """Have a file in another place too; False if it cannot be read."""
    unfinished = to.with_name(f".{to.name}.tmp")
    try:
        unfinished.unlink(missing_ok=True)
        try:
            unfinished.hardlink_to(source)
        except OSError:  # Another disk, one without links, or a file of somebody else.
            shutil.copyfile(source, unfinished)
        unfinished.replace(to)
    except OSError as error:
        if error.filename == str(source):
            return False
        raise unwritable(to, error) from error
    return True


def make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{path} cannot be written: {error.strerror}.",
        fix="make the folder writable or free some space on its disk,\n"
        "or choose another folder with `--output-dir`",
    )


def remove_report(path: Path) -> None:
    """Take away a report of an earlier run, so that it is never read as this one's; raises too."""
    refuse_foreign(path)
    path.unlink(missing_ok=True)


def refuse_foreign(path: Path) -> None:
    """Let nobody lose a file that is not ours and has the name of one that is.

    Raises:
        UsageError: There is one.
    """
    if path.is_symlink() or not path.exists():
        return
    if path.is_dir():
        kind = "is a folder"
    else:
        with path.open("rb") as file:
            start = file.read(_OURS_WITHIN_BYTES)
        if not start or TOOL.encode() in start:
            return
        kind = "was not written by pipecat-voice-test"
    raise UsageError(
        f"{path} {kind}, and results would be written over it.",
        fix="move it away, or choose another folder with `--output-dir`",
    )


def remove_call(folder: Path) -> None:
    links = folder.is_symlink() or folder.parent.is_symlink()
    if links or not folder.is_dir() or not _CALL_FOLDER.fullmatch(folder.name):
        return
    for name in CALL_FILES:
        if not (folder / name).is_dir():
            (folder / name).unlink(missing_ok=True)
        (folder / f".{name}.tmp").unlink(missing_ok=True)
    for emptied in (folder, folder.parent):
        if not any(emptied.iterdir()):
            emptied.rmdir()
