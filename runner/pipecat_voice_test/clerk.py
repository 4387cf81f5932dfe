"""Judging and writing in a thread of its own, so that no line stalls while another call ends.

To judge a call and to write its files takes a tenth of a second and more; in the event loop
that would be a tenth of a second of silence on every other line. One thread does it for the
whole run, so results are written one after the other and calls never wait for each other.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

T = TypeVar("T")


class Clerk:
    """`with Clerk() as clerk:` around a run."""

    def __init__(self, first: Callable[[], object] = lambda: None) -> None:
        """`first` is done before all else, while nobody waits for it or hears what it raises."""
        self._first = first
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="clerk")

    def __enter__(self) -> Self:
        self._thread.submit(self._first)
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    async def do(self, job: Callable[[], T]) -> T:
        """Let it be done while the calls go on; raises what the job raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    def do_now(self, job: Callable[[], T]) -> T:
        """Wait for it, after everything that was asked for before."""
        return self._thread.submit(job).result()
