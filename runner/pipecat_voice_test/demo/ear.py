"""What the bot hears: where in the caller's audio is voice?

Positions are whole milliseconds of the caller's audio in order of arrival: frame n covers
[20(n-1), 20n). They do not depend on when a frame arrived, so decisions that count from them
are exact. A plain level rule: 10 ms windows at -50 dBov and above are loud, with edges
refined to 1 ms; over the line's noise of -60 dBov it neither misses nor invents any.
"""

from collections import deque
from dataclasses import dataclass

SAMPLES_PER_MS = 8
WINDOW_MS = 10
WINDOW_SAMPLES = WINDOW_MS * SAMPLES_PER_MS
LOUD_DBOV = -50.0
EDGE_MS = 5  # A single loud millisecond is no edge.
SHORTEST_MS = 60  # Shorter sounds are clicks.
STRETCH_GAP_WINDOWS = 5
JOIN_MS = 200  # Closer sounds are one burst: a breath between two words.


def _decoded(code: int) -> int:
    """G.711: the 16-bit sample that a μ-law byte stands for."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    return 0x84 - magnitude if code & 0x80 else magnitude - 0x84


DECODED = tuple(_decoded(code) for code in range(256))
_SQUARES = tuple(sample * sample for sample in DECODED)
_LOUD_SQUARE = 32768**2 * 10 ** (LOUD_DBOV / 10)


def loud_ms(ulaw: bytes | bytearray) -> bytes:
    """One byte per whole millisecond: 1 where it is loud."""
    return bytes(power >= _LOUD_SQUARE * SAMPLES_PER_MS for power in _powers(ulaw))


def _powers(ulaw: bytes | bytearray) -> list[int]:
    """Sum of squares of each whole millisecond."""
    return [
        sum(map(_SQUARES.__getitem__, ulaw[at : at + SAMPLES_PER_MS]))
        for at in range(0, len(ulaw) - SAMPLES_PER_MS + 1, SAMPLES_PER_MS)
    ]


def _first_loud(powers: list[int]) -> int | None:
    """The first loud millisecond in the first 5 ms that are loud together."""
    for at in range(len(powers) - EDGE_MS + 1):
        if sum(powers[at : at + EDGE_MS]) >= _LOUD_SQUARE * SAMPLES_PER_MS * EDGE_MS:
            while powers[at] < _LOUD_SQUARE * SAMPLES_PER_MS:
                at += 1
            return at
    return None


@dataclass(slots=True)
class Burst:
    """Voice without a silence of 200 ms. It grows while it is heard."""

    onset_ms: int
    end_ms: int
    voice_ms: int


class Ear:
    """Follows one caller."""

    def __init__(self) -> None:
        self.heard_ms = 0
        self.burst: Burst | None = None
        self._rest = b""
        self._previous = b""
        # Of the last three loud windows: index and first loud millisecond.
        self._recent: deque[tuple[int, int]] = deque(maxlen=3)
        self._last_loud = -1000
        self._onset_ms: int | None = None
        self._voice_before_ms = 0
        self._confirmed = False

    def hear(self, ulaw: bytes) -> None:
        """Take the next piece of the caller's audio, of any length."""
        data = self._rest + ulaw
        whole = len(data) - len(data) % WINDOW_SAMPLES
        for at in range(0, whole, WINDOW_SAMPLES):
            self._window(data[at : at + WINDOW_SAMPLES])
        self._rest = data[whole:]

    @property
    def in_doubt(self) -> bool:
        """Something is loud right now that may be the beginning of voice, or a click."""
        loud_until_ms = (self._last_loud + 1) * WINDOW_MS
        return not self._confirmed and self.heard_ms - loud_until_ms < SHORTEST_MS

    def _window(self, window: bytes) -> None:
        index = self.heard_ms // WINDOW_MS
        if sum(map(_SQUARES.__getitem__, window)) >= _LOUD_SQUARE * WINDOW_SAMPLES:
            self._loud_window(index, window)
        elif index == self._last_loud + 1:
            # A window is quiet when voice fills only its first milliseconds.
            self._extend(self._end_ms(window))
        self._previous = window
        self.heard_ms += WINDOW_MS

    def _loud_window(self, index: int, window: bytes) -> None:
        if index - self._last_loud > STRETCH_GAP_WINDOWS:
            self._recent.clear()
            self._onset_ms = None
            self._confirmed = False
        self._last_loud = index
        if self._onset_ms is None:
            before_ms = len(self._previous) // SAMPLES_PER_MS
            first = _first_loud(_powers(self._previous + window))
            self._recent.append((index, self.heard_ms + ((first or 0) - before_ms)))
            if len(self._recent) == 3 and index - self._recent[0][0] < STRETCH_GAP_WINDOWS:
                self._onset_ms = self._recent[0][1]
        self._extend(self._end_ms(window))

    def _end_ms(self, window: bytes) -> int:
        """Where voice ends that reaches into this window, or into the one before."""
        backwards = _first_loud(_powers(self._previous + window)[::-1])
        return self.heard_ms + WINDOW_MS - (backwards or 0)

    def _extend(self, end_ms: int) -> None:
        """Voice reaches to `end_ms`, as far as is known."""
        if self._onset_ms is None or end_ms - self._onset_ms < SHORTEST_MS:
            return
        if not self._confirmed:
            self._confirmed = True
            if self.burst is None or self._onset_ms - self.burst.end_ms >= JOIN_MS:
                self.burst = Burst(self._onset_ms, end_ms, 0)
            self._voice_before_ms = self.burst.voice_ms
        if self.burst is not None:
            self.burst.end_ms = end_ms
            self.burst.voice_ms = self._voice_before_ms + end_ms - self._onset_ms
