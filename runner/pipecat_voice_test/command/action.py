"""The container action: inputs in, a run, and then everything that GitHub shows of it.

All that a run prints stands between two lines with a token, where the runner obeys no command:
neither a bot nor a scenario file can speak to it. Our own commands come afterwards. Whatever
ends the run, outputs and summary are written and the results belong to the workspace's owner.
"""

import os
import signal
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from pipecat_voice_test.asked import options
from pipecat_voice_test.asked.given import Given, as_input
from pipecat_voice_test.command.session import Ended, run
from pipecat_voice_test.command.workspace import Workspace
from pipecat_voice_test.errors import ExitCode, VoiceTestError
from pipecat_voice_test.github.annotations import annotations
from pipecat_voice_test.github.bot_log import log_group
from pipecat_voice_test.github.commands import resume_commands, stop_commands
from pipecat_voice_test.github.inputs import Input, Inputs, is_input, read_inputs
from pipecat_voice_test.github.job_summary import fitting
from pipecat_voice_test.github.outputs import as_file, outputs_of
from pipecat_voice_test.measurement.repeats.whole_run import verdict_of
from pipecat_voice_test.measurement.results import BotFacts, RunError, RunResult
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.summary.markdown import summary_md
from pipecat_voice_test.report.text import one_line, valid_text
from pipecat_voice_test.shown.complaints import print_error, print_traceback
from pipecat_voice_test.shown.overview import with_config

PATHS = Input("paths", options.DEFAULT_PATH, several=True)
INPUTS = (
    PATHS,
    *(Input(one.name, one.default or "", one.repeatable) for one in options.RUN_SETTINGS),
)
OUTPUT_FILE, SUMMARY_FILE = "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"
# Files through which a step speaks to GitHub; a bot that we start inherits our environment.
_NOT_FOR_BOTS = (OUTPUT_FILE, SUMMARY_FILE, "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE")


def action(environ: MutableMapping[str, str] = os.environ) -> int:
    """Do what `run` does, asked for by inputs and heard by GitHub; gives the exit code."""
    with _one_stream(), _no_signal_ends_us():
        return _Step(environ).take()


class _Step:
    """One step of a job."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        self._workspace = Workspace.enter(environ)
        inputs = _inputs(environ)
        self._warnings = [*inputs.warnings]
        self._output_file = environ.get(OUTPUT_FILE, "")
        self._summary_file = environ.get(SUMMARY_FILE, "")
        for variable in [name for name in environ if is_input(name) or name in _NOT_FOR_BOTS]:
            del environ[variable]
        self._given = Given(inputs.given, environ, written=as_input)
        self._paths = [Path(path) for path in inputs.given.get(PATHS.name, (PATHS.default,))]
        self._told: Ended | None = None
        self._error: RunError | None = None

    def take(self) -> int:
        token = uuid4().hex
        _say(stop_commands(token))
        try:
            code = self._run()
        finally:
            _say(resume_commands(token))
        ended = self._ended(code)
        self._give_away()
        self._set_outputs(ended, code)
        if self._told is not None or self._error is not None:
            self._summarise(ended)
        for note in annotations(ended.result, ended.place, self._warnings):
            _say(str(note))
        if not self._is_quiet():
            for line in log_group(ended.result, ended.bot_log, uuid4().hex):
                _say(line)
        return int(code)

    # --- the run ----------------------------------------------------------------------------

    def _run(self) -> int:
        for warning in self._warnings:
            _say(f"Warning: {one_line(warning)}")
        try:
            if not self._given.flag(options.LIST):
                self._expect_results()
            return run(self._given, self._paths, self._keep)
        except VoiceTestError as error:
            print_error(error)
            self._error = RunError(error.kind, str(error))
            return error.exit_code
        except Exception as error:
            print_traceback()
            self._error = RunError("internal_error", f"{type(error).__name__}: {error}")
            return ExitCode.INTERNAL

    def _keep(self, ended: Ended) -> None:
        self._told = ended

    def _expect_results(self) -> None:
        given = self._given
        with suppress(VoiceTestError):  # The run says what is wrong, also in its reports.
            given = with_config(given, self._paths)
        said = given.said(options.OUTPUT_DIR)
        assert said is not None  # It has a default.
        folder = said.texts[-1]
        self._workspace.expect_results(folder, said.quoted(folder))

    def _ended(self, code: int) -> Ended:
        """How it ended, with the error that ended it, also without a folder for results."""
        if self._told is None:
            result = RunResult(
                verdict_of(code),
                int(code),
                seed=0,
                started_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                duration_ms=0.0,
                bot=BotFacts("command", "no bot was started"),
            )
            ended = Ended(result, Place(self._workspace.folder, Path()), "")
        else:
            ended = self._told
        errors, last = ended.result.errors, self._error
        if last is not None and not any(last.message in error.message for error in errors):
            errors = (*errors, last)
        result = replace(ended.result, verdict=verdict_of(code), exit_code=int(code), errors=errors)
        return replace(ended, result=result)

    # --- what is left for others ------------------------------------------------------------

    def _give_away(self) -> None:
        try:
            self._workspace.give_to_owner()
        except OSError as error:
            self._warn(f"the results could not be given to the workspace's owner: {error}")

    def _set_outputs(self, ended: Ended, code: int) -> None:
        def is_there(name: str) -> bool:
            return self._told is not None and Path(ended.place.output, name).exists()

        outputs = outputs_of(ended.result, ended.place, code, is_there)
        self._append(OUTPUT_FILE, self._output_file, as_file(outputs, _delimiter))

    def _summarise(self, ended: Ended) -> None:
        taken_bytes = 0
        with suppress(OSError):
            taken_bytes = Path(self._summary_file).stat().st_size if self._summary_file else 0
        text = fitting(
            lambda room_bytes: summary_md(ended.result, ended.place, most_bytes=room_bytes),
            taken_bytes,
        )
        if not text:
            self._warn("the job summary is full, so nothing was added to it")
            return
        self._append(SUMMARY_FILE, self._summary_file, text)

    def _append(self, variable: str, path: str, text: str) -> None:
        if not path:
            self._warn(f"{variable} is not set, so what would go there is not written")
            return
        try:
            with Path(path).open("a", encoding="utf-8", newline="") as file:
                file.write(valid_text(text))
        except OSError as error:
            self._warn(f"the file of {variable} could not be written: {error.strerror}")

    def _warn(self, text: str) -> None:
        self._warnings.append(text)

    def _is_quiet(self) -> bool:
        with suppress(VoiceTestError):
            return self._given.chosen((options.VERBOSE, options.QUIET)) == [options.QUIET]
        return False


def _inputs(environ: MutableMapping[str, str]) -> Inputs:
    """What was asked for; whoever runs a job again with debug logging wants to see everything."""
    inputs = read_inputs(environ, INPUTS)
    if environ.get("RUNNER_DEBUG") != "1":
        return inputs
    given = {name: texts for name, texts in inputs.given.items() if name != options.QUIET.name}
    return replace(inputs, given={**given, options.VERBOSE.name: ("true",)})


def _delimiter() -> str:
    return f"ghadelimiter_{uuid4()}"


def _say(line: str) -> None:
    with suppress(OSError):  # Whoever read this has gone away; the run goes on.
        click.echo(line)


@contextmanager
def _one_stream() -> Iterator[None]:
    """Errors go where all else goes.

    The runner reads both streams side by side, so what was printed into one of them could
    arrive after the token that lets commands through again.
    """
    is_real = sys.stdout is sys.__stdout__
    with redirect_stderr(sys.stdout):
        if not is_real:
            yield
            return
        sys.stdout.flush()
        kept = os.dup(2)
        os.dup2(1, 2)  # Libraries and children write there without asking Python.
        try:
            yield
        finally:
            sys.stdout.flush()
            os.dup2(kept, 2)
            os.close(kept)


@contextmanager
def _no_signal_ends_us() -> Iterator[None]:
    """A run has handlers of its own; before and after it, a signal finds nothing to stop.

    GitHub sends SIGTERM 7.5 s after SIGINT, when the outputs may be on their way.
    """
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # A function rather than SIG_IGN, which a bot's process would inherit.
    before: dict[signal.Signals, Any] = {n: signal.signal(n, _nothing) for n in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _nothing(*_: object) -> None:
    pass
