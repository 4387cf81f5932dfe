"""What SIGINT, SIGTERM and SIGHUP do to a run: end it early, with everything written down.

While the run goes on, the first of them interrupts it: the bot is asked to end, reports are
written. Before that there is nothing to stop, and `Interrupted` flies out of whatever is
going on, such as a speech engine at work. A second SIGINT ends the bot at once, a third one
us as well; CI systems send SIGINT and soon afterwards SIGTERM, which must not cost the reports.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol, Self

from pipecat_voice_test.errors import ExitCode


class Interrupted(BaseException):
    """A signal came before the run was under way; the text names it."""


class Interruptible(Protocol):
    """A `Run`."""

    @property
    def is_under_way(self) -> bool: ...
    def interrupt(self, because: str) -> None: ...


class Killable(Protocol):
    """The `Bots` of a run."""

    def kill_now(self) -> None: ...


class Signals:
    """`with Signals() as signals:` around everything that may be interrupted."""

    def __init__(self) -> None:
        self._run: Interruptible | None = None
        self._bots: Killable | None = None
        self._tell: Callable[[str], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._before: dict[signal.Signals, Any] = {}
        self._sigints = 0
        self._raised = False

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Started by nohup, so the end of the terminal is not to be ours.
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def watch(self, run: Interruptible, bots: Killable, tell: Callable[[str], None]) -> None:
        """From now on signals are for this run, and told; call it in its event loop."""
        self._run, self._bots, self._tell = run, bots, tell
        self._loop = asyncio.get_running_loop()

    def _handle(self, number: int, _: FrameType | None) -> None:
        because = f"the run was interrupted by {signal.Signals(number).name}"
        self._sigints += number == signal.SIGINT
        if self._run is None or self._loop is None or not self._run.is_under_way:
            self._interrupt_preparations(because)
            return
        if self._sigints > 1 and self._bots is not None:
            self._bots.kill_now()
        if self._sigints > 2:
            os._exit(ExitCode.INTERRUPTED)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._run.interrupt, because)
            if self._tell is not None:
                self._loop.call_soon_threadsafe(self._tell, because)

    def _interrupt_preparations(self, because: str) -> None:
        if self._sigints > 1:
            os._exit(ExitCode.INTERRUPTED)
        if not self._raised:  # Reports are being written already.
            self._raised = True
            raise Interrupted(because)
