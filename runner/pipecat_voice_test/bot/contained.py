"""What bots in containers share: where they live, waiting for one, saying why it does not answer.

Rule P-5: from outside, a bot that is bound to localhost in its container looks like one that is not
up yet. So whoever did not answer in time is looked at from inside.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping

from pipecat_voice_test.bot.aside import aside
from pipecat_voice_test.bot.base import Listen, StoppedOnExit, told_call_api
from pipecat_voice_test.bot.diagnosis import exited_early, not_ready, unhealthy
from pipecat_voice_test.bot.listening import listening_in
from pipecat_voice_test.bot.log import KEPT_BYTES, LogRing, Printed
from pipecat_voice_test.bot.probe import PROBE_S, Address, Answer
from pipecat_voice_test.bot.waiting import ask, until_next_question
from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.container import Tenant
from pipecat_voice_test.engine.places.lodging import Lodging
from pipecat_voice_test.errors import EngineError, VoiceTestError

log = logging.getLogger(__name__)

_OUTPUT_S = 0.5
_HEALTH_S = 1.0
_HURRY_S = 1.0  # All the time to end that a bot gets when the run is cut short.


class Premises:
    """What the bots of one run share: the engine, and where on it they live. Got once."""

    def __init__(
        self,
        lodge: Callable[[Engine], Lodging] = Lodging.prepare,
        environ: Mapping[str, str] = os.environ,
        *,
        listen: Listen | None = None,
        must_hear: bool = False,
    ) -> None:
        """Nothing is asked of the engine yet.

        Args:
            lodge: Makes ready on an engine.
            environ: Says which engine.
            listen: Where bots can hang up over HTTP, which they are told; None for nowhere.
            must_hear: That they cannot reach us there is an error, not a warning.
        """
        self._lodge = lodge
        self._environ = environ
        self._engine: Engine | None = None
        self._lodging: Lodging | None = None
        self._listen = listen
        self._must_hear = must_hear
        self._told: dict[str, str] | None = None
        self._closed = False
        self._lock = threading.Lock()

    def engine(self) -> Engine:
        """Blocks; raises EngineError."""
        with self._lock:
            if self._engine is None:
                self._engine = Engine.connect(self._environ)
            return self._engine

    def lodging(self) -> Lodging:
        """Blocks; raises EngineError, and UsageError where no bot could be reached."""
        engine = self.engine()
        with self._lock:
            if self._lodging is None:
                self._lodging = self._lodge(engine)
                if self._closed:  # While we were at it.
                    self._lodging.tidy_up()
            return self._lodging

    def told(self) -> Mapping[str, str]:
        """What bots find in their environment about us. Blocks; raises as `lodging` does.

        Where they cannot reach us that is nothing, which is said once.
        """
        lodging = self.lodging()
        with self._lock:
            if self._told is None:
                self._told = {} if self._listen is None else self._way_back(lodging, self._listen)
            return self._told

    def _way_back(self, lodging: Lodging, listen: Listen) -> dict[str, str]:
        way = lodging.way_back()
        try:
            if way is not None:
                return told_call_api(way.call, listen(way.listen))
            why = "no address of this runner is known in the bot's network"
        except OSError as error:
            why = str(error)
        if self._must_hear:
            raise EngineError(
                f"bots in containers cannot reach the call API from there: {why}.",
                fix="leave out `--call-api on`, or run this on the engine's own machine.",
            )
        log.warning("the call API is not played, for the bot could not reach it: %s", why)
        return {}

    def close(self) -> None:
        """Remove all of the run that is left on the engine; in a signal handler too, and twice."""
        self._closed = True
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
        self._answer = Answer.REFUSED
        self.url = ""
        self.ready_ms = 0.0

    def exited(self) -> str | None:
        """Such as "exited with code 3"; None while it runs."""
        return self._tenant.ended() if self._tenant is not None else None

    def log_position(self) -> int:
        return self._log.position

    def log_since(self, position: int) -> str:
        return self._log.since(position)

    def printed_since(self, position: int) -> Printed:
        return self._log.printed_since(position)

    def _grace_s(self, usual_s: float) -> float:
        """How long it may take to end when it is asked to."""
        return min(usual_s, _HURRY_S) if self.hurried else usual_s

    async def _wait_until_ready(self, address: Address, began: float) -> None:
        """Until HTTP is answered at `address`; then the bot may be called.

        Args:
            address: Where it can be reached from here.
            began: When it was started, by `time.monotonic`.

        Raises:
            BotExited: It ended first.
            BotNotReady: It did not answer in time, or its own health check gave it up.
            EngineError: The engine went away.
        """
        health = asyncio.create_task(self._until_unhealthy())
        try:
            while not await self._answers(address, began + self._start_timeout_s, health):
                pass
        finally:
            health.cancel()
        self.ready_ms = (time.monotonic() - began) * 1000
        self.url = f"ws://{address.authority}{self._path}"

    async def _answers(
        self, address: Address, deadline: float, health: "asyncio.Task[Mapping[str, object]]"
    ) -> bool:
        """Ask once, and wait until it is time to ask again."""
        asked = time.monotonic()
        left_s = max(0.05, deadline - asked)
        answer = await ask(address, min(PROBE_S, left_s), self._must_be_alive)
        if answer is Answer.HTTP:
            return True
        if answer in (Answer.SILENT, Answer.NOT_HTTP):
            self._answer = answer
        if time.monotonic() >= deadline:
            raise await self._not_ready(address)
        if health.done():
            raise unhealthy(self.name, health.result(), self._log)
        await until_next_question(asked, deadline, self._must_be_alive)
        return False

    async def _must_be_alive(self) -> None:
        ended, tenant = self.exited(), self._tenant
        if ended is None or tenant is None:
            return
        await aside(lambda: tenant.wait_for_output(_OUTPUT_S))
        raise self._ended_at_once()

    def _ended_at_once(self) -> VoiceTestError:
        """The error of a bot that was never ready."""
        return exited_early(self.name, self.exited() or "ended", self._log, by_hand=self._by_hand())

    async def _until_unhealthy(self) -> Mapping[str, object]:
        """What the container's own health check says, once it says that all is lost."""
        while True:
            await asyncio.sleep(_HEALTH_S)
            if self._tenant is not None:
                health = await aside(self._tenant.health)
                if health.get("Status") == "unhealthy":
                    return health

    async def _not_ready(self, address: Address) -> VoiceTestError:
        tenant = self._tenant
        tables = await aside(tenant.socket_tables) if tenant is not None else None
        exposed = await aside(tenant.exposed_ports) if tenant is not None else ()
        await self._must_be_alive()
        return not_ready(
            self.name,
            self._port,
            self._start_timeout_s,
            self._answer,
            seen=None if tables is None else listening_in(tables),
            asked=address.authority,
            exposed=exposed,
            log=self._log,
        )

    def _by_hand(self) -> str:
        """The command that shows the same without us."""
        return f"docker run --rm {self.name}"
