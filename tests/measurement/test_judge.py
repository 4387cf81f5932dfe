"""A whole call, measured and judged."""

import pytest
from audio.sounds import RECORDINGS, VOICES
from pipecat_voice_test.audio.files import read_recording
from pipecat_voice_test.audio.speech import clip_spans
from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.scenario.model import TurnKind

from measurement.calls import Call, answer, expect, failed, scenario, turn

CLOSE_MS = 10.0


def conversation() -> Call:
    """A greeting, a question and an interruption of its answer."""
    turns = (
        turn(TurnKind.LISTEN, answer(4000)),
        turn(TurnKind.TURN, answer(1500), text="What are your opening hours?"),
        turn(TurnKind.BARGE_IN, expect("bot_interrupted", within_ms=1000), answer(1500)),
    )
    call = Call(scenario(*turns)).caller_listens(0).bot_says(600, 1200, 500, 900)
    call.caller_says(1, 4500, 1300).bot_says(6600, 9000, ahead_ms=float("inf"))
    call.caller_says(2, 8000, 1100, began_ms=6700).bot_clears(8400).bot_says(9900, 1500)
    return call.caller_hangs_up(13_000)


def in_tens(spans: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    return [(round(start, -1), round(end, -1)) for start, end in spans]


def test_what_happened_in_each_turn() -> None:
    listened, asked, interrupted = conversation().judged.turns

    assert (listened.said, listened.response_ms) == (None, None)
    assert in_tens(listened.heard) == [(600, 1800), (2300, 3200)]
    assert asked.text == "What are your opening hours?"
    assert asked.said == (4500, 5800)
    assert in_tens(asked.heard) == [(6600, 8400)]
    assert asked.response_ms == pytest.approx(800, abs=CLOSE_MS)
    assert (interrupted.index, interrupted.line, interrupted.kind) == (2, 30, "barge_in")
    assert in_tens(interrupted.heard) == [(9900, 11_400)]
    assert interrupted.response_ms == pytest.approx(800, abs=CLOSE_MS)
    assert interrupted.stop_ms == pytest.approx(400, abs=CLOSE_MS)
    assert interrupted.clear_ms == 400


def test_every_metric_the_call_yields_is_there_under_its_id() -> None:
    result = conversation().judged
    rounded = {
        name: [round(value, -1 if name.endswith("_ms") else 0) for value in values]
        for name, values in result.metrics.items()
    }

    assert result.verdict is Verdict.PASSED
    assert rounded == {
        "connect_ms": [20],
        "greeting_ms": [600],
        "greeting_missing": [0],
        "response_ms": [800],
        "response_duration_ms": [2600, 1800, 1500],
        "stop_ms": [400],
        "talk_over_ms": [400],
        "clear_seen_ms": [400],
        "cleared_ms": [7200],
        "stale_audio_ms": [0],
        "recovery_ms": [800],
        "missed_turn": [0],
        "cut_in": [0],
        "bot_backchannel": [0],
        "early": [0],
        "no_yield": [0],
        "early_answer": [0],
        "barge_in_ok": [1],
        "longest_silence_ms": [1300],
        "silence_share": [0],
        "gaps": [0],
        "worst_gap_ms": [0],
        "gap_share": [0],
        "level": [-23],
        "clipping": [0],
        "burst_ahead_ms": [9000],
        "file_header": [0],
        "double_base64": [0],
        "linear_pcm": [0],
        "byte_swapped": [0],
        "a_law": [0],
        "looped": [0],
        "dc_offset": [0],
        "lets_go_ms": [30],
        "protocol": [0],
    }


def test_the_same_call_is_always_judged_alike() -> None:
    assert conversation().judged == conversation().judged


def test_counts_are_added_up_over_the_call_and_point_at_the_first() -> None:
    turns = turn(TurnKind.TURN), turn(TurnKind.TURN), turn(TurnKind.TURN)
    call = Call(scenario(*turns))
    for index, at_ms in enumerate((1000, 6000, 11_000)):
        call.caller_says(index, at_ms, 1500).bot_says(at_ms + 2300, 800)
        if index:
            call.bot_says(at_ms + 500, 600)
    result = call.caller_hangs_up(16_000).judged
    (found,) = (each for each in result.checks if each.metric == "cut_in")

    assert (found.id, found.value) == ("turns[1].limits.cut_in.each", 2)
    assert found.line == 20
    assert found.at_ms == pytest.approx(6500, abs=CLOSE_MS)
    assert failed(result) == ["cut_in was 2, limit 0: 500 ms into the utterance"]


@pytest.mark.parametrize("name", VOICES)
def test_a_real_voice_as_caller_and_as_bot_is_timed_to_20_ms(name: str) -> None:
    """M-1, with the recordings of a person; the caller's edges come from the clip (M-2)."""
    pcm = read_recording((RECORDINGS / f"{name}.wav").read_bytes())
    spans = clip_spans(pcm)
    begins_ms, ends_ms = spans[0][0] / 8, spans[-1][1] / 8
    call = Call(scenario(turn(TurnKind.TURN, answer())))
    call.caller_plays(0, 1000, len(pcm), spans)
    answers_ms = 1000 + ends_ms + 700 - begins_ms
    call.bot_plays(answers_ms, pcm, message_ms=137.5).caller_hangs_up(answers_ms + 12_000)

    assert call.value("response_ms") == pytest.approx(700, abs=20)
