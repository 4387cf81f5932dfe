"""The whole run, in order: prepare, start the bot, call it, judge, write everything down.

Whatever ends the run, what was recorded so far is on disk, and the bot is stopped
(DESIGN 2.4). Attempts of different scenarios are interleaved, so that a bot that gets worse
with time does not hit one scenario alone.
"""

import asyncio
import logging
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from pipecat_voice_test.bot.base import Bot
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.call.heartbeat import Heartbeat
from pipecat_voice_test.errors import BotError, BotExited, ExitCode, NothingSelected, VoiceTestError
from pipecat_voice_test.measurement.gates import run_checks
from pipecat_voice_test.measurement.judge import judge_scenario
from pipecat_voice_test.measurement.results import (
    BotFacts,
    CallResult,
    RunError,
    RunResult,
    ScenarioResult,
    Verdict,
)
from pipecat_voice_test.one_call import OneCall, Prepared
from pipecat_voice_test.prepare import prepare
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.junit import Family
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.timeline import EndedBy
from pipecat_voice_test.voice.speaker import Speaker

INVALID_RETRIES = 1  # P-22; METRICS 3.3 for an interruption that was none.
WRITE_EVERY_S = 5.0
LOG_LINES = 50
EXIT_NOTICED_S = 0.3

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run, and how."""

    scenarios: tuple[Scenario, ...]
    repeat: int = 1
    workers: int = 1
    fail_fast: bool = False
    max_time_s: float = 1800.0
    seed: int = 0
    junit_family: Family = "extended"


class Watcher(Protocol):
    """Whoever shows people how the run goes."""

    def preparing(self, scenarios: Sequence[Scenario]) -> None: ...
    def bot_starting(self, bot: Bot) -> None: ...
    def bot_ready(self, bot: Bot) -> None: ...
    def call_began(self, call: OneCall) -> None: ...
    def call_ended(self, call: OneCall, result: CallResult) -> None: ...


@dataclass
class _State:
    """What is known so far; turned into a `RunResult` at any moment."""

    calls: dict[int, list[CallResult]] = field(default_factory=lambda: defaultdict(list))
    errors: list[RunError] = field(default_factory=list)
    not_run: str = ""
    interrupted: bool = False
    time_is_over: bool = False
    internal: bool = False
    refused: ExitCode | None = None
    stop: bool = False


class Run:
    """One run. `hold` plays it; `interrupt` ends it early with everything written."""

    def __init__(
        self, plan: Plan, bot: Bot, folder: ResultsFolder, speaker: Speaker, watcher: Watcher
    ) -> None:
        self._plan = plan
        self._bot = bot
        self._folder = folder
        self._speaker = speaker
        self._watcher = watcher
        self._state = _State()
        self._began_s = time.monotonic()
        self._started_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._written_s = 0.0
        self._task: asyncio.Task[None] | None = None

    async def hold(self) -> tuple[RunResult, Place]:
        """Play the whole plan.

        Returns:
            The results, which lie on disk, and where.

        Raises:
            NothingSelected: Every selected scenario is skipped; reports are written.
            ScenarioError, SpeechError: A scenario cannot be played; nobody was called.
            UsageError: The bot's options are wrong, or results cannot be written.
        """
        self._watcher.preparing(self._plan.scenarios)
        try:
            prepared = self._prepare()
        except VoiceTestError as error:
            self._refuse(error)
            self._write()
            raise
        self._task = asyncio.create_task(self._with_bot(prepared))
        alarm = asyncio.get_running_loop().call_later(self._plan.max_time_s, self._time_is_over)
        try:
            await self._task
        except asyncio.CancelledError:
            self._state.interrupted = not self._state.time_is_over
            self._state.not_run = self._state.not_run or "the run was interrupted"
        finally:
            alarm.cancel()
            self._bot.kill_now()
            place = self._write()
        return self.result(), place

    @property
    def is_under_way(self) -> bool:
        """Whether there may be a bot to stop; before, `interrupt` finds nothing to cancel."""
        return self._task is not None

    def interrupt(self, because: str) -> None:
        """End the run now, as on SIGINT and SIGTERM; `hold` then returns what there is."""
        self._state.interrupted = True
        self._cut_short(because)

    def _time_is_over(self) -> None:
        self._state.time_is_over = True
        self._cut_short(f"the run's time was over (--max-time {self._plan.max_time_s:g})")

    def _cut_short(self, because: str) -> None:
        self._state.not_run = because
        if self._task is not None:
            self._task.cancel()

    def result(self) -> RunResult:
        """The results as they stand."""
        scenarios = tuple(
            self._scenario_result(index, scenario)
            for index, scenario in enumerate(self._plan.scenarios)
        )
        checks = run_checks(scenarios)
        failed_run = any(check.verdict is Verdict.FAILED for check in checks)
        code = self._exit_code(scenarios, failed_run)
        return RunResult(
            verdict=_run_verdict(code),
            exit_code=int(code),
            seed=self._plan.seed,
            started_at=self._started_at,
            duration_ms=(time.monotonic() - self._began_s) * 1000.0,
            bot=BotFacts(self._bot.launcher, self._bot.name, self._bot.ready_ms),
            scenarios=scenarios,
            run_checks=checks,
            errors=tuple(self._state.errors),
        )

    # --- the bot and its calls ------------------------------------------------------------

    def _prepare(self) -> list[Prepared]:
        playable = [s for s in self._plan.scenarios if not s.skip_reason]
        if not playable:
            raise NothingSelected(
                f"All {len(self._plan.scenarios)} selected scenarios are skipped.",
                fix="give scenarios whose events can be heard on a phone line.",
                evidence="\n".join(f"{s.name}: {s.skip_reason}" for s in self._plan.scenarios),
            )
        return prepare(playable, seed=self._plan.seed, speaker=self._speaker)

    async def _with_bot(self, prepared: list[Prepared]) -> None:
        heartbeat = Heartbeat()
        heartbeat.start()
        self._watcher.bot_starting(self._bot)
        try:
            async with self._bot:
                self._watcher.bot_ready(self._bot)
                await self._make_calls(prepared, heartbeat)
        except BotError as error:
            self._record_error(error, self._bot.log_since(0))
            self._state.not_run = "the bot could not be called"
        except VoiceTestError as error:
            self._refuse(error)
            raise
        except Exception as error:
            self._record_internal(error)
            raise
        finally:
            heartbeat.stop()

    async def _make_calls(self, prepared: list[Prepared], heartbeat: Heartbeat) -> None:
        jobs = iter(
            [(one, number) for number in range(1, self._plan.repeat + 1) for one in prepared]
        )
        workers = min(self._plan.workers, len(prepared) * self._plan.repeat)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work(jobs, heartbeat))
        except ExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _work(self, jobs: Iterator[tuple[Prepared, int]], heartbeat: Heartbeat) -> None:
        for prepared, number in jobs:
            if self._state.stop:
                return
            for attempt in range(INVALID_RETRIES + 1):
                result = await self._call(prepared, number, heartbeat)
                again = result.verdict is Verdict.INCONCLUSIVE and attempt < INVALID_RETRIES
                self._keep(prepared.scenario, replace(result, replaced=again))
                if not again:
                    break

    async def _call(self, prepared: Prepared, number: int, heartbeat: Heartbeat) -> CallResult:
        call = OneCall(
            prepared, number, seed=self._plan.seed, clock=SystemClock(), heartbeat=heartbeat
        )
        self._watcher.call_began(call)
        log_from = self._bot.log_position()
        try:
            result = await call.hold(self._bot.url)
        except BotError as error:
            self._bot_trouble(error)
            result = call.unfinished(Verdict.ERROR, error=str(error), kind=error.kind)
        except asyncio.CancelledError:
            reason = self._state.not_run or "the run was interrupted"
            result = call.unfinished(Verdict.NOT_RUN, error=reason, kind="interrupted")
            self._keep(call.scenario, replace(result, bot_log=self._bot.log_since(log_from)))
            raise
        except Exception as error:
            logger.exception("call %s of %s", number, call.scenario.name)
            text = self._record_internal(error)
            result = call.unfinished(Verdict.ERROR, error=text, kind="internal_error")
        await self._look_at_bot(result)
        result = replace(result, bot_log=self._bot.log_since(log_from))
        self._watcher.call_ended(call, result)
        return result

    def _bot_trouble(self, error: BotError) -> None:
        """A bot that takes no call now will hardly take the next; exiting says more."""
        if self._bot.exited() is None:
            self._record_error(error, self._bot.log_since(0))
        self._state.stop = True
        self._state.not_run = "the bot took no call"

    async def _look_at_bot(self, result: CallResult) -> None:
        """A bot that died in the call is gone for all others too."""
        how = self._bot.exited()
        if how is None and result.timeline.ended_by is EndedBy.BOT_ABNORMAL:
            # The socket of a dying process goes before the process does.
            await asyncio.sleep(EXIT_NOTICED_S)
            how = self._bot.exited()
        if how is None or any(error.kind == BotExited.kind for error in self._state.errors):
            return
        error = BotExited(
            f"The bot {how} during the run.",
            fix="its last lines say why; run the same command by hand to see it",
        )
        self._record_error(error, self._bot.log_since(0))
        self._state.stop = True
        self._state.not_run = f"the bot {how}"

    def _refuse(self, error: VoiceTestError) -> None:
        """The run cannot go on, and neither the bot nor this program is to blame."""
        self._record_error(error, "")
        self._state.refused = error.exit_code
        self._state.not_run = self._state.not_run or error.what

    def _record_internal(self, error: Exception) -> str:
        self._state.internal = True
        text = "".join(traceback.format_exception(error))
        self._state.errors.append(RunError("internal_error", text))
        return text

    def _record_error(self, error: VoiceTestError, log: str) -> None:
        tail = "\n".join(log.splitlines()[-LOG_LINES:])
        self._state.errors.append(RunError(error.kind, str(error), tail))

    # --- results --------------------------------------------------------------------------

    def _keep(self, scenario: Scenario, result: CallResult) -> None:
        """Put a call's files on disk at once, and the reports if they are older than 5 s."""
        index = self._plan.scenarios.index(scenario)
        self._folder.write_call(self._folder.slug(scenario), result)
        self._state.calls[index].append(result)
        if result.verdict is Verdict.FAILED and self._plan.fail_fast:
            self._state.stop = True
            self._state.not_run = "an earlier scenario failed (--fail-fast)"
        if time.monotonic() - self._written_s > WRITE_EVERY_S:
            self._write()

    def _write(self) -> Place:
        self._written_s = time.monotonic()
        return self._folder.write_run(self.result(), self._plan.junit_family)

    def _scenario_result(self, index: int, scenario: Scenario) -> ScenarioResult:
        if scenario.skip_reason:
            return ScenarioResult(scenario, Verdict.SKIPPED, reason=scenario.skip_reason)
        calls = self._state.calls[index]
        judged = [call for call in calls if call.verdict is not Verdict.NOT_RUN]
        if not judged:
            reason = self._state.not_run or "not reached"
            return ScenarioResult(scenario, Verdict.NOT_RUN, tuple(calls), reason=reason)
        result = judge_scenario(scenario, sorted(judged, key=lambda call: call.number))
        cut = [call for call in calls if call.verdict is Verdict.NOT_RUN]
        return replace(result, calls=(*result.calls, *cut))

    def _exit_code(self, scenarios: Sequence[ScenarioResult], failed_run: bool) -> ExitCode:
        """Several apply: the order is that of DESIGN 4."""
        verdicts = {result.verdict for result in scenarios}
        if self._state.interrupted:
            return ExitCode.INTERRUPTED
        if self._state.internal:
            return ExitCode.INTERNAL
        if self._state.refused is not None:
            return self._state.refused
        if failed_run or verdicts & {Verdict.FAILED, Verdict.FLAKY}:
            return ExitCode.FAILED
        if self._state.errors or Verdict.ERROR in verdicts:
            return ExitCode.BOT_ERROR
        if verdicts & {Verdict.INCONCLUSIVE, Verdict.NOT_RUN}:
            return ExitCode.INCONCLUSIVE
        if verdicts <= {Verdict.SKIPPED}:
            return ExitCode.NOTHING_SELECTED
        return ExitCode.PASSED


def _run_verdict(code: ExitCode) -> Verdict:
    verdicts = {
        ExitCode.PASSED: Verdict.PASSED,
        ExitCode.FAILED: Verdict.FAILED,
        ExitCode.INCONCLUSIVE: Verdict.INCONCLUSIVE,
    }
    return verdicts.get(code, Verdict.ERROR)
