"""An event loop that keeps time to a fraction of a millisecond.

epoll waits in whole milliseconds, rounded up, so every frame would be sent up to one
millisecond late, half a one on average. select waits in microseconds, but looks at every
connection each time and cannot look at descriptors from 1024 on. With many calls the loop
also wakes for each of them by itself, and gives the clerk's thread a turn each time. So it is
for runs with few calls at once.

Source: https://man7.org/linux/man-pages/man2/select.2.html
"""

import asyncio
import selectors

FEW_CALLS = 16


def punctual_loop(calls_at_once: int) -> asyncio.AbstractEventLoop:
    """The loop that suits so many calls at once."""
    if calls_at_once > FEW_CALLS:
        return asyncio.new_event_loop()
    return asyncio.SelectorEventLoop(selectors.SelectSelector())
