"""What bots in containers share: waiting until one answers, and saying why it does not."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable

from pipecat_voice_test.bot.base import StoppedOnExit
from pipecat_voice_test.bot.log import KEPT_BYTES, LogRing
from pipecat_voice_test.bot.probe import POLL_S, PROBE_S, Address, Answer, probe
from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.container import Tenant
from pipecat_voice_test.engine.lodging import Lodging
from pipecat_voice_test.errors import BotExited, BotNotReady

_LOOK_S = 0.05  # How soon an early death is noticed.
_OUTPUT_S = 0.5


class Premises:
    """What the bots of one run share: the engine, and where on it they live. Got once."""

    def __init__(
        self,
        lodge: Callable[[Engine], Lodging] = Lodging.prepare,
        connect: Callable[[], Engine] = Engine.connect,
    ) -> None:
        self._lodge = lodge
        self._connect = connect
        self._engine: Engine | None = None
        self._lodging: Lodging | None = None
        self._lock = threading.Lock()

    def engine(self) -> Engine:
        """Blocks; raises EngineError."""
        with self._lock:
            if self._engine is None:
                self._engine = self._connect()
            return self._engine

    def lodging(self) -> Lodging:
        """Blocks; raises EngineError."""
        engine = self.engine()
        with self._lock:
            if self._lodging is None:
                self._lodging = self._lodge(engine)
            return self._lodging

    def close(self) -> None:
        """Remove whatever of the run is left on the engine; safe in a signal handler, and twice."""
        if self._lodging is not None:
            self._lodging.tidy_up()


class ContainedBot(StoppedOnExit):
    """A bot whose container is `_tenant`; how that comes to be is for others to say."""

    launcher: str
    name: str

    def __init__(self, *, port: int, path: str, start_timeout_s: float) -> None:
        self._port = port
        self._path = "/" + path.lstrip("/")
        self._start_timeout_s = start_timeout_s
        self._log = LogRing(KEPT_BYTES)
        self._tenant: Tenant | None = None
        self._ended: str | None = None
        self.url = ""
        self.ready_ms = 0.0

    def exited(self) -> str | None:
        """Such as "exited with code 3"; None while it runs."""
        return self._tenant.ended() if self._tenant is not None else self._ended

    def log_position(self) -> int:
        return self._log.position

    def log_since(self, position: int) -> str:
        return self._log.since(position)

    async def _wait_until_ready(self, address: Address, began: float) -> None:
        """Until HTTP is answered at `address`; then the bot may be called.

        Raises:
            BotExited: It ended first.
            BotNotReady: It did not answer in time.
        """
        deadline = began + self._start_timeout_s
        worst = Answer.REFUSED
        while True:
            asked = time.monotonic()
            left_s = max(0.05, deadline - asked)
            answer = await self._probe(address, min(PROBE_S, left_s))
            if answer is Answer.HTTP:
                break
            if answer in (Answer.SILENT, Answer.NOT_HTTP):
                worst = answer
            if time.monotonic() >= deadline:
                raise self._not_ready(worst)
            while time.monotonic() < min(asked + POLL_S, deadline):
                self._must_be_alive()
                await asyncio.sleep(_LOOK_S)
        self.ready_ms = (time.monotonic() - began) * 1000
        self.url = f"ws://{address.authority}{self._path}"

    async def _probe(self, address: Address, timeout_s: float) -> Answer:
        """Ask, but do not wait for an answer from a bot that has ended."""
        asking = asyncio.create_task(probe(address, timeout_s=timeout_s))
        try:
            while not asking.done():
                self._must_be_alive()
                await asyncio.wait({asking}, timeout=_LOOK_S)
            self._must_be_alive()
            return asking.result().answer
        finally:
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking

    def _must_be_alive(self) -> None:
        ended = self.exited()
        if ended is None:
            return
        raise BotExited(
            f"{self.name} {ended} before it listened.",
            fix=f"run `docker run --rm {self.name}` and mend what it complains about;\n"
            "pass what it misses with `--bot-env KEY=VALUE`.",
            evidence=self._log.evidence(),
        )

    def _not_ready(self, worst: Answer) -> BotNotReady:
        return BotNotReady(
            f"{self.name} did not listen on port {self._port} within"
            f" {self._start_timeout_s * 1000:.0f} ms.",
            fix="bind the server to 0.0.0.0 (not localhost), or give the port it uses as\n"
            "`--bot-port`, or raise `--start-timeout` if it loads models first.",
            evidence=self._log.evidence(),
        )
