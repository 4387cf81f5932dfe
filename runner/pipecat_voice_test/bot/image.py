"""A bot started from its image."""

import time
from dataclasses import replace

from pipecat_voice_test.bot.aside import aside
from pipecat_voice_test.bot.command import DUMMY_ACCOUNT_SID, DUMMY_AUTH_TOKEN
from pipecat_voice_test.bot.contained import ContainedBot, Premises
from pipecat_voice_test.bot.probe import Address
from pipecat_voice_test.engine.container import ContainerSpec, Tenant, create_container

_STOP_S = 5.0


class ImageBot(ContainedBot):
    """One container; used once."""

    launcher = "image"

    def __init__(
        self,
        spec: ContainerSpec,
        premises: Premises,
        *,
        path: str = "/ws",
        start_timeout_s: float = 60.0,
        stop_timeout_s: float = _STOP_S,
        account_sid: str = DUMMY_ACCOUNT_SID,
        auth_token: str = DUMMY_AUTH_TOKEN,
    ) -> None:
        super().__init__(port=spec.port, path=path, start_timeout_s=start_timeout_s)
        self.name = spec.image
        self._premises = premises
        self._stop_timeout_s = stop_timeout_s
        dummies = {"TWILIO_ACCOUNT_SID": account_sid, "TWILIO_AUTH_TOKEN": auth_token}
        self._spec = replace(spec, env={**dummies, **spec.env})
        self._given_up = False

    async def start(self) -> None:
        """Start the container and wait until it answers HTTP on its port.

        Raises:
            ImageError: The image is not there.
            EngineError: The engine cannot be used, or will not start it.
            BotExited: It ended before it listened.
            BotNotReady: It did not answer within `start_timeout_s`.
        """
        address, began = await aside(self._move_in)
        await self._wait_until_ready(address, began)

    async def stop(self) -> None:
        """SIGTERM, `stop_timeout_s`, SIGKILL, and the container is removed."""
        self._given_up = True
        if self._tenant is not None:
            tenant = self._tenant
            await aside(lambda: tenant.stop(self._stop_timeout_s))

    def kill_now(self) -> None:
        """End and remove the container; blocks for some tenths of a second."""
        self._given_up = True
        if self._tenant is not None:
            self._tenant.kill_now()

    def _move_in(self) -> tuple[Address, float]:
        engine, lodging = self._premises.engine(), self._premises.lodging()
        began = time.monotonic()
        options = lodging.create_options(self._spec.port)
        tenant = Tenant(engine, create_container(engine, self._spec, options), self._log.append)
        self._tenant = tenant
        tenant.follow()
        attrs = tenant.begin()
        return Address(*lodging.address(attrs, self._spec.port)), began
