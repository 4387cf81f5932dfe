"""While calls go on, the interpreter does nothing that makes a frame late; nor while it starts.

All settings belong to the whole process, and several runs may go on in it: the first one in
makes them, the last one out takes them back.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# The interpreter lets a busy thread run this long before another gets its turn. The calls lose
# their turn with every message they send, 2500 times a second when there are fifty of them, so
# half a millisecond would already be more than they have. `make bench` shows it (`fifty`).
SWITCH_S = 0.00001


@dataclass
class _Before:
    """How many keep it undisturbed, and what is to be taken back."""

    holders: int = 0
    collects: bool = True
    switch_s: float = 0.005


_before = _Before()


@contextmanager
def loading() -> Iterator[None]:
    """Import without the cycle collector, which would look through it all again and again.

    That would take a tenth of the time and find nothing: modules stay.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the cycle collector out, and give a waiting thread its turn at once.

    The collector stops every line while it looks. What a call leaves behind is freed without
    it, for nothing there refers to itself. Enter and leave it in one thread.
    """
    if not _before.holders:
        _before.collects, _before.switch_s = gc.isenabled(), sys.getswitchinterval()
        gc.disable()
        sys.setswitchinterval(SWITCH_S)
    _before.holders += 1
    try:
        yield
    finally:
        _before.holders -= 1
        if not _before.holders:
            sys.setswitchinterval(_before.switch_s)
            if _before.collects:
                gc.enable()
