"""Nothing is lost, added or shifted between the line's rate and that of chunks."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.library.live.rates import Heard24k, Spoken8k


def tone(rate_hz: int, samples: int) -> NDArray[np.float64]:
    """Two tones that tell every moment apart."""
    t = np.arange(samples) / rate_hz
    sound: NDArray[np.float64] = np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 1130 * t)
    return 5000 * sound


def pcm(rate_hz: int, samples: int) -> Pcm:
    return np.rint(tone(rate_hz, samples)).astype(np.int16)


def cut(sound: Pcm, lengths: list[int]) -> list[Pcm]:
    return np.split(sound, np.cumsum(lengths))


CUTS = [
    pytest.param([], id="in-one-piece"),
    pytest.param([160] * 40, id="in-frames"),
    pytest.param([1] * 50 + [7, 3000, 0, 11], id="in-odd-pieces"),
]


@pytest.mark.parametrize("lengths", CUTS)
@pytest.mark.parametrize("samples", [1, 11, 12, 160, 9440])
def test_what_was_heard_has_three_samples_for_each_however_it_came(
    samples: int, lengths: list[int]
) -> None:
    stretch = Heard24k()
    pieces = [stretch.feed(piece) for piece in cut(pcm(8000, samples), lengths)]

    whole = Heard24k()
    at_once = np.concatenate([whole.feed(pcm(8000, samples)), whole.rest()])
    assert np.array_equal(np.concatenate([*pieces, stretch.rest()]), at_once)
    assert len(at_once) == 3 * samples


def test_what_was_heard_is_not_shifted() -> None:
    stretch = Heard24k()
    sound = np.concatenate([stretch.feed(pcm(8000, 8000)), stretch.rest()])

    inside = slice(100, -100)
    assert np.abs(sound[inside] - tone(24_000, 24_000)[inside]).max() < 60


@pytest.mark.parametrize("lengths", [[], [480] * 20, [1024] * 9, [5, 1, 700]])
def test_chunks_that_follow_each_other_are_one_sound(lengths: list[int]) -> None:
    speech = Spoken8k()
    for piece in cut(pcm(24_000, 24_000), lengths):
        speech.give(piece)

    taken = np.concatenate([speech.take(160) for _ in range(60)])
    assert len(taken) == speech.samples == 8000
    assert np.abs(taken[40:-40] - tone(8000, 8000)[40:-40]).max() < 60


def test_a_chunk_that_comes_when_the_one_before_has_been_taken_is_no_shift() -> None:
    speech = Spoken8k()
    sound = pcm(24_000, 24_000)
    speech.give(sound[:12_000])
    first = speech.take(4100)
    speech.give(sound[12_000:])
    second = speech.take(4100)

    assert (len(first), len(second), len(speech.take(1))) == (4000, 4000, 0)
    taken = np.concatenate([first, second])
    beside_the_seam = np.r_[40:3980, 4000:7960]
    assert np.abs(taken - tone(8000, 8000))[beside_the_seam].max() < 60
