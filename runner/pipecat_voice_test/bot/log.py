"""What a bot printed and when, in bounded memory.

A bot may print without end (it is not trusted), so only the last bytes are kept. Positions
count every byte ever printed, so a position stays valid when older bytes are dropped.
Written by one thread and read by another.

What comes within a moment is one piece with one time. A bot that prints a letter at a time for
minutes makes more pieces than are kept apart: of the oldest the bytes stay and the times go.
"""

import codecs
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

KEPT_BYTES = 4 * 1024 * 1024
KEPT_PIECES = 20_000  # Of nothing but letters, 3 MB.
PIECE_MS = 10
TAIL_LINES = 50
TAIL_BYTES = 16 * 1024  # Of the last lines: a line may be megabytes long.

# Colours and cursor movements, then what else could act on a terminal.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_CONTROLS = dict.fromkeys((*range(9), *range(11, 13), *range(14, 32), *range(127, 160)))


@dataclass(slots=True)
class _Piece:
    """Bytes that came together, at `at_ns` of CLOCK_MONOTONIC; None if that is forgotten."""

    at_ns: int | None
    data: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True, slots=True)
class Printed:
    """A stretch of a log; to make text of it takes a while, so that is left to its reader.

    Attributes:
        pieces: When they came, as `_Piece` has it, and their bytes; oldest first.
        lost_bytes: How many that were asked for came before them and are gone.
        within_line: Whether the first of them may continue a line that began before.
    """

    pieces: tuple[tuple[int | None, bytes], ...] = ()
    lost_bytes: int = 0
    within_line: bool = False

    def text(self) -> str:
        """All of it; says so in its first line where some of it is gone."""
        kept = b"".join(data for _, data in self.pieces).decode("utf-8", "replace")
        return self._notice() + kept

    def moments(self) -> list[tuple[int, int]]:
        """When what is in `text` was printed.

        Returns:
            Positions in the text in order, and when that came which begins there, in
            nanoseconds of CLOCK_MONOTONIC. When that came which begins before the first of
            them, nobody knows.
        """
        at = len(self._notice())
        # The first character may belong to a line that began before.
        first = at + 1 if self.within_line else 0
        found: list[tuple[int, int]] = []
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for at_ns, data in self.pieces:
            if at_ns is not None:
                found.append((max(at, first), at_ns))
            at += len(decoder.decode(data))  # A character cut in two came with its last byte.
        return found

    def _notice(self) -> str:
        if not self.lost_bytes:
            return ""
        return f"[{self.lost_bytes} bytes before this were not kept]\n"


class LogRing:
    """The last `kept_bytes` of a stream."""

    def __init__(
        self,
        kept_bytes: int = KEPT_BYTES,
        *,
        kept_pieces: int = KEPT_PIECES,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._kept_bytes = kept_bytes
        self._kept_pieces = kept_pieces
        self._now_ns = now_ns
        self._pieces: deque[_Piece] = deque()
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
        """Keep what has just been printed."""
        if not data:
            return
        at_ns = self._now_ns()
        with self._lock:
            last_ns = self._pieces[-1].at_ns if self._pieces else None
            if last_ns is None or at_ns - last_ns >= PIECE_MS * 1_000_000:
                self._pieces.append(_Piece(at_ns))
            self._pieces[-1].data += data
            self._end += len(data)
            self._forget()

    def _forget(self) -> None:
        """Let the oldest go, first its times, then itself."""
        while len(self._pieces) > self._kept_pieces:
            oldest = self._pieces.popleft()
            oldest.data += self._pieces[0].data
            self._pieces[0] = _Piece(None, oldest.data)
        while (excess := self._end - self._start - self._kept_bytes) > 0:
            oldest = self._pieces[0]
            dropped = min(len(oldest.data), excess)
            del oldest.data[:dropped]
            self._start += dropped
            if not oldest.data:
                self._pieces.popleft()

    def printed_since(self, position: int) -> Printed:
        """Everything after `position`, as far as it was kept, and when it came."""
        with self._lock:
            end = self._end
            before = b""  # The byte before what is asked for, if it is here.
            pieces: list[tuple[int | None, bytes]] = []
            for piece in reversed(self._pieces):
                skipped = max(0, position - end + len(piece.data))
                if skipped < len(piece.data):
                    pieces.append((piece.at_ns, bytes(piece.data[skipped:])))
                if skipped:
                    before = bytes(piece.data[skipped - 1 : skipped])
                    break
                end -= len(piece.data)
            start = self._start
        within_line = max(position, start) > 0 and before != b"\n"
        return Printed(tuple(reversed(pieces)), max(0, start - position), within_line)

    def since(self, position: int) -> str:
        """The text of `printed_since`."""
        return self.printed_since(position).text()

    def last_lines(self, count: int = TAIL_LINES) -> list[str]:
        """The last lines without colours and control characters, for messages."""
        tail = replace(self.printed_since(self._end - TAIL_BYTES), lost_bytes=0).text()
        text = _ESCAPES.sub("", tail).translate(_CONTROLS)
        return [line for line in text.splitlines() if line.strip()][-count:]

    def evidence(self) -> str:
        """The last lines as the `evidence` of an error."""
        lines = self.last_lines()
        if not lines:
            return "It logged nothing."
        return "\n".join(["Last lines it logged:", *(f"  {line}" for line in lines)])
