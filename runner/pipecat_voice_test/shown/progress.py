"""How people see a run go on: a live view on a terminal, one line per event elsewhere.

The calls are looked at from outside, a few times a second, so that showing them costs their
loop nothing per frame. Whatever a bot or a scenario file says is made harmless first.
A display that breaks, as when the reader of a pipe goes away, falls silent and breaks no run.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import IntEnum
from typing import IO, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from pipecat_voice_test.bot.base import Bot
from pipecat_voice_test.measurement.results import CallResult, Verdict
from pipecat_voice_test.one_call import OneCall
from pipecat_voice_test.report.facts import check_line, words
from pipecat_voice_test.report.text import masked, one_line
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.shown.following import Followed, verdict_line

LOOK_S = 0.1
REDRAW_S = 0.2

_STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "red",
    Verdict.ERROR: "red",
    Verdict.INCONCLUSIVE: "yellow",
}


class Loudness(IntEnum):
    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


class Progress:
    """A `run.Watcher` that says what happens line by line; the base of the others."""

    def __init__(
        self, out: IO[str], loudness: Loudness, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = out
        self._loudness = loudness
        self._now_s = now_s
        self._began_s = now_s()
        self._calls: dict[int, Followed] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._calls.clear()

    def sharing(self, share: str, *, empty: bool) -> None:
        """Tell which part of the work is done here; a quiet run too says that it has none."""
        if empty:
            self.say(share)
        else:
            self._tell(share)

    # --- what a run tells its watcher -----------------------------------------------------

    def preparing(self, scenarios: Sequence[Scenario]) -> None:
        count = len(scenarios)
        self._tell(f"preparing {count} scenario{'s' * (count != 1)}")
        self._tell_doubts(scenarios)

    def _tell_doubts(self, scenarios: Sequence[Scenario]) -> None:
        for scenario in scenarios:
            for doubt in () if scenario.skip_reason else scenario.doubts:
                self._tell(f"warning: {masked(one_line(doubt))}", "yellow")

    def bot_starting(self, bot: Bot) -> None:
        self._tell(f"waiting for the bot: {masked(one_line(bot.name))}")

    def bot_doing(self, text: str) -> None:
        self._tell(masked(one_line(text)))

    def bot_ready(self, bot: Bot) -> None:
        self._tell(f"the bot listens after {bot.ready_ms:.0f} ms")

    def interrupted(self, because: str) -> None:
        self._tell(f"{because}; the bot is stopped, results are written")

    def call_began(self, call: OneCall) -> None:
        followed = Followed(call, self._now_s())
        self._calls[id(call)] = followed
        self._tell(f"{followed.title}: calling")
        if self._timer is None and self._loudness > Loudness.QUIET:
            self._look_soon()

    def call_ended(self, call: OneCall, result: CallResult) -> None:
        followed = self._calls.pop(id(call), None) or Followed(call, self._now_s())
        self._tell_news(followed)
        style = _STYLES.get(result.verdict, "")
        self._tell(f"{followed.title}: {verdict_line(result)}", style)
        if self._loudness >= Loudness.VERBOSE:
            for check in result.checks:
                text = f"{words(check.verdict)}: {one_line(check_line(check))}"
                self._tell(f"{followed.title}:   {text}", _STYLES.get(check.verdict, ""))

    # --- saying it ------------------------------------------------------------------------

    def say(self, text: str, style: str = "") -> None:
        """Print a line whatever the loudness; it is taken to be harmless."""
        with suppress(OSError, ValueError):
            self._out.write(f"{text}\n")
            self._out.flush()

    def _tell(self, text: str, style: str = "") -> None:
        if self._loudness > Loudness.QUIET:
            self.say(f"[{clock(self._now_s() - self._began_s)}] {text}", style)

    def _tell_news(self, followed: Followed) -> None:
        for text in followed.news(self._now_s()):
            self._tell(f"{followed.title}: {text}")

    def _look_soon(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _look(self) -> None:
        """Say what is new in the calls that go on."""
        self._timer = None
        for followed in self._calls.values():
            self._tell_news(followed)
        if self._calls:
            self._look_soon()


class LiveProgress(Progress):
    """On a terminal: a line for each running call, redrawn in place, and results above."""

    def __init__(
        self,
        console: Console,
        loudness: Loudness,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(console.file, loudness, now_s)
        self._console = console
        self._doing = ""
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *details: object) -> None:
        super().__exit__(*details)
        with suppress(OSError, ValueError):
            self._live.stop()

    def preparing(self, scenarios: Sequence[Scenario]) -> None:
        count = len(scenarios)
        self._doing = f"preparing {count} scenario{'s' * (count != 1)}"
        self._tell_doubts(scenarios)
        self._redraw()

    def bot_starting(self, bot: Bot) -> None:
        self._doing = f"waiting for the bot: {masked(one_line(bot.name))}"
        self._redraw()

    def bot_doing(self, text: str) -> None:
        self._doing = masked(one_line(text))
        self._redraw()

    def bot_ready(self, bot: Bot) -> None:
        self._doing = ""

    def call_began(self, call: OneCall) -> None:
        self._calls[id(call)] = Followed(call, self._now_s())
        self._redraw()
        if self._timer is None:
            self._look_soon()

    def call_ended(self, call: OneCall, result: CallResult) -> None:
        super().call_ended(call, result)
        self._redraw()

    def say(self, text: str, style: str = "") -> None:
        with suppress(OSError, ValueError):
            self._console.print(Text(text, style=style), soft_wrap=True)

    def _tell(self, text: str, style: str = "") -> None:
        if self._loudness > Loudness.QUIET:
            self.say(text, style)

    def _tell_news(self, followed: Followed) -> None:
        """It was seen in passing."""

    def _look_soon(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(REDRAW_S, self._look)

    def _look(self) -> None:
        self._timer = None
        self._redraw()
        if self._calls:
            self._look_soon()

    def _redraw(self) -> None:
        with suppress(OSError, ValueError):
            shown = Text("\n".join(self.lines()), no_wrap=True, overflow="crop")
            self._live.update(shown, refresh=True)

    def lines(self) -> list[str]:
        """What is shown now: a line a call, and no more than a screen holds."""
        width, room = self._console.width - 1, max(1, self._console.height - 2)
        if not self._calls:
            return [self._doing[:width]] if self._doing else []
        now_s = self._now_s()
        calls = list(self._calls.values())
        shown = calls if len(calls) <= room else calls[: room - 1]
        title_width = max(len(followed.title) for followed in shown)
        lines = [followed.line(now_s, title_width)[:width] for followed in shown]
        if len(calls) > len(shown):
            lines.append(f"… and {len(calls) - len(shown)} more calls"[:width])
        return lines


def clock(elapsed_s: float) -> str:
    """Minutes, seconds and tenths: `00:03.2`."""
    minutes, tenths = divmod(int(elapsed_s * 10), 600)
    return f"{minutes:02}:{tenths // 10:02}.{tenths % 10}"


def progress(
    loudness: Loudness, out: IO[str] | None = None, environ: Mapping[str, str] = os.environ
) -> Progress:
    """The display that fits where the output goes; `NO_COLOR` is for rich to keep."""
    out = sys.stdout if out is None else out
    if loudness is Loudness.QUIET or not is_terminal(out, environ):
        return Progress(out, loudness)
    return LiveProgress(Console(file=out, highlight=False, markup=False, emoji=False), loudness)


def is_terminal(out: IO[str], environ: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody sits there who wants tables and colour; nobody does in CI."""
    in_ci = environ.get("CI", "").lower() not in ("", "false", "0")
    return out.isatty() and not in_ci and environ.get("TERM") not in ("dumb", None)
