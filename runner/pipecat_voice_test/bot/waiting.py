"""Asking a bot whether it listens, without waiting for one that has ended."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from pipecat_voice_test.bot.probe import POLL_S, Address, Answer, probe

LOOK_S = 0.05  # How soon an early death is noticed.

# Raises, with what is to be said about it, once the bot has ended.
MustBeAlive = Callable[[], Awaitable[None]]


async def ask(address: Address, timeout_s: float, must_be_alive: MustBeAlive) -> Answer:
    """What comes back from one question; raises what `must_be_alive` does."""
    asking = asyncio.create_task(probe(address, timeout_s=timeout_s))
    try:
        while not asking.done():
            await must_be_alive()
            await asyncio.wait({asking}, timeout=LOOK_S)
        await must_be_alive()
        return asking.result().answer
    finally:
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking


async def until_next_question(asked: float, deadline: float, must_be_alive: MustBeAlive) -> None:
    """Until it is time to ask again, or to give up; both by `time.monotonic` (P-4)."""
    while time.monotonic() < min(asked + POLL_S, deadline):
        await must_be_alive()
        await asyncio.sleep(LOOK_S)
