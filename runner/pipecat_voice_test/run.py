"""The whole run, in order: prepare, start the bot, call it, judge, write everything down.

Whatever ends the run, what was recorded so far is on disk, and the bot is stopped
(DESIGN 2.4). Attempts of different scenarios are interleaved, so that a bot that gets worse
with time does not hit one scenario alone.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol, TypeVar

from pipecat_voice_test.bot.base import Bot
from pipecat_voice_test.bot.diagnosis import ended_in_run
from pipecat_voice_test.bot.log import Printed
from pipecat_voice_test.bots import Bots, BotWatcher
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.call.heartbeat import Heartbeat
from pipecat_voice_test.clerk import Clerk
from pipecat_voice_test.control.selftest import SelfTest
from pipecat_voice_test.doors.asking import WebhookReply
from pipecat_voice_test.doors.entrance import Entrance, door_to
from pipecat_voice_test.errors import BotError, BotExited, EngineError, VoiceTestError
from pipecat_voice_test.measurement.comparison.model import Measured, Settings
from pipecat_voice_test.measurement.results import BotFacts, CallResult, RunResult, Verdict
from pipecat_voice_test.one_call import OneCall, Prepared
from pipecat_voice_test.outcome import Outcome
from pipecat_voice_test.prepare import prepare
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.junit.cases import Family
from pipecat_voice_test.report.stored.kept import kept_call, kept_run
from pipecat_voice_test.report.view.logged import lines_logged
from pipecat_voice_test.report.write import ResultsFolder, load_what_draws
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.scenario.select import nothing_playable
from pipecat_voice_test.scenario.shard import Shard, Share
from pipecat_voice_test.timeline import FRAME_MS, EndedBy
from pipecat_voice_test.undisturbed import undisturbed
from pipecat_voice_test.voice.speaker import Speaker

INVALID_RETRIES = 1  # P-22; METRICS 3.3 for an interruption that was none.
WRITE_EVERY_S = 5.0  # While other calls go on; with one at a time it is done in between.
EXIT_NOTICED_S = 0.3

logger = logging.getLogger(__name__)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run, and how; no scenarios only in a share that has none.

    Attributes:
        runner: Class of this machine (M-31).
        baseline: What to hold the results against (METRICS 5).
        control: Call the control bot first, whose times are known (METRICS 7).
        entrance: By which door callers come in.
    """

    scenarios: tuple[Scenario, ...]
    shard: Shard | None = None
    share: Share | None = None
    repeat: int = 1
    workers: int = 1
    fail_fast: bool = False
    max_time_s: float = 1800.0
    seed: int = 0
    junit_family: Family = "extended"
    runner: str = ""
    baseline: Measured | None = None
    control: bool = True
    entrance: Entrance = field(default_factory=Entrance)


class Watcher(BotWatcher, Protocol):
    """Whoever shows people how the run goes."""

    def preparing(self, scenarios: Sequence[Scenario]) -> None: ...
    def speaking(self, texts: int) -> None: ...
    def calls_planned(self, playable: Sequence[Scenario], plan: Plan) -> None: ...
    def control_calling(self) -> None: ...
    def call_began(self, call: OneCall) -> None: ...
    def call_ended(self, call: OneCall, result: CallResult) -> None: ...
    def writing(self) -> None: ...


class Run:
    """One run. `hold` plays it; `interrupt` ends it early with everything written."""

    def __init__(
        self, plan: Plan, bots: Bots, folder: ResultsFolder, speaker: Speaker, watcher: Watcher
    ) -> None:
        self._plan = plan
        self._bots = bots
        self._folder = folder
        self._speaker = speaker
        self._watcher = watcher
        self._clerk = Clerk(load_what_draws)
        self._outcome = Outcome(
            plan.scenarios,
            plan.seed,
            plan.shard,
            plan.share,
            Settings(plan.entrance.shown, plan.workers, plan.repeat, bots.fresh),
            plan.runner,
            plan.baseline,
        )
        self._stop = False
        self._time_is_over = False
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
        if self._plan.shard is not None and not self._plan.scenarios:
            return self.result(), self._write()
        self._watcher.preparing(self._plan.scenarios)
        try:
            prepared = self._prepare()
        except VoiceTestError as error:
            self._outcome.record_refusal(error)
            self._write()
            raise
        self._watcher.calls_planned([one.scenario for one in prepared], self._plan)
        with undisturbed(), self._clerk:
            self._task = asyncio.create_task(self._with_bots(prepared))
            alarm = asyncio.get_running_loop().call_later(self._plan.max_time_s, self._out_of_time)
            try:
                await self._task
            except asyncio.CancelledError:
                self._outcome.interrupted = not self._time_is_over
                self._outcome.not_run = self._outcome.not_run or "the run was interrupted"
            finally:
                alarm.cancel()
                self._bots.kill_now()
                self._outcome.over = True
                self._watcher.writing()
                place = self._clerk.do_now(self._write)
        return self.result(), place

    @property
    def is_under_way(self) -> bool:
        """Whether there may be a bot to stop; before, `interrupt` finds nothing to cancel."""
        return self._task is not None

    def interrupt(self, because: str) -> None:
        """End the run now, as on SIGINT and SIGTERM; `hold` then returns what there is."""
        self._outcome.interrupted = True
        self._cut_short(because)

    def result(self) -> RunResult:
        """The results as they stand."""
        bot = BotFacts(self._bots.launcher, self._bots.name, self._bots.ready_ms)
        return kept_run(self._outcome.result(bot))

    def _out_of_time(self) -> None:
        self._time_is_over = True
        self._cut_short(f"the run's time was over (--max-time {self._plan.max_time_s:g})")

    def _cut_short(self, because: str) -> None:
        self._outcome.not_run = because
        if self._task is not None:
            self._task.cancel()

    # --- the bots and their calls ------------------------------------------------------------

    def _prepare(self) -> list[Prepared]:
        playable = [s for s in self._plan.scenarios if not s.skip_reason]
        if not playable:
            raise nothing_playable(self._plan.scenarios)
        self._speaker.tell = self._watcher.speaking
        prepared = prepare(playable, seed=self._plan.seed, speaker=self._speaker)
        for one in prepared:
            self._outcome.made_ready(one.scenario, one.fingerprint)
        return prepared

    async def _with_bots(self, prepared: list[Prepared]) -> None:
        heartbeat = Heartbeat()
        heartbeat.start()
        try:
            async with (
                SelfTest(heartbeat, is_wanted=self._plan.control) as test,
                self._bots.opened(self._watcher),
            ):
                if self._plan.control:
                    self._watcher.control_calling()
                try:
                    await test.pass_or_raise()
                finally:
                    self._outcome.control = test.control
                await self._make_calls(prepared, heartbeat)
        except BotError as error:
            self._outcome.record(error, self._bots.log_since(0))
            self._outcome.not_run = "the bot could not be called"
        except VoiceTestError as error:
            self._outcome.record_refusal(error)
            raise
        except Exception as error:
            self._outcome.record_internal(error)
            raise
        finally:
            heartbeat.stop()

    async def _make_calls(self, prepared: list[Prepared], heartbeat: Heartbeat) -> None:
        jobs = interleaved(prepared, self._plan.repeat)
        workers = min(self._plan.workers, len(prepared) * self._plan.repeat)
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(workers):
                    # Spread over a frame, the lines do not all want to send at one moment.
                    after_s = FRAME_MS * number / workers / 1000.0
                    group.create_task(self._work(jobs, heartbeat, after_s))
        except ExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _work(
        self, jobs: Iterator[tuple[Prepared, int]], heartbeat: Heartbeat, after_s: float
    ) -> None:
        await asyncio.sleep(after_s)
        for prepared, number in jobs:
            for attempt in range(INVALID_RETRIES + 1):
                if self._stop:
                    return
                last = attempt == INVALID_RETRIES
                result = await self._call(prepared, number, heartbeat, last=last)
                if not result.replaced:
                    break

    async def _call(
        self, prepared: Prepared, number: int, heartbeat: Heartbeat, *, last: bool
    ) -> CallResult:
        call = OneCall(
            prepared,
            number,
            seed=self._plan.seed,
            clock=SystemClock(),
            heartbeat=heartbeat,
            provider=self._plan.entrance.provider,
            call_api=self._bots.call_api,
        )
        bot = self._bots.for_call()
        log_from = bot.log_position()
        try:
            async with self._bots.ready(bot):
                self._watcher.call_began(call)
                result = await self._hold_and_judge(call, bot)
                result = await self._look_at_bot(call, bot, result)
        except BotError as error:
            result = self._without_bot(call, bot, error)
        except asyncio.CancelledError:
            reason = self._outcome.not_run or "the run was interrupted"
            result = call.unfinished(Verdict.NOT_RUN, error=reason, kind="interrupted")
            printed = bot.printed_since(log_from)
            self._clerk.do_now(partial(self._keep, call.scenario, result, printed))
            raise
        # With its bot gone, a call will not be made again, and counts as it is.
        void = result.verdict is Verdict.INCONCLUSIVE and not last and not self._stop
        keep = partial(
            self._keep, call.scenario, replace(result, replaced=void), bot.printed_since(log_from)
        )
        result = await self._clerk.do(keep)
        self._watcher.call_ended(call, result)
        return result

    async def _hold_and_judge(self, call: OneCall, bot: Bot) -> CallResult:
        try:
            await call.hold(door_to(bot.url, self._plan.entrance))
            return await self._clerk.do(call.judged)
        except WebhookReply as error:
            return call.refused(error)
        except BotError as error:
            return self._without_bot(call, bot, error)
        except Exception as error:
            logger.exception("call %s of %s", call.number, call.scenario.name)
            text = self._outcome.record_internal(error)
            return call.unfinished(Verdict.ERROR, error=text, kind="internal_error")

    def _without_bot(self, call: OneCall, bot: Bot, error: BotError) -> CallResult:
        """A bot that takes no call now will hardly take the next; exiting says more."""
        if bot.exited() is None or isinstance(error, BotExited):
            self._outcome.record(error, bot.log_since(0))
        self._stop = True
        self._outcome.not_run = "the bot took no call"
        return call.unfinished(Verdict.ERROR, error=str(error), kind=error.kind)

    async def _look_at_bot(self, call: OneCall, bot: Bot, result: CallResult) -> CallResult:
        """A bot that died in the call is gone for all others too, unless each has its own."""
        how = bot.exited()
        if how is None and result.timeline.ended_by is EndedBy.BOT_ABNORMAL:
            # The socket of a dying process goes before the process does.
            await asyncio.sleep(EXIT_NOTICED_S)
            how = bot.exited()
        if how is None:
            return result
        error = ended_in_run(how)
        if not self._outcome.knows(error.kind):
            self._outcome.record(error, bot.log_since(0))
        gone = isinstance(error, EngineError)
        if gone or not self._bots.fresh:
            self._stop = True
            self._outcome.not_run = f"the bot {how}"
        if not gone or result.verdict is Verdict.PASSED:
            return result
        # It is not the bot that cut this call off.
        return call.unfinished(Verdict.ERROR, error=str(error), kind=error.kind)

    # --- results, in the clerk's thread -----------------------------------------------------

    def _keep(self, scenario: Scenario, result: CallResult, printed: Printed) -> CallResult:
        """Put a call's files on disk at once, and the reports where that disturbs no other call."""
        result = with_log(result, printed)
        self._folder.write_call(self._folder.slug(scenario), result)
        self._outcome.add(scenario, kept_call(result))
        failed = result.verdict is Verdict.FAILED
        if failed and self._plan.fail_fast and self._outcome.is_lost(scenario):
            self._stop = True
            self._outcome.not_run = "an earlier scenario failed (--fail-fast)"
        age_s = time.monotonic() - self._written_s
        if self._plan.workers == 1 or age_s > WRITE_EVERY_S:
            self._write()
        return result

    def _write(self) -> Place:
        self._written_s = time.monotonic()
        return self._folder.write_run(self.result(), self._plan.junit_family)


def with_log(result: CallResult, printed: Printed) -> CallResult:
    """A call with what the bot printed meanwhile; without times if it never began."""
    text, zero_ns = printed.text(), result.timeline.t0_monotonic_ns
    moments = [(at, (at_ns - zero_ns) / 1e6) for at, at_ns in printed.moments() if zero_ns]
    return replace(result, bot_log=text, logged=lines_logged(text, moments))


def interleaved(things: Sequence[_T], repeat: int) -> Iterator[tuple[_T, int]]:
    """Each thing once, then each a second time, …, with the number of the attempt from 1."""
    return ((one, number) for number in range(1, repeat + 1) for one in things)
