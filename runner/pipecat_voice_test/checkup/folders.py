"""Where results and spoken texts are kept, and how many files may be open at once."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipecat_voice_test.checkup.finding import Finding, Mark, note, ok
from pipecat_voice_test.errors import ExitCode

LITTLE_BYTES = 200 * 1024 * 1024
FEW_FILES = 256


def results(folder: Path) -> Iterator[Finding]:
    """The folder of `--output-dir`, which need not be there yet."""
    if problem := unwritable(folder):
        yield Finding(
            Mark.MISS,
            "results",
            f"{folder} cannot be written: {problem}",
            "let this user write there, or choose another folder with `--output-dir`.",
            code=ExitCode.USAGE,
        )
        return
    free_bytes = shutil.disk_usage(_existing(folder)).free
    text = f"{folder} can be written, {free_bytes / 1024**3:.1f} GiB free"
    if free_bytes < LITTLE_BYTES:
        yield note("results", text, "make room: a minute of a call takes about 3 MB.")
    else:
        yield ok("results", text)


def cache(folder: Path | None) -> Iterator[Finding]:
    """Where spoken texts are kept; without it each is spoken anew in every run."""
    fix = "name a folder that can be written in PVT_CACHE_DIR."
    if folder is None:
        yield note("cache", "there is no home, so texts are spoken anew in every run", fix)
    elif problem := unwritable(folder):
        text = f"{folder} cannot be written ({problem}), so texts are spoken anew in every run"
        yield note("cache", text, fix)
    else:
        yield ok("cache", f"{folder} can be written")


def open_files() -> Iterator[Finding]:
    """Each call takes one; a selector of ours can look at 1024."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < FEW_FILES:
        yield note("open files", f"at most {soft}", "raise it: `ulimit -n 1024`.")
    else:
        shown = "any number" if soft == resource.RLIM_INFINITY else f"up to {soft}"
        yield ok("open files", shown)


def unwritable(folder: Path) -> str:
    """Why nothing can be written into a folder that may have to be made; empty if it can be.

    Tried, because permissions do not tell of read-only file systems; nothing is left behind.
    """
    place = _existing(folder)
    if not place.is_dir():
        return f"{place} is no folder"
    try:
        with tempfile.TemporaryFile(dir=place):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    full = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow links
    return next((one for one in (full, *full.parents) if os.path.lexists(one)), full)
