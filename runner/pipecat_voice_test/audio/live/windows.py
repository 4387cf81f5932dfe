"""The frames of a call, in the windows of the voice model and with its opinion of them."""

import audioop
from dataclasses import dataclass

import numpy as np

from pipecat_voice_test.audio.codec import ULAW_SILENCE_FRAME
from pipecat_voice_test.audio.level import FULL_SCALE
from pipecat_voice_test.audio.voice_model import WINDOW_MS, WINDOW_SAMPLES, VoiceStream

_WINDOW_BYTES = 2 * WINDOW_SAMPLES


@dataclass(frozen=True, slots=True)
class Window:
    """32 ms of what the caller hears.

    Attributes:
        end_ms: On the ear clock.
        rms: In units of the 16-bit scale, 0 to 32768.
        probability: That somebody speaks.
    """

    end_ms: float
    rms: int
    probability: float

    @property
    def start_ms(self) -> float:
        return self.end_ms - WINDOW_MS


class Windows:
    """What waits to be looked at, oldest first."""

    def __init__(self, first_ms: float) -> None:
        self._first_ms = first_ms
        self._stream = VoiceStream()
        self._waiting = bytearray()

    def add(self, ulaw: bytes) -> None:
        """Put a frame behind the others; an empty one is silence."""
        self._waiting += audioop.ulaw2lin(ulaw or ULAW_SILENCE_FRAME, 2)

    def take(self, at_most: int) -> list[Window]:
        """Look at the oldest that are whole; each takes about 0.1 ms."""
        whole = min(len(self._waiting) // _WINDOW_BYTES, at_most)
        pcm = bytes(self._waiting[: whole * _WINDOW_BYTES])
        del self._waiting[: len(pcm)]
        return [
            Window(self._first_ms + end_ms, _rms(pcm[index * _WINDOW_BYTES :]), probability)
            for index, (end_ms, probability) in enumerate(
                self._stream.feed(np.frombuffer(pcm, np.int16))
            )
        ]

    @property
    def caught_up(self) -> bool:
        """Whether everything has been looked at."""
        return len(self._waiting) < _WINDOW_BYTES


def _rms(pcm: bytes) -> int:
    """Of the first window."""
    return min(audioop.rms(pcm[:_WINDOW_BYTES], 2), FULL_SCALE)
