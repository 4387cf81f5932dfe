"""Output that never keeps a call waiting, however slowly it is read.

A terminal that is paused with Ctrl-S, a pager that waits for its reader, a slow connection:
where nobody reads, a write waits. In the loop that holds the calls that would be silence on
every line, and calls would be void for no other reason than that they were watched. So a
thread writes, and whoever has something to say leaves it there.
"""

import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import IO

_WAITING_CHARACTERS = 1_000_000
_SCREENS_CHARACTERS = 16_384


class Unhurried:
    """As much of a text file as displays need; `finish` waits until everything is written.

    Past a million characters that nobody has read, lines are left out, and it is said how many.
    """

    def __init__(self, out: IO[str], at_most: int = _WAITING_CHARACTERS) -> None:
        self._out = out
        self._at_most = at_most
        self._texts: SimpleQueue[str | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = self._left_out = 0
        self._thread = threading.Thread(target=self._write_all, name="output", daemon=True)
        self._thread.start()

    @property
    def encoding(self) -> str:
        return getattr(self._out, "encoding", None) or "utf-8"

    @property
    def is_behind(self) -> bool:
        """Whether more waits to be written than a screen or two."""
        return self._waiting > _SCREENS_CHARACTERS

    def isatty(self) -> bool:
        return self._out.isatty()

    def write(self, text: str) -> int:
        with self._lock:
            if self._waiting > self._at_most:
                self._left_out += text.count("\n")
                return len(text)
            if self._left_out:
                text = f"({self._left_out} lines left out, for nobody read them in time)\n{text}"
                self._left_out = 0
            self._waiting += len(text)
        self._texts.put(text)
        return len(text)

    def flush(self) -> None:
        """The thread does it."""

    def finish(self) -> None:
        """Wait until all is written; nothing may be said afterwards."""
        self._texts.put(None)
        self._thread.join()

    def _write_all(self) -> None:
        while (text := self._texts.get()) is not None:
            with suppress(OSError, ValueError):  # Nobody will read any more.
                self._out.write(text)
                self._out.flush()
            with self._lock:
                self._waiting -= len(text)
