"""A bot that hangs up in the middle of a word is told from one whose words end tightly."""

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.speech import clip_spans
from pipecat_voice_test.measurement.results import Check
from pipecat_voice_test.scenario.model import TurnKind

from measurement.calls import Call, answer, scenario, turn
from measurement.integrity.sounds import NAMES, said, tones

IN_A_VOWEL_MS = 250  # Before the end of the demo bot's goodbye.


def tight(name: str) -> Pcm:
    """Cut at the last sample of speech."""
    spans = clip_spans(said(name))
    return said(name)[spans[0][0] : spans[-1][1]]


def cut() -> Pcm:
    return said("goodbye")[: -IN_A_VOWEL_MS * 8]


def bye(*said_by_bot: Pcm, closes_after_ms: float = 40.0, pause_ms: float = 1500.0) -> Call:
    """A bot that says these things and hangs up."""
    call = Call(scenario(turn(TurnKind.LISTEN, answer())))
    at_ms = 500.0
    for pcm in said_by_bot:
        call.bot_plays(at_ms, pcm, ahead_ms=60.0)
        at_ms += len(pcm) / 8 + pause_ms
    return call.caller_listens(0).bot_closes(at_ms - pause_ms + closes_after_ms)


def check_of(call: Call) -> Check:
    (found,) = (check for check in call.judged.checks if check.metric == "cut_goodbye")
    return found


@pytest.mark.parametrize("closes_after_ms", [0.0, 40.0, 500.0])
def test_a_word_cut_in_the_middle_is_named(closes_after_ms: float) -> None:
    call = bye(said("reply-1"), cut(), closes_after_ms=closes_after_ms)

    assert call.value("cut_goodbye") == 1.0
    assert call.value("tail_lost_ms") == 0.0


def test_the_failing_line_has_figures_and_the_fix() -> None:
    found = check_of(bye(said("reply-1"), cut()))

    assert found.message == (
        "cut_goodbye was 1, limit 0: the last 20 ms it sent were +3 dB from the level of its "
        "voice, where its other words ended at -23 dB, and it hung up 40 ms later. "
        "Fix: hang up when the last words have been heard: wait for the mark sent after them."
    )
    assert found.at_ms == pytest.approx(
        500 + len(said("reply-1")) / 8 + 1500 + len(cut()) / 8, abs=1
    )


@pytest.mark.parametrize("last", NAMES)
def test_words_that_end_are_whole_however_tightly_they_are_cut(last: str) -> None:
    assert bye(said("reply-1"), said(last)).value("cut_goodbye") == 0.0
    assert bye(tight("reply-1"), tight(last), closes_after_ms=0).value("cut_goodbye") == 0.0


def test_a_tone_is_no_word() -> None:
    assert bye(said("reply-1"), tones(250, 500, 750)).value("cut_goodbye") == 0.0


def test_a_bot_whose_words_all_end_like_this_is_not_blamed() -> None:
    first = said("goodbye")[: -IN_A_VOWEL_MS * 8]

    assert bye(first, first, first, cut()).value("cut_goodbye") == 0.0


def test_words_followed_by_silence_are_not_judged_by_how_they_end() -> None:
    padded = np.concatenate([cut(), np.zeros(800, np.int16)])

    assert bye(said("reply-1"), padded, closes_after_ms=0).value("cut_goodbye") == 0.0


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(bye(cut()[:4000]), id="nothing-to-compare-with"),
        pytest.param(bye(said("reply-1"), cut(), closes_after_ms=3000), id="hung-up-much-later"),
        pytest.param(bye(said("reply-1"), cut()).caller_hangs_up(14_000), id="the-caller-hung-up"),
    ],
)
def test_where_it_cannot_be_told_nothing_is_said(call: Call) -> None:
    assert call.value("cut_goodbye") is None


def test_a_bot_that_was_interrupted_did_not_cut_its_goodbye() -> None:
    """It stopped for the caller, cleared what it had sent, and hung up."""
    call = Call(
        scenario(turn(TurnKind.LISTEN, answer()), turn(TurnKind.BARGE_IN)),
    )
    call.bot_plays(500, said("reply-1"), ahead_ms=5000.0).caller_listens(0)
    call.caller_says(1, 4000, 900).bot_clears(4300).bot_closes(4600)

    assert call.value("cut_goodbye") is None
