"""A stuck buffer of speech is a loop; what repeats itself for good reason is none."""

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import Pcm, encode_ulaw
from pipecat_voice_test.measurement.integrity.loops import looped
from pipecat_voice_test.measurement.integrity.sound import Sound

from measurement.integrity.sounds import healthy, in_cadence, said, song, sound, tones


def piece(begins_ms: int, length_ms: int, name: str = "reply-1") -> Pcm:
    return said(name)[begins_ms * 8 : (begins_ms + length_ms) * 8]


def ulaw(*parts: Pcm) -> bytes:
    return encode_ulaw(np.concatenate(parts))


@pytest.mark.parametrize("times", [3, 4, 10])
@pytest.mark.parametrize("length_ms", [120, 300, 500, 700])
def test_speech_that_comes_again_and_again_is_a_loop(length_ms: int, times: int) -> None:
    stuck = piece(80, length_ms)

    fault = looped(sound(ulaw(said("reply-2")[:8000], *[stuck] * times, said("confirm"))))

    assert fault is not None
    assert fault.metric == "looped"
    assert abs(fault.position - 8000) <= 160
    assert f"the same {length_ms} ms were heard" in fault.because


def test_a_loop_of_two_seconds_is_found() -> None:
    words = [piece(80, 700), piece(80, 700, "reply-3"), piece(80, 600, "hours")]

    assert looped(sound(ulaw(*words * 3))) is not None


def test_a_few_samples_that_differ_do_not_hide_it() -> None:
    stuck = bytearray(ulaw(*[piece(80, 500)] * 4))
    stuck[::40] = b"\xff" * len(stuck[::40])

    assert looped(sound(bytes(stuck))) is not None


def test_twice_is_no_loop() -> None:
    assert looped(sound(ulaw(*[piece(80, 500)] * 2, said("reply-3")))) is None


def test_a_sentence_said_again_after_pauses_is_no_loop() -> None:
    sentence, pause = piece(0, 900), np.zeros(2400, np.int16)

    assert looped(sound(ulaw(*[sentence, pause] * 5))) is None


def test_a_sentence_said_again_after_pauses_in_which_nothing_is_sent_is_no_loop() -> None:
    sentence = ulaw(piece(80, 500))
    starts = np.arange(5) * len(sentence)

    assert looped(Sound(sentence * 5, starts, starts)) is not None
    assert looped(Sound(sentence * 5, starts, 2 * starts)) is None


@pytest.mark.parametrize(
    "once",
    [
        pytest.param(song(2000), id="music"),
        pytest.param(song(500), id="a-chime"),
        pytest.param(in_cadence(tones(480, 620, ms=1000), 500, 500), id="busy"),
        pytest.param(in_cadence(tones(770, 1336, ms=200), 100, 100), id="keys"),
        pytest.param(tones(425, ms=1000), id="a-tone"),
    ],
)
def test_other_sounds_may_repeat_themselves(once: Pcm) -> None:
    assert looped(sound(ulaw(*[once] * 6))) is None


@pytest.mark.parametrize("name", healthy())
def test_nothing_healthy_is_blamed(name: str) -> None:
    assert looped(sound(encode_ulaw(healthy()[name]))) is None
