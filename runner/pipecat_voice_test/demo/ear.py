"""What the bot hears: where in the caller's audio is voice?

Positions are whole milliseconds of the caller's audio in order of arrival: frame n covers
[20(n-1), 20n). They do not depend on when a frame arrived, so decisions that count from them
are exact. A plain level rule: 10 ms windows at -50 dBov and above are loud, with edges
refined to 1 ms; over the line's noise of -60 dBov it neither misses nor invents any. On a
noisier line loud is what stands out from the noise.

A cough is as loud as a word, but it hisses: a word has vowels, in which the sound crosses zero
far less often. So of every burst it is known how much of it is voiced.
"""

from bisect import bisect_left, insort
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
OVER_NOISE_DB = 6.0  # Noise stays within 4 dB of its softest tenth, window by window.
NOISIEST_DBOV = -40.0  # Whatever is louder for long is no noise.
_NOISE_WINDOWS = 1000  # Ten seconds: nobody speaks that long without a breath.
VOICED_MS = 30
VOICED_SHARE = 0.3
MOST_CROSSINGS = 24  # Of zero, in a voiced window: 1200 Hz.


def _decoded(code: int) -> int:
    """G.711: the 16-bit sample that a μ-law byte stands for."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    return 0x84 - magnitude if code & 0x80 else magnitude - 0x84


DECODED = tuple(_decoded(code) for code in range(256))
_SQUARES = tuple(sample * sample for sample in DECODED)
_LOUD_SQUARE = 32768**2 * 10 ** (LOUD_DBOV / 10)
_NOISIEST = 32768**2 * 10 ** (NOISIEST_DBOV / 10) * WINDOW_SAMPLES
_OVER_NOISE = 10 ** (OVER_NOISE_DB / 10)
_SIGN = bytes(code >> 7 for code in range(256))


def loud_ms(ulaw: bytes | bytearray) -> bytes:
    """One byte per whole millisecond: 1 where it is loud."""
    return bytes(power >= _LOUD_SQUARE * SAMPLES_PER_MS for power in _powers(ulaw))


def from_first_loud(ulaw: bytes) -> bytes:
    """The rest of it from its first loud millisecond on; all of it where none is loud."""
    whole = len(ulaw) - len(ulaw) % SAMPLES_PER_MS
    found = _first_loud_at(ulaw, range(0, whole, SAMPLES_PER_MS))
    return ulaw if found is None else ulaw[found:]


def last_loud_ms(ulaw: bytes) -> int | None:
    """The last loud millisecond of so many whole ones; None where none is loud."""
    whole = len(ulaw) - len(ulaw) % SAMPLES_PER_MS
    found = _first_loud_at(ulaw, range(whole - SAMPLES_PER_MS, -1, -SAMPLES_PER_MS))
    return None if found is None else found // SAMPLES_PER_MS


def _first_loud_at(ulaw: bytes, places: range) -> int | None:
    """Looks no further than need be: it is asked for while other callers wait."""
    for at in places:
        power = sum(map(_SQUARES.__getitem__, ulaw[at : at + SAMPLES_PER_MS]))
        if power >= _LOUD_SQUARE * SAMPLES_PER_MS:
            return at
    return None


def _powers(ulaw: bytes | bytearray) -> list[int]:
    """Sum of squares of each whole millisecond."""
    return [
        sum(map(_SQUARES.__getitem__, ulaw[at : at + SAMPLES_PER_MS]))
        for at in range(0, len(ulaw) - SAMPLES_PER_MS + 1, SAMPLES_PER_MS)
    ]


def _first_loud(powers: list[int], loud: float) -> int | None:
    """The first loud millisecond in the first 5 ms that are loud together.

    `loud` is the mean square from which on a sample is loud.
    """
    for at in range(len(powers) - EDGE_MS + 1):
        if sum(powers[at : at + EDGE_MS]) >= loud * SAMPLES_PER_MS * EDGE_MS:
            while powers[at] < loud * SAMPLES_PER_MS:
                at += 1
            return at
    return None


def is_voiced(window: bytes) -> bool:
    """Whether 10 ms sound like a vowel: few crossings of zero."""
    signs = window.translate(_SIGN)
    return signs.count(b"\x00\x01") + signs.count(b"\x01\x00") <= MOST_CROSSINGS


@dataclass(slots=True)
class Burst:
    """Sound without a silence of 200 ms. It grows while it is heard; `voiced_ms` of it are."""

    onset_ms: int
    end_ms: int
    voice_ms: int
    voiced_ms: int = 0

    @property
    def is_voice(self) -> bool:
        """Whether there are vowels in it: a cough is none, though noise may lie under it."""
        return self.voiced_ms >= max(VOICED_MS, VOICED_SHARE * self.voice_ms)


class Noise:
    """How loud a line has to be to carry more than its noise."""

    def __init__(self) -> None:
        self.loud = _LOUD_SQUARE  # As a mean square.
        self._latest: deque[int] = deque()
        self._ordered: list[int] = []

    def hear(self, power: int) -> None:
        """Take one more window; its power is the sum of its squares."""
        self._latest.append(power)
        insort(self._ordered, power)
        if len(self._latest) > _NOISE_WINDOWS:
            del self._ordered[bisect_left(self._ordered, self._latest.popleft())]
        floor = min(_NOISIEST, self._ordered[len(self._ordered) // 10])
        self.loud = max(_LOUD_SQUARE, floor * _OVER_NOISE / WINDOW_SAMPLES)


class Ear:
    """Follows one caller."""

    def __init__(self) -> None:
        self.heard_ms = 0
        self.burst: Burst | None = None
        self._noise = Noise()
        self._rest = b""
        self._previous = b""
        # Of the last three loud windows: index and first loud millisecond.
        self._recent: deque[tuple[int, int]] = deque(maxlen=3)
        self._last_loud = -1000
        self._onset_ms: int | None = None
        self._voice_before_ms = self._voiced_before_ms = 0
        self._voiced_ms = 0
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
        power = sum(map(_SQUARES.__getitem__, window))
        self._noise.hear(power)
        if power >= self._noise.loud * WINDOW_SAMPLES:
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
            self._voiced_ms = 0
            self._confirmed = False
        self._last_loud = index
        self._voiced_ms += WINDOW_MS * is_voiced(window)
        if self._onset_ms is None:
            before_ms = len(self._previous) // SAMPLES_PER_MS
            first = _first_loud(_powers(self._previous + window), self._noise.loud)
            self._recent.append((index, self.heard_ms + ((first or 0) - before_ms)))
            if len(self._recent) == 3 and index - self._recent[0][0] < STRETCH_GAP_WINDOWS:
                self._onset_ms = self._recent[0][1]
        self._extend(self._end_ms(window))

    def _end_ms(self, window: bytes) -> int:
        """Where voice ends that reaches into this window, or into the one before."""
        backwards = _first_loud(_powers(self._previous + window)[::-1], self._noise.loud)
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
            self._voiced_before_ms = self.burst.voiced_ms
        if self.burst is not None:
            self.burst.end_ms = end_ms
            self.burst.voice_ms = self._voice_before_ms + end_ms - self._onset_ms
            self.burst.voiced_ms = self._voiced_before_ms + self._voiced_ms
