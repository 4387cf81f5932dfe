"""`report`: the reports of a run made again, from what its results folder holds."""

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path, PurePath
from typing import IO, cast

import click

from pipecat_voice_test.asked import options
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.asked.selection import counted
from pipecat_voice_test.command.baseline import read_file
from pipecat_voice_test.command.page import audio_of
from pipecat_voice_test.errors import ExitCode, ResultsError, UsageError
from pipecat_voice_test.measurement.results import RunResult
from pipecat_voice_test.report.facts import counts_line
from pipecat_voice_test.report.files import PAGE, RESULTS, RUN_FILES, CallFiles, Files, Place
from pipecat_voice_test.report.junit.cases import Family
from pipecat_voice_test.report.shelf import CallShelf
from pipecat_voice_test.report.stored.read import GIVE_RESULTS, read_stored
from pipecat_voice_test.report.text import masked, one_line
from pipecat_voice_test.report.write import draw_call, write_again

_ELSEWHERE = (
    "make the folder writable, free some space on its disk, or move foreign files away;\n"
    "or copy the whole folder to another place, and make its reports there."
)


def report(given: Given, file: Path, out: IO[str] | None = None) -> int:
    """Write all reports of a run beside its results.json, which stays as it is.

    Raises:
        ResultsError: The file cannot be read or trusted.
        UsageError: What was asked for is wrong, or nothing can be written there.
    """
    out = sys.stdout if out is None else out
    family = cast(Family, given.need(options.JUNIT_FAMILY))
    audio = audio_of(given)
    if file.name in RUN_FILES and file.name != RESULTS:
        raise UsageError(
            f"{file} has the name of a report, which would be written over it.",
            fix=GIVE_RESULTS,
        )
    # As a path is written: who follows links leaves the folder that the recordings lie in.
    folder = Path(os.path.normpath(Path.cwd() / file)).parent
    shelf = CallShelf(folder)
    stored = read_stored(
        read_file(file, str(file), ResultsError, GIVE_RESULTS), str(file), shelf.log
    )
    click.echo(_told(stored.run, stored.version), file=out)
    try:
        _draw_missing(folder, stored.run, stored.files, shelf)
        files, gone = _still_there(stored.files, shelf)
        place = Place(Path.cwd(), folder, files)
        written = write_again(
            folder,
            stored.run,
            place,
            junit_family=family,
            audio=audio,
            version=stored.version,
        )
    except UsageError as error:
        raise UsageError(error.what, fix=_ELSEWHERE) from error
    _warn_of(gone)
    click.echo(f"Wrote {', '.join(written)} into {place.shown('.')}", file=out)
    click.echo(f"Page: {place.shown(PAGE)}", file=out)
    return ExitCode.PASSED


def _draw_missing(folder: Path, run: RunResult, files: Files, shelf: CallShelf) -> None:
    """Draw every call whose picture is gone, and its recording is not."""
    for (index, position), found in files.items():
        if found.recording is None or shelf.find(found.recording) is None:
            continue
        of_call = str(PurePath(found.recording).parent)
        if found == CallFiles.in_folder(of_call, found.by_name()) and (
            found.timeline is not None and shelf.find(found.timeline) is None
        ):
            result = run.scenarios[index]
            draw_call(folder, of_call, result, result.calls[position], found)


def _told(run: RunResult, version: str) -> str:
    """`A run of 2026-01-01T00:00:00Z, by version 1.2.3: 3 passed, 1 failed in 41.2 s`."""
    return one_line(f"A run of {run.started_at}, by version {version}: {counts_line(run)}")


def _still_there(files: Files, shelf: CallShelf) -> tuple[Files, list[str]]:
    """The files of calls as far as they are, and the paths of those that are gone."""
    there: dict[tuple[int, int], CallFiles] = {}
    gone: list[str] = []
    for place, found in files.items():
        lost = {path for path in found.written() if shelf.find(path) is None}
        gone += [path for path in found.written() if path in lost]
        there[place] = replace(
            found, **{part: None for part, path in asdict(found).items() if path in lost}
        )
    return there, gone


def _warn_of(gone: Sequence[str]) -> None:
    if not gone:
        return
    are = "are" if len(gone) > 1 else "is"
    text = f"{counted(len(gone), 'file')} that {RESULTS} names {are} not there: {gone[0]}"
    more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
    click.echo(f"Warning: {masked(one_line(text + more))}", err=True)
