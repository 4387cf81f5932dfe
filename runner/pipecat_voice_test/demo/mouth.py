"""What the bot says: cut into messages, sent at their time, and heard by the caller when?

Times are milliseconds of call time. The caller's ear plays what it is sent in order at real
time (a queue), so the mouth can tell what has been heard: sending earlier or in other
portions changes nothing, except that a `clear` throws away what waits there.
"""

from collections import deque
from dataclasses import dataclass

from pipecat_voice_test.demo.background import Background
from pipecat_voice_test.demo.clips import Clip
from pipecat_voice_test.demo.ear import SAMPLES_PER_MS, last_loud_ms, loud_ms

LEAD_MS = 60.0  # How far a paced bot is ahead of what is heard, so that none of it is late.
GAP_EVERY_MS = 1000
FILLER_SAMPLES = 20 * SAMPLES_PER_MS
_REST_MS = 20  # A gap has voice this long on both sides.


@dataclass(frozen=True, slots=True)
class Chunk:
    """One message. `due_ms` is when it is sent; `last` in its utterance; `said` is its name."""

    due_ms: float
    ulaw: bytes
    said: str
    first: bool = False
    last: bool = False


class Mouth:
    """One utterance at a time."""

    def __init__(
        self,
        portion_ms: float | None,
        background: Background | None = None,
        *,
        slowness: float = 1.0,
    ) -> None:
        """Send in portions of so many milliseconds, or each utterance at once if None.

        `slowness` is how long it takes to make a portion, as a multiple of its length: above 1
        the caller's queue runs dry after each.
        """
        self._portion = None if portion_ms is None else max(1, round(portion_ms * SAMPLES_PER_MS))
        self._background = background
        self._filler = self._portion or FILLER_SAMPLES
        self._slowness = max(1.0, slowness)
        self._waiting: deque[Chunk] = deque()
        # When each message of the utterance begins to be heard, and the voice in it.
        self._played: list[tuple[float, bytes]] = []
        self._tail_ms = 0.0  # When the caller's queue is empty, ...
        self._voice_tail_ms = 0.0  # ... and when the voice in it ends.
        self.saying = ""
        self.start_ms = self.end_ms = 0.0

    def say(self, clip: Clip, start_ms: float, *, gap_ms: float = 0.0) -> None:
        """Plan to speak from `start_ms` on, after what the caller's queue still holds.

        What was waiting to be sent is forgotten. `gap_ms` makes the caller's queue run dry
        that long, about once a second.
        """
        self._waiting.clear()
        self._played.clear()
        self.saying = clip.name
        heard_ms = self.start_ms = max(start_ms, self._tail_ms)
        earliest_ms = start_ms
        for part in _broken(clip.ulaw) if gap_ms else [clip.ulaw]:
            portion = self._portion or len(part)
            for at in range(0, len(part), portion):
                made_ms = heard_ms + at / SAMPLES_PER_MS * self._slowness
                due_ms = max(earliest_ms, made_ms - LEAD_MS)
                self._waiting.append(Chunk(due_ms, part[at : at + portion], clip.name))
            heard_ms += len(part) / SAMPLES_PER_MS * self._slowness + gap_ms
            earliest_ms = heard_ms
        self.end_ms = heard_ms - gap_ms
        first = self._waiting[0]
        self._waiting[0] = Chunk(first.due_ms, first.ulaw, first.said, True, False)
        last = self._waiting.pop()
        self._waiting.append(Chunk(last.due_ms, last.ulaw, last.said, last.first, True))

    @property
    def due_ms(self) -> float | None:
        """When the next message is to be sent."""
        if self._waiting:
            return self._waiting[0].due_ms
        return None if self._background is None else self._tail_ms - LEAD_MS

    def is_speaking(self, at_ms: float) -> bool:
        """Does the caller still hear voice, or will without our doing?"""
        return bool(self._waiting) or at_ms < self._voice_tail_ms

    def take(self, at_ms: float) -> list[Chunk]:
        """The messages that are to be sent now; they count as sent at `at_ms`."""
        taken = []
        while self._waiting and self._waiting[0].due_ms <= at_ms:
            chunk = self._waiting.popleft()
            begins_ms = self._queue(len(chunk.ulaw), at_ms)
            self._played.append((begins_ms, chunk.ulaw))
            self._voice_tail_ms = self._tail_ms
            if self._background is not None:
                mixed = self._background.under(chunk.ulaw)
                chunk = Chunk(chunk.due_ms, mixed, chunk.said, chunk.first, chunk.last)
            taken.append(chunk)
        if self._background is not None and not self._waiting:
            while self._tail_ms - LEAD_MS <= at_ms:
                self._queue(self._filler, at_ms)
                taken.append(Chunk(at_ms, self._background.alone(self._filler), "background"))
        return taken

    def _queue(self, samples: int, at_ms: float) -> float:
        """The caller's queue gets longer; when this part of it begins to be heard."""
        begins_ms = max(at_ms, self._tail_ms)
        self._tail_ms = begins_ms + samples / SAMPLES_PER_MS
        return begins_ms

    def take_all(self, at_ms: float) -> list[Chunk]:
        """Everything that waits, at once."""
        self._waiting = deque(
            Chunk(at_ms, chunk.ulaw, chunk.said, chunk.first, chunk.last) for chunk in self._waiting
        )
        return self.take(at_ms)

    def rest(self, at_ms: float) -> bytes:
        """What the caller has not heard at `at_ms` of what is being said."""
        heard = b"".join(
            ulaw[max(0, round((at_ms - begins_ms) * SAMPLES_PER_MS)) :]
            for begins_ms, ulaw in self._played
        )
        return heard + b"".join(chunk.ulaw for chunk in self._waiting)

    def stop_sending(self) -> None:
        self._waiting.clear()

    def clear(self, at_ms: float) -> float:
        """The caller's queue is emptied; how much of it, in milliseconds, goes unheard."""
        removed_ms = max(0.0, self._tail_ms - at_ms)
        self._tail_ms = min(self._tail_ms, at_ms)
        self._voice_tail_ms = min(self._voice_tail_ms, at_ms)
        return removed_ms

    def last_loud_ms(self) -> float | None:
        """End of the last loud millisecond that is heard of what was sent."""
        for begins_ms, ulaw in reversed(self._played):
            heard = ulaw[: max(0, int((self._voice_tail_ms - begins_ms) * SAMPLES_PER_MS))]
            odd = len(heard) % SAMPLES_PER_MS  # Milliseconds count back from the end.
            last = last_loud_ms(heard[odd:])
            if last is not None:
                return begins_ms + odd / SAMPLES_PER_MS + last + 1
        return None


def _broken(ulaw: bytes) -> list[bytes]:
    """Cut about once a second, each time in the middle of voice."""
    loud = loud_ms(ulaw)
    voice = b"\x01" * (2 * _REST_MS)
    parts: list[bytes] = []
    begins = 0
    while True:
        found = loud.find(voice, begins + GAP_EVERY_MS - _REST_MS)
        if found < 0 or found + _REST_MS > len(loud) - GAP_EVERY_MS // 2:
            return [*parts, ulaw[begins * SAMPLES_PER_MS :]]
        cut = found + _REST_MS
        parts.append(ulaw[begins * SAMPLES_PER_MS : cut * SAMPLES_PER_MS])
        begins = cut
