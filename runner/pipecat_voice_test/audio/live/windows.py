"""The frames of a call, in the windows of the voice model and with its opinion of them."""

import audioop
from dataclasses import dataclass

import numpy as np

from pipecat_voice_test.audio.codec import ULAW_SILENCE_FRAME
from pipecat_voice_test.audio.level import FULL_SCALE
from pipecat_voice_test.audio.voice_model import WINDOW_MS, WINDOW_SAMPLES, VoiceStream

_WINDOW_BYTES = 2 * WINDOW_SAMPLES
_AT_ONCE = 2  # Two windows take less time together than one after the other.


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
        """Look at the oldest that are whole; each takes about 0.15 ms."""
        whole = min(len(self._waiting) // _WINDOW_BYTES, at_most)
        taken: list[Window] = []
        while len(taken) < whole:
            size = _WINDOW_BYTES * min(_AT_ONCE, whole - len(taken))
            pcm = bytes(self._waiting[:size])
            del self._waiting[:size]
            found = self._stream.feed(np.frombuffer(pcm, np.int16))
            for index, (end_ms, probability) in enumerate(found):
                window = pcm[index * _WINDOW_BYTES : (index + 1) * _WINDOW_BYTES]
                rms = min(audioop.rms(window, 2), FULL_SCALE)
                taken.append(Window(self._first_ms + end_ms, rms, probability))
        return taken

    @property
    def caught_up(self) -> bool:
        """Whether everything has been looked at."""
        return len(self._waiting) < _WINDOW_BYTES
