"""Taking turns, as the caller lives through it; METRICS 3.2."""

import pytest
from pipecat_voice_test.measurement.turn_taking import TurnTaking
from pipecat_voice_test.scenario.model import TurnKind

from measurement.calls import (
    Call,
    answer,
    check,
    expect,
    failed,
    hiss,
    scenario,
    silence,
    tone,
    turn,
    voice,
)

ONSET_MS = 3000.0
CLOSE_MS = 10.0  # The aim of M-1 for a bot whose timing is known.
MESSAGES_MS = [20.0, 40.0, 137.5, 200.0, 10_000.0]


def spoken_to(*lengths_ms: float, within_ms: int | None = None, **fields: object) -> Call:
    """A greeting, and an utterance with these lengths of voice and pauses from 3000 ms on."""
    turns = turn(TurnKind.LISTEN), turn(TurnKind.TURN, answer(within_ms), **fields)
    call = Call(scenario(*turns)).caller_listens(0)
    return call.bot_says(400, 900).caller_says(1, ONSET_MS, *lengths_ms)


def taking(call: Call) -> TurnTaking:
    found = call.facts.turns[1].taking
    assert found is not None
    return found


@pytest.mark.parametrize("message_ms", MESSAGES_MS)
@pytest.mark.parametrize("response_ms", [100, 300, 800, 3000])
def test_response_counts_from_the_end_of_speech_whatever_the_messages(
    response_ms: int, message_ms: float
) -> None:
    call = spoken_to(1000).bot_says(4000 + response_ms, 1200, message_ms=message_ms)
    call.caller_hangs_up(10_000)

    assert call.value("response_ms") == pytest.approx(response_ms, abs=CLOSE_MS)
    assert call.value("missed_turn") == 0


@pytest.mark.parametrize(
    ("reply", "tolerance_ms"),
    [
        pytest.param(voice(1500, dbov=-20), CLOSE_MS, id="METRICS-9.1-speech-at-minus-20"),
        pytest.param(voice(1500, dbov=-45), CLOSE_MS, id="METRICS-9.1-speech-at-minus-45"),
    ],
)
def test_soft_and_loud_voices_are_heard_alike(reply: object, tolerance_ms: float) -> None:
    call = spoken_to(1000).bot_plays(4800, reply).caller_hangs_up(9000)  # type: ignore[arg-type]  # the table says Pcm

    assert call.value("response_ms") == pytest.approx(800, abs=tolerance_ms)
    assert call.value("response_duration_ms") == pytest.approx(1500, abs=tolerance_ms)


def test_constant_hiss_is_not_taken_for_speech_nor_hides_it() -> None:
    """METRICS 9.1: constant hiss at -55 dBov under everything the bot says."""
    line = hiss(9000, -55)
    for at_ms, ms in ((400, 900), (4800, 1500)):
        line[at_ms * 8 : (at_ms + ms) * 8] += tone(ms)
    call = Call(scenario(turn(TurnKind.LISTEN), turn(TurnKind.TURN, answer())))
    call.bot_plays(0, line).caller_listens(0).caller_says(1, ONSET_MS, 1000).caller_hangs_up(9000)

    assert call.value("greeting_ms") == pytest.approx(400, abs=CLOSE_MS)
    assert call.value("response_ms") == pytest.approx(800, abs=CLOSE_MS)
    assert call.value("response_duration_ms") == pytest.approx(1500, abs=20)


@pytest.mark.parametrize("message_ms", MESSAGES_MS)
def test_a_cut_in_at_400_ms_of_a_700_ms_pause_is_found_there(message_ms: float) -> None:
    """METRICS 9.1 and 9.2."""
    call = spoken_to(800, 700, 600).bot_says(ONSET_MS + 1200, 1500, message_ms=message_ms)
    call.bot_says(7800, 1000).caller_hangs_up(9000)
    (cut_in,) = taking(call).cut_ins

    assert cut_in.at_ms == pytest.approx(1200, abs=CLOSE_MS)
    assert cut_in.pause_ms == pytest.approx(700, abs=CLOSE_MS)
    assert cut_in.overlap_ms == pytest.approx(600, abs=CLOSE_MS)
    assert failed(call.judged) == [
        "cut_in was 1, limit 0: 1200 ms into the utterance, in a pause of 700 ms"
    ]


@pytest.mark.parametrize(
    ("from_ms", "lasts_ms", "clear_ms", "cut_ins", "backchannels"),
    [
        pytest.param(1000, 500, None, 1, 0, id="500-ms-are-a-cut-in"),
        pytest.param(1000, 480, None, 0, 1, id="less-that-ends-by-itself-is-a-backchannel"),
        pytest.param(1000, 1000, 1300, 1, 0, id="less-that-is-cut-short-by-clear-is-a-cut-in"),
        pytest.param(1000, 300, 900, 0, 1, id="a-clear-before-it-does-not-cut-it-short"),
        pytest.param(1900, 400, None, 1, 0, id="what-is-still-going-on-at-the-end-is-a-cut-in"),
        pytest.param(-300, 800, None, 0, 0, id="a-bot-that-spoke-before-does-not-cut-in"),
        pytest.param(2000, 800, None, 0, 0, id="an-answer-at-the-end-is-no-cut-in"),
    ],
)
def test_what_is_a_cut_in(
    from_ms: float, lasts_ms: float, clear_ms: float | None, cut_ins: int, backchannels: int
) -> None:
    call = spoken_to(2000)
    call.bot_says(ONSET_MS + from_ms, lasts_ms, ahead_ms=float("inf")).caller_hangs_up(9000)
    if clear_ms is not None:
        call.bot_clears(ONSET_MS + clear_ms)

    assert len(taking(call).cut_ins) == cut_ins
    assert len(taking(call).backchannels) == backchannels


def test_a_short_sound_while_the_caller_speaks_is_reported_and_fails_nothing() -> None:
    call = spoken_to(2000).bot_says(4000, 300).bot_says(5600, 1000).caller_hangs_up(9000)

    assert call.value("bot_backchannel") == 1
    assert call.value("response_ms") == pytest.approx(600, abs=CLOSE_MS)
    assert failed(call.judged) == []


@pytest.mark.parametrize(
    ("response_ms", "early"),
    [pytest.param(90, 1, id="under-100-ms-is-early"), pytest.param(110, 0, id="over-it-is-not")],
)
def test_an_answer_that_did_not_depend_on_the_end_is_early(response_ms: int, early: int) -> None:
    call = spoken_to(1000).bot_says(4000 + response_ms, 1000).caller_hangs_up(8000)

    assert call.value("early") == early
    assert failed(call.judged) == []


def test_an_answer_that_came_before_the_end_has_no_response_but_is_not_missed() -> None:
    call = spoken_to(2000).bot_says(4800, 1500).caller_hangs_up(9000)

    assert call.value("response_ms") is None
    assert call.value("missed_turn") == 0
    assert failed(call.judged) == ["cut_in was 1, limit 0: 1800 ms into the utterance"]


@pytest.mark.parametrize(
    ("answers", "within_ms", "missed"),
    [
        pytest.param((), None, 1, id="nothing-at-all"),
        pytest.param((11_900,), None, 0, id="within-8000-ms"),
        pytest.param((12_200,), None, 1, id="after-8000-ms"),
        pytest.param((12_200,), 9000, 0, id="within-a-longer-limit-of-its-own"),
        pytest.param((6000,), 1500, 0, id="late-is-late-and-not-missing"),
    ],
)
def test_missed_turn(answers: tuple[float, ...], within_ms: int | None, missed: int) -> None:
    call = spoken_to(1000, within_ms=within_ms).caller_hangs_up(16_000)
    for at_ms in answers:
        call.bot_says(at_ms, 1000)

    assert call.value("missed_turn") == missed


def test_a_sound_under_300_ms_is_no_answer() -> None:
    call = spoken_to(1000).bot_says(4500, 250).caller_hangs_up(14_000)

    assert call.value("missed_turn") == 1


def test_a_turn_that_expects_no_response_cannot_be_missed() -> None:
    turns = turn(TurnKind.TURN), turn(TurnKind.TURN, expect("response", absent=True))
    call = Call(scenario(*turns)).caller_says(0, 1000, 500).caller_says(1, 3000, 500)
    call.caller_hangs_up(14_000)

    assert call.value("missed_turn") is None


def test_an_answer_that_comes_with_the_next_utterance_is_not_an_answer_to_this_one() -> None:
    turns = turn(TurnKind.TURN, answer()), turn(TurnKind.TURN, answer())
    call = Call(scenario(*turns)).caller_says(0, 1000, 500).caller_says(1, 3000, 500)
    call.bot_says(4000, 1000).caller_hangs_up(8000)

    assert call.value("missed_turn") == 1
    assert call.value("response_ms") == pytest.approx(500, abs=CLOSE_MS)


@pytest.mark.parametrize(
    ("cuts_in_at_ms", "borne_ms"),
    [
        pytest.param(None, 1200, id="all-were-borne"),
        pytest.param(3900, 500, id="a-cut-in-in-the-longest"),
        pytest.param(1900, 300, id="a-cut-in-in-the-second"),
        pytest.param(600, 0, id="a-cut-in-in-the-first"),
        pytest.param(2300, 300, id="a-cut-in-after-a-pause-answers-to-that-pause"),
    ],
)
def test_pause_tolerance_is_the_longest_pause_below_the_first_not_borne(
    cuts_in_at_ms: float | None, borne_ms: float
) -> None:
    call = spoken_to(500, 300, 800, 500, 800, 1200, 800).bot_says(9000, 1000)
    if cuts_in_at_ms is not None:
        call.bot_says(ONSET_MS + cuts_in_at_ms, 600)
    call.caller_hangs_up(12_000)

    assert call.value("pause_tolerance_ms") == pytest.approx(borne_ms, abs=1)


def test_a_pause_of_under_half_a_second_that_was_not_borne_fails() -> None:
    call = spoken_to(500, 400, 500).bot_says(ONSET_MS + 700, 600).bot_says(5000, 900)
    call.caller_hangs_up(8000)

    assert "pause_tolerance was 0 ms, limit 500" in failed(call.judged)


def test_a_short_ladder_is_not_held_against_a_bot_that_bore_it() -> None:
    call = spoken_to(500, 300, 500).bot_says(5000, 900).caller_hangs_up(8000)

    assert call.value("pause_tolerance_ms") == pytest.approx(300, abs=1)
    assert failed(call.judged) == []


def test_a_bot_that_was_still_speaking_has_not_answered() -> None:
    call = spoken_to(1000).bot_says(2500, 2500).bot_says(7000, 1000).caller_hangs_up(10_000)

    assert call.value("response_ms") is None
    assert check(call.judged, "turns[1].expect[0]").message == (
        "response never came: the bot was still speaking when the caller had finished"
    )


def test_keys_are_answered_like_speech_and_end_the_turn_of_the_bot() -> None:
    turns = turn(TurnKind.LISTEN), turn(TurnKind.DTMF, answer(), dtmf="12")
    call = Call(scenario(*turns)).caller_listens(0).bot_says(400, 2000)
    call.caller_presses(1, 2500, "12").bot_says(2900, 1000).caller_hangs_up(6000)

    assert call.value("response_ms") == pytest.approx(300, abs=CLOSE_MS)
    assert call.value("response_duration_ms") == pytest.approx(1000, abs=CLOSE_MS)
    assert len(call.facts.hearing.turns) == 2


def test_silence_that_is_sent_is_no_answer() -> None:
    call = spoken_to(1000).bot_plays(4100, silence(1500)).bot_says(5600, 900)
    call.caller_hangs_up(9000)

    assert call.value("response_ms") == pytest.approx(1600, abs=CLOSE_MS)
