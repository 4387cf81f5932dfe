"""A voice that plays too slow or too fast is told from every voice at its own speed."""

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import Pcm, encode_ulaw
from pipecat_voice_test.audio.level import at_active_level
from pipecat_voice_test.measurement.integrity.fault import Fault
from pipecat_voice_test.measurement.integrity.pace import FIGURES, voice_figures
from pipecat_voice_test.measurement.integrity.speed import at_speed, wrong_speed

from measurement.integrity.sounds import NAMES, RATE_HZ, at_rate, healthy, said, sound


def played(pcm: Pcm) -> tuple[bool, Fault | None]:
    return wrong_speed(sound(encode_ulaw(pcm)))


def talk() -> Pcm:
    """All the demo bot has to say."""
    return np.concatenate([said(name) for name in NAMES])


@pytest.mark.parametrize("rate_hz", [16000, 22050, 24000, 44100, 48000])
def test_sound_of_another_rate_sent_as_it_is_plays_too_slow(rate_hz: int) -> None:
    _, fault = played(at_rate(talk()[: 8 * RATE_HZ], rate_hz))

    assert fault is not None
    assert fault.metric == "wrong_speed"
    assert "times too slow, at a pitch of" in fault.because


@pytest.mark.parametrize("speed", [2.0, 2.76, 3.0])
def test_sound_that_lost_samples_plays_too_fast(speed: float) -> None:
    _, fault = played(at_rate(talk(), round(RATE_HZ / speed)))

    assert fault is not None
    assert "times too fast, at a pitch of" in fault.because


def test_the_figures_are_told() -> None:
    _, fault = played(at_rate(said("reply-1"), 24000))

    assert fault is not None
    assert fault.because == (
        "it plays about 3.0 times too slow, at a pitch of 66 Hz; the voice model hears a voice "
        "in 33% of it, and in 99% when it is played 3 times as fast."
    )


@pytest.mark.parametrize("dbov", [-45, -26, -12])
@pytest.mark.parametrize("speed", [0.85, 1.0, 1.18])
def test_voices_a_little_lower_or_higher_are_no_fault(speed: float, dbov: int) -> None:
    assert played(at_active_level(at_speed(talk(), speed), dbov)) == (True, None)


@pytest.mark.parametrize("name", healthy())
def test_nothing_healthy_is_blamed(name: str) -> None:
    repeated = np.tile(healthy()[name], 3)

    assert played(repeated)[1] is None


@pytest.mark.parametrize("name", ["music", "steady", "ringback", "keys", "loud-noise", "silence"])
def test_of_what_is_no_voice_nothing_is_said(name: str) -> None:
    assert played(np.tile(healthy()[name], 4)) == (False, None)


def test_less_than_three_seconds_of_voice_are_too_little() -> None:
    assert voice_figures(said("confirm")) is None
    assert played(said("confirm")) == (False, None)


def test_every_figure_is_a_number() -> None:
    figures = voice_figures(talk())

    assert figures is not None
    assert figures.shape == (FIGURES,)
    assert np.isfinite(figures).all()


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_changing_the_speed_and_back_leaves_what_fits_between(speed: float) -> None:
    low = at_rate(at_rate(said("reply-2"), 3600), 8000 * 8000 // 3600)[:16000]

    back = at_speed(at_speed(low, speed), 1 / speed)

    apart = low[: len(back)].astype(float) - back[: len(low)]
    assert np.abs(apart[400:-400]).mean() < 0.05 * np.abs(low).mean()
