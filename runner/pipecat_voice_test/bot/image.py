"""A bot started from its image, which is had once for all bots of a run."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pipecat_voice_test.bot.aside import aside
from pipecat_voice_test.bot.command import DUMMY_ACCOUNT_SID, DUMMY_AUTH_TOKEN, given_to_bots
from pipecat_voice_test.bot.contained import ContainedBot, Premises
from pipecat_voice_test.bot.probe import Address
from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.container import ContainerSpec, Tenant, create_container
from pipecat_voice_test.engine.images.build import build_image
from pipecat_voice_test.engine.images.image import Pull, Tell, ensure_image
from pipecat_voice_test.errors import VoiceTestError

_CREATED_S = 5.0  # How long a container may take to be made that nobody wants any more.


class BotImage:
    """Pulled or built by whoever needs it first; all others get the same, or the same error.

    Attributes:
        launcher: "image" or "build".
        name: What reports call it.
    """

    def __init__(self, launcher: str, name: str, obtain: Callable[[Engine, Tell], str]) -> None:
        self.launcher = launcher
        self.name = name
        self._obtain = obtain
        self._lock = threading.Lock()
        self._image = ""
        self._error: VoiceTestError | None = None

    @classmethod
    def named(cls, name: str, pull: Pull | str = Pull.MISSING) -> "BotImage":
        """An image that is there already, or in a registry."""

        def obtain(engine: Engine, tell: Tell) -> str:
            ensure_image(engine, name, pull, tell)
            return name  # Which says more than its id where containers are listed.

        return cls("image", name, obtain)

    @classmethod
    def built(cls, folder: Path, dockerfile: str | None = None) -> "BotImage":
        """Whatever a folder builds to."""
        name = str(folder) if folder.name not in ("", "..") else folder.resolve().name
        return cls(
            "build", name, lambda engine, tell: build_image(engine, folder, dockerfile, tell)
        )

    def ready(self, engine: Engine, tell: Tell) -> str:
        """Its name or id on the engine. Blocks while it is pulled or built.

        Raises:
            ImageError: It cannot be had.
            EngineError: The engine could not be asked.
            UsageError: There is nothing to build.
        """
        with self._lock:
            if self._error is not None:
                raise self._error
            if not self._image:
                try:
                    self._image = self._obtain(engine, tell)
                except VoiceTestError as error:
                    self._error = error
                    raise
            return self._image


class _GivenUp(Exception):
    """Nobody waits for this bot any more."""


class ImageBot(ContainedBot):
    """One container; used once."""

    def __init__(
        self,
        spec: ContainerSpec,
        premises: Premises,
        *,
        image: BotImage | None = None,
        path: str = "/ws",
        start_timeout_s: float = 60.0,
        stop_timeout_s: float = 5.0,
        account_sid: str = DUMMY_ACCOUNT_SID,
        auth_token: str = DUMMY_AUTH_TOKEN,
    ) -> None:
        """Prepare; nothing is asked of the engine yet.

        Args:
            spec: What its container may do; its image is taken from `image`, if that is given.
            premises: Shared by the bots of a run, and closed by who made them.
            image: Shared likewise; None for the one that `spec` names, pulled if it is missing.
            path: Path of its media WebSocket.
            start_timeout_s: From the container's start until it must answer HTTP.
            stop_timeout_s: Between asking it to end and ending it.
            account_sid: What it is given in place of ours, unless `spec` has another.
            auth_token: The same.
        """
        super().__init__(port=spec.port, path=path, start_timeout_s=start_timeout_s)
        self._image = image or BotImage.named(spec.image)
        self.launcher, self.name = self._image.launcher, self._image.name
        self._premises = premises
        self._stop_timeout_s = stop_timeout_s
        self._spec = spec
        self._account = given_to_bots(account_sid, auth_token)
        self._given_up = self._creating = False

    async def start(self) -> None:
        """Have the image, start a container of it and wait until it answers HTTP on its port.

        Raises:
            UsageError: There is nothing to build.
            ImageError: The image is not there and cannot be pulled or built.
            EngineError: The engine cannot be used, or will not start it.
            BotExited: It ended before it listened.
            BotNotReady: It did not answer within `start_timeout_s`.
        """
        loop = asyncio.get_running_loop()

        def tell(text: str) -> None:
            self._go_on()
            loop.call_soon_threadsafe(lambda: self.tell(text))

        address, began = await aside(lambda: self._move_in(tell))
        await self._wait_until_ready(address, began)

    async def stop(self) -> None:
        """SIGTERM, `stop_timeout_s` or less, SIGKILL; then the container is removed."""
        self._given_up = True
        deadline = time.monotonic() + _CREATED_S
        while self._creating and time.monotonic() < deadline:  # noqa: ASYNC110 - a thread does it
            await asyncio.sleep(0.02)
        tenant = self._tenant
        if tenant is not None:
            await aside(lambda: tenant.stop(self._grace_s(self._stop_timeout_s)))

    def kill_now(self) -> None:
        """End and remove the container; blocks for some tenths of a second."""
        self._given_up = True
        if self._tenant is not None:
            self._tenant.kill_now()

    def _move_in(self, tell: Tell) -> tuple[Address, float]:
        """In a thread of its own, which nobody may be waiting for when it is through."""
        engine, lodging = self._premises.engine(), self._premises.lodging()
        image = self._image.ready(engine, tell)
        lodging.must_be_free(self._spec.port)
        options = lodging.create_options(self._spec.port)
        tell(f"starting {self.name}")
        began = time.monotonic()
        env = {**self._account, **self._premises.told(), **self._spec.env}
        tenant = self._created(engine, replace(self._spec, image=image, env=env), options)
        tenant.follow()
        attrs = tenant.begin()
        return Address(*lodging.address(attrs, self._spec.port)), began

    def _created(self, engine: Engine, spec: ContainerSpec, options: dict[str, object]) -> Tenant:
        # Whoever gives up meanwhile sees the tenant, or we see that they did.
        self._creating = True
        try:
            self._go_on()
            with self._premises.lodging().arriving():
                container = create_container(engine, spec, options)
            tenant = self._tenant = Tenant(engine, container, self._log.append)
            if self._given_up:
                tenant.kill_now()
                raise _GivenUp
        finally:
            self._creating = False
        return tenant

    def _go_on(self) -> None:
        if self._given_up:
            raise _GivenUp

    def _by_hand(self) -> str:
        if self.launcher == "build":
            return f"docker run --rm $(docker build -q {self.name})"
        return super()._by_hand()
