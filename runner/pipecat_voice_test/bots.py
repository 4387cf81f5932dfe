"""The bots of one run: one for all its calls, or a fresh one for each.

A fresh bot shows what a caller of a new deployment meets, and keeps what one call leaves
behind from the next; it costs the time to start it every time.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Protocol

from pipecat_voice_test.bot.base import Bot
from pipecat_voice_test.call_api.api import CallApi


class BotWatcher(Protocol):
    """Whoever shows people that a bot starts and stops."""

    def bot_starting(self, bot: Bot) -> None: ...
    def bot_doing(self, text: str) -> None: ...
    def bot_ready(self, bot: Bot) -> None: ...
    def bot_stopping(self, bot: Bot) -> None: ...


class Bots:
    """`async with bots.opened(watcher):` around all calls, `ready(bot)` around each.

    Attributes:
        launcher: As that of every bot made here.
        name: The same.
        ready_ms: The longest that one of them took to listen.
        fresh: Whether every call has a bot of its own.
        call_api: What they were told to hang up at; None for nothing.
    """

    def __init__(
        self,
        make: Callable[[], Bot],
        *,
        fresh: bool = False,
        clear_up: Callable[[], None] = lambda: None,
        call_api: CallApi | None = None,
    ) -> None:
        """Make the first bot, which checks the options; nothing is started.

        Args:
            make: Makes another one.
            fresh: Whether to use it for every call.
            clear_up: Removes what the bots share; may be called twice and in a signal handler.
            call_api: What the bots are told to hang up at.

        Raises:
            UsageError: A bot cannot be made as asked.
        """
        self._make = make
        self._first: Bot | None = make()
        self._shared = self._first
        self.fresh = fresh
        self.call_api = call_api
        self._clear_up = clear_up
        self.launcher, self.name = self._first.launcher, self._first.name
        self.ready_ms = 0.0
        self._up: list[Bot] = []
        self._watcher: BotWatcher | None = None

    @asynccontextmanager
    async def opened(self, watcher: BotWatcher) -> AsyncIterator[None]:
        """Start the one bot, unless each call has its own; stop it in the end.

        What it hangs up at is there before it, and until it is gone.

        Raises:
            BotError: It could not be started.
            UsageError: What was asked for cannot be started.
        """
        self._watcher = watcher
        try:
            async with self.call_api.opened() if self.call_api is not None else nullcontext():
                if self.fresh:
                    yield
                    return
                async with self._started(self._shared):
                    yield
        finally:
            self._clear_up()

    def for_call(self) -> Bot:
        """The bot of the next call; `ready` it before calling."""
        if not self.fresh:
            return self._shared
        bot, self._first = self._first or self._make(), None
        return bot

    @asynccontextmanager
    async def ready(self, bot: Bot) -> AsyncIterator[None]:
        """Have a bot listen for the length of a call; raises as `opened` does."""
        if not self.fresh:
            yield
            return
        async with self._started(bot):
            yield

    def log_since(self, position: int) -> str:
        """What the one bot printed; a fresh one's log belongs to its call."""
        return "" if self.fresh else self._shared.log_since(position)

    def kill_now(self) -> None:
        """End all that run without waiting and without an event loop, for signals."""
        for bot in [*self._up]:
            bot.kill_now()
        self._clear_up()

    @asynccontextmanager
    async def _started(self, bot: Bot) -> AsyncIterator[None]:
        self._up.append(bot)
        try:
            if self._watcher is not None:
                bot.tell = self._watcher.bot_doing
                self._watcher.bot_starting(bot)
            async with bot:
                self.ready_ms = max(self.ready_ms, bot.ready_ms)
                if self._watcher is not None:
                    self._watcher.bot_ready(bot)
                try:
                    yield
                finally:
                    if self._watcher is not None:
                        self._watcher.bot_stopping(bot)
        finally:
            self._up.remove(bot)
