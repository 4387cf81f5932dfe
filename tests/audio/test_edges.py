"""Where speech begins and ends, whatever lies under it."""

from functools import cache

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.edges import spoken_stretches
from pipecat_voice_test.audio.speech import Span, clip_spans, joined
from pipecat_voice_test.audio.voice_model import voice_probabilities

from audio.behind import KINDS, conversation, demo_clips, on_the_line, people
from audio.sounds import MS, hiss, silence, sound

PAUSES_MS = (713.0, 1250.0, 520.0, 2033.0, 871.0)
WITHIN_MS = 40.0


@cache
def talk() -> Pcm:
    return conversation([*demo_clips(), *people()], PAUSES_MS)


def spoken() -> tuple[Span, ...]:
    """What the level rule finds in the voice alone, where it pauses for half a second or more."""
    return joined(clip_spans(talk()), 500)


def heard(pcm: Pcm, cuts: tuple[int, ...] = ()) -> tuple[Span, ...]:
    return joined(spoken_stretches(pcm, voice_probabilities(pcm), cuts))


def onsets_off_ms(pcm: Pcm) -> list[float]:
    """By how much each true onset is missed by the nearest that is found."""
    found = [start for start, _ in heard(pcm)]
    return [min((at - start for at in found), key=abs) / MS for start, _ in spoken()]


@pytest.mark.parametrize("below_db", [20.0, 15.0])
@pytest.mark.parametrize("kind", KINDS)
def test_issue_4_over_a_background_an_onset_is_found_within_40_ms(
    kind: str, below_db: float
) -> None:
    off_ms = np.abs(onsets_off_ms(on_the_line(talk(), kind, below_db)))

    assert len(off_ms) >= 13
    assert np.mean(off_ms <= WITHIN_MS) >= 0.9
    assert off_ms.max() <= 80


@pytest.mark.parametrize("kind", KINDS)
def test_no_word_is_missed_and_nobody_is_heard_where_nobody_speaks(kind: str) -> None:
    truth = spoken()

    found = heard(on_the_line(talk(), kind))

    assert all(any(a < end and b > start for a, b in found) for start, end in truth)
    assert all(any(a < end and b > start for a, b in truth) for start, end in found)


def test_metrics_2_the_model_agrees_with_the_level_rule_where_the_line_is_quiet() -> None:
    off_ms = np.abs(onsets_off_ms(on_the_line(talk())))

    assert np.median(off_ms) <= 3
    assert off_ms.max() <= WITHIN_MS


def cut_off(kind: str, spoken_ms: float) -> tuple[Pcm, int]:
    """A reply that stops in the middle of a word, and the sample at which it does."""
    reply = demo_clips()[1][: round(spoken_ms * MS)]
    voice = sound(silence(2000), reply, silence(3000))
    return on_the_line(voice, kind), 2000 * MS + len(reply)


@pytest.mark.parametrize("spoken_ms", [900.0, 1203.0, 1611.0])
@pytest.mark.parametrize("kind", KINDS)
def test_the_end_that_a_clear_made_is_exact(kind: str, spoken_ms: float) -> None:
    pcm, end = cut_off(kind, spoken_ms)

    assert heard(pcm, (end,))[-1][1] == end


@pytest.mark.parametrize("kind", ["white", "hum", "typing"])
def test_a_voice_that_stops_in_a_word_without_clear_is_found_within_40_ms(kind: str) -> None:
    pcm, end = cut_off(kind, 1203.0)

    assert abs(heard(pcm)[-1][1] - end) <= WITHIN_MS * MS


def test_a_clear_in_the_middle_of_a_pause_ends_nothing() -> None:
    pcm, end = cut_off("white", 1203.0)

    assert heard(pcm, (end + 1000 * MS,)) == heard(pcm)


def test_a_crowd_in_the_room_is_nobody_on_the_phone() -> None:
    pauses = np.tile(sound(silence(1500), demo_clips()[2], silence(1900)), 4)
    crowd = np.zeros(len(pauses))
    for number, clip in enumerate([*demo_clips(), *people()] * 2):
        crowd += np.roll(np.resize(clip.astype(np.float64), len(pauses)), 4111 * number)
    crowd *= 10 ** (-43 / 20) * 32768 / np.sqrt(np.mean(crowd**2))
    pcm = np.rint(pauses + crowd).astype(np.int16)

    assert len(joined(heard(pcm), 1000)) == 4


@pytest.mark.parametrize(
    "pcm",
    [
        pytest.param(np.zeros(0, np.int16), id="no-call-at-all"),
        pytest.param(silence(3000), id="digital-silence"),
        pytest.param(hiss(3000, -40), id="noise"),
    ],
)
def test_nobody_speaks(pcm: Pcm) -> None:
    assert heard(pcm) == ()


def test_a_recording_may_begin_and_end_with_speech() -> None:
    found = heard(demo_clips()[2])

    assert found[0][0] <= 20 * MS
    assert found[-1][1] >= len(demo_clips()[2]) - 60 * MS
