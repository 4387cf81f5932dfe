"""How well this machine kept time: METRICS 7, and above all `loop_stall`.

One heartbeat serves all calls of a process. Each call asks for the longest stall in its own
time, so a stall before it began is not held against it.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

from pipecat_voice_test.timeline import Rig

BEAT_MS = 10.0
WORTH_KEEPING_MS = 5.0


class Heartbeat:
    """A timer every 10 ms that notes how late it was called."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()
        # (end, length), each shorter than the one before: nobody asks for a stall that was
        # followed by a longer one.
        self._stalls: deque[tuple[float, float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0

    def start(self) -> None:
        self._due_s = self._loop.time() + BEAT_MS / 1000.0
        self._timer = self._loop.call_at(self._due_s, self._beat)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def longest_stall_ms(self, since_ms: float) -> float:
        """The longest stall that ended after `since_ms` of the system clock, or goes on."""
        late_ms = 0.0
        if self._timer is not None:
            late_ms = max(0.0, (self._loop.time() - self._due_s) * 1000.0)
        return max(late_ms, next((late for at, late in self._stalls if at >= since_ms), 0.0))

    def _beat(self) -> None:
        now_s = self._loop.time()
        late_ms = (now_s - self._due_s) * 1000.0
        if late_ms > WORTH_KEEPING_MS:
            while self._stalls and self._stalls[-1][1] <= late_ms:
                self._stalls.pop()
            self._stalls.append((now_s * 1000.0, late_ms))
        self._due_s = now_s + BEAT_MS / 1000.0
        self._timer = self._loop.call_at(self._due_s, self._beat)


def rig_of(late_ms: Sequence[float], stall_ms: float) -> Rig:
    """Sum up the lateness of a call's frames (P-22) and its longest stall."""
    if not late_ms:
        return Rig(loop_stall_ms=stall_ms)
    ordered = sorted(late_ms)
    return Rig(_quantile(ordered, 0.99), ordered[-1], stall_ms, len(ordered))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Linear interpolation of order statistics, as for all quantiles (M-23)."""
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
