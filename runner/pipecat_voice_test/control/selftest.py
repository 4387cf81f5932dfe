"""Before the first scenario: is this machine, with all that measures in it, exact? METRICS 7.

The first control call is made while the bot starts, so that it costs next to no time. A bot that
starts may take all the CPU there is, so a call that went wrong then is made again when the bot
waits for calls, and once more.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Self

from pipecat_voice_test.call.heartbeat import Heartbeat
from pipecat_voice_test.call.loop import punctual_loop
from pipecat_voice_test.control.call import Tried, call_control
from pipecat_voice_test.errors import RigError
from pipecat_voice_test.measurement.results import Control

CALLS = 3


class SelfTest:
    """`async with SelfTest(heartbeat) as test:` around the bot, `await test.pass_or_raise()` in it.

    Attributes:
        control: By how much the control bot's times were missed; None if it was not called.
    """

    def __init__(self, heartbeat: Heartbeat, *, is_wanted: bool = True) -> None:
        self.control: Control | None = None
        self._heartbeat = heartbeat
        self._is_wanted = is_wanted
        self._first: asyncio.Task[Tried] | None = None

    async def __aenter__(self) -> Self:
        if self._is_wanted:
            self._first = asyncio.create_task(call_control(self._heartbeat))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._first is not None and not self._first.done():
            self._first.cancel()
            with suppress(asyncio.CancelledError):
                await self._first

    async def pass_or_raise(self) -> None:
        """Wait for the first call, and make others if it will not do.

        Raises:
            RigError: The control bot's times were missed by more than 20 ms, three times.
        """
        if self._first is None:
            return
        tried = await _until_right([await self._first], self._heartbeat)
        self.control = tried[-1].control
        self._heartbeat.control_error_ms = self.control.error_ms
        if tried[-1].wrong:
            raise unfit(tried)


def tested_alone() -> list[Tried]:
    """The same without a run, in an event loop of its own: the last one says how it came out."""

    async def tested() -> list[Tried]:
        heartbeat = Heartbeat()
        heartbeat.start()
        try:
            return await _until_right([], heartbeat)
        finally:
            heartbeat.stop()

    with asyncio.Runner(loop_factory=partial(punctual_loop, 1)) as runner:
        return runner.run(tested())


async def _until_right(tried: list[Tried], heartbeat: Heartbeat) -> list[Tried]:
    while len(tried) < CALLS and (not tried or tried[-1].wrong):
        tried.append(await call_control(heartbeat))
    return tried


def unfit(tried: Sequence[Tried]) -> RigError:
    """What to tell people of a machine that measured nothing right."""
    return RigError(
        "This machine does not measure the control bot right, whose times are known: nothing is "
        "run here.",
        fix="end what else runs here, give the job more CPU, or take a machine that is not "
        "shared;\n`pipecat-voice-test doctor` says more.",
        evidence="\n".join(f"call {number}: {one.wrong}" for number, one in enumerate(tried, 1)),
    )
