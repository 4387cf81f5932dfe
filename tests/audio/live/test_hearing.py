"""The rule that finds the bot's speech fits what lies under it; METRICS 2, `detector`."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from pipecat_voice_test.audio.codec import Pcm, decode_ulaw, encode_ulaw
from pipecat_voice_test.audio.level import at_active_level
from pipecat_voice_test.audio.live import Hearing, LiveSpeech, Switch
from pipecat_voice_test.audio.speech import clip_spans
from pipecat_voice_test.audio.voice_model import WINDOW_SAMPLES, VoiceStream

from audio.live.frames import FRAME_MS, frames
from audio.sounds import VOICES, hiss, mixed, music, silence, sound, tone, typing, voice

SECONDS = 30
BACKGROUNDS = {"music": music, "hiss": hiss, "typing": typing}
AT_MS = (700.0, 6000.0, 9000.0, 18_000.0, 23_000.0)  # When each of the voices begins.


def spoken() -> list[Pcm]:
    return [at_active_level(voice(name), -26) for name in VOICES]


def talk(under: Pcm) -> Pcm:
    """Five utterances with silences of seconds between them, over something."""
    return decode_ulaw(encode_ulaw(mixed(under, *zip(AT_MS, spoken(), strict=True))))


def utterances() -> list[tuple[float, float]]:
    """When the voice in `talk` begins and ends, by the clean recordings."""
    spans = [clip_spans(pcm) for pcm in spoken()]
    return [
        (at + clip[0][0] / 8, at + clip[-1][1] / 8) for at, clip in zip(AT_MS, spans, strict=True)
    ]


def followed(hearing: Hearing, pcm: Pcm) -> list[tuple[float, Switch]]:
    """Every switch, and when it was made."""
    found: list[tuple[float, Switch]] = []
    for index, frame in enumerate(frames(pcm)):
        switch = hearing.feed(frame, index * FRAME_MS)
        if switch is not None:
            found.append(((index + 1) * FRAME_MS, switch))
    return found


def told(hearing: Hearing, pcm: Pcm) -> list[tuple[float, Switch]]:
    """Those of them that are worth a note."""
    return [(at_ms, switch) for at_ms, switch in followed(hearing, pcm) if switch.because]


def turns(bursts: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Bursts closer than 1200 ms are one; METRICS 2, rule 5."""
    starts = [bursts[0][0]] + [b[0] for a, b in pairwise(bursts) if b[0] - a[1] >= 1200]
    ends = [a[1] for a, b in pairwise(bursts) if b[0] - a[1] >= 1200] + [bursts[-1][1]]
    return list(zip(starts, ends, strict=True))


@pytest.fixture
def windows_looked_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many windows the model was given, each time it was."""
    given: list[int] = []
    feed = VoiceStream.feed

    def counted(self: VoiceStream, pcm: Pcm) -> Any:
        given.append(len(pcm) // WINDOW_SAMPLES)
        return feed(self, pcm)

    monkeypatch.setattr(VoiceStream, "feed", counted)
    return iter([given])


# --- a quiet line ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pcm",
    [
        pytest.param(talk(silence(SECONDS * 1000)), id="digital-silence"),
        pytest.param(talk(hiss(SECONDS * 1000, -60)), id="a-noise-floor"),
        pytest.param(sound(silence(300), tone(12_000, -20), silence(2000)), id="a-long-tone"),
        pytest.param(sound(tone(2000, -20), silence(2000)), id="a-tone-from-the-first-moment"),
        pytest.param(sound(silence(300), tone(4000, -45), silence(2000)), id="a-soft-tone"),
        pytest.param(
            sound(*(sound(tone(900, -20), silence(600)) for _ in range(12))),
            id="a-tone-with-pauses",
        ),
    ],
)
def test_on_a_quiet_line_all_is_known_when_the_level_rule_knows_it(pcm: Pcm) -> None:
    hearing, level = Hearing("auto"), LiveSpeech()
    for index, frame in enumerate(frames(pcm)):
        assert hearing.feed(frame, index * FRAME_MS) is None
        level.feed(frame, index * FRAME_MS)
        assert hearing.speaking_since_ms == level.speaking_since_ms
        assert hearing.bursts == level.bursts


def test_on_a_quiet_line_the_model_is_not_asked(windows_looked_at: Iterator[list[int]]) -> None:
    short = [sound(silence(1500), pcm[:16_000]) for pcm in spoken()]

    followed(Hearing("auto"), sound(*short))

    assert next(windows_looked_at) == []


# --- something under the voice --------------------------------------------------------------


@pytest.mark.parametrize("dbov", [-46, -41], ids=["20-db-softer", "15-db-softer"])
@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_over_a_background_every_utterance_is_found(kind: str, dbov: float) -> None:
    """AUDIO.md: onset and offset of the detector's are 30 and 50 ms off in the mean."""
    hearing = Hearing("auto")

    followed(hearing, talk(BACKGROUNDS[kind](SECONDS * 1000, dbov)))

    found, true = turns(hearing.bursts), utterances()
    assert len(found) == len(true)
    assert [start for start, _ in found] == pytest.approx([start for start, _ in true], abs=100)
    assert [end for _, end in found] == pytest.approx([end for _, end in true], abs=200)


def test_what_was_heard_before_the_switch_is_put_right() -> None:
    hearing = Hearing("auto")
    under = sound(silence(400), hiss(5000, -43))

    ((at_ms, switch),) = told(hearing, talk(sound(under, silence(25_000)))[: len(under)])

    assert utterances()[0][1] < at_ms < utterances()[0][1] + 1200
    assert hearing.bursts[0][0] == pytest.approx(utterances()[0][0], abs=60)
    assert str(switch) == (
        "from 0.0 s on the bot's speech is found by the neural detector: "
        "there is sound under the bot's voice that is no speech"
    )


def test_a_background_that_begins_in_the_middle_of_a_call_is_found() -> None:
    under = sound(silence(8000), music(SECONDS * 1000 - 8000, -43))
    hearing = Hearing("auto")

    ((at_ms, switch),) = told(hearing, talk(under))

    assert 8000 < at_ms < utterances()[2][1] + 1200
    assert len(turns(hearing.bursts)) == len(utterances())
    assert switch.to_model


def test_no_frame_takes_long(windows_looked_at: Iterator[list[int]]) -> None:
    """A call at 50 frames a second shares one thread with many others."""
    given = next(windows_looked_at)
    hearing, most, all_of_it = Hearing("auto"), 0, 0
    for index, frame in enumerate(frames(talk(sound(silence(8000), music(22_000, -43))))):
        given.clear()
        hearing.feed(frame, index * FRAME_MS)
        most, all_of_it = max(most, sum(given)), all_of_it + sum(given)

    assert most == 8
    assert all_of_it > 500


@pytest.mark.parametrize(("detector", "by_model"), [("level", False), ("model", True)])
def test_a_scenario_may_choose_the_rule(detector: Any, by_model: bool) -> None:
    hearing = Hearing(detector)

    assert followed(hearing, talk(hiss(SECONDS * 1000, -43))) == []
    assert (len(turns(hearing.bursts)) == len(utterances())) is by_model


def test_how_soon_the_model_lets_the_caller_know() -> None:
    """Barge-ins are aimed 500 ms and more after an onset, answers 1200 ms after an end."""
    hearing, pcm = Hearing("model"), talk(music(SECONDS * 1000, -43))
    began_ms: list[float] = []
    over_ms: list[float] = []
    speaking = False
    for index, frame in enumerate(frames(pcm)):
        hearing.feed(frame, index * FRAME_MS)
        if hearing.is_speaking() != speaking:
            (over_ms if speaking else began_ms).append((index + 1) * FRAME_MS)
            speaking = not speaking

    for start_ms, end_ms in utterances():
        assert min(abs(start_ms + 60 - at_ms) for at_ms in began_ms) <= 80
        assert min(abs(end_ms + 150 - at_ms) for at_ms in over_ms) <= 120


# --- voices that the model does not know ----------------------------------------------------


def test_a_tone_over_music_stays_with_the_level() -> None:
    hearing, at_ms = Hearing("auto"), (1000.0, 8000.0, 14_000.0)
    pcm = mixed(music(20_000, -43), *((start, tone(3000, -20)) for start in at_ms))

    switches = followed(hearing, pcm)

    assert [switch.because for _, switch in switches] == ["", ""]
    assert not switches[-1][1].to_model


def test_a_call_that_begins_softly_is_taken_on_trust_until_a_pause() -> None:
    """The soft voice of a bot that is made for tests sounds like a background at first."""
    hearing = Hearing("auto")
    pcm = sound(tone(2000, -45), silence(3000), tone(1000, -45), silence(1000))

    trusted, doubted = (switch for _, switch in followed(hearing, pcm))

    assert (trusted.to_model, doubted.to_model) == (True, False)
    assert trusted.because == doubted.because == ""  # Nobody need know.
    assert hearing.bursts == [(0, 2000), (5000, 6000)]


def test_when_what_goes_on_from_the_start_pauses_after_all_the_level_decides_again() -> None:
    hearing = Hearing("auto")
    pcm = sound(hiss(5000, -45), silence(2000), tone(1000, -20), silence(500))

    notes = [str(switch) for _, switch in told(hearing, pcm)]

    assert notes == [
        "from 0.0 s on the bot's speech is found by the neural detector: "
        "soft sound goes on since it began, and nobody speaks",
        "from 0.0 s on the bot's speech is found by its level: the sound that went on has paused",
    ]
    assert hearing.bursts == [(0, 5000), (7000, 8000)]


def test_a_voice_that_the_model_comes_not_to_know_goes_back_to_the_level() -> None:
    hearing = Hearing("auto")
    pcm = mixed(
        hiss(20_000, -46), (500, spoken()[0]), (6000, tone(4000, -22)), (14_000, tone(2000, -22))
    )

    _, (at_ms, back) = told(hearing, pcm)

    assert 6000 + 1500 < at_ms < 6000 + 2500
    assert str(back).endswith("by its level: the model does not know the bot's voice as speech")
    assert hearing.bursts[-1] == (14_000, 16_000)
