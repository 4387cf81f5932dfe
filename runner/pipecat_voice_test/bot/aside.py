"""Blocking work beside the event loop, which nobody has to wait for.

`asyncio.to_thread` would not do: its threads are waited for at the end of the loop, so a pull of
minutes would outlast Ctrl-C. Here the one who waits may be cancelled at any time, and the thread
ends with the process.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

THREAD = "aside"


async def aside(work: Callable[[], T]) -> T:
    """What `work` returns or raises, done in a thread of its own."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # None only where T is None

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name=THREAD, daemon=True).start()
    return await done
