"""What this machine was too busy for is tried again, as whoever runs a job would.

Tests run two at a time, beside containers and bots that start. A call that gets no CPU in time
is void (METRICS 9.6) and says nothing of the tool; nor does a moment that came late once. A call
that fails is never made again.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

TRIES = 3

T = TypeVar("T")


class TooLate(AssertionError):
    """Something took longer than it may, which it will do each time if that is its way."""


def in_time(took_s: float, limit_s: float, evidence: str = "") -> None:
    """Hold a time against its limit, in a test that is tried again.

    Raises:
        TooLate: It is not below.
    """
    if took_s >= limit_s:
        raise TooLate(f"{took_s:.2f} s, limit {limit_s:g}\n{evidence}")


def until_judged(once: Callable[[], T], is_void: Callable[[T], bool]) -> T:
    """What came out at last."""
    for _ in range(TRIES - 1):
        found = once()
        if not is_void(found):
            return found
    return once()


def until_in_time(once: Callable[[], T]) -> T:
    """What it gives as soon as nothing in it is `TooLate`."""
    for _ in range(TRIES - 1):
        with suppress(TooLate):
            return once()
    return once()
