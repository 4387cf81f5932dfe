"""How late the stamps of what came in may be; METRICS 7, `read_lag`.

A message is stamped when it is read, so whatever waits in the receive buffer is stamped late. How
late cannot be seen from how much waits: a bot may send ten seconds of speech at once, and a
reader who is there at once still finds all of it waiting. So bytes count only

- at the pace of speech: what came faster than it is heard was sent in one go, is heard behind
  what came before it, and its stamp says nothing;
- for as long as they can have waited: since somebody last looked and found nothing.
"""

BYTES_PER_MS = 16.0  # Media messages of 20 ms, with their WebSocket headers.
LATE_MS = 100.0  # METRICS 7
_IN_ONE_GO_MS = 100.0  # So far ahead of speech is what was sent in one go.
_MOST_AHEAD_MS = 1000.0  # A long answer sent at once is forgotten soon.


class Reading:
    """Told by the connection each time it looks at its receive buffer.

    Attributes:
        worst_ms: The most audio that ever waited; by so much arrival times may be late.
        times_late: How often it was more than 100 ms.
    """

    def __init__(self) -> None:
        self.worst_ms = 0.0
        self.times_late = 0
        self._at_ms: float | None = None
        self._read_bytes = self._arrived_bytes = 0
        self._ahead_ms = 0.0  # How much more came than is spoken in twice the time.
        self._in_one_go_bytes = 0  # Up to here in the stream nothing counts.
        self._empty_ms = 0.0  # When nothing that counts was last seen waiting.
        self._late_at_ms = float("-inf")

    def looked(self, at_ms: float, waiting_bytes: int, taken_bytes: int = 0) -> None:
        """Take note of one look.

        Args:
            at_ms: When it was, on any clock.
            waiting_bytes: How much is left in the buffer.
            taken_bytes: How much has just been taken out, and had waited until then.
        """
        if self._at_ms is None:
            self._at_ms = self._empty_ms = at_ms
        read, arrived = self._read_bytes, self._read_bytes + taken_bytes + waiting_bytes
        self._read_bytes += taken_bytes
        came_ms = (arrived - self._arrived_bytes) / BYTES_PER_MS
        ahead_ms = self._ahead_ms + came_ms - 2.0 * (at_ms - self._at_ms)
        self._ahead_ms = min(max(0.0, ahead_ms), _MOST_AHEAD_MS)
        if self._ahead_ms > _IN_ONE_GO_MS:
            self._in_one_go_bytes = arrived
        self._at_ms, self._arrived_bytes = at_ms, arrived
        counted = arrived - max(read, self._in_one_go_bytes)
        if counted <= 0:
            self._empty_ms = at_ms
            return
        lag_ms = min(counted / BYTES_PER_MS, at_ms - self._empty_ms)
        self.worst_ms = max(self.worst_ms, lag_ms)
        # What is late is read bit by bit: that is one lateness, not many.
        if lag_ms > LATE_MS and at_ms - self._late_at_ms > LATE_MS:
            self._late_at_ms = at_ms
            self.times_late += 1
