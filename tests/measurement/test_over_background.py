"""Calls to a bot that plays music or noise under its voice, judged without waiting."""

from functools import cache

import numpy as np
import pytest
from audio.behind import behind, demo_clips
from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.level import to_pcm
from pipecat_voice_test.measurement.results import CallResult
from pipecat_voice_test.scenario.model import Detector, TurnKind

from measurement.calls import SAMPLES_PER_MS, Call, answer, scenario, silence, turn

TALK = (
    turn(TurnKind.LISTEN, answer()),
    turn(TurnKind.TURN, answer()),
    turn(TurnKind.BARGE_IN, answer()),
)
GREETS_MS, ASKED_MS, ANSWERS_MS = 807.0, 5000.0, 6713.4
INTERRUPTED_MS, CLEARED_MS, RECOVERS_MS, ENDS_MS = 8600.0, 8931.3, 11_207.9, 15_000.0


def placed(*parts: tuple[float, Pcm], until_ms: float) -> Pcm:
    line = silence(until_ms).astype(np.float64)
    for at_ms, pcm in parts:
        first = round(at_ms * SAMPLES_PER_MS)
        line[first : first + len(pcm)] += pcm[: len(line) - first]
    return to_pcm(line)


def streamed(call: Call, kind: str, *, clears: bool, below_db: float = 20.0) -> Call:
    """A bot that sends all the time; what it says, and what lies under it."""
    clips = demo_clips()
    spoken_ms = CLEARED_MS - ANSWERS_MS
    voice = placed(
        (GREETS_MS, clips[0]),
        (ANSWERS_MS, clips[1][: round(spoken_ms * SAMPLES_PER_MS)]),
        (RECOVERS_MS, clips[4]),
        until_ms=ENDS_MS,
    )
    line = to_pcm(voice + behind(kind, below_db, ENDS_MS)[: len(voice)])
    cut = round(CLEARED_MS * SAMPLES_PER_MS)
    # What is queued when it clears is speech that nobody will hear.
    rest = clips[1][round(spoken_ms * SAMPLES_PER_MS) :][: 60 * SAMPLES_PER_MS]
    call.bot_plays(0.0, np.concatenate([line[:cut], rest]) if clears else line[:cut],
                   ahead_ms=60.0)  # fmt: skip
    if clears:
        call.bot_clears(CLEARED_MS)
    return call.bot_plays(CLEARED_MS, line[cut:], ahead_ms=60.0)


def held(kind: str, *, clears: bool = True, detector: Detector = "auto") -> Call:
    call = Call(scenario(*TALK, detector=detector))
    call.caller_listens(0)
    call.caller_says(1, ASKED_MS, 1100)
    call.caller_says(2, INTERRUPTED_MS, 1900)
    call.caller_hangs_up(ENDS_MS)
    return streamed(call, kind, clears=clears)


@cache
def judged(kind: str, clears: bool = True, detector: Detector = "auto") -> CallResult:
    return held(kind, clears=clears, detector=detector).judged


@pytest.mark.parametrize("kind", ["music", "noise", "typing", "white"])
@pytest.mark.parametrize("clears", [True, False])
def test_issue_4_over_a_background_response_and_stop_are_within_40_ms(
    kind: str, clears: bool
) -> None:
    result = judged(kind, clears)
    measured = {metric: values[0] for metric, values in result.metrics.items()}

    assert result.detector == "model"
    assert measured["greeting_ms"] == pytest.approx(GREETS_MS, abs=40)
    assert measured["response_ms"] == pytest.approx(ANSWERS_MS - ASKED_MS - 1100, abs=40)
    assert measured["stop_ms"] == pytest.approx(CLEARED_MS - INTERRUPTED_MS, abs=40)
    assert measured["recovery_ms"] == pytest.approx(RECOVERS_MS - INTERRUPTED_MS - 1900, abs=40)
    assert [measured[metric] for metric in ("missed_turn", "cut_in", "no_yield")] == [0, 0, 0]


@pytest.mark.parametrize("kind", ["music", "noise", "typing", "white"])
def test_over_a_background_a_clear_makes_stop_exact(kind: str) -> None:
    (stop_ms,) = judged(kind).metrics["stop_ms"]

    assert stop_ms == pytest.approx(CLEARED_MS - INTERRUPTED_MS, abs=1)


def test_the_result_says_what_found_the_speech_and_why() -> None:
    assert judged("music").detector_because.startswith("music or noise under the bot's voice: ")
    assert judged("quiet").detector == "level"
    assert judged("quiet").detector_because.startswith("the line is quiet under the bot's voice: ")


def test_metrics_2_the_level_rule_over_music_is_said_to_be_doubtful() -> None:
    suspected = [n for n in judged("music", detector="level").notes if "background" in n]

    assert judged("music", detector="level").detector == "level"
    assert len(suspected) == 1
    assert suspected[0].startswith(
        "background_suspected: the bot's speech was found by its level, but it may play "
        "something else: music or noise under the bot's voice: "
    )
    assert suspected[0].endswith(
        ". Fix: say `detector: model` in the scenario, or leave `detector` out."
    )


@pytest.mark.parametrize("detector", ["auto", "model"])
def test_nothing_is_suspected_where_the_model_listens(detector: Detector) -> None:
    assert not [n for n in judged("music", detector=detector).notes if "suspected" in n]


@pytest.mark.parametrize(
    ("lost_ms", "music_ms", "expected"),
    [
        pytest.param(0, 500, 0, id="unheard-music-is-nothing-lost"),
        pytest.param(400, 100, 400, id="unheard-speech-is"),
    ],
)
def test_p_41_tail_lost_counts_speech_and_not_music(
    lost_ms: int, music_ms: int, expected: int
) -> None:
    goodbye = demo_clips()[1][: 1500 * SAMPLES_PER_MS]
    voice = placed((3000.0, goodbye), until_ms=4500.0 + music_ms)
    line = to_pcm(voice + behind("music", 20, 10_000)[: len(voice)])
    call = Call(scenario(turn(TurnKind.LISTEN, answer()))).caller_listens(0)
    call.bot_plays(0.0, line, ahead_ms=lost_ms + music_ms)
    call.bot_closes(4500.0 - lost_ms)

    assert call.judged.detector == "model"
    assert call.value("tail_lost_ms") == pytest.approx(expected, abs=40)


def test_a_bot_that_only_plays_music_has_not_greeted() -> None:
    call = Call(scenario(turn(TurnKind.LISTEN, answer()))).caller_listens(0, ends=False)
    call.bot_plays(0.0, to_pcm(behind("music", 10, 9000)), ahead_ms=60.0)
    call.caller_hangs_up(9000.0)

    assert call.value("greeting_missing") == 1
