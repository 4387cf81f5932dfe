"""Levels are those of METRICS 2: 20·log10(RMS / 32768)."""

import math

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.level import (
    active_level_dbov,
    at_active_level,
    level_dbov,
    window_levels_dbov,
)

from audio.sounds import VOICES, silence, sound, tone, voice


@pytest.mark.parametrize(
    ("pcm", "level"),
    [
        pytest.param(np.full(80, -32768, np.int16), 0.0, id="a-full-scale-square-wave-is-0"),
        pytest.param(np.full(80, 3277, np.int16), -20.0, id="a-tenth-is-20-less"),
        pytest.param(np.zeros(80, np.int16), -math.inf, id="digital-silence-has-none"),
    ],
)
def test_level_of_a_window(pcm: Pcm, level: float) -> None:
    assert window_levels_dbov(pcm)[0] == pytest.approx(level, abs=0.01)
    assert level_dbov(pcm) == pytest.approx(level, abs=0.01)


def test_a_window_that_is_not_full_counts_as_followed_by_silence() -> None:
    whole, half = window_levels_dbov(np.full(120, 3277, np.int16))

    assert half == pytest.approx(whole - 3.01, abs=0.01)


def test_the_level_of_all_samples_knows_no_windows() -> None:
    assert level_dbov(np.full(120, 3277, np.int16)) == pytest.approx(-20, abs=0.01)


def test_no_samples_have_no_windows_and_no_level() -> None:
    nothing = np.empty(0, np.int16)

    assert len(window_levels_dbov(nothing)) == 0
    assert level_dbov(nothing) == active_level_dbov(nothing) == -math.inf


@pytest.mark.parametrize("dbov", [-10, -26, -48, -60])
@pytest.mark.parametrize("silence_ms", [0, 500, 9000])
def test_silence_around_a_sound_leaves_its_active_level_alone(dbov: int, silence_ms: int) -> None:
    pcm = sound(silence(silence_ms), tone(900, dbov), silence(silence_ms))

    assert active_level_dbov(pcm) == pytest.approx(dbov, abs=0.05)


@pytest.mark.parametrize(
    ("pause_ms", "softer_db"),
    [
        pytest.param(150, 0.35, id="a-pause-between-words-belongs-to-the-speech"),
        pytest.param(2000, 0.0, id="a-pause-to-think-does-not"),
    ],
)
def test_what_counts_as_active(pause_ms: int, softer_db: float) -> None:
    pcm = sound(tone(900, -26), silence(pause_ms), tone(900, -26))

    assert active_level_dbov(pcm) == pytest.approx(-26 - softer_db, abs=0.05)


@pytest.mark.parametrize("name", VOICES)
@pytest.mark.parametrize("target", [-16.0, -26.0, -41.0])
def test_speech_gets_the_active_level_asked_for(name: str, target: float) -> None:
    levelled = at_active_level(voice(name), target)

    assert active_level_dbov(levelled) == pytest.approx(target, abs=0.05)


def test_a_gain_never_clips() -> None:
    spiky = sound(tone(900, -30), np.array([-16000], np.int16), tone(900, -30))

    levelled = at_active_level(spiky, -10.0)

    assert levelled.min() == -32767
    assert active_level_dbov(levelled) == pytest.approx(-30 + 6.2, abs=0.1)


def test_silence_stays_silence() -> None:
    assert not at_active_level(silence(100), -26).any()
