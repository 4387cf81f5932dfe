"""RTP packets in the order in which they were sent; RFC 3550, section 5.1."""

from dataclasses import dataclass

# A packet that is this many late is given up: 60 ms, as a browser would.
MOST_HELD = 3
_LOST_TOUCH = 100  # So far away is no packet of the same stream.


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet.

    Attributes:
        sequence: Counts packets, modulo 2 ** 16.
        timestamp: Of its first sample, in 48000ths of a second, modulo 2 ** 32.
        payload: One Opus packet.
        at_ms: When it was read.
        unread_since_ms: It may have come as early as this, since when nobody has read anything;
            None if it was read at once.
    """

    sequence: int
    timestamp: int
    payload: bytes
    at_ms: float
    unread_since_ms: float | None = None


class Order:
    """Holds packets that overtook another until that one comes, or is given up.

    Attributes:
        lost: How many never came.
    """

    def __init__(self) -> None:
        self.lost = 0
        self._next: int | None = None
        self._held: dict[int, Packet] = {}

    def put(self, packet: Packet) -> list[Packet]:
        """What can be played now, oldest first; nothing if it came twice, or too late."""
        if self._next is None:
            self._next = packet.sequence
        ahead = _signed(packet.sequence - self._next, 16)
        if abs(ahead) > _LOST_TOUCH:
            self._held.clear()
            self._next, ahead = packet.sequence, 0
        if ahead < 0:
            return []
        self._held[packet.sequence] = packet
        ready = self._take()
        while len(self._held) > MOST_HELD:
            self.lost += 1
            self._next = (self._next + 1) % (1 << 16)
            ready += self._take()
        return ready

    def _take(self) -> list[Packet]:
        ready: list[Packet] = []
        assert self._next is not None
        while (packet := self._held.pop(self._next, None)) is not None:
            ready.append(packet)
            self._next = (self._next + 1) % (1 << 16)
        return ready


def _signed(difference: int, bits: int) -> int:
    """The shorter way round between two counters that wrap."""
    half = 1 << (bits - 1)
    return (difference + half) % (1 << bits) - half


def ticks_between(timestamp: int, before: int) -> int:
    """From one RTP timestamp to another; negative if it is the earlier one."""
    return _signed(timestamp - before, 32)
