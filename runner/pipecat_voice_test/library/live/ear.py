"""What was heard on a line that is open, as chunks, whole and in order.

A chunk is what the ear has got since the one before (P-35): audio that waits to be played is
not in it, and a `clear` may still remove it. Nothing is given while nothing plays. The first
chunk of a reply comes 2 ms after the reply begins to be heard, the last one 30 ms after its end.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from pipecat_voice_test.audio.codec import decode_ulaw
from pipecat_voice_test.library.chunk import AudioChunk
from pipecat_voice_test.library.live.rates import Heard24k
from pipecat_voice_test.timeline import SAMPLE_RATE_HZ, SAMPLES_PER_MS, HeardPiece

FIRST_MS = 2.0
GRAIN_MS = 20.0
# A bot that sends as it speaks leaves holes of a few milliseconds; after this it is silent.
END_MS = 30.0
# A line that never stops sending (WebRTC) goes on in silence; a pause this long is none of a word.
PAUSE_MS = 200.0
# |sample| up to 16 of 32768: what a codec makes of digital silence.
_SILENT = bytes((0xFF, 0xFE, 0xFD, 0x7F, 0x7E, 0x7D))


class Playing(Protocol):
    """The part of a `VirtualCall` that is asked here."""

    @property
    def queued_until_ms(self) -> float: ...
    def take_heard(self, until_ms: float) -> Sequence[HeardPiece]: ...


class ChunkEar:
    """Turns what one call hears into chunks.

    Args:
        call: Where it is heard.
        is_endless: The bot's line sends silence all the time, which is then no reply (a pause
            between two words is part of one).
    """

    def __init__(self, call: Playing, *, is_endless: bool = False) -> None:
        self._call = call
        self._is_endless = is_endless
        self._pieces: list[HeardPiece] = []
        self._samples = 0  # In `_pieces`.
        self._pause: list[HeardPiece] = []  # Silence that counts if a word follows it.
        self._stretch: Heard24k | None = None
        self._end_ms = 0.0  # Of what was heard last.

    def take(self, now_ms: float, *, at_once: bool = False) -> AudioChunk | None:
        """The next chunk, if there is enough for one.

        Args:
            now_ms: Call time; what is heard later is not given yet.
            at_once: Give what there is: nobody waits any longer, or nothing more will come.
        """
        for piece in self._call.take_heard(now_ms):
            self._hear(piece)
        if now_ms >= self._quiet_from_ms:
            return self.rest()
        wanted = 1 if at_once else self._wanted_ms * SAMPLES_PER_MS
        if self._samples >= wanted:
            self._stretch = self._stretch or Heard24k()
            return self._chunk(self._stretch)
        return None

    def rest(self) -> AudioChunk | None:
        """All that was taken and not given yet, as nothing follows it."""
        if not self._samples and self._stretch is None:
            return None
        stretch, self._stretch = self._stretch or Heard24k(), None
        return self._chunk(stretch, ends=True)

    def look_again_ms(self, now_ms: float) -> float | None:
        """When there may be a chunk if nothing arrives until then; None if there will be none."""
        if self._call.queued_until_ms > now_ms:
            return now_ms + max(1.0, self._wanted_ms - self._samples / SAMPLES_PER_MS)
        return self._quiet_from_ms if self._samples or self._stretch is not None else None

    @property
    def _wanted_ms(self) -> float:
        return FIRST_MS if self._stretch is None else GRAIN_MS

    @property
    def _quiet_from_ms(self) -> float:
        """From when on the reply is taken to be over."""
        if self._is_endless:
            return self._end_ms + END_MS
        return max(self._end_ms, self._call.queued_until_ms) + END_MS

    def _hear(self, piece: HeardPiece) -> None:
        if self._is_endless and not piece.ulaw.strip(_SILENT):
            self._pause.append(piece)
            while (piece.end_sample - self._pause[0].first_sample) / SAMPLES_PER_MS > PAUSE_MS:
                self._pause.pop(0)
            return
        if self._pause and self._pause[0].first_sample <= self._end_ms * SAMPLES_PER_MS + 1:
            self._add(*self._pause)
        self._pause.clear()
        self._add(piece)

    def _add(self, *pieces: HeardPiece) -> None:
        self._pieces += pieces
        self._samples += sum(len(piece.ulaw) for piece in pieces)
        self._end_ms = pieces[-1].end_sample / SAMPLES_PER_MS

    def _chunk(self, stretch: Heard24k, *, ends: bool = False) -> AudioChunk:
        pieces, self._pieces, self._samples = self._pieces, [], 0
        end_sample = round(self._end_ms * SAMPLES_PER_MS)
        start_sample = (pieces[0].first_sample if pieces else end_sample) - stretch.held_back
        pcm = stretch.feed(decode_ulaw(b"".join(piece.ulaw for piece in pieces)))
        if ends:
            pcm = np.concatenate([pcm, stretch.rest()])
        else:
            end_sample -= stretch.held_back
        return AudioChunk(
            pcm.astype("<i2", copy=False).tobytes(),
            start_time=start_sample / SAMPLE_RATE_HZ,
            end_time=end_sample / SAMPLE_RATE_HZ,
        )
