"""A clip says exactly what the scenario says, with exactly its pauses, at its level."""

from itertools import pairwise

import numpy as np
import pytest
from audio.sounds import RECORDINGS, VOICES, silence, tone, voice
from pipecat_voice_test.audio.files import wav_bytes
from pipecat_voice_test.audio.level import active_level_dbov
from pipecat_voice_test.audio.speech import clip_spans
from pipecat_voice_test.errors import ScenarioError
from pipecat_voice_test.voice.cache import SpeechCache
from pipecat_voice_test.voice.clips import Clip, Level, make_clip
from pipecat_voice_test.voice.engines import EspeakNg, Flite, Hibari
from pipecat_voice_test.voice.speaker import Speaker

from voice.fakes import FakeEngine, length_ms


def spoken(*parts: str | int, level_dbov: Level = -26.0) -> Clip:
    speaker = Speaker(FakeEngine(), SpeechCache(None))
    return make_clip(parts, None, level_dbov=level_dbov, speaker=speaker, where="greeting.yaml:9")


def played(recording: bytes, level_dbov: Level = -26.0) -> Clip:
    nobody = Speaker(None, SpeechCache(None))
    return make_clip(
        (),
        recording,
        level_dbov=level_dbov,
        speaker=nobody,
        text="yes",
        where="greeting.yaml:9",
        name="audio/yes.wav",
    )


def pauses_ms(clip: Clip) -> list[float]:
    return [(later[0] - sooner[1]) / 8 for sooner, later in pairwise(clip.spans)]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param(("one two",), [], id="words-of-a-text-belong-together"),
        pytest.param(("one", "two"), [], id="so-do-texts-without-a-pause"),
        pytest.param(("one two", 900, "three"), [900], id="a-pause-is-exact"),
        pytest.param(("one", 300, "two", 2000, "three"), [300, 2000], id="each-of-several"),
        pytest.param(("one", 500, 400, "two"), [900], id="two-in-a-row-add-up"),
        pytest.param(("one", 500, " ", 400, "two"), [900], id="an-empty-text-is-nothing"),
        pytest.param(("one", 199, "two"), [], id="rule-4-under-200-ms-is-one-burst"),
        pytest.param((700, "one", 300, "two", 700), [300], id="those-around-it-stay-outside"),
    ],
)
def test_pauses_are_exact(parts: tuple[str | int, ...], expected: list[int]) -> None:
    assert pauses_ms(spoken(*parts)) == expected


def test_a_pause_under_200_ms_is_exact_too() -> None:
    with_pause, without = spoken("one", 150, "two"), spoken("one", 0, "two")

    assert len(with_pause.pcm) - len(without.pcm) == 150 * 8
    assert with_pause.spans[0][1] - without.spans[0][1] == 150 * 8


@pytest.mark.parametrize(
    ("parts", "before_ms", "after_ms"),
    [
        pytest.param(("one two",), 100, 100, id="a-small-margin-and-no-long-tail"),
        pytest.param((700, "one two", 1500), 700, 1500, id="a-pause-asked-for"),
        pytest.param((50, "one two", 50), 100, 100, id="never-less-than-the-margin"),
    ],
)
def test_what_lies_around_the_speech(
    parts: tuple[str | int, ...], before_ms: int, after_ms: int
) -> None:
    clip = spoken(*parts)

    ((start, end),) = clip.spans
    assert start / 8 == pytest.approx(before_ms, abs=1)
    assert (end - start) / 8 == pytest.approx(length_ms(words=2), abs=2)
    assert (len(clip.pcm) - end) / 8 == pytest.approx(after_ms, abs=1)


@pytest.mark.parametrize("kind", [Hibari, Flite, EspeakNg])
def test_m_2_spans_are_where_the_speech_of_a_real_voice_is(
    kind: type[Hibari | Flite | EspeakNg],
) -> None:
    engine = kind.find()
    if engine is None:
        pytest.skip(f"{kind.__name__} is not installed here")
    speaker = Speaker(engine, SpeechCache(None))

    parts: list[str | int] = ["My number is five five five", 900, "one two three four."]
    clip = make_clip(parts, None, level_dbov=-26.0, speaker=speaker)

    assert 900 in pauses_ms(clip)
    assert clip.text == "My number is five five five one two three four."
    # Looked for again in the whole clip, which lies differently in the 10 ms windows.
    found, known = np.array(clip_spans(clip.pcm)), np.array(clip.spans)
    assert found.shape == known.shape
    assert np.percentile(np.abs(found - known), 75) <= 10 * 8


@pytest.mark.parametrize("level_dbov", [-16.0, -26.0, -36.0])
def test_p_24_it_has_the_active_level_asked_for(level_dbov: float) -> None:
    said = spoken("one two", 900, "three four five", level_dbov=level_dbov)
    heard = played((RECORDINGS / "no.wav").read_bytes(), level_dbov)

    assert active_level_dbov(said.pcm) == pytest.approx(level_dbov, abs=0.3)
    assert active_level_dbov(heard.pcm) == pytest.approx(level_dbov, abs=0.1)


@pytest.mark.parametrize("name", VOICES)
def test_p_24_keep_leaves_a_recording_as_it_is(name: str) -> None:
    clip = played((RECORDINGS / f"{name}.wav").read_bytes(), "keep")

    assert np.array_equal(clip.pcm, voice(name))
    assert clip.spans == clip_spans(clip.pcm)
    assert clip.text == "yes"


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        pytest.param(("one", 500, "…"), 'greeting.yaml:9: "…" as spoken', id="only-signs"),
        pytest.param((500,), "greeting.yaml:9: this turn", id="only-a-pause"),
        pytest.param(("  ",), "greeting.yaml:9: this turn", id="only-blanks"),
    ],
)
def test_a_turn_that_says_nothing_is_a_mistake(parts: tuple[str | int, ...], what: str) -> None:
    with pytest.raises(ScenarioError) as mistake:
        spoken(*parts)

    assert str(mistake.value) == (
        f"{what} holds no speech: nothing in it reaches -50 dBov for 60 ms\n"
        "  Fix: use words or a recording that can be heard, or drop `level_dbov: keep`."
    )


@pytest.mark.parametrize(
    "recording",
    [
        pytest.param(wav_bytes(silence(2000)), id="silence"),
        pytest.param(wav_bytes(tone(2000, -60)), id="too-soft"),
    ],
)
def test_a_recording_without_speech_is_a_mistake(recording: bytes) -> None:
    with pytest.raises(ScenarioError, match=r"^greeting.yaml:9: audio/yes.wav holds no speech: "):
        played(recording, "keep")


def test_a_soft_recording_can_be_made_loud_enough() -> None:
    assert played(wav_bytes(tone(2000, -60))).spans == ((0, 2000 * 8),)


def test_an_unreadable_recording_is_a_mistake() -> None:
    with pytest.raises(ScenarioError) as mistake:
        played(b"<html>")

    assert str(mistake.value) == (
        "greeting.yaml:9: audio/yes.wav cannot be played, because "
        "it is no WAV, FLAC, OGG or MP3 file (Format not recognised)\n"
        "  Fix: convert it, for example with: ffmpeg -i IN -ac 1 -ar 8000 OUT.wav"
    )


def test_a_pause_without_end_is_a_mistake() -> None:
    with pytest.raises(ScenarioError) as mistake:
        spoken("one", 10**9, "two")

    assert str(mistake.value) == (
        "greeting.yaml:9: the pauses of this turn take 1000000000 ms\n"
        "  Fix: an utterance lasts at most 600 s; use a turn with `wait_ms` instead."
    )
