"""What a program says on the line, frame by frame: its chunks over the noise of the line.

An utterance begins on a frame boundary (P-24), with the frame after the one in progress (P-21).
One that is handed over while the one before it ends follows it without a hole: what a frame
holds is put together when the frame is sent.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.line import LineSound
from pipecat_voice_test.library.chunk import AudioChunk
from pipecat_voice_test.library.live.rates import Spoken8k
from pipecat_voice_test.timeline import FRAME_MS, FRAME_SAMPLES, SAMPLES_PER_MS

_SILENCE: Pcm = np.zeros(0, np.int16)


@dataclass(frozen=True, slots=True)
class Utterance:
    """Where an utterance lies on the mouth clock, in samples at 8000 Hz since call time 0."""

    start_sample: int
    end_sample: int

    @property
    def start_ms(self) -> float:
        return self.start_sample / SAMPLES_PER_MS

    @property
    def end_ms(self) -> float:
        return self.end_sample / SAMPLES_PER_MS


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """20 ms that are known when they are over; a `timeline.Frame`."""

    sound: Callable[[], bytes]
    key: str = ""

    @property
    def ulaw(self) -> bytes:
        """The 160 bytes; to be asked for once, when the frame is sent."""
        return self.sound()


class LiveMouth:
    """Says one utterance after the other."""

    def __init__(self, line: LineSound) -> None:
        self._line = line
        self._at_ms = 0  # Start of the frame in progress.
        self._speech: Spoken8k | None = None
        self._first_sample = 0  # Of `_speech`.
        self._last: tuple[int, Pcm] = (-1, _SILENCE)  # The frame in which it was stopped.

    def frame(self, at_ms: int, key: str = "") -> LiveFrame:
        """The frame that begins now."""
        self._at_ms = at_ms
        return LiveFrame(partial(self._sound, at_ms // FRAME_MS), key)

    def say(self, chunk: AudioChunk) -> Utterance:
        """Say this after what is being said, or from the next frame on."""
        in_progress = self._at_ms * SAMPLES_PER_MS
        if self._speech is None or self._end_sample < in_progress:
            self._speech, self._first_sample = Spoken8k(), in_progress + FRAME_SAMPLES
        start = self._end_sample
        self._speech.give(np.frombuffer(chunk.data, "<i2").astype(np.int16, copy=False))
        return Utterance(start, self._end_sample)

    def stop(self) -> None:
        """Say no more of it than the frame in progress still holds."""
        number = self._at_ms // FRAME_MS
        self._last = (number, self._take(number))
        self._speech = None

    @property
    def _end_sample(self) -> int:
        """Where all that was handed over ends."""
        return self._first_sample + (0 if self._speech is None else self._speech.samples)

    def _sound(self, number: int) -> bytes:
        stopped_in, pcm = self._last
        if stopped_in != number:
            pcm = self._take(number)
        return self._line.mix(pcm, number) if len(pcm) else self._line.quiet_frame(number)

    def _take(self, number: int) -> Pcm:
        if self._speech is None or number * FRAME_SAMPLES < self._first_sample:
            return _SILENCE
        return self._speech.take(FRAME_SAMPLES)
