"""The demo bot's ear finds edges to the millisecond, over the noise of a line."""

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import decode_ulaw, encode_ulaw
from pipecat_voice_test.audio.noise import line_noise
from pipecat_voice_test.audio.speech import clip_spans
from pipecat_voice_test.demo.clips import speaking_voice
from pipecat_voice_test.demo.ear import DECODED, Burst, Ear

LOUD, QUIET = bytes([0xA0] * 4 + [0x20] * 4), b"\xff" * 8
HISS = bytes([0xA0, 0x20] * 4)  # As loud, and crosses zero with every sample.


def bursts_in(ulaw: bytes, piece: int = 160) -> list[tuple[int, int]]:
    ear = Ear()
    found: list[Burst] = []
    for at in range(0, len(ulaw), piece):
        ear.hear(ulaw[at : at + piece])
        if ear.burst is not None and (not found or found[-1] is not ear.burst):
            found.append(ear.burst)
    return [(burst.onset_ms, burst.end_ms) for burst in found]


@pytest.mark.parametrize("piece", [1, 80, 160, 333])
@pytest.mark.parametrize(
    ("spans", "bursts"),
    [
        pytest.param([], [], id="silence"),
        pytest.param([(207, 411)], [(207, 411)], id="to-the-millisecond"),
        pytest.param([(0, 100)], [(0, 100)], id="from-the-first-sample"),
        pytest.param([(200, 259)], [], id="59-ms-are-a-click"),
        pytest.param([(200, 260)], [(200, 260)], id="60-ms-are-voice"),
        pytest.param([(200, 300), (499, 600)], [(200, 600)], id="199-ms-apart-are-one"),
        pytest.param([(200, 300), (500, 600)], [(200, 300), (500, 600)], id="200-ms-apart-are-two"),
        pytest.param([(200, 210), (240, 400)], [(240, 400)], id="a-click-before-it-is-no-onset"),
    ],
)
def test_bursts(spans: list[tuple[int, int]], bursts: list[tuple[int, int]], piece: int) -> None:
    ulaw = b"".join(
        LOUD if any(start <= at < end for start, end in spans) else QUIET for at in range(1200)
    )

    assert bursts_in(ulaw, piece) == bursts


def test_line_noise_is_not_voice() -> None:
    noise = encode_ulaw(np.rint(line_noise(1, -60.0, 8000 * 60)).astype(np.int16))

    assert bursts_in(noise) == []


@pytest.mark.parametrize("offset_ms", [0, 3, 9])
def test_it_agrees_with_the_level_rule_of_metrics_2(offset_ms: int) -> None:
    for clip in speaking_voice().replies:
        ulaw = QUIET * (200 + offset_ms) + clip.ulaw + QUIET * 500
        expected = [(a // 8, b // 8) for a, b in clip_spans(decode_ulaw(ulaw))]

        assert bursts_in(ulaw) == expected


def test_it_decodes_as_g711_does() -> None:
    assert list(DECODED) == decode_ulaw(bytes(range(256))).tolist()


@pytest.mark.parametrize(
    ("sound", "is_voice"),
    [
        pytest.param(LOUD * 400, True, id="a-vowel"),
        pytest.param(HISS * 400, False, id="a-cough"),
        pytest.param(HISS * 200 + LOUD * 200, True, id="a-word-that-begins-with-a-hiss"),
        pytest.param(HISS * 300 + LOUD * 40, False, id="a-cough-with-something-under-it"),
    ],
)
def test_a_cough_is_loud_and_no_voice(sound: bytes, is_voice: bool) -> None:
    ear = Ear()
    ear.hear(QUIET * 500 + sound + QUIET * 100)

    assert ear.burst is not None
    assert ear.burst.is_voice == is_voice


@pytest.mark.parametrize("noise_dbov", [-50.0, -45.0, -41.0])
def test_over_the_noise_of_a_line_a_word_stands_out(noise_dbov: float) -> None:
    """Only its soft end is lost."""
    noise = np.rint(line_noise(1, noise_dbov, 8000 * 6)).astype(np.int16)
    word = decode_ulaw(speaking_voice().replies[1].ulaw)
    noise[8000 * 3 : 8000 * 3 + len(word)] += word
    # What noise there is takes the ear a moment to know.
    found = [burst for burst in bursts_in(encode_ulaw(noise)) if burst[1] > 1000]

    assert found[0][0] == pytest.approx(3000, abs=40)
    assert found[-1][1] == pytest.approx(3000 + len(word) / 8, abs=300)
