"""The live caller hears what the verdicts will say, and soon enough."""

import pytest
from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.level import at_active_level
from pipecat_voice_test.audio.live import LiveSpeech
from pipecat_voice_test.audio.speech import heard_speech

from audio.live.frames import FRAME_MS, frames
from audio.sounds import VOICES, hiss, silence, sound, tone, voice


def followed(pcm: Pcm) -> LiveSpeech:
    live = LiveSpeech()
    for index, frame in enumerate(frames(pcm)):
        live.feed(frame, index * FRAME_MS)
    return live


def moment(pcm: Pcm, known: str) -> int:
    """When a property of the detector becomes true: the end of the frame that made it so."""
    live = LiveSpeech()
    for index, frame in enumerate(frames(pcm)):
        live.feed(frame, index * FRAME_MS)
        if {
            "begun": live.is_speaking(),
            "counted": bool(live.bursts),
            "over": bool(live.bursts) and not live.is_speaking(),
        }[known]:
            return (index + 1) * FRAME_MS
    raise AssertionError(f"never {known}")


@pytest.mark.parametrize("name", VOICES)
@pytest.mark.parametrize("shift_ms", [0, 3.5, 10, 17])
def test_live_and_offline_agree_on_real_voices(name: str, shift_ms: float) -> None:
    pcm = at_active_level(voice(name), -26)
    pcm = sound(silence(400 + shift_ms), pcm, silence(600), pcm, silence(400))

    live, offline = followed(pcm), heard_speech(pcm)

    assert len(live.bursts) == len(offline.bursts)
    assert len(live.stretches) == len(offline.stretches)
    for (start_ms, end_ms), (start, end) in zip(live.bursts, offline.bursts, strict=True):
        assert start_ms == pytest.approx(start / 8, abs=10)
        assert end_ms == pytest.approx(end / 8, abs=10)


@pytest.mark.parametrize(
    ("known", "at_most_ms"),
    [
        pytest.param("begun", 1000 + 30, id="a-beginning-after-30-ms"),
        pytest.param("counted", 1000 + 60, id="that-it-counts-after-60-ms"),
        pytest.param("over", 1500 + 50, id="its-end-after-50-ms"),
    ],
)
def test_how_soon_it_is_known(known: str, at_most_ms: int) -> None:
    pcm = sound(silence(1000), tone(500, -26), silence(500))

    assert at_most_ms <= moment(pcm, known) < at_most_ms + FRAME_MS


def test_while_a_stretch_lasts_its_onset_and_its_reach_are_known() -> None:
    live = followed(sound(silence(200), tone(300, -26)))

    assert live.speaking_since_ms == 200
    assert live.last_loud_ms == 500
    assert live.bursts == live.stretches == [(200, 500)]
    assert live.quiet_since_ms() is None


def test_after_it_the_silence_counts_from_its_end() -> None:
    live = followed(sound(silence(200), tone(300, -26), silence(200)))

    assert live.quiet_since_ms() == 500


def test_a_click_is_forgotten() -> None:
    live = followed(sound(silence(200), tone(40, -26), silence(200)))

    assert live.last_loud_ms == 240
    assert not live.is_speaking()
    assert live.bursts == live.stretches == []


@pytest.mark.parametrize(
    ("pause_ms", "bursts"),
    [
        pytest.param(180, [(200, 980)], id="closer-than-200-ms"),
        pytest.param(200, [(200, 500), (700, 1000)], id="200-ms-apart"),
    ],
)
def test_rule_4_close_stretches_are_one_burst(pause_ms: int, bursts: list[tuple[int, int]]) -> None:
    pcm = sound(silence(200), tone(300, -26), silence(pause_ms), tone(300, -26))
    live = followed(pcm)

    assert live.bursts == bursts
    assert len(live.stretches) == 2


def test_a_bot_that_speaks_at_once_is_not_taken_for_its_own_background() -> None:
    assert followed(tone(5000, -40)).bursts == [(0, 5000)]


def test_a_loud_background_ends_as_a_background() -> None:
    live = followed(sound(hiss(20_000, -48), tone(500, -26), hiss(500, -48)))

    start_ms, end_ms = live.bursts[-1]
    assert (start_ms, end_ms) == (20_000, 20_500)
