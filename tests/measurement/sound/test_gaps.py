"""Holes in the bot's voice; METRICS 3.5 `gaps`, `worst_gap` and `gap_share`."""

from dataclasses import replace

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import Pcm, decode_ulaw
from pipecat_voice_test.demo.clips import speaking_voice
from pipecat_voice_test.scenario.model import TurnKind
from pipecat_voice_test.timeline import Rig

from measurement.calls import (
    Call,
    answer,
    expect,
    failed_metrics,
    hiss,
    scenario,
    silence,
    tone,
    turn,
)

CLOSE_MS = 1.0
MESSAGES_MS = [20.0, 40.0, 137.5, 200.0, 10_000.0]
SPEECH_MS = 2000.0


def listened(**fields: object) -> Call:
    return Call(scenario(turn(TurnKind.LISTEN, answer()), **fields)).caller_listens(0)


def broken_by(*gaps_ms: float, message_ms: float = 20.0, dbov: float = -23.0) -> Call:
    """Two seconds of steady voice between any two holes."""
    call = listened()
    at_ms = 500.0
    for gap_ms in (*gaps_ms, 0.0):
        call.bot_plays(at_ms, tone(SPEECH_MS, dbov), message_ms=message_ms)
        at_ms += SPEECH_MS + gap_ms
    return call.caller_hangs_up(at_ms + 1500)


# --- which there are ----------------------------------------------------------------------


@pytest.mark.parametrize("message_ms", MESSAGES_MS)
@pytest.mark.parametrize(
    ("gap_ms", "gaps", "worst_ms"), [(50, 0, 0), (80, 1, 80), (250, 1, 250), (1900, 1, 1900)]
)
def test_a_hole_of_60_ms_and_more_is_a_gap_whatever_the_messages(
    gap_ms: float, gaps: int, worst_ms: float, message_ms: float
) -> None:
    """METRICS 9.1 and 9.2."""
    call = broken_by(gap_ms, message_ms=message_ms)

    assert call.value("gaps") == gaps
    assert call.value("worst_gap_ms") == pytest.approx(worst_ms, abs=CLOSE_MS)
    assert call.value("gap_share") == pytest.approx(gap_ms / (4000 + gap_ms), abs=0.001)


@pytest.mark.parametrize(
    ("gaps_ms", "failures"),
    [
        pytest.param((31, 31, 31), [], id="underruns-of-a-stock-bot"),
        pytest.param((39.5,) * 8, [], id="under-40-ms-is-nothing"),
        pytest.param((45,) * 3, ["gap_share"], id="under-60-ms-counts-in-the-share-alone"),
        pytest.param((39,), [], id="a-share-of-one-percent"),
        pytest.param((80,) * 4, ["gap_share"], id="D5-breaks-up"),
        pytest.param((250,), ["worst_gap_ms", "gap_share"], id="a-syllable"),
        pytest.param((2001,), [], id="what-follows-later-is-another-piece-of-speech"),
    ],
)
def test_which_gaps_fail_by_default(gaps_ms: tuple[float, ...], failures: list[str]) -> None:
    assert failed_metrics(broken_by(*gaps_ms).judged.checks) == failures


@pytest.mark.parametrize("dbov", [-10, -23, -45])
def test_loud_and_soft_voices_break_up_alike(dbov: float) -> None:
    assert broken_by(80, 120, dbov=dbov).value("gaps") == 2


def test_a_pause_that_is_sent_as_silence_is_no_gap() -> None:
    call = listened().bot_says(500, 1000, 250, 1000, 600, 1000).caller_hangs_up(7000)

    assert call.value("gaps") == 0
    assert call.value("gap_share") == 0


@pytest.mark.parametrize("quiet_ms", [25, 40, 100])
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_hole_next_to_20_ms_of_silence_is_no_gap(side: str, quiet_ms: float) -> None:
    call = listened()
    if side == "before":
        call.bot_says(500, 1000, quiet_ms).bot_says(1900, 1000)
        call.bot_plays(1500, silence(quiet_ms))
    else:
        call.bot_says(500, 1000).bot_plays(1900, silence(quiet_ms)).bot_says(1900 + quiet_ms, 900)

    assert call.caller_hangs_up(5000).value("gaps") == 0


def test_hiss_around_a_hole_is_not_speech() -> None:
    call = listened().bot_plays(100, hiss(3000, -55)).bot_plays(3250, hiss(3000, -55))
    call.bot_plays(6250, tone(1000)).caller_hangs_up(9000)

    assert call.value("gaps") == 0


def test_a_bot_that_never_spoke_has_no_gaps() -> None:
    call = listened().caller_hangs_up(9000)

    assert {"gaps", "worst_gap_ms", "gap_share"} & set(call.judged.metrics) == set()


def test_a_gap_says_when_it_was_and_which_turn_it_fell_into() -> None:
    turns = turn(TurnKind.LISTEN), turn(TurnKind.TURN, answer())
    call = Call(scenario(*turns)).caller_listens(0).bot_says(500, 900).caller_says(1, 2600, 900)
    call.bot_says(4200, 1000).bot_says(5300, 1000).bot_says(6540, 1000).caller_hangs_up(9000)
    (worst,) = (check for check in call.judged.checks if check.metric == "worst_gap_ms")

    assert worst.message.startswith(
        "worst_gap was 240 ms, limit 200: 2 gaps, the longest 240 ms at 6.3 s Fix: send audio "
    )
    assert (worst.turn, worst.line, worst.at_ms) == (1, 20, 6300)


# --- what the caller has to do with ---------------------------------------------------------


def interrupted(kind: TurnKind, onset_ms: float, voice_ms: float) -> Call:
    """An interruption, or a distractor, while the bot speaks."""
    turns = turn(TurnKind.LISTEN), turn(kind)
    return Call(scenario(*turns)).caller_listens(0).caller_says(1, onset_ms, voice_ms)


def test_a_hole_that_a_clear_made_is_no_gap() -> None:
    call = listened().bot_says(500, 5000, ahead_ms=float("inf")).bot_clears(2000)
    call.bot_says(2250, 1000).caller_hangs_up(5000)

    assert call.value("gaps") == 0


def test_a_clear_that_removed_nothing_does_not_excuse_a_gap() -> None:
    """METRICS 9.5: a stock bot's `clear` at every onset changes nothing."""
    call = listened().bot_says(500, 1000).bot_clears(1600).bot_says(1800, 1000)

    assert call.caller_hangs_up(5000).value("gaps") == 1


@pytest.mark.parametrize("kind", [TurnKind.BARGE_IN, TurnKind.DISTRACTOR])
@pytest.mark.parametrize(
    ("gap_at_ms", "gap_ms", "gaps"),
    [
        pytest.param(3300, 600, 0, id="while-the-caller-speaks"),
        pytest.param(4990, 600, 0, id="within-1000-ms-of-the-end"),
        pytest.param(5010, 600, 1, id="later"),
        pytest.param(2990, 600, 0, id="just-before-the-onset-which-falls-into-it"),
        pytest.param(2300, 600, 1, id="before-the-onset"),
        pytest.param(3300, 390, 1, id="under-400-ms-nobody-has-yielded"),
        pytest.param(3300, 80, 1, id="a-short-gap"),
    ],
)
def test_a_hole_may_be_the_yielding_to_an_interruption(
    kind: TurnKind, gap_at_ms: float, gap_ms: float, gaps: int
) -> None:
    call = interrupted(kind, 3000, 1000).bot_says(500, gap_at_ms - 500)
    call.bot_says(gap_at_ms + gap_ms, 2000).caller_hangs_up(10_000)

    assert call.value("gaps") == gaps


def test_what_lies_between_two_replies_is_no_gap() -> None:
    """A short question and its prompt answer, with nothing sent in between."""
    turns = turn(TurnKind.LISTEN), turn(TurnKind.TURN, answer())
    call = Call(scenario(*turns)).caller_listens(0).bot_says(500, 1500)
    call.caller_says(1, 3200, 300).bot_says(3900, 1500).caller_hangs_up(7000)

    assert call.value("gaps") == 0


def test_a_gap_in_a_reply_that_came_at_once_is_one() -> None:
    turns = turn(TurnKind.LISTEN), turn(TurnKind.TURN, answer())
    call = Call(scenario(*turns)).caller_listens(0).bot_says(500, 900)
    call.caller_says(1, 3000, 1000).bot_says(4200, 400).bot_says(5100, 1500).caller_hangs_up(9000)

    assert call.value("worst_gap_ms") == pytest.approx(500, abs=CLOSE_MS)


@pytest.mark.parametrize(
    ("key_ms", "gaps"),
    [
        pytest.param(2000, 0, id="into-the-menu-which-makes-way-for-the-answer"),
        pytest.param(500, 1, id="before-the-bot-spoke"),
    ],
)
def test_a_menu_that_is_talked_into_may_answer_at_once(key_ms: float, gaps: int) -> None:
    turns = turn(TurnKind.LISTEN), turn(TurnKind.DTMF, answer(), dtmf="1")
    call = Call(scenario(*turns)).caller_listens(0).caller_presses(1, key_ms, "1")
    call.bot_says(600, 1440).bot_says(2290, 1500).caller_hangs_up(6000)

    assert call.value("gaps") == gaps


# --- what this machine has to do with -------------------------------------------------------


@pytest.mark.parametrize(
    ("stall", "charged"),
    [
        pytest.param((2500.0, 2560.0), False, id="in-the-gap"),
        pytest.param((2350.0, 2420.0), False, id="just-before-it"),
        pytest.param((2300.0, 2390.0), True, id="over-before-the-audio-was-due"),
        pytest.param((2760.0, 2800.0), True, id="after-it"),
    ],
)
def test_a_gap_that_coincides_with_a_stall_of_this_machine_is_not_charged(
    stall: tuple[float, float], charged: bool
) -> None:
    """METRICS 7."""
    call = broken_by(250)
    call.rig = Rig(stalls=(stall,))
    result = call.judged

    assert result.metrics["worst_gap_ms"] == ((250,) if charged else (0,))
    assert result.metrics["gaps"] == ((1,) if charged else (0,))
    assert result.notes == (
        ()
        if charged
        else ("a gap of 250 ms at 2.5 s coincides with a stall of this machine and is not charged",)
    )


def test_a_frame_that_was_owed_for_20_ms_is_a_stall() -> None:
    call = broken_by(250)
    call.late_ms = {127: 25.0}  # From 2540 ms on.
    assert call.value("gaps") == 0

    call = broken_by(250)
    call.late_ms = {127: 15.0}
    assert call.value("gaps") == 1


# --- bots that send nothing between their sentences ---------------------------------------


def sentences() -> list[Pcm]:
    """Eight sentences cut tight: they begin and end with a loud millisecond."""
    voice = speaking_voice()
    clips = (voice.greeting, *voice.replies, voice.hours, voice.address, voice.confirm)
    return [decode_ulaw(clip.ulaw) for clip in clips]


def said_one_by_one(pieces: list[Pcm], pause_ms: float) -> Call:
    call = listened()
    at_ms = 500.0
    for piece in pieces:
        call.bot_plays(at_ms, piece, message_ms=40)
        at_ms += len(piece) / 8 + pause_ms
    return call.caller_hangs_up(at_ms + 1500)


@pytest.mark.parametrize("pause_ms", [250, 400, 600, 1000])
def test_pauses_between_tight_sentences_are_a_habit_and_no_gaps(pause_ms: float) -> None:
    result = said_one_by_one(sentences(), pause_ms).judged

    assert failed_metrics(result.checks) == []
    (note,) = result.notes
    assert note.startswith("the bot sends nothing between its sentences: 7 pauses, the longest ")


@pytest.mark.parametrize("every_ms", [700, 1000, 1500])
def test_holes_in_the_middle_of_words_are_gaps(every_ms: float) -> None:
    """The same voice, broken about once a second wherever it happens to be loud."""
    speech = np.concatenate(sentences())
    call = listened()
    at_ms, first, pieces = 500.0, 0, 0
    while first < len(speech):
        end = first + round(every_ms * 8)
        while end < len(speech) and not is_loud_around(speech, end):
            end += 80
        call.bot_plays(at_ms, speech[first:end], message_ms=40)
        at_ms += len(speech[first:end]) / 8 + 250
        first, pieces = end, pieces + 1
    call.caller_hangs_up(at_ms + 1500)

    assert call.value("gaps") == pieces - 1
    assert call.value("worst_gap_ms") == pytest.approx(250, abs=CLOSE_MS)


def is_loud_around(speech: Pcm, at: int) -> bool:
    return all(np.abs(side).max() > 300 for side in (speech[at - 80 : at], speech[at : at + 80]))


def test_two_pauses_are_no_habit() -> None:
    """One by one, a pause cannot be told from a hole that fell on a soft spot."""
    assert said_one_by_one(sentences()[:3], 400).value("gaps") == 2


def test_a_steady_voice_has_no_pauses_between_sentences() -> None:
    """METRICS 9.1: it is as loud as ever on both sides of every hole."""
    assert broken_by(250, 250, 250, 250, 250).value("gaps") == 5


def test_a_sentence_with_silence_around_it_needs_no_habit() -> None:
    padded = [np.concatenate([silence(30), one, silence(30)]) for one in sentences()[:2]]
    call = said_one_by_one(padded, 400)

    assert call.value("gaps") == 0
    assert call.judged.notes == ()


def test_the_same_call_on_a_busy_machine_charges_nothing() -> None:
    """Every hole coincides with a stall, so nobody knows whose they are."""
    call = broken_by(250, 80, 300)
    call.rig = replace(Rig(), stalls=((2500.0, 2700.0), (4750.0, 4800.0), (6900.0, 7000.0)))

    assert failed_metrics(call.judged.checks) == []
    assert call.judged.notes == (
        "3 gaps, the longest 300 ms at 6.8 s, coincide with stalls of this machine and are not "
        "charged",
    )


def test_an_interrupted_bot_that_answers_is_not_said_to_break_up() -> None:
    turns = (
        turn(TurnKind.LISTEN, answer()),
        turn(TurnKind.BARGE_IN, expect("bot_interrupted"), answer()),
    )
    call = Call(scenario(*turns)).caller_listens(0).caller_says(1, 3000, 900)
    call.bot_says(500, 2800).bot_says(4600, 1500).caller_hangs_up(8000)

    assert failed_metrics(call.judged.checks) == []
