"""P-23, P-24: noise without a break, clips on top of it, encoded once."""

import tracemalloc

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import (
    FRAME_SAMPLES,
    ULAW_SILENCE_FRAME,
    Pcm,
    decode_ulaw,
    encode_ulaw,
)
from pipecat_voice_test.audio.level import level_dbov
from pipecat_voice_test.audio.line import LineSound, line_sound
from pipecat_voice_test.audio.noise import band_level_dbov

from audio.sounds import hiss, silence, tone, voice

PERIOD_FRAMES = 512


def quiet(line: LineSound, frames: int, first: int = 0) -> bytes:
    return b"".join(line.quiet_frame(first + index) for index in range(frames))


def test_p_23_a_quiet_line_carries_noise_of_the_level_asked_for() -> None:
    heard = decode_ulaw(quiet(line_sound(0, -60.0), PERIOD_FRAMES))

    assert level_dbov(heard) == pytest.approx(-60, abs=0.3)


def test_p_23_without_noise_it_is_digital_silence() -> None:
    assert line_sound(0, None).quiet_frame(12_345) == ULAW_SILENCE_FRAME


def test_p_23_the_noise_comes_round_without_a_seam() -> None:
    line = line_sound(0, -40.0)
    around = decode_ulaw(quiet(line, 20, first=PERIOD_FRAMES - 10)).astype(float)

    assert quiet(line, 20, first=PERIOD_FRAMES - 10) == quiet(line, 10, 502) + quiet(line, 10)
    assert np.abs(np.diff(around))[1590:1610].max() < np.abs(np.diff(around)).max()


@pytest.mark.parametrize(
    ("clip", "frames"),
    [
        pytest.param(silence(0), 0, id="nothing"),
        pytest.param(tone(20, -26), 1, id="a-frame"),
        pytest.param(tone(20.125, -26), 2, id="a-frame-and-a-sample"),
    ],
)
def test_p_24_a_clip_is_filled_up_to_whole_frames(clip: Pcm, frames: int) -> None:
    assert len(line_sound(0, -60.0).mix(clip, 0)) == frames * FRAME_SAMPLES


@pytest.mark.parametrize("first_frame", [0, 7, PERIOD_FRAMES - 1, 3 * PERIOD_FRAMES + 5])
def test_p_24_the_noise_runs_on_underneath(first_frame: int) -> None:
    line = line_sound(0, -50.0)

    assert line.mix(silence(300), first_frame) == quiet(line, 15, first_frame)


def test_p_24_a_clip_on_a_silent_line_is_encoded_once() -> None:
    clip = voice("thank_you")
    padded = np.pad(clip, (0, -len(clip) % FRAME_SAMPLES))

    assert line_sound(0, None).mix(clip, 3) == encode_ulaw(padded)


def test_p_24_voice_and_noise_add_up() -> None:
    line = line_sound(0, -30.0)
    clip = tone(200, -26)
    under = line_sound(0, -30.0)._loop[5 * FRAME_SAMPLES :][: len(clip)]

    assert line.mix(clip, 5) == encode_ulaw(clip + under)


def test_a_sum_beyond_full_scale_is_limited() -> None:
    loud = np.full(FRAME_SAMPLES, 32767, np.int16)

    heard = decode_ulaw(line_sound(0, -20.0).mix(loud, 0))

    assert heard.min() > 20_000


def test_a_long_clip_sounds_as_if_mixed_at_once() -> None:
    line = line_sound(0, -50.0)
    clip = hiss(25_010, -30)

    cut = 300 * FRAME_SAMPLES
    in_two = line.mix(clip[:cut], 11) + line.mix(clip[cut:], 11 + 300)
    assert line.mix(clip, 11) == in_two


@pytest.mark.parametrize("snr_db", [20.0, 5.0, 0.0])
@pytest.mark.parametrize("recording", [hiss(3000, -12), hiss(500, -50)])
def test_metrics_6_a_background_lies_below_the_speech(recording: Pcm, snr_db: float) -> None:
    line = line_sound(0, None, noise=recording, snr_db=snr_db, speech_level_dbov=-26.0)
    heard = decode_ulaw(quiet(line, line.period_samples // FRAME_SAMPLES))

    assert band_level_dbov(heard.astype(float)) == pytest.approx(-26 - snr_db, abs=0.3)


def test_metrics_6_another_seed_meets_another_part_of_the_background() -> None:
    one, other = (line_sound(seed, None, noise=hiss(3000, -30)) for seed in (0, 1))

    assert one.quiet_frame(0) != other.quiet_frame(0)
    assert sorted(quiet(one, 588)) == sorted(quiet(other, 588))


def test_a_background_nobody_could_hear_is_refused() -> None:
    with pytest.raises(ValueError, match="holds nothing between 300 and 3400 Hz"):
        line_sound(0, -60.0, noise=silence(1000))


def test_lines_with_equal_settings_share_their_noise() -> None:
    assert line_sound(0, -60.0) is line_sound(0, -60.0)
    assert line_sound(0, -60.0) is not line_sound(1, -60.0)


def test_fifty_lines_of_their_own_and_a_ten_minute_clip_fit_into_little_memory() -> None:
    clip = silence(600_000)
    tracemalloc.start()
    lines = [line_sound(seed, -60.0) for seed in range(100, 150)]
    lines[0].mix(clip, 0)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak_bytes < 40_000_000
