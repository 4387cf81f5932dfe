"""The only way code in `call` may learn the time or wait.

The clock is an argument everywhere, so that a ten-minute call can be tested in a second.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol


class Bell:
    """Wakes whoever sleeps on it: something arrived that cannot wait for the next frame."""

    __slots__ = ("_rung", "_waker")

    def __init__(self) -> None:
        self._rung = False
        self._waker: Callable[[], None] | None = None

    def ring(self) -> None:
        """Wake the sleeper, or let the next one return at once."""
        self._rung = True
        if self._waker is not None:
            self._waker()

    def take(self) -> bool:
        """Whether it has rung since the last `take`."""
        rung, self._rung = self._rung, False
        return rung

    def wakes(self, waker: Callable[[], None] | None) -> None:
        """Name who is to be woken; None when nobody sleeps any more."""
        self._waker = waker


class Clock(Protocol):
    """Monotonic milliseconds and the right to wait for them."""

    def now_ms(self) -> float:
        """Milliseconds since some fixed moment, with fractions; never goes backwards."""

    async def sleep_until_ms(self, deadline_ms: float, bell: Bell | None = None) -> None:
        """Return at the deadline, at once if it has passed, or as soon as the bell rings."""


class SystemClock:
    """The event loop's clock, which is `CLOCK_MONOTONIC`."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()

    def now_ms(self) -> float:
        return self._loop.time() * 1000.0

    async def sleep_until_ms(self, deadline_ms: float, bell: Bell | None = None) -> None:
        # A bare future and timer: asyncio.wait_for would make a task for each of the
        # fifty frames a second of every call.
        if bell is not None and bell.take():
            return
        done = self._loop.create_future()

        def wake() -> None:
            if not done.done():
                done.set_result(None)

        timer = self._loop.call_at(deadline_ms / 1000.0, wake)
        if bell is not None:
            bell.wakes(wake)
        try:
            await done
        finally:
            timer.cancel()
            if bell is not None:
                bell.wakes(None)
                bell.take()
