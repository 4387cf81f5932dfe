"""How people see a run go on where there is no terminal: a line for each event.

The calls are looked at from outside, a few times a second, so that showing them costs their
loop nothing per frame. Whatever a bot or a scenario file says is made harmless first.
A display that breaks, as when the reader of a pipe goes away, falls silent and breaks no run.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import IntEnum
from typing import IO, Self

from pipecat_voice_test.bot.base import Bot
from pipecat_voice_test.measurement.results import CallResult
from pipecat_voice_test.one_call import OneCall
from pipecat_voice_test.report.facts import check_line, words
from pipecat_voice_test.report.text import masked, one_line
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.shown.following import Followed, verdict_line
from pipecat_voice_test.shown.left import about
from pipecat_voice_test.shown.tally import Plan, Tally
from pipecat_voice_test.shown.terminals import STYLES, coloured
from pipecat_voice_test.shown.unhurried import Unhurried

LOOK_S = 0.1
# CI systems end jobs that are silent for ten minutes, and people look at what is written last.
STATUS_EVERY_S = 30.0
# Lengths are estimates: who will hardly run out of time is not warned of it.
_SURELY_LONGER = 1.2


class Loudness(IntEnum):
    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


class Progress:
    """A `run.Watcher` that says what happens line by line; the base of the others."""

    def __init__(
        self,
        out: IO[str] | Unhurried,
        loudness: Loudness,
        now_s: Callable[[], float] = time.monotonic,
        *,
        colour: bool = False,
    ) -> None:
        self._out = out
        self._loudness = loudness
        self._now_s = now_s
        self._colour = colour
        self._began_s = self._told_s = now_s()
        self._status_s = self._began_s + STATUS_EVERY_S
        self._doing = ""
        self._calls: dict[int, Followed] = {}
        self._tally: Tally | None = None
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._calls.clear()
        if isinstance(self._out, Unhurried):
            self._out.finish()

    def sharing(self, share: str, *, empty: bool) -> None:
        """Tell which part of the work is done here; a quiet run too says that it has none."""
        if empty:
            self.say(share)
        else:
            self._tell(share)

    # --- what a run tells its watcher -----------------------------------------------------

    def preparing(self, scenarios: Sequence[Scenario]) -> None:
        self._do(f"preparing {_counted(len(scenarios), 'scenario')}")
        for scenario in scenarios:
            for doubt in () if scenario.skip_reason else scenario.doubts:
                self._tell(f"warning: {masked(one_line(doubt))}", "yellow")

    def speaking(self, texts: int) -> None:
        self._do(f"speaking {_counted(texts, 'text')}")

    def calls_planned(self, playable: Sequence[Scenario], plan: Plan) -> None:
        self._tally = Tally(playable, plan, self._now_s())
        whole_s = self._tally.whole_s()
        if whole_s > _SURELY_LONGER * plan.max_time_s:
            text = (
                f"warning: {_counted(self._tally.calls, 'call')} take {about(whole_s)}, and "
                f"`--max-time {plan.max_time_s:g}` ends the run before. Fix: raise it, or make "
                "more calls at once with `--workers`, or divide them with `--shard`"
            )
            self._tell(text, "yellow")

    def bot_starting(self, bot: Bot) -> None:
        self._do(f"waiting for the bot: {masked(one_line(bot.name))}")
        self._watch()

    def bot_doing(self, text: str) -> None:
        self._do(masked(one_line(text)))

    def bot_ready(self, bot: Bot) -> None:
        self._do("")
        self._tell(f"the bot listens after {bot.ready_ms:.0f} ms")

    def control_calling(self) -> None:
        self._do("calling the control bot, whose times are known")

    def bot_stopping(self, bot: Bot) -> None:
        if not self._calls:  # Else it is the bot of one call only.
            self._do("stopping the bot")

    def writing(self) -> None:
        self._do("writing the reports")

    def writing_page(self) -> None:
        if self._tally is not None:  # Else next to nothing is on it.
            self._do("writing the page")

    def interrupted(self, because: str) -> None:
        self._tell(f"{because}; the bot is stopped, results are written")

    def call_began(self, call: OneCall) -> None:
        now_s = self._now_s()
        if self._doing:
            self._doing = ""
            self._status_s = now_s + STATUS_EVERY_S
        followed = self._calls[id(call)] = Followed(call, now_s)
        if self._tally is not None:
            self._tally.began(id(call), call.scenario, now_s)
        self._tell_began(followed)
        self._watch()

    def call_ended(self, call: OneCall, result: CallResult) -> None:
        now_s = self._now_s()
        followed = self._calls.pop(id(call), None) or Followed(call, now_s)
        if self._tally is not None:
            self._tally.ended(id(call), call.scenario, result, now_s)
        self._tell_news(followed)
        self._tell(f"{followed.title}: {verdict_line(result)}", STYLES.get(result.verdict, ""))
        if self._loudness >= Loudness.VERBOSE:
            for check in result.checks:
                text = f"{words(check.verdict)}: {one_line(check_line(check))}"
                self._tell(f"{followed.title}:   {text}", STYLES.get(check.verdict, ""))

    # --- saying it ------------------------------------------------------------------------

    def say(self, text: str, style: str = "") -> None:
        """Print a line whatever the loudness; it is taken to be harmless."""
        with suppress(OSError, ValueError):
            self._out.write(f"{coloured(text, style) if self._colour else text}\n")
            self._out.flush()

    def _tell(self, text: str, style: str = "") -> None:
        if self._loudness > Loudness.QUIET:
            self._told_s = self._now_s()
            self.say(f"[{clock(self._told_s - self._began_s)}] {text}", style)

    def _do(self, text: str) -> None:
        """Something begins that may take a while; empty when it is over."""
        self._doing = text
        if text:
            self._tell(text)

    def _tell_began(self, followed: Followed) -> None:
        self._tell(f"{followed.title}: calling")

    def _tell_news(self, followed: Followed) -> None:
        for text in followed.news(self._now_s()):
            self._tell(f"{followed.title}: {text}")

    def _tell_status(self) -> None:
        """How far the run is, now and then; of anything else only that it still goes on."""
        now_s = self._now_s()
        if now_s < self._status_s:
            return
        self._status_s = now_s + STATUS_EVERY_S
        if self._tally is not None and self._calls:
            self._tell(self._tally.line(now_s))
        elif self._doing and now_s - self._told_s >= STATUS_EVERY_S:
            self._tell(f"still {self._doing}")

    # --- looking at the calls -------------------------------------------------------------

    def _watch(self) -> None:
        if self._timer is None and self._loudness > Loudness.QUIET:
            self._look_soon()

    def _look_soon(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _look(self) -> None:
        """Say what is new in the calls that go on."""
        for followed in self._calls.values():
            self._tell_news(followed)
        self._tell_status()
        self._look_soon()


def clock(elapsed_s: float) -> str:
    """Minutes, seconds and tenths: `00:03.2`."""
    minutes, tenths = divmod(int(elapsed_s * 10), 600)
    return f"{minutes:02}:{tenths // 10:02}.{tenths % 10}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
