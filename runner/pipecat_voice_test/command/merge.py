"""`merge`: the results of several runs in one folder, as if they had been one run."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

import click

from pipecat_voice_test.asked import options
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.asked.results_folders import (
    are_apart,
    refuse_to_write_into,
    results_folders,
)
from pipecat_voice_test.asked.selection import counted
from pipecat_voice_test.command.baseline import read_file
from pipecat_voice_test.command.page import audio_of, write_page
from pipecat_voice_test.errors import ResultsError, VoiceTestError
from pipecat_voice_test.measurement.results import BotFacts, RunError, RunResult, Verdict
from pipecat_voice_test.report.files import NO_FILES, RESULTS, Files
from pipecat_voice_test.report.junit.cases import Family
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.shelf import CallShelf
from pipecat_voice_test.report.stored.belonging import Part
from pipecat_voice_test.report.stored.join import Joined, join
from pipecat_voice_test.report.stored.read import GIVE_RESULTS, Stored, read_stored
from pipecat_voice_test.report.text import masked, one_line
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.shown.ending import show_ending
from pipecat_voice_test.shown.steps import steps

_FILES_NAMED = 10


def merge(given: Given, named: Sequence[Path], out: IO[str] | None = None) -> int:
    """Join the results in these folders, and write all reports of a run anew.

    Returns:
        The exit code of the run that they make.

    Raises:
        VoiceTestError: They cannot be joined; reports say the same, unless they would go where
            the results lie.
    """
    out = sys.stdout if out is None else out
    family = cast(Family, given.need(options.JUNIT_FAMILY))
    audio = audio_of(given)
    output = Path(given.need(options.OUTPUT_DIR))
    try:
        folders = results_folders(named)
        refuse_to_write_into(output, folders)
        found = [_read(folder, out) for folder in folders]
        joined = join([Part(str(f), s.run, s.version) for f, s in zip(folders, found, strict=True)])
    except VoiceTestError as error:
        # Where nobody knows what there is to lose, nothing is written beside it.
        if are_apart(output, named):
            _leave_reports(error, output, family, audio)
        raise
    results = ResultsFolder(output, version=joined.version)
    _warn_of(_bring_calls(results, joined, folders, [one.files for one in found], out))
    with steps("Writing reports", 2, out) as done:
        place = results.write_run(joined.run, family)
        done()
        write_page(results, joined.run, audio)
    show_ending(joined.run, place, out=out)
    return joined.run.exit_code


def _read(folder: Path, out: IO[str]) -> Stored:
    file = folder / RESULTS
    data = read_file(file, str(file), ResultsError, GIVE_RESULTS)
    found = read_stored(data, str(file), CallShelf(folder).log)
    click.echo(_told(folder, found.run), file=out)
    return found


def _told(folder: Path, run: RunResult) -> str:
    """`Found shard 1 of 3 in shards/a: 2 scenarios, 10 calls, failed`."""
    what = "a run" if run.shard is None else str(run.shard)
    calls = sum(len(result.calls) for result in run.scenarios)
    facts = (counted(len(run.scenarios), "scenario"), counted(calls, "call"), run.verdict.value)
    return one_line(f"Found {what} in {folder}: {', '.join(facts)}")


def _bring_calls(
    results: ResultsFolder,
    joined: Joined,
    folders: Sequence[Path],
    files: Sequence[Files],
    out: IO[str],
) -> list[str]:
    """Take over the files of all calls; gives those that are not where they should be."""
    missing: list[str] = []
    total = sum(len(result.calls) for result in joined.run.scenarios)
    with steps("Joining calls", total, out) as done:
        for result, (part, index) in zip(joined.run.scenarios, joined.origins, strict=True):
            shelf, slug = CallShelf(folders[part]), results.slug(result.scenario)
            for position, call in enumerate(result.calls):
                written = files[part].get((index, position), NO_FILES)
                _, gone = results.bring_call(slug, call.number, shelf, written)
                missing += [str(folders[part] / path) for path in gone]
                done()
    return missing


def _warn_of(missing: Sequence[str]) -> None:
    for path in missing[:_FILES_NAMED]:
        text = f"Warning: {path} is not there, though {RESULTS} names it."
        click.echo(masked(one_line(text)), err=True)
    if (more := len(missing) - _FILES_NAMED) > 0:
        click.echo(f"Warning: {counted(more, 'more file')} are not there.", err=True)


def _leave_reports(error: VoiceTestError, output: Path, family: Family, audio: AudioBudget) -> None:
    """Say why there is no run: a missing JUnit file looks as if there had been no test."""
    unjoined = RunResult(
        Verdict.ERROR,
        int(error.exit_code),
        seed=0,
        started_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        duration_ms=0.0,
        bot=BotFacts("command", "no bot was started"),
        errors=(RunError(error.kind, str(error)),),
    )
    results = ResultsFolder(output)
    results.write_run(unjoined, family)
    write_page(results, unjoined, audio)
