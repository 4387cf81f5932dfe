"""How people see a run go on at a terminal: the calls of now, and below them how far it is.

What is over scrolls away above. What is drawn never has more lines than the screen, and is
drawn seldom enough to take next to nothing of the time of the loop that holds the calls.
"""

import asyncio
import io
import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, redirect_stderr, suppress
from typing import IO, Self, cast

from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.text import Text

from pipecat_voice_test.bot.base import Bot
from pipecat_voice_test.measurement.results import CallResult
from pipecat_voice_test.one_call import OneCall
from pipecat_voice_test.shown.following import Followed
from pipecat_voice_test.shown.left import elapsed
from pipecat_voice_test.shown.progress import Loudness, Progress
from pipecat_voice_test.shown.terminals import (
    STYLES,
    can_show,
    console_on,
    is_terminal,
    wants_colour,
)
from pipecat_voice_test.shown.unhurried import Unhurried

REDRAW_S = 0.2
# The share of the time that drawing may take.
_DRAWING_AT_MOST = 0.02
_BAR_CELLS = 20
_WIDE = 60
_SIGNS, _PLAIN_SIGNS = ("━", "─", "…"), ("#", "-", "...")


class _Above(io.TextIOBase):
    """What others write while the live view is there stands above it, line by line.

    It has no `buffer`, which `click.echo` would take to write past us.
    """

    encoding = "utf-8"

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._line = ""

    def write(self, text: str, /) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._say(line)
        return len(text)


class LiveProgress(Progress):
    """On a terminal: a line for each running call, redrawn in place, and results above."""

    def __init__(
        self,
        console: Console,
        loudness: Loudness,
        now_s: Callable[[], float] = time.monotonic,
        is_behind: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(console.file, loudness, now_s)
        self._is_behind = is_behind
        self._console = console
        signs = _SIGNS if can_show("".join(_SIGNS), console.file) else _PLAIN_SIGNS
        self._done_sign, self._open_sign, self._more_sign = signs
        self._redraw_s, self._drawn_s = REDRAW_S, -math.inf
        self._drawn: list[Text] = []
        self._drawn_width = console.width
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stderr=False
        )
        self._redirected = ExitStack()

    def __enter__(self) -> Self:
        self._live.start()
        # What is written to a file is no business of the screen.
        if sys.stderr.isatty():
            self._redirected.enter_context(redirect_stderr(_Above(self.say)))
        return self

    def __exit__(self, *details: object) -> None:
        self._redirected.close()
        with suppress(OSError, ValueError):
            self._wipe_what_was_broken()
            self._live.stop()
        super().__exit__(*details)

    def say(self, text: str, style: str = "") -> None:
        with suppress(OSError, ValueError):
            # The terminal breaks long lines, so that they are copied whole.
            self._console.print(Text(text, style=style), soft_wrap=True)

    def _tell(self, text: str, style: str = "") -> None:
        if self._loudness > Loudness.QUIET:
            self.say(text, style)

    def _do(self, text: str) -> None:
        self._doing = text
        self._redraw()

    def bot_ready(self, bot: Bot) -> None:
        self._do("")

    def call_ended(self, call: OneCall, result: CallResult) -> None:
        super().call_ended(call, result)
        self._redraw_if_due()

    def _tell_began(self, followed: Followed) -> None:
        self._redraw_if_due()

    def _tell_news(self, followed: Followed) -> None:
        """It was seen in passing."""

    def _tell_status(self) -> None:
        """It is there all the time."""

    def _look_soon(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._redraw_s, self._look)

    def _look(self) -> None:
        self._redraw()
        self._look_soon()

    # --- drawing --------------------------------------------------------------------------

    def _redraw_if_due(self) -> None:
        """Fifty calls that begin at one moment are not drawn fifty times."""
        if time.perf_counter() - self._drawn_s >= self._redraw_s:
            self._redraw()

    def _redraw(self) -> None:
        if self._is_behind():  # What was drawn before is not on the screen yet.
            return
        began_s = time.perf_counter()
        with suppress(OSError, ValueError):
            self._wipe_what_was_broken()
            self._drawn, self._drawn_width = self.lines(), self._console.width
            shown = Text("\n", no_wrap=True, overflow="crop").join(self._drawn)
            self._live.update(shown, refresh=True)
        self._drawn_s = time.perf_counter()
        self._redraw_s = max(REDRAW_S, (self._drawn_s - began_s) / _DRAWING_AT_MOST)

    def _wipe_what_was_broken(self) -> None:
        """On a screen made narrower our lines were broken and are more than we have drawn."""
        width = self._console.width
        if width >= self._drawn_width:
            return
        cells = (cell_len(line.plain) for line in self._drawn)
        more = sum(math.ceil(wide / width) - 1 for wide in cells if wide > width)
        self._console.file.write("\r\x1b[2K\x1b[1A" * more)
        self._drawn_width = width

    def lines(self) -> list[Text]:
        """What is shown now: a line a call, how far the run is, and no more than fits."""
        width, height = self._console.width - 1, self._console.height
        below = [Text(self._doing)] if self._doing else []
        below += self._status(width)
        lines = [*self._call_lines(max(0, height - 2 - len(below))), *below]
        for line in lines:
            line.truncate(width, overflow="crop")
        return lines

    def _call_lines(self, room: int) -> list[Text]:
        calls = list(self._calls.values())
        shown = calls if len(calls) <= room else calls[: max(0, room - 1)]
        now_s = self._now_s()
        title_width = max((cell_len(followed.title) for followed in shown), default=0)
        lines = [Text(followed.line(now_s, title_width)) for followed in shown]
        if room and len(calls) > len(shown):
            lines.append(Text(f"{self._more_sign} and {len(calls) - len(shown)} more calls"))
        return lines

    def _status(self, width: int) -> list[Text]:
        """How far the run is: a line with a bar, and one with how the calls came out."""
        if self._tally is None:
            return []
        now_s = self._now_s()
        calls, done = self._tally.calls, self._tally.done
        passed = elapsed(now_s - self._tally.planned_s)
        left = "" if self._doing else self._tally.left(now_s)
        if width < _WIDE:
            first = Text(", ".join(part for part in (f"{done}/{calls}", left, passed) if part))
        else:
            parts = (f"{done} of {calls} call{'s' * (calls != 1)} done", left, f"{passed} so far")
            first = self._bar(done / calls if calls else 1.0)
            first.append(f" {', '.join(part for part in parts if part)}")
        counts = [
            Text(text, style="" if verdict is None else STYLES.get(verdict, ""))
            for text, verdict in self._tally.counts()
        ]
        return [first, Text(", ").join(counts)] if counts else [first]

    def _bar(self, share: float) -> Text:
        filled = int(share * _BAR_CELLS)
        failed = self._tally is not None and self._tally.has_failed()
        return Text.assemble(
            (self._done_sign * filled, "red" if failed else "green"),
            (self._open_sign * (_BAR_CELLS - filled), "dim"),
        )


def progress(
    loudness: Loudness, out: IO[str] | None = None, environ: Mapping[str, str] = os.environ
) -> Progress:
    """The display that fits where the output goes."""
    out = sys.stdout if out is None else out
    if loudness is Loudness.QUIET:
        return Progress(out, loudness)
    unhurried = Unhurried(out)
    if is_terminal(out, environ):
        # A console writes to it and asks for its encoding, and no more.
        console = console_on(cast(IO[str], unhurried), environ)
        return LiveProgress(console, loudness, is_behind=lambda: unhurried.is_behind)
    return Progress(unhurried, loudness, colour=wants_colour(out, environ))
