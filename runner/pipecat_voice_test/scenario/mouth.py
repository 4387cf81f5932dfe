"""What the caller puts on the line, frame by frame: his clips over the noise of the line.

A long clip is mixed a second at a time, because a call shares its thread with many others.
"""

from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.line import LineSound
from pipecat_voice_test.timeline import FRAME_SAMPLES, SAMPLE_RATE_HZ

_BLOCK_SAMPLES = SAMPLE_RATE_HZ


class Mouth:
    """One clip at a time; a new one replaces what is left of the one before."""

    def __init__(self, line: LineSound) -> None:
        self._line = line
        self._clip: Pcm | None = None
        self._first_frame = 0
        self._block = b""

    @property
    def is_speaking(self) -> bool:
        return self._clip is not None

    def say(self, clip: Pcm, first_frame: int) -> None:
        """Say a clip from the frame with this number on, which is the next one asked for."""
        self._clip = clip
        self._first_frame = first_frame

    def next_frame(self, frame: int) -> bytes:
        """The 160 bytes of the frame with this number; each is asked for once, in order."""
        if self._clip is None:
            return self._line.quiet_frame(frame)
        where = (frame - self._first_frame) * FRAME_SAMPLES
        if where >= len(self._clip):
            self._clip = None
            return self._line.quiet_frame(frame)
        in_block = where % _BLOCK_SAMPLES
        if in_block == 0:
            self._block = self._line.mix(self._clip[where : where + _BLOCK_SAMPLES], frame)
        return self._block[in_block : in_block + FRAME_SAMPLES]
