"""Whoever holds the phone on behalf of a program: speaks when told to, and never goes quiet."""

from collections import deque
from collections.abc import Callable, Sequence

from pipecat_voice_test.audio.line import LineSound
from pipecat_voice_test.library.live.mouth import LiveFrame, LiveMouth
from pipecat_voice_test.timeline import Event, Heard, PlaybackCleared

KEY_GAP_MS = 100  # P-16


class LiveCaller:
    """A `timeline.Caller` that is told what to do while the call goes on.

    Args:
        sound: What the line carries beside the voice (P-23).
        each_frame: Called when a frame has been sent and the next begins, with its call time.

    Attributes:
        mouth: Says what a program wants said.
        keys: Still to be pressed.
        clears: Every `clear` that the bot sent.
        leaves_ms: When the phone is put down; None while the call is to go on.
        has_left: It was put down.
    """

    def __init__(self, sound: LineSound, each_frame: Callable[[int], None]) -> None:
        self.mouth = LiveMouth(sound)
        self.keys: deque[str] = deque()
        self.clears: list[PlaybackCleared] = []
        self.leaves_ms: float | None = None
        self.has_left = False
        self._each_frame = each_frame
        self._next_key_ms = 0

    @property
    def events(self) -> Sequence[Event]:
        """None of its own: what it did is what was sent."""
        return ()

    def next_frame(self, at_ms: int, heard: Heard) -> LiveFrame | None:
        self.clears += [event for event in heard.events if isinstance(event, PlaybackCleared)]
        self._each_frame(at_ms)
        if self.leaves_ms is not None and at_ms >= self.leaves_ms:
            self.has_left = True
            return None
        return self.mouth.frame(at_ms, self._key(at_ms))

    def _key(self, at_ms: int) -> str:
        if not self.keys or at_ms < self._next_key_ms:
            return ""
        self._next_key_ms = at_ms + KEY_GAP_MS
        return self.keys.popleft()
