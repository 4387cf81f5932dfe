"""Is the bot speaking right now? The level rule of METRICS 2 while the call goes on.

The live caller decides by it when to answer and when to interrupt; the verdicts come from
`speech.py`, which sees the whole call. The differences: edges stay on the 10 ms windows
(the onset up to 10 ms early, the end up to 10 ms late), and the floor is that of the call so
far.

Each fact becomes known with the frame that completes it:

- that a stretch has begun, 30 to 50 ms after its onset;
- that it counts, 60 ms after its onset (a shorter one is forgotten);
- that it is over, 50 ms after its end; that its burst is over, 200 ms after.

Add up to 20 ms for the rest of the frame. There is no numpy here: a frame costs a few
microseconds, an empty one less.
"""

import audioop
from bisect import bisect_right

WINDOW_MS = 10
_WINDOW_BYTES = 160  # 10 ms of 16-bit samples.
_EMPTY_FRAME_WINDOWS = 2

_ONSET_LOUD, _ONSET_WINDOWS = 3, 5
_END_MS = 50
_SHORTEST_MS = 60
_JOIN_MS = 200

_LOWEST_FLOOR_DBOV, _HIGHEST_FLOOR_DBOV = -75, -45
_LOUD_DBOV, _ABOVE_FLOOR_DB = -50, 12
_FLOOR_SHARE = 10  # The floor is the level that one window in ten stays below.
# Silence taken for granted before the call, so that a bot that speaks at once is not taken for
# its own background: 9 s of sound without a break pass before the floor can rise.
_ASSUMED_QUIET_WINDOWS = 100


def _rms(dbov: int) -> float:
    return 32768 * 10 ** (dbov / 20)


# The RMS at which each bucket of the histogram begins, one decibel apart.
_BUCKETS = [_rms(dbov) for dbov in range(_LOWEST_FLOOR_DBOV + 1, _HIGHEST_FLOOR_DBOV + 1)]


class LiveSpeech:
    """Follows the bot's voice frame by frame.

    Attributes:
        speaking_since_ms: Onset of the stretch in progress; None while the bot is silent. It
            may still turn out too short to count.
        last_loud_ms: End of the last loud window, whether it belongs to speech or not; None
            before the first.
        bursts: `(start_ms, end_ms)` of every burst that counts, oldest first. The end of the
            last one grows while its speech goes on.
        stretches: The same without joining.
    """

    def __init__(self) -> None:
        self.speaking_since_ms: float | None = None
        self.last_loud_ms: float | None = None
        self.bursts: list[tuple[float, float]] = []
        self.stretches: list[tuple[float, float]] = []
        self._recent_loud: list[float] = []
        self._counted = False
        self._histogram = [_ASSUMED_QUIET_WINDOWS] + [0] * len(_BUCKETS)
        self._windows = _ASSUMED_QUIET_WINDOWS
        self._threshold_rms = _rms(_LOUD_DBOV)

    def feed(self, ulaw: bytes, at_ms: float) -> None:
        """Take the next 20 ms of what the caller hears.

        Args:
            ulaw: 160 bytes, or none when nothing is playing.
            at_ms: Ear clock of the first of them.
        """
        if not ulaw:
            self._histogram[0] += _EMPTY_FRAME_WINDOWS
            self._windows += _EMPTY_FRAME_WINDOWS
            self._quiet_until(at_ms + _EMPTY_FRAME_WINDOWS * WINDOW_MS)
            return
        pcm = audioop.ulaw2lin(ulaw, 2)
        for start in range(0, len(pcm), _WINDOW_BYTES):
            rms = audioop.rms(pcm[start : start + _WINDOW_BYTES], 2)
            self._histogram[bisect_right(_BUCKETS, rms)] += 1
            self._windows += 1
            if rms >= self._threshold_rms:
                self._loud_window(at_ms)
            else:
                self._quiet_until(at_ms + WINDOW_MS)
            at_ms += WINDOW_MS
        self._follow_floor()

    def is_speaking(self) -> bool:
        """Whether a stretch is in progress that counts, or will if it goes on."""
        return self.speaking_since_ms is not None

    def quiet_since_ms(self) -> float | None:
        """End of the last burst; None while a stretch is in progress and before the first."""
        if self.speaking_since_ms is not None or not self.bursts:
            return None
        return self.bursts[-1][1]

    def _loud_window(self, start_ms: float) -> None:
        end_ms = start_ms + WINDOW_MS
        self.last_loud_ms = end_ms
        if self.speaking_since_ms is None:
            earliest_ms = end_ms - _ONSET_WINDOWS * WINDOW_MS
            self._recent_loud = [at for at in self._recent_loud if at >= earliest_ms]
            self._recent_loud.append(start_ms)
            if len(self._recent_loud) < _ONSET_LOUD:
                return
            self.speaking_since_ms = self._recent_loud[0]
            self._recent_loud.clear()
        self._grow(self.speaking_since_ms, end_ms)

    def _grow(self, start_ms: float, end_ms: float) -> None:
        """The stretch in progress reaches to `end_ms`."""
        if self._counted:
            self.stretches[-1] = (start_ms, end_ms)
            self.bursts[-1] = (self.bursts[-1][0], end_ms)
        elif end_ms - start_ms >= _SHORTEST_MS:
            self._counted = True
            self.stretches.append((start_ms, end_ms))
            if self.bursts and start_ms - self.bursts[-1][1] < _JOIN_MS:
                self.bursts[-1] = (self.bursts[-1][0], end_ms)
            else:
                self.bursts.append((start_ms, end_ms))

    def _quiet_until(self, at_ms: float) -> None:
        if self.speaking_since_ms is None or self.last_loud_ms is None:
            return
        if at_ms - self.last_loud_ms >= _END_MS:
            self.speaking_since_ms = None
            self._counted = False

    def _follow_floor(self) -> None:
        bucket, below = 0, self._histogram[0]
        while below * _FLOOR_SHARE < self._windows:
            bucket += 1
            below += self._histogram[bucket]
        floor_dbov = _LOWEST_FLOOR_DBOV + bucket
        self._threshold_rms = _rms(max(_LOUD_DBOV, floor_dbov + _ABOVE_FLOOR_DB))
