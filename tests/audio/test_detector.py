"""Which rule finds the bot's speech: METRICS 2, `detector`."""

from itertools import pairwise
from typing import Literal

import pytest
from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.detector import find_speech, speech_after_ms
from pipecat_voice_test.audio.level import to_pcm
from pipecat_voice_test.audio.speech import heard_speech

from audio.behind import behind, conversation, demo_clips, on_the_line
from audio.sounds import MS, hiss, silence, sound, tone

PAUSES_MS = (700.0, 1300.0, 2100.0)
VOICE = conversation([*demo_clips()[:3]], PAUSES_MS)
QUIET, OVER_MUSIC = on_the_line(VOICE), on_the_line(VOICE, "music")


@pytest.mark.parametrize(
    "pcm",
    [
        pytest.param(QUIET, id="speech"),
        pytest.param(to_pcm(VOICE + hiss(len(VOICE) / MS, -55).astype(float)), id="over-hiss"),
        pytest.param(sound(silence(800), tone(2000, -45), silence(900)), id="a-soft-tone"),
    ],
)
def test_on_a_quiet_line_auto_is_the_level_rule_to_the_sample(pcm: Pcm) -> None:
    found, by_level = find_speech(pcm), heard_speech(pcm)

    assert found.detector == "level"
    assert (found.stretches, found.bursts) == (by_level.stretches, by_level.bursts)
    assert found.suspected == ""


@pytest.mark.parametrize(
    ("asked", "pcm", "detector", "because"),
    [
        pytest.param("auto", OVER_MUSIC, "model", "music or noise under", id="auto-over-music"),
        pytest.param("auto", QUIET, "level", "the line is quiet", id="auto-on-a-quiet-line"),
        pytest.param("level", OVER_MUSIC, "level", "the scenario asks for it", id="level"),
        pytest.param("model", QUIET, "model", "the scenario asks for it", id="model"),
    ],
)
def test_the_scenario_is_obeyed(
    asked: Literal["auto", "level", "model"], pcm: Pcm, detector: str, because: str
) -> None:
    found = find_speech(pcm, asked)

    assert found.detector == detector
    assert found.because.startswith(because)


@pytest.mark.parametrize(
    ("asked", "pcm", "suspected"),
    [
        pytest.param("level", OVER_MUSIC, "music or noise under", id="level-over-music"),
        pytest.param("auto", sound(tone(31_000, -23), silence(9000)), "31.0 s of sound without a",
                     id="an-endless-tone"),
    ],
)  # fmt: skip
def test_metrics_2_background_suspected(
    asked: Literal["auto", "level"], pcm: Pcm, suspected: str
) -> None:
    found = find_speech(pcm, asked)

    assert found.detector == "level"
    assert found.suspected.startswith(suspected)


def test_what_the_model_finds_is_joined_as_rule_4_has_it() -> None:
    found = find_speech(OVER_MUSIC)

    assert all(b[0] - a[1] >= 50 * MS for a, b in pairwise(found.stretches))
    assert all(b[0] - a[1] >= 200 * MS for a, b in pairwise(found.bursts))
    assert len(found.bursts) <= len(found.stretches)


@pytest.mark.parametrize(
    ("kind", "rest_ms", "speech_ms"),
    [
        pytest.param("music", 400.0, 400.0, id="the-end-of-a-word"),
        pytest.param("music", 0.0, 0.0, id="music-alone"),
        pytest.param("noise", 300.0, 300.0, id="over-noise"),
    ],
)
def test_p_41_speech_that_would_have_followed_is_told_from_music(
    kind: str, rest_ms: float, speech_ms: float
) -> None:
    voice = sound(silence(3000), demo_clips()[1][: 1200 * MS], silence(1500))
    line = on_the_line(voice, kind)
    cut = (4200 - round(rest_ms)) * MS

    assert speech_after_ms(line[:cut], line[cut:]) == pytest.approx(speech_ms, abs=40)


def test_music_alone_is_no_greeting() -> None:
    found = find_speech(to_pcm(behind("music", 5, 9000)))

    assert found.detector == "model"
    assert found.bursts == ()
