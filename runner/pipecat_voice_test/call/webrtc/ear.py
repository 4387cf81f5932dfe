"""When the caller's ear gets each RTP packet: the playout clock of the received track (9.7).

A packet is stamped with the moment its first sample was spoken, so the packets that were quickest
on their way tell how the bot's clock lies to ours. Each is heard when that clock says, and a
little later, because no machine sends to the millisecond. One that comes later than it was to be
heard is laid where it belongs all the same, as a jitter buffer would have it, and so lateness
never adds up; but what is later than any buffer leaves a hole, which the caller hears. The rest of
that sentence is then late, and the lost time is made good in the next pause, as browsers do.

aiortc's own buffer gives a packet when four more have come, without saying when it came; so it is
not used.
"""

from collections import deque

from pipecat_voice_test.call.webrtc.order import ticks_between

TICKS_PER_MS = 48
# A whole sample at 8000 Hz; everything is laid, and shortened, in steps of it.
STEP_TICKS = 6
ALLOWANCE_MS = 5.0
BUFFERED_MS = 40.0  # How late a packet may be without a hole.
# The quickest packet of this long counts; clocks run apart by 5 ms in it at the very worst.
REMEMBERED_MS = 10_000.0
_SLICE_MS = 1_000.0
_SLACK_MS = 1.0  # What is not worth a cut.
_ANOTHER_STREAM_TICKS = 5_000 * TICKS_PER_MS


class EarClock:
    """Lays the packets of one track, in order, on the caller's ear."""

    def __init__(self) -> None:
        self._ticks = 0  # Of the last packet's first sample since that of the first packet.
        self._last: int | None = None
        self._next_ticks = 0  # Where a packet follows on the last one without a pause.
        self._heard_ms = float("-inf")  # When all that has come will have been heard.
        # (since when, the least time on the way), the quickest of each second.
        self._quickest: deque[tuple[float, float]] = deque()

    def lay(
        self,
        timestamp: int,
        ticks: int,
        at_ms: float,
        *,
        is_quiet: bool,
        unread_since_ms: float | None = None,
    ) -> tuple[float, int]:
        """Place the next packet.

        Args:
            timestamp: Of its first sample, as in RTP.
            ticks: How long it is.
            at_ms: When it arrived.
            is_quiet: Nobody would miss it.
            unread_since_ms: If this machine stood still, when it last read what had come. The
                packet may have come then, so the bot is not blamed for a hole.

        Returns:
            When its first sample is heard, and how many ticks at its beginning are to be left out
            first, to make up for time that was lost.
        """
        if self._last is None or abs(ticks_between(timestamp, self._last)) > _ANOTHER_STREAM_TICKS:
            self._quickest.clear()
            self._ticks = self._next_ticks = 0
        else:
            self._ticks += ticks_between(timestamp, self._last)
        self._last = timestamp
        sent_ms = self._ticks / TICKS_PER_MS
        wanted_ms = self._least_way_ms(at_ms - sent_ms, at_ms) + sent_ms + ALLOWANCE_MS
        follows_on = self._ticks == self._next_ticks and self._heard_ms > float("-inf")
        self._next_ticks = self._ticks + ticks
        first_ms = self._heard_ms if follows_on else self._on_grid(wanted_ms)
        if follows_on and is_quiet and wanted_ms - first_ms > _SLACK_MS:
            first_ms = self._on_grid(wanted_ms)
        came_ms = at_ms if unread_since_ms is None else unread_since_ms
        if first_ms < came_ms - BUFFERED_MS:
            first_ms = self._on_grid(came_ms)
        cut_ticks = 0
        late_ms = first_ms - max(wanted_ms, at_ms)
        if is_quiet and late_ms > _SLACK_MS:
            cut_ticks = min(ticks, int(late_ms * TICKS_PER_MS) // STEP_TICKS * STEP_TICKS)
        self._heard_ms = first_ms + (ticks - cut_ticks) / TICKS_PER_MS
        return first_ms, cut_ticks

    def _least_way_ms(self, way_ms: float, at_ms: float) -> float:
        """The least time on the way of late, on two clocks, so that it means nothing by itself."""
        while self._quickest and at_ms - self._quickest[0][0] > REMEMBERED_MS:
            self._quickest.popleft()
        if self._quickest and at_ms - self._quickest[-1][0] < _SLICE_MS:
            since_ms, least_ms = self._quickest.pop()
            self._quickest.append((since_ms, min(least_ms, way_ms)))
        else:
            self._quickest.append((at_ms, way_ms))
        return min(least_ms for _, least_ms in self._quickest)

    def _on_grid(self, at_ms: float) -> float:
        """Not before that moment, nor before the end of what comes first.

        Kept a whole number of samples from it, so that no rounding of times ever makes or hides
        a sample.
        """
        if self._heard_ms == float("-inf"):
            return at_ms
        step_ms = STEP_TICKS / TICKS_PER_MS
        steps = max(0, -int(-(at_ms - self._heard_ms) // step_ms))
        return self._heard_ms + steps * step_ms
