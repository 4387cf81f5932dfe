"""What a bot printed, in bounded memory.

A bot may print without end (it is not trusted), so only the last bytes are kept. Positions
count every byte ever printed, so a position stays valid when older bytes are dropped.
Written by one thread and read by another.
"""

import re
import threading
from collections import deque

KEPT_BYTES = 4 * 1024 * 1024
TAIL_LINES = 50
TAIL_BYTES = 16 * 1024  # Of the last lines: a line may be megabytes long.

# Colours and cursor movements, then what else could act on a terminal.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_CONTROLS = dict.fromkeys((*range(9), *range(11, 13), *range(14, 32), *range(127, 160)))


class LogRing:
    """The last `kept_bytes` of a stream."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._pieces: deque[bytes] = deque()
        self._end = self._start = 0
        self._lock = threading.Lock()

    @property
    def position(self) -> int:
        """Bytes printed so far."""
        return self._end

    @property
    def dropped_bytes(self) -> int:
        """Bytes that were printed and are no longer here."""
        return self._start

    def append(self, data: bytes) -> None:
        with self._lock:
            self._pieces.append(data)
            self._end += len(data)
            while self._end - self._start > self._kept_bytes:
                excess = self._end - self._start - self._kept_bytes
                oldest = self._pieces.popleft()
                if len(oldest) > excess:
                    self._pieces.appendleft(oldest[excess:])
                self._start += min(len(oldest), excess)

    def since(self, position: int) -> str:
        """Everything after `position`; says so in its first line where some of it is gone."""
        with self._lock:
            kept, start = b"".join(self._pieces), self._start
        text = kept[max(0, position - start) :].decode("utf-8", "replace")
        if position >= start:
            return text
        return f"[{start - position} bytes before this were not kept]\n{text}"

    def last_lines(self, count: int = TAIL_LINES) -> list[str]:
        """The last lines without colours and control characters, for messages."""
        with self._lock:
            kept = b"".join(self._pieces)
        text = kept[-TAIL_BYTES:].decode("utf-8", "replace")
        text = _ESCAPES.sub("", text).translate(_CONTROLS)
        return [line for line in text.splitlines() if line.strip()][-count:]

    def evidence(self) -> str:
        """The last lines as the `evidence` of an error."""
        lines = self.last_lines()
        if not lines:
            return "It logged nothing."
        return "\n".join(["Last lines it logged:", *(f"  {line}" for line in lines)])
