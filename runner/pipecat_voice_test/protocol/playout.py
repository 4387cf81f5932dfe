"""The queue between the bot's audio arriving and the caller hearing it (P-35 to P-38).

The network plays `media` in order at 8000 samples a second, however fast it arrived; `clear`
empties the queue; a mark comes back when the audio queued before it has been heard or thrown
away. Nothing plays here: where each sample falls on the ear clock is computed from the
arrival times, in whole samples (eight per millisecond).

A sample is never heard before it arrived, so starts are rounded up; a cut leaves only samples
that had ended by then, so cuts are rounded down.
"""

import math
from collections import deque

from pipecat_voice_test.timeline import FRAME_SAMPLES, SAMPLE_RATE_HZ, SAMPLES_PER_MS, HeardPiece

MAX_QUEUED_SAMPLES = 600 * SAMPLE_RATE_HZ  # PROTOCOL 4.2: beyond it the network drops media.
MAX_WAITING_MARKS = 10_000
MAX_WAITING_MARK_CHARACTERS = 1 << 20  # Of all waiting names together.
# A bot that sends single bytes must not fill the memory with pieces. Past this many, what is
# shorter than a frame is kept together with what follows it within a frame's time.
SEPARATE_PIECES = 20_000
ULAW_SILENCE = b"\xff"


class Playout:
    """Where the bot's audio falls on the ear clock of one call.

    All times are call clock milliseconds and do not go back from one call to the next,
    except that a message may be stamped a little before a moment already asked about.

    Args:
        delay_ms: Time between arrival and earliest playback (*D* of P-35).
        separate_pieces: How many pieces are kept apart whatever their length.
    """

    def __init__(self, delay_ms: float = 0.0, *, separate_pieces: int = SEPARATE_PIECES) -> None:
        self._delay_ms = delay_ms
        self._separate_pieces = separate_pieces
        self._pieces: list[HeardPiece] = []
        self._tail_sample = 0  # Ear time at which everything queued will have been heard.
        self._marks: deque[tuple[int, str]] = deque()  # (due sample, name), oldest first.
        self._mark_characters = 0
        self._asked = 0  # Index of the first piece `heard_frame` may still need.
        self._taken = 0  # Index of the first piece of which `take_heard` may still give something,
        self._taken_sample = 0  # and up to where on the ear clock it has given everything.
        self.most_queued_samples = 0  # The most audio that ever waited; `burst_ahead`.

    @property
    def pieces(self) -> tuple[HeardPiece, ...]:
        """The audio in order of the ear clock, without what was cleared. Never overlaps."""
        return tuple(self._pieces)

    @property
    def queued_until_ms(self) -> float:
        """Ear time at which everything queued will have been heard; 0 before there was any."""
        return self._tail_sample / SAMPLES_PER_MS

    def queue_audio(self, ulaw: bytes, at_ms: float) -> int:
        """Put audio that arrived at `at_ms` behind what waits.

        Returns:
            How many samples at its end were dropped because over 600 s would wait.
        """
        waiting_samples = max(0, self._tail_sample - math.floor(at_ms * SAMPLES_PER_MS))
        kept = ulaw[: max(0, MAX_QUEUED_SAMPLES - waiting_samples)]
        if kept:
            arrival_sample = math.ceil((at_ms + self._delay_ms) * SAMPLES_PER_MS)
            start_sample = max(arrival_sample, self._tail_sample)
            self._append(HeardPiece(start_sample, kept, at_ms, len(ulaw)))
            self._tail_sample = start_sample + len(kept)
            self.most_queued_samples = max(self.most_queued_samples, waiting_samples + len(kept))
        return len(ulaw) - len(kept)

    def queue_mark(self, name: str) -> bool:
        """Put a mark behind what waits; `marks_reached` tells when it is to be returned.

        Returns:
            False if it is refused, because more marks wait than a call can need.
        """
        if (
            len(self._marks) >= MAX_WAITING_MARKS
            or self._mark_characters + len(name) > MAX_WAITING_MARK_CHARACTERS
        ):
            return False
        self._marks.append((self._tail_sample, name))
        self._mark_characters += len(name)
        return True

    @property
    def waiting_marks(self) -> int:
        return len(self._marks)

    def next_mark_ms(self) -> float | None:
        """When the ear reaches the next waiting mark; None if none waits."""
        return self._marks[0][0] / SAMPLES_PER_MS if self._marks else None

    def marks_reached(self, at_ms: float) -> list[str]:
        """Take out the marks the ear has reached by `at_ms`, in order of arrival."""
        reached: list[str] = []
        ear_sample = at_ms * SAMPLES_PER_MS
        while self._marks and self._marks[0][0] <= ear_sample:
            name = self._marks.popleft()[1]
            self._mark_characters -= len(name)
            reached.append(name)
        return reached

    def clear(self, at_ms: float) -> tuple[int, list[str]]:
        """Throw away everything not heard by `at_ms` (P-37).

        Returns:
            The number of samples thrown away, and all waiting marks in order.
        """
        return sum(map(len, self._cut(at_ms))), self._drop_marks()

    def end(self, at_ms: float) -> bytes:
        """The call is over: nothing is heard from `at_ms` on, and no mark comes back.

        Returns:
            The audio that waited and will not be heard (P-41).
        """
        self._drop_marks()
        return b"".join(self._cut(at_ms))

    def heard_frame(self, from_ms: float) -> bytes:
        """What the ear got in `[from_ms, from_ms + 20)`; empty if nothing was playing.

        Where only a part was playing the rest is μ-law silence. Ask for each frame once, in
        order, and after it has passed: a `clear` may still have come in the middle of it.
        """
        first = math.floor(from_ms * SAMPLES_PER_MS)
        end = first + FRAME_SAMPLES
        pieces = self._pieces
        while self._asked < len(pieces) and pieces[self._asked].end_sample <= first:
            self._asked += 1
        frame = bytearray()
        for index in range(self._asked, len(pieces)):
            piece = pieces[index]
            if piece.first_sample >= end:
                break
            heard = piece.ulaw[max(0, first - piece.first_sample) : end - piece.first_sample]
            if len(heard) == FRAME_SAMPLES:
                return heard
            frame += ULAW_SILENCE * (piece.first_sample - first - len(frame))
            frame += heard
        return bytes(frame.ljust(FRAME_SAMPLES, ULAW_SILENCE)) if frame else b""

    def take_heard(self, until_ms: float) -> list[HeardPiece]:
        """What the ear got by `until_ms` and has not been taken yet, to the sample.

        A piece that is still being heard is given in parts. Nothing is given twice, and nothing
        is left out, also when a message is read after its time.
        """
        until = math.floor(until_ms * SAMPLES_PER_MS)
        taken: list[HeardPiece] = []
        while self._taken < len(self._pieces):
            piece = self._pieces[self._taken]
            first, end = max(piece.first_sample, self._taken_sample), min(piece.end_sample, until)
            if first < end:
                part = piece.ulaw[first - piece.first_sample : end - piece.first_sample]
                taken.append(HeardPiece(first, part, piece.arrived_ms, len(part)))
                self._taken_sample = end
            # The last one may grow, if pieces are no longer kept apart.
            if piece.end_sample > until or self._taken == len(self._pieces) - 1:
                break
            self._taken += 1
        return taken

    def _append(self, piece: HeardPiece) -> None:
        if len(self._pieces) >= self._separate_pieces:
            last = self._pieces[-1]
            gap_samples = piece.first_sample - last.end_sample
            whole = last.sent_samples == len(last.ulaw)
            if whole and len(last.ulaw) < FRAME_SAMPLES and gap_samples < FRAME_SAMPLES:
                joined = last.ulaw + ULAW_SILENCE * gap_samples + piece.ulaw
                sent_samples = last.sent_samples + gap_samples + piece.sent_samples
                self._pieces[-1] = HeardPiece(
                    last.first_sample, joined, last.arrived_ms, sent_samples
                )
                return
        self._pieces.append(piece)

    def _cut(self, at_ms: float) -> list[bytes]:
        """Take what is not heard by `at_ms` out of the pieces; returns it, oldest first."""
        cut_sample = max(0, math.floor(at_ms * SAMPLES_PER_MS))
        unheard: deque[bytes] = deque()
        while self._pieces and self._pieces[-1].end_sample > cut_sample:
            piece = self._pieces.pop()
            heard_samples = max(0, cut_sample - piece.first_sample)
            unheard.appendleft(piece.ulaw[heard_samples:])
            if heard_samples:
                self._pieces.append(
                    HeardPiece(
                        piece.first_sample,
                        piece.ulaw[:heard_samples],
                        piece.arrived_ms,
                        piece.sent_samples,
                    )
                )
        self._tail_sample = min(self._tail_sample, cut_sample)
        self._asked = min(self._asked, len(self._pieces))
        self._taken = min(self._taken, max(0, len(self._pieces) - 1))
        self._taken_sample = min(self._taken_sample, cut_sample)
        return list(unheard)

    def _drop_marks(self) -> list[str]:
        names = [name for _, name in self._marks]
        self._marks.clear()
        self._mark_characters = 0
        return names
