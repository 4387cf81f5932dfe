"""What every way of reaching a bot has in common: start it, wait for it, always stop it."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from pipecat_voice_test.bot.log import Printed

CALL_API_URL = "PVT_CALL_API_URL"
"""The variable that tells a bot at which address the call API of its network is played."""

# Has the call API be found at an address of this machine; gives the port.
Listen = Callable[[str], int]


def told_call_api(host: str, port: int) -> dict[str, str]:
    """What a bot is told that reaches us as `host`."""
    name = f"[{host}]" if ":" in host else host
    return {CALL_API_URL: f"http://{name}:{port}"}


class Bot(Protocol):
    """A bot that can be phoned between `start` and `stop`.

    Attributes:
        launcher: How it is started: "url", "command", "image", "build" or "compose".
        name: What reports call it; never holds a secret.
        url: The WebSocket address to call; valid after `start`.
        ready_ms: How long `start` waited for it.
        tell: Called with a line of progress while `start` does something long, in its loop.
    """

    launcher: str
    name: str
    url: str
    ready_ms: float
    tell: Callable[[str], None]

    async def start(self) -> None:
        """Start it and wait until it answers HTTP (P-3).

        Raises:
            UsageError: What was asked for cannot be started.
            BotNotReady: It did not answer in time.
            BotExited: Its process ended first.
        """

    async def stop(self) -> None:
        """End it and everything it started. May be called twice, and before `start`."""

    def kill_now(self) -> None:
        """End it without waiting and without an event loop, for signals and `atexit`."""

    def exited(self) -> str | None:
        """How it ended ("exited with code 3"), or None while it runs."""

    def log_position(self) -> int:
        """Where its log stands now, to be given to `log_since`."""

    def log_since(self, position: int) -> str:
        """What it printed after `position`, as far as it was kept."""

    def printed_since(self, position: int) -> Printed:
        """The same, and when it came."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class StoppedOnExit:
    """`async with bot:` that leaves nothing behind, also when starting fails or is cancelled.

    Attributes:
        hurried: Whether the run is being cut short: CI systems kill whoever dallies.
    """

    hurried = False
    tell: Callable[[str], None] = staticmethod(lambda text: None)

    async def start(self) -> None:
        raise NotImplementedError

    async def stop(self) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException as error:
            self.hurried = isinstance(error, asyncio.CancelledError)
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hurried = kind is not None and issubclass(kind, asyncio.CancelledError)
        await self.stop()
