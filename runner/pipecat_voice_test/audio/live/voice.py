"""The bot's bursts by the voice model, window by window.

A burst begins with a window that is speech for sure and ends when two in a row are not even
speech perhaps. Seen against 69 clips of real and synthetic voices, on a quiet line and 15 to
20 dB over hiss, typing and music:

- the first sure window begins 5 ms after the onset in the median, 90 of 100 between 20 ms before
  and 80 ms after; it is known at the window's end;
- the last window that may be speech ends 100 ms after the end; that is taken off, and then 90 of
  100 lie between 110 ms early and 110 ms late. It is known 180 ms after the end in the median.
"""

from pipecat_voice_test.audio.live.windows import Window

SURE, PERHAPS = 0.5, 0.35
_COUNTS_AFTER_WINDOWS = 2  # A single one may be a note of the music.
_OVER_AFTER_WINDOWS = 2
_LATE_END_MS = 100
_JOIN_MS = 200


class LiveVoice:
    """Follows the bot's voice where its level tells nothing.

    Attributes:
        speaking_since_ms: Onset of the speech in progress; None while the bot is silent. It may
            still turn out too short to count.
        bursts: `(start_ms, end_ms)` of every burst that counts, oldest first. The end of the
            last one grows while its speech goes on.
    """

    def __init__(self) -> None:
        self.speaking_since_ms: float | None = None
        self.bursts: list[tuple[float, float]] = []
        self._sure_windows = 0
        self._silent_windows = 0
        self._counted = False

    def take(self, window: Window) -> None:
        """Take the next window."""
        if window.probability >= SURE:
            self._sure_windows += 1
        if self.speaking_since_ms is None:
            if window.probability < SURE:
                return
            self.speaking_since_ms = window.start_ms
            self._sure_windows = 1
        if window.probability >= PERHAPS:
            self._silent_windows = 0
            self._grow(self.speaking_since_ms, window.end_ms)
            return
        self._silent_windows += 1
        if self._silent_windows >= _OVER_AFTER_WINDOWS:
            self.speaking_since_ms = None
            self._counted = False

    def _grow(self, start_ms: float, end_ms: float) -> None:
        # What has just begun lasts at least until it is known.
        end_ms = max(end_ms - _LATE_END_MS, min(end_ms, start_ms + _LATE_END_MS))
        if self._counted:
            self.bursts[-1] = (self.bursts[-1][0], max(end_ms, self.bursts[-1][1]))
        elif self._sure_windows >= _COUNTS_AFTER_WINDOWS:
            self._counted = True
            if self.bursts and start_ms - self.bursts[-1][1] < _JOIN_MS:
                self.bursts[-1] = (self.bursts[-1][0], end_ms)
            else:
                self.bursts.append((start_ms, end_ms))
