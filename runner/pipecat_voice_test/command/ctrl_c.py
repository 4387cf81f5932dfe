"""SIGTERM and SIGHUP before a run takes its signals itself: as good as Ctrl-C.

The kernel keeps a signal from the first process of a container unless the process has asked for
it, so a run that is cancelled while it still imports its libraries would go on.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def as_ctrl_c() -> Iterator[None]:
    """Let both raise KeyboardInterrupt, unless whoever started us has them ignored."""
    asked_for = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if threading.current_thread() is threading.main_thread()
        and signal.getsignal(number) is signal.SIG_DFL
    ]
    for number in asked_for:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in asked_for:
            signal.signal(number, signal.SIG_DFL)
