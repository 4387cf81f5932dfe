"""Utterances begin on a frame and follow each other without a hole: P-21, P-24."""

import numpy as np
import pytest
from pipecat_voice_test.audio.line import line_sound
from pipecat_voice_test.library.chunk import AudioChunk
from pipecat_voice_test.library.live.mouth import LiveMouth, Utterance

from library.bots import is_loud, tone

FRAME_MS = 20.0


class Line:
    """Frames one after the other, each asked for its sound when it is over."""

    def __init__(self) -> None:
        self.mouth = LiveMouth(line_sound(0, -60.0))
        self.sent: list[bytes] = []
        self._frame = self.mouth.frame(0)

    def go_on(self, until_ms: float) -> None:
        """Send every frame that is over by then."""
        while (len(self.sent) + 1) * FRAME_MS <= until_ms:
            self.sent.append(self._frame.ulaw)
            self._frame = self.mouth.frame(20 * len(self.sent))

    @property
    def loud(self) -> list[int]:
        return [number for number, frame in enumerate(self.sent) if is_loud(frame)]


@pytest.mark.parametrize(
    ("said_ms", "first"),
    [
        pytest.param(0.0, 1, id="in-the-first-frame"),
        pytest.param(60.0, 4, id="as-a-frame-begins"),
        pytest.param(79.9, 4, id="as-a-frame-ends"),
    ],
)
def test_what_is_decided_in_a_frame_is_heard_from_the_next_on(said_ms: float, first: int) -> None:
    line = Line()
    line.go_on(said_ms)
    utterance = line.mouth.say(tone(0.1))
    line.go_on(400)

    assert line.loud == list(range(first, first + 5))
    assert utterance == Utterance(first * 160, first * 160 + 800)


@pytest.mark.parametrize("samples", [1, 480, 512, 1024, 2400, 4096, 11_999])
@pytest.mark.parametrize("early_ms", [7.0, 0.0, -0.1])
def test_a_chunk_that_comes_when_one_has_been_said_follows_without_a_hole(
    samples: int, early_ms: float
) -> None:
    """In time, just in time, and a moment late where the frame is not over yet."""
    whole = tone(0.5 if samples > 1 else 0.002)
    line = Line()
    line.go_on(33)
    end_ms = 0.0
    for at in range(0, len(whole.data), 2 * samples):
        line.go_on(end_ms - early_ms)
        end_ms = line.mouth.say(AudioChunk(whole.data[at : at + 2 * samples])).end_ms
    line.go_on(800)

    at_once = Line()
    at_once.go_on(33)
    at_once.mouth.say(whole)
    at_once.go_on(800)
    assert line.loud == at_once.loud
    if early_ms > 1.5:  # Else the end of one was sent before the next was known.
        assert line.sent == at_once.sent


def test_silence_between_two_utterances_is_the_noise_of_the_line() -> None:
    line = Line()
    line.mouth.say(tone(0.04))
    line.go_on(200)
    line.mouth.say(tone(0.04))
    line.go_on(400)

    assert line.loud == [1, 2, 11, 12]
    assert all(len(set(frame)) > 3 for frame in line.sent)


def test_what_is_stopped_ends_with_the_frame_in_progress() -> None:
    line = Line()
    line.mouth.say(tone(5, 500))
    line.go_on(105)
    line.mouth.stop()
    line.mouth.say(tone(0.04))
    line.go_on(400)

    assert line.loud == [1, 2, 3, 4, 5, 6, 7]


def test_ten_minutes_of_speech_are_handed_over_at_once() -> None:
    line = Line()
    utterance = line.mouth.say(AudioChunk(np.zeros(24_000 * 600, "<i2").tobytes()))
    line.go_on(100)

    assert utterance.end_ms - utterance.start_ms == 600_000
