"""A bot that is a service of a Compose file, with what it depends on beside it."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from functools import partial

from pipecat_voice_test.bot.aside import aside
from pipecat_voice_test.bot.command import DUMMY_ACCOUNT_SID, DUMMY_AUTH_TOKEN, given_to_bots
from pipecat_voice_test.bot.contained import ContainedBot, Premises
from pipecat_voice_test.bot.probe import Address
from pipecat_voice_test.engine.client import engine_errors
from pipecat_voice_test.engine.compose.file import ComposeFile
from pipecat_voice_test.engine.compose.stack import Stack
from pipecat_voice_test.engine.container import Tenant
from pipecat_voice_test.errors import BotError

_STOP_S = 5.0
_LOOK_S = 0.5  # How soon the end of a service is noticed that the bot depends on.
_END_S = 2.0


class ComposeBot(ContainedBot):
    """The services of one bot; used once."""

    launcher = "compose"

    def __init__(
        self,
        file: ComposeFile,
        premises: Premises,
        *,
        port: int = 7860,
        number: int = 1,
        path: str = "/ws",
        env: Mapping[str, str] | None = None,
        start_timeout_s: float = 60.0,
        stop_timeout_s: float = _STOP_S,
        account_sid: str = DUMMY_ACCOUNT_SID,
        auth_token: str = DUMMY_AUTH_TOKEN,
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            file: The Compose file, shared by all bots of the run.
            premises: The engine, likewise.
            port: Where the bot listens in its container.
            number: Tells the bots of one run apart.
            path: Path of its media WebSocket.
            env: Laid over the environment that the file gives to the bot. Without an account id
                and auth token in it the bot has dummies, whatever the file says (P-52).
            start_timeout_s: Until all it depends on is up, and once more until it answers HTTP.
            stop_timeout_s: Between asking it to end and ending it.
            account_sid: What it is given in place of ours, like the run's own.
            auth_token: The same.
        """
        super().__init__(port=port, path=path, start_timeout_s=start_timeout_s)
        self.name = file.name
        self._file = file
        self._premises = premises
        self._number = number
        self._stop_timeout_s = stop_timeout_s
        self._account = given_to_bots(account_sid, auth_token)
        self._env = env or {}
        self._stack: Stack | None = None
        self._given_up = False

    async def start(self) -> None:
        """Bring up what the bot depends on, then the bot, and wait until it answers HTTP.

        Raises:
            UsageError: It is no Compose file, or the bot cannot be found in it.
            EngineError: There is no Compose or no engine, or it will not start something.
            ImageError: An image cannot be pulled or built.
            BotError: Something the bot depends on ended, or is not healthy.
            BotExited: It ended before it listened.
            BotNotReady: It did not answer within `start_timeout_s`.
        """
        loop = asyncio.get_running_loop()

        def tell(text: str) -> None:
            with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
                loop.call_soon_threadsafe(self.tell, text)

        stack = await aside(partial(self._make_ready, tell))
        try:
            address = await aside(partial(self._bring_up, stack))
            if address is None:
                raise self._ended_at_once()
            await self._wait_beside_the_others(stack, address)
        except BotError as error:
            # A bot often ends because something else did.
            ailing = await aside(stack.ailing)
            if ailing is None:
                raise
            raise ailing.error(self.name) from error

    async def stop(self) -> None:
        """SIGTERM to the bot, `stop_timeout_s` or less, SIGKILL; then all of it is removed."""
        self._given_up = True
        if self._stack is not None:
            self._stack.give_up()
        if self._tenant is not None:
            await aside(partial(self._tenant.stop, self._grace_s(self._stop_timeout_s)))
        if self._stack is not None:
            await aside(self._stack.remove)

    def kill_now(self) -> None:
        """End and remove everything; blocks for some tenths of a second."""
        self._given_up = True
        if self._stack is not None:
            self._stack.remove()

    def _make_ready(self, tell: Callable[[str], None]) -> Stack:
        self._file.read()  # What is wrong with it is said before any engine is looked for.
        engine, lodging = self._premises.engine(), self._premises.lodging()
        self._stack = Stack(
            self._file,
            engine,
            lodging,
            number=self._number,
            port=self._port,
            env={**self._account, **self._premises.told(), **self._env},
            tell=tell,
        )
        return self._stack

    def _bring_up(self, stack: Stack) -> Address | None:
        """In a thread: everything up to the start of the bot; None if it has ended already."""
        self._must_be_wanted()
        container = stack.create()
        self._must_be_wanted()
        self._tenant = tenant = Tenant(self._premises.engine(), container, self._log.append)
        tenant.follow()
        stack.start(self._start_timeout_s)
        with engine_errors("say where the bot is"):
            attrs = tenant.attrs()
        if not attrs["State"]["Running"]:
            tenant.wait_for_output(_END_S)
            return None
        return Address(*self._premises.lodging().address(attrs, self._port))

    def _must_be_wanted(self) -> None:
        """Whoever started us may have gone while this thread was waiting."""
        if self._given_up:
            raise BotError(f"{self.name} was stopped before it was started.", fix="run again.")

    async def _wait_beside_the_others(self, stack: Stack, address: Address) -> None:
        """Until the bot answers, or something it depends on has failed."""
        waiting = asyncio.ensure_future(self._wait_until_ready(address, stack.bot_began_s))
        try:
            while not waiting.done():
                await asyncio.wait({waiting}, timeout=_LOOK_S)
                if not waiting.done() and (ailing := await aside(stack.ailing)):
                    raise ailing.error(self.name)
            waiting.result()
        finally:
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError, BotError):
                await waiting

    def _by_hand(self) -> str:
        return f"docker compose -f {self._file.shown} up"
