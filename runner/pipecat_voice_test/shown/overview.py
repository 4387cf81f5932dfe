"""Which scenarios there are, and what is wrong with them, without calling anybody."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.asked.options import RUN_SETTINGS
from pipecat_voice_test.asked.selection import Selection, counted, named
from pipecat_voice_test.errors import ExitCode, ScenarioError
from pipecat_voice_test.measurement.repeats.plan import undecidable
from pipecat_voice_test.report.text import one_line, plain_text
from pipecat_voice_test.scenario.load import CONFIG_NAME, load_config, read_all
from pipecat_voice_test.scenario.model import Expectation, Scenario


def show_list(selection: Selection) -> int:
    """Print what would run here, and what would be skipped."""
    scenarios = selection.scenarios
    for scenario in scenarios:
        click.echo(f"{_where(scenario)}: {named(scenario)}")
        if scenario.skip_reason:
            click.echo(f"  skipped: {one_line(scenario.skip_reason)}")
    skipped = sum(bool(scenario.skip_reason) for scenario in scenarios)
    line = f"{counted(len(scenarios) - skipped, 'scenario')} would run"
    click.echo(f"{line}, {skipped} would be skipped" if skipped else line)
    if selection.shard is not None:
        click.echo(selection.share)
        if not scenarios:
            return ExitCode.PASSED
    return ExitCode.NOTHING_SELECTED if skipped == len(scenarios) else ExitCode.PASSED


def validate(paths: Sequence[Path]) -> int:
    """Print every mistake of every file, and what will be skipped and why."""
    scenarios, errors = read_all(paths, cwd=Path.cwd())
    errors += _config_errors(paths)
    for error in errors:
        click.echo(f"Error: {plain_text(str(error))}", err=True)
    for scenario in scenarios:
        for line in _unjudgeable(scenario):
            click.echo(f"Warning: {line}")
    files = len({scenario.file for scenario in scenarios})
    good = f"{counted(len(scenarios), 'scenario')} in {counted(files, 'file')}"
    if errors:
        click.echo(f"{good} good, {counted(len({_file(e) for e in errors}), 'file')} wrong")
        return ExitCode.USAGE
    click.echo(f"{good}, all good")
    return ExitCode.PASSED


def config_file(paths: Sequence[Path]) -> Path | None:
    """The `voice-test.yaml` that goes with the scenarios.

    It is looked for in the folder of the first path, then upwards to the working directory.
    """
    here = Path.cwd()
    first = here / paths[0]
    folder = first if first.is_dir() else first.parent
    for above in (folder, *folder.parents):
        if (above / CONFIG_NAME).is_file():
            return above / CONFIG_NAME
        if above == here or not above.is_relative_to(here):
            return None
    return None


def with_config(given: Given, paths: Sequence[Path]) -> Given:
    """Everything that was asked for, also in the scenario folder's file.

    Raises:
        ScenarioError: That file is wrong.
    """
    file = config_file(paths)
    if file is None:
        return given
    here = Path.cwd()
    shown = file.relative_to(here) if file.is_relative_to(here) else file
    names = [setting.name for setting in RUN_SETTINGS]
    return given.with_config(load_config(shown.parent, names), str(shown))


def _file(error: ScenarioError) -> str:
    return error.what.partition(":")[0]


def _config_errors(paths: Sequence[Path]) -> Iterator[ScenarioError]:
    try:
        with_config(Given({}, {}), paths)
    except ScenarioError as error:
        yield error


def _unjudgeable(scenario: Scenario) -> Iterator[str]:
    if scenario.skip_reason:
        yield one_line(f"{_where(scenario)}: {scenario.name} is skipped: {scenario.skip_reason}")
        return
    yield from map(one_line, scenario.doubts)
    yield from map(one_line, undecidable(scenario))
    for turn in scenario.turns:
        for expectation in turn.expect:
            where = f"{scenario.file}:{expectation.line}"
            yield from (one_line(f"{where}: {text}") for text in _unjudged(expectation))


def _unjudged(expectation: Expectation) -> Iterable[str]:
    if expectation.skip_reason:
        yield f"{expectation.written} is skipped: {expectation.skip_reason}"
        return
    for condition in expectation.text_conditions:
        yield f"{condition} is skipped: what the bot says is not transcribed by this version"


def _where(scenario: Scenario) -> str:
    return one_line(f"{scenario.file}:{scenario.line_number}")
