"""How well this machine kept time: METRICS 7, and above all `loop_stall`.

One heartbeat serves all calls of a process. Each call asks for what happened in its own time,
so a stall before it began is not held against it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from pipecat_voice_test.call import machine
from pipecat_voice_test.call.machine import Idle, Share
from pipecat_voice_test.timeline import Rig

BEAT_MS = 10.0
WORTH_KEEPING_MS = 5.0
WORTH_TELLING_MS = 20.0  # A stall of a frame and more can leave a hole in what is heard.
KEPT = 10_000  # Stalls; an hour of them, should there be three a second.
# The system counts idleness in hundredths of a second.
CPUS_EVERY_MS = 500.0
CPUS_AT_LEAST_MS = 100.0
# Less than this of one CPU to spare, and whoever wants to run has to wait.
TO_SPARE = 0.1

Stretch = tuple[float, float]


class Heartbeat:
    """A timer every 10 ms that notes how late it was called, and how idle the CPUs are.

    Attributes:
        control_error_ms: By how much a bot of known timing was missed before; told with each call.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop | None = None,
        *,
        idle: Callable[[], Idle] = machine.idle,
        share: Callable[[], Share] = machine.share,
    ) -> None:
        self.control_error_ms: float | None = None
        self._loop = loop or asyncio.get_running_loop()
        # (end, length), each shorter than the one before: nobody asks for a stall that was
        # followed by a longer one.
        self._longest: deque[tuple[float, float]] = deque()
        self._stalls: deque[Stretch] = deque(maxlen=KEPT)
        self._starved: deque[Stretch] = deque(maxlen=KEPT)
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0
        self._ask_idle, self._ask_share = idle, share
        self._idle = Idle()
        self._idle_ms = 0.0

    def start(self) -> None:
        self._idle, self._idle_ms = self._ask_idle(), self._now_ms()
        self._due_s = self._loop.time() + BEAT_MS / 1000.0
        self._timer = self._loop.call_at(self._due_s, self._beat)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def share(self) -> Share:
        """What has been taken from us so far; to be asked for when a call begins."""
        return self._ask_share()

    def rig_since(self, start_ms: float, share: Share) -> Rig:
        """How well this machine did since a call began, on the call's clock.

        Args:
            start_ms: Time 0 of the call on the system clock.
            share: What had been taken from us by then.
        """
        now_ms = self._now_ms()
        if now_ms - self._idle_ms >= CPUS_AT_LEAST_MS:
            self._look_at_cpus(now_ms)
        elapsed_ms = now_ms - start_ms
        starved = _since(self._starved, start_ms)
        starving = None
        if self._idle.cpus and elapsed_ms > 0:
            starving = min(1.0, sum(end - begin for begin, end in starved) / elapsed_ms)
        return Rig(
            loop_stall_ms=self.longest_stall_ms(start_ms),
            stolen=self._ask_share().taken_since(share, elapsed_ms / 1000.0),
            starved=starving,
            control_error_ms=self.control_error_ms,
            stalls=_since(self._stalls, start_ms),
            starvations=starved,
        )

    def longest_stall_ms(self, since_ms: float) -> float:
        """The longest stall that ended after `since_ms` of the system clock, or goes on."""
        late_ms = 0.0
        if self._timer is not None:
            late_ms = max(0.0, (self._loop.time() - self._due_s) * 1000.0)
        return max(late_ms, next((late for at, late in self._longest if at >= since_ms), 0.0))

    def _now_ms(self) -> float:
        return self._loop.time() * 1000.0

    def _beat(self) -> None:
        now_s = self._loop.time()
        now_ms = now_s * 1000.0
        late_ms = (now_s - self._due_s) * 1000.0
        if late_ms > WORTH_KEEPING_MS:
            while self._longest and self._longest[-1][1] <= late_ms:
                self._longest.pop()
            self._longest.append((now_ms, late_ms))
        if late_ms >= WORTH_TELLING_MS:
            # It was last seen running one beat before.
            self._stalls.append((now_ms - late_ms - BEAT_MS, now_ms))
        if now_ms - self._idle_ms >= CPUS_EVERY_MS:
            self._look_at_cpus(now_ms)
        self._due_s = now_s + BEAT_MS / 1000.0
        self._timer = self._loop.call_at(self._due_s, self._beat)

    def _look_at_cpus(self, now_ms: float) -> None:
        idle = self._ask_idle()
        free = idle.free_since(self._idle)
        if free is not None and free < TO_SPARE:
            began_ms = self._idle_ms
            if self._starved and self._starved[-1][1] >= began_ms:
                began_ms = self._starved.pop()[0]
            self._starved.append((began_ms, now_ms))
        self._idle, self._idle_ms = idle, now_ms


def rig_of(late_ms: Sequence[float], kept: Rig) -> Rig:
    """Sum up the lateness of a call's frames (P-22), beside what was kept of it."""
    if not late_ms:
        return kept
    ordered = sorted(late_ms)
    return replace(
        kept,
        late_p99_ms=_quantile(ordered, 0.99),
        late_max_ms=ordered[-1],
        frames_sent=len(ordered),
    )


def _since(stretches: Sequence[Stretch], start_ms: float) -> tuple[Stretch, ...]:
    """The stretches after a moment, counted from it."""
    return tuple(
        (max(0.0, begin - start_ms), end - start_ms) for begin, end in stretches if end > start_ms
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Linear interpolation of order statistics, as for all quantiles (M-23)."""
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
