"""Whether something lies under the bot's voice."""

import numpy as np
import pytest
from pipecat_voice_test.audio.background import endless_burst, look_for_background
from pipecat_voice_test.audio.codec import Pcm, decode_ulaw
from pipecat_voice_test.audio.level import to_pcm
from pipecat_voice_test.audio.speech import heard_speech
from pipecat_voice_test.audio.voice_model import voice_probabilities
from pipecat_voice_test.demo.clips import VOICES

from audio.behind import KINDS, behind, conversation, demo_clips, on_the_line, people
from audio.sounds import MS, hiss, silence, sound, tone

PAUSES_MS = (700.0, 1300.0, 2100.0)
SHORT = conversation([*demo_clips()[:3], *people()[:2]], PAUSES_MS)


def softer(pcm: Pcm, db: float) -> Pcm:
    return to_pcm(pcm * 10 ** (-db / 20))


def over(pcm: Pcm, background: Pcm) -> Pcm:
    return to_pcm(pcm.astype(np.float64) + background[: len(pcm)])


def demo_voice(name: str) -> Pcm:
    says = VOICES[name]()
    return conversation([decode_ulaw(clip.ulaw) for clip in says.replies[1::2]], PAUSES_MS)


def because(pcm: Pcm) -> tuple[bool, str]:
    found = look_for_background(pcm, heard_speech(pcm), voice_probabilities(pcm))
    return found.found, found.because


@pytest.mark.parametrize("below_db", [25.0, 20.0, 15.0, 10.0])
@pytest.mark.parametrize("kind", KINDS)
def test_metrics_2_a_background_under_speech_is_recognised(kind: str, below_db: float) -> None:
    found, why = because(on_the_line(SHORT, kind, below_db))

    assert found, why


@pytest.mark.parametrize(
    "pcm",
    [
        pytest.param(SHORT, id="digital-silence"),
        pytest.param(over(SHORT, hiss(60_000, -65)), id="the-faintest-hiss"),
        pytest.param(over(SHORT, hiss(60_000, -55)), id="metrics-9-1-hiss-at-minus-55"),
        pytest.param(
            over(softer(SHORT, 22), hiss(60_000, -57)), id="metrics-9-1-speech-at-minus-45"
        ),
        pytest.param(softer(SHORT, -8), id="a-loud-voice"),
        pytest.param(conversation(list(demo_clips()), (0.0, 300.0)), id="hardly-a-pause"),
        pytest.param(sound(SHORT, tone(700, -20, 1000), silence(500)), id="a-beep-as-loud-as-it"),
    ],
)
def test_metrics_2_a_quiet_line_is_left_to_the_level_rule(pcm: Pcm) -> None:
    found, why = because(pcm)

    assert not found, why


@pytest.mark.parametrize("kind", ["quiet", "music", "noise", "typing"])
@pytest.mark.parametrize("voice", ["steady", "pauses"])
def test_a_voice_that_the_model_does_not_know_is_left_to_the_level_rule(
    voice: str, kind: str
) -> None:
    found, why = because(on_the_line(demo_voice(voice), kind))

    assert not found, why


@pytest.mark.parametrize(
    ("pcm", "found"),
    [
        pytest.param(tone(9000, -23), False, id="a-tone-that-never-ends-may-be-a-voice"),
        pytest.param(decode_ulaw(VOICES["steady"]().replies[0].ulaw), False, id="and-three-waves"),
        pytest.param(sound(silence(1500), hiss(4000, -23), silence(900), hiss(3000, -23)), False,
                     id="noise-that-comes-and-goes-too"),
        pytest.param(to_pcm(behind("music", 0, 9000)), True, id="music-from-the-first-moment"),
        pytest.param(to_pcm(behind("music", 20, 9000)), True, id="and-soft-music"),
        pytest.param(to_pcm(behind("music", 0, 5000)), False, id="but-not-a-jingle"),
        pytest.param(sound(silence(1200), to_pcm(behind("music", 0, 9000))), False,
                     id="nor-what-begins-later"),
        pytest.param(sound(to_pcm(behind("music", 0, 8000)), silence(1000)), False,
                     id="nor-what-ends"),
        pytest.param(hiss(9000, -25), True, id="loud-noise"),
    ],
)  # fmt: skip
def test_where_nobody_speaks_only_what_never_pauses_is_background(pcm: Pcm, found: bool) -> None:
    assert because(pcm)[0] == found


def test_music_as_loud_as_the_voice_is_background_where_it_goes_on() -> None:
    music = to_pcm(behind("music", 0, 8000))

    assert because(sound(SHORT, music, SHORT))[0]


@pytest.mark.parametrize(
    ("pcm", "text"),
    [
        pytest.param(silence(3000), "the bot was not heard", id="nothing"),
        pytest.param(
            SHORT,
            "the line is quiet under the bot's voice: 0.0 s of sound in which nobody speaks",
            id="quiet",
        ),
        pytest.param(
            on_the_line(SHORT, "white", 20),
            "music or noise under the bot's voice: 8.2 s of sound in which nobody speaks, "
            "19 dB below it, and 16.4 s of speech",
            id="background",
        ),
        pytest.param(
            sound(SHORT, to_pcm(behind("music", 0, 8000))),
            "music or noise as loud as the bot's voice: 8.0 s of sound in which nobody speaks, "
            "without a pause, and 16.4 s of speech",
            id="loud-music",
        ),
        pytest.param(
            to_pcm(behind("music", 0, 9000)),
            "music or noise and no voice: 9.0 s of sound in which nobody speaks, without a pause",
            id="only-music",
        ),
        pytest.param(
            sound(silence(900), tone(3000, -23), silence(900)),
            "the bot's level tells where it speaks: "
            "in 3.0 s of sound the neural detector knows no voice",
            id="a-tone",
        ),
        pytest.param(
            sound(SHORT, tone(3000, -19), silence(900)),
            "the bot's level tells where it speaks: in 3.0 s of sound as loud as its voice "
            "the neural detector hears nobody, so it may not know this voice",
            id="a-voice-and-a-tone",
        ),
    ],
)
def test_the_reason_is_a_sentence_with_figures(pcm: Pcm, text: str) -> None:
    assert because(pcm)[1] == text


@pytest.mark.parametrize(
    ("length_ms", "text"),
    [
        pytest.param(30_000, "", id="30-s-may-be-a-long-answer"),
        pytest.param(30_200, "30.2 s of sound without a pause", id="more-is-suspicious"),
    ],
)
def test_metrics_2_a_burst_of_more_than_30_s_is_suspected(length_ms: int, text: str) -> None:
    pcm = sound(silence(5000), tone(length_ms, -23), silence(500))

    assert endless_burst(heard_speech(pcm)) == text


def test_a_long_call_is_judged_by_its_share_of_such_sound() -> None:
    quiet = sound(SHORT, silence(60_000))
    faint = sound(quiet, tone(350, -40), silence(500))

    assert because(sound(SHORT, silence(2000), tone(350, -40), silence(500)))[0]
    assert not because(faint)[0]
    assert len(faint) > 60_000 * MS
