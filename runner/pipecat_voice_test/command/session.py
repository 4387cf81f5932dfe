"""From what was asked for to a run that was held, with reports whatever happens.

Once the results' folder is known, every end leaves a JUnit file in it, also that of a run
which never began: a missing file looks like a test that was never set up.
"""

import asyncio
import logging
import os
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self, cast

import click

from pipecat_voice_test.asked import options
from pipecat_voice_test.asked.entrance import entrance_of
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.asked.launch import bundled_scenarios, demo_bots, make_bots, unused
from pipecat_voice_test.asked.selection import Selection, selected, shard_of
from pipecat_voice_test.bots import Bots
from pipecat_voice_test.call.loop import punctual_loop
from pipecat_voice_test.command.baseline import BaselineFile
from pipecat_voice_test.command.machine import machine_class
from pipecat_voice_test.command.page import audio_of, write_page
from pipecat_voice_test.command.signals import Interrupted, Signals
from pipecat_voice_test.errors import ExitCode, UsageError, VoiceTestError
from pipecat_voice_test.measurement.repeats.plan import undecidable
from pipecat_voice_test.measurement.results import BotFacts, RunError, RunResult, Verdict
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.junit.cases import Family
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.text import masked, one_line, plain_text
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.run import Plan, Run
from pipecat_voice_test.scenario.shard import Shard
from pipecat_voice_test.shown.ending import show_ending
from pipecat_voice_test.shown.live import progress
from pipecat_voice_test.shown.overview import show_list, with_config
from pipecat_voice_test.shown.progress import Loudness
from pipecat_voice_test.voice.cache import SpeechCache, default_cache_folder
from pipecat_voice_test.voice.engines import find_engine
from pipecat_voice_test.voice.speaker import Speaker

Begin = Callable[[], tuple[Selection, Bots]]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run came out, where its files lie, and what the one bot of all calls printed."""

    result: RunResult
    place: Place
    bot_log: str


WhenEnded = Callable[[Ended], None]


def run(given: Given, paths: Sequence[Path], when_ended: WhenEnded | None = None) -> int:
    """`run`: call the bot that was asked for with the scenarios of `paths`.

    Args:
        given: What was asked for.
        paths: Scenario files or folders.
        when_ended: Told once, however the run ends, if there is a folder for its results.

    Returns:
        The exit code.

    Raises:
        VoiceTestError: Nobody was called, or the run could not go on; reports say the same.
    """
    try:
        given = with_config(given, paths)
    except VoiceTestError as error:
        if given.flag(options.LIST):
            raise
        with _Session(given, when_ended) as session:
            return session.refuse(error)
    if given.flag(options.LIST):
        return show_list(selected(given, paths))

    def begin() -> tuple[Selection, Bots]:
        bots = make_bots(given)
        for warning in unused(given):
            click.echo(f"Warning: {warning}", err=True)
        return selected(given, paths), bots

    with _Session(given, when_ended) as session:
        return session.hold(begin)


def demo(given: Given, faults: Sequence[str]) -> int:
    """`demo`: the same with the bot and the scenarios that come along."""
    paths = [bundled_scenarios()]
    if given.flag(options.LIST):
        return show_list(selected(given, paths))
    with _Session(given) as session:
        return session.hold(lambda: (selected(given, paths), demo_bots(given, faults)))


class _Session:
    """One run and the folder of its results, which gets reports however the run ends."""

    def __init__(self, given: Given, when_ended: WhenEnded | None = None) -> None:
        self._given = given
        self._when_ended = when_ended
        named = given(options.BASELINE)
        # Before the folder is emptied of an earlier run, which it may have come from.
        self._baseline = BaselineFile.read(named) if named else None
        self._folder = ResultsFolder(Path(given.need(options.OUTPUT_DIR)))
        if self._baseline and (warning := self._baseline.keep_beside(self._folder.path)):
            click.echo(f"Warning: {warning}", err=True)
        self._started_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._family: Family = "extended"
        self._seed = 0
        self._shard: Shard | None = None
        self._bot = BotFacts("command", "no bot was started")
        self._run: Run | None = None
        self._bots: Bots | None = None
        self._unheld: RunResult | None = None
        self._audio = AudioBudget()
        self._has_page = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        result = self._unheld if self._run is None else self._run.result()
        if result is not None:
            self._write_page(result)
        if self._when_ended is not None and result is not None:
            log = self._bots.log_since(0) if self._bots is not None else ""
            self._when_ended(Ended(result, self._folder.place(result), log))

    def hold(self, begin: Begin) -> int:
        with Signals() as signals:
            try:
                return self._hold(begin, signals)
            except Interrupted as interrupted:
                self._write_interrupted(str(interrupted))
                click.echo(f"Error: {interrupted}.", err=True)
                return ExitCode.INTERRUPTED
            except VoiceTestError as error:
                return self.refuse(error)
            except Exception as error:
                if self._run is None:
                    text = "".join(traceback.format_exception(error))
                    with suppress(VoiceTestError):
                        self._write_unheld("internal_error", text, ExitCode.INTERNAL)
                raise

    def refuse(self, error: VoiceTestError) -> int:
        """Nobody is called; a `Run` that was begun has written that down itself."""
        if self._run is None:
            self._write_unheld(error.kind, str(error), error.exit_code)
        raise error

    def _hold(self, begin: Begin, signals: Signals) -> int:
        self._family = cast(Family, self._given.need(options.JUNIT_FAMILY))
        self._seed = self._given.need(options.SEED)
        self._shard = shard_of(self._given)
        self._audio = audio_of(self._given)
        plan = _plan(self._given, self._family, self._seed)
        if self._baseline is not None:
            plan = replace(plan, baseline=self._baseline.measured())
        loudness = _loudness(self._given)
        selection, bots = begin()
        for scenario in selection.scenarios:
            for line in () if scenario.skip_reason else undecidable(scenario, plan.repeat):
                click.echo(f"Warning: {masked(one_line(line))}", err=True)
        self._bot = BotFacts(bots.launcher, bots.name)
        _show_logs()
        speaker = Speaker(find_engine(), SpeechCache(default_cache_folder(os.environ)))
        shown = progress(loudness)
        plan = replace(
            plan,
            scenarios=tuple(selection.scenarios),
            shard=selection.shard,
            share=selection.part,
        )
        run = Run(plan, bots, self._folder, speaker, shown)
        self._run, self._bots = run, bots

        async def in_loop() -> tuple[RunResult, Place]:
            signals.watch(run, bots, shown.interrupted)
            return await run.hold()

        if selection.shard is not None:
            shown.sharing(selection.share, empty=not selection.scenarios)
        with shown:
            with asyncio.Runner(loop_factory=partial(punctual_loop, plan.workers)) as runner:
                result, place = runner.run(in_loop())
            shown.writing_page()
            self._write_page(result)
        show_ending(result, place, loudness)
        return result.exit_code

    def _write_page(self, result: RunResult) -> None:
        """The page, once. Without it the other reports are whole, so the verdict stands."""
        if self._has_page:
            return
        self._has_page = True
        write_page(self._folder, result, self._audio)

    def _write_interrupted(self, because: str) -> None:
        if self._run is None:
            self._write_unheld("interrupted", because, ExitCode.INTERRUPTED)
        else:
            self._run.interrupt(because)
            self._folder.write_run(self._run.result(), self._family)

    def _write_unheld(self, kind: str, message: str, code: ExitCode) -> None:
        result = RunResult(
            Verdict.ERROR,
            int(code),
            self._seed,
            self._started_at,
            0.0,
            self._bot,
            errors=(RunError(kind, message),),
            shard=self._shard,
        )
        self._unheld = result
        self._folder.write_run(result, self._family)


class _Harmless(logging.Handler):
    """Warnings of libraries and our own tracebacks, which may quote a bot."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):
            click.echo(masked(plain_text(self.format(record))), err=True)


def _show_logs() -> None:
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(_Harmless(logging.WARNING))


def _plan(given: Given, family: Family, seed: int) -> Plan:
    return Plan(
        (),
        repeat=given.need(options.REPEAT),
        workers=given.need(options.WORKERS),
        fail_fast=given.flag(options.FAIL_FAST),
        max_time_s=given.need(options.MAX_TIME),
        seed=seed,
        junit_family=family,
        runner=machine_class(os.environ),
        entrance=entrance_of(given),
    )


def _loudness(given: Given) -> Loudness:
    chosen = given.chosen((options.VERBOSE, options.QUIET))
    if len(chosen) > 1:
        raise UsageError("`--verbose` and `--quiet` were both given.", fix="give one of them.")
    if not chosen:
        return Loudness.NORMAL
    return Loudness.VERBOSE if chosen[0] is options.VERBOSE else Loudness.QUIET
