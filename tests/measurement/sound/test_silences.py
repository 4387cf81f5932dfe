"""When nobody speaks; METRICS 3.5 `longest_silence` and `silence_share`."""

from pathlib import Path

import pytest
from pipecat_voice_test.scenario.model import EventName, Expectation, SendAfter, Turn, TurnKind

from measurement.calls import (
    Call,
    answer,
    expect,
    failed,
    failed_metrics,
    limits,
    scenario,
    turn,
)

CLOSE_MS = 10.0


def asked(
    *expected: Expectation, answers_ms: float = 800.0, said_ms: float = 3000.0, **fields: object
) -> Call:
    """A greeting up to 2000 ms, a question of 1000 ms, and its answer of 1500 ms."""
    own = {key: fields.pop(key) for key in ("limits", "turn_gap_ms") if key in fields}
    turns = turn(TurnKind.LISTEN), turn(TurnKind.TURN, *(expected or (answer(),)), **fields)
    call = Call(scenario(*turns, **own), waits_at_end=False).caller_listens(0)
    call.bot_says(500, 1500).caller_says(1, said_ms, 1000)
    end_ms = said_ms + 1000 + answers_ms
    return call.bot_says(end_ms, 1500).caller_hangs_up(end_ms + 1500)


def longest_ms(call: Call) -> float | None:
    return call.value("longest_silence_ms")


@pytest.mark.parametrize(
    ("call", "longest"),
    [
        pytest.param(asked(), 1000, id="from-the-reply-to-the-next-question"),
        pytest.param(asked(answers_ms=3000), 3000, id="from-the-question-to-the-answer"),
        pytest.param(asked().caller_hangs_up(9000), 2700, id="up-to-the-end-of-the-call"),
        pytest.param(
            asked().bot_closes(9000), 2700, id="up-to-the-end-of-the-call-by-whomever"
        ),
        pytest.param(
            Call(scenario(turn(TurnKind.LISTEN)), waits_at_end=False)
            .caller_listens(0).bot_says(7000, 900).caller_hangs_up(8200),
            300, id="not-before-the-first-burst",
        ),
    ],
)  # fmt: skip
def test_the_longest_silence_lasts(call: Call, longest: float) -> None:
    assert longest_ms(call) == pytest.approx(longest, abs=CLOSE_MS)


def test_it_is_held_against_the_limit_and_says_when_it_was() -> None:
    """METRICS 3.5: contact-centre practice counts silence from 5 s."""
    assert failed_metrics(asked(answers_ms=3990).judged.checks) == []
    # The limit on the answer itself is switched off by a longer one of its own.
    own = limits(response_ms={"each": 9000})

    assert failed(asked(answers_ms=5500, limits=own).judged) == [
        "longest_silence was 5500 ms, limit 5000: nobody spoke from 4.0 s to 9.5 s Fix: say "
        "something while a tool runs, or mark the turn `slow: true`."
    ]


def test_a_bot_that_never_spoke_has_no_silence_of_its_own() -> None:
    call = Call(scenario(turn(TurnKind.LISTEN))).caller_listens(0).caller_hangs_up(9000)

    assert longest_ms(call) is None
    assert call.value("silence_share") is None


def test_pauses_of_the_caller_are_no_silence_of_the_bot() -> None:
    call = Call(scenario(turn(TurnKind.LISTEN), turn(TurnKind.TURN, answer())))
    call.caller_listens(0).bot_says(500, 1500).caller_says(1, 3000, 500, 6000, 500)

    assert longest_ms(call.bot_says(10_500, 900).caller_hangs_up(12_000)) == pytest.approx(
        1000, abs=CLOSE_MS
    )


# --- what is asked for ----------------------------------------------------------------------


def test_a_scripted_wait_is_left_out() -> None:
    """The caller knows that the reply is over a moment later, and waits from then on."""
    call = asked(said_ms=9000).caller_waits(1, 3200, 9000)

    assert longest_ms(call) == pytest.approx(1200, abs=CLOSE_MS)


def test_silence_around_a_scripted_wait_is_not_added_up() -> None:
    call = asked(said_ms=9000).caller_waits(1, 4000, 7000)

    assert longest_ms(call) == pytest.approx(2000, abs=CLOSE_MS)


def test_silence_at_the_beginning_of_a_recording_is_left_out() -> None:
    turns = turn(TurnKind.LISTEN), turn(TurnKind.TURN, answer(), audio=Path("late.wav"))
    call = Call(scenario(*turns), waits_at_end=False).caller_listens(0).bot_says(500, 1500)
    call.caller_plays(1, 3200, 56_000, [(48_000, 56_000)]).bot_says(11_000, 900)

    assert longest_ms(call.caller_hangs_up(11_900)) == pytest.approx(1200, abs=CLOSE_MS)


@pytest.mark.parametrize(
    ("within_ms", "longest"),
    [
        pytest.param(6000, 1000, id="the-whole-window"),
        pytest.param(2000, 3500, id="what-follows-the-window-and-the-moment-to-know-it-counts"),
    ],
)
def test_a_window_in_which_the_bot_must_not_speak_is_left_out(
    within_ms: int, longest: float
) -> None:
    call = asked(expect("response", absent=True, within_ms=within_ms), answers_ms=6000)

    assert longest_ms(call) == pytest.approx(longest, abs=CLOSE_MS)


def test_waiting_for_the_bot_to_hang_up_is_left_out() -> None:
    call = asked(answer(), expect("call_ended")).bot_closes(14_000)

    assert longest_ms(call) == pytest.approx(1000, abs=CLOSE_MS)


def test_waiting_for_the_goodbye_before_that_counts() -> None:
    call = asked(answer(), expect("call_ended"), answers_ms=3000).bot_closes(14_000)

    assert longest_ms(call) == pytest.approx(3000, abs=CLOSE_MS)


def test_a_slow_turn_is_left_out_up_to_the_next_turn() -> None:
    turns = turn(TurnKind.LISTEN), turn(TurnKind.TURN, answer(), slow=True), turn(TurnKind.TURN)
    call = Call(scenario(*turns), waits_at_end=False).caller_listens(0).bot_says(500, 1500)
    call.caller_says(1, 3000, 1000).bot_says(4500, 900).bot_says(11_000, 900)
    call.caller_says(2, 13_500, 500, began_ms=13_400).caller_hangs_up(16_000)

    assert longest_ms(call) == pytest.approx(2000, abs=CLOSE_MS)
    assert failed(call.judged) == []


@pytest.mark.parametrize(
    ("within_ms", "slow", "failures"),
    [
        pytest.param(None, False, ["longest_silence_ms", "response_ms"], id="by-default"),
        pytest.param(7000, False, ["longest_silence_ms"], id="a-limit-on-the-answer-is-not-on-it"),
        pytest.param(7000, True, [], id="slow-says-that-a-tool-runs"),
    ],
)
def test_only_a_slow_turn_may_be_silent_for_longer(
    within_ms: int | None, slow: bool, failures: list[str]
) -> None:
    call = asked(answer(within_ms), answers_ms=6000, slow=slow)

    assert sorted(failed_metrics(call.judged.checks)) == failures


def patient(*turns: Turn, turn_gap_ms: int = 6000) -> Call:
    """A caller who goes on only when the bot has been quiet for six seconds."""
    call = Call(scenario(*turns, turn_gap_ms=turn_gap_ms), waits_at_end=False)
    return call.caller_listens(0).bot_says(500, 1500)


@pytest.mark.parametrize(
    ("fields", "longest"),
    [
        pytest.param({}, 800, id="who-waits-for-quiet"),
        pytest.param(
            {"send_after": SendAfter(EventName.BOT_STOPPED_SPEAKING, 100)}, 6000,
            id="who-waits-for-an-event-waits-for-the-bot",
        ),
    ],
)  # fmt: skip
def test_a_patient_caller_is_not_held_against_the_bot(
    fields: dict[str, object], longest: float
) -> None:
    call = patient(turn(TurnKind.LISTEN), turn(TurnKind.TURN, answer(), **fields))
    call.caller_says(1, 8000, 1000, began_ms=8000).bot_says(9800, 900).caller_hangs_up(16_700)

    assert longest_ms(call) == pytest.approx(longest, abs=CLOSE_MS)


def test_a_caller_who_cannot_read_the_reply_waits_for_more_of_it() -> None:
    """For four seconds of quiet, because nobody can tell which of its pieces was the one."""
    turns = turn(TurnKind.LISTEN, answer(text_contains="hello")), turn(TurnKind.TURN, answer())
    call = patient(*turns, turn_gap_ms=1200)
    call.caller_says(1, 6050, 1000, began_ms=6050).bot_says(7850, 900).caller_hangs_up(9950)

    assert longest_ms(call) == pytest.approx(1200, abs=CLOSE_MS)


def test_a_key_breaks_a_silence_in_two() -> None:
    turns = turn(TurnKind.LISTEN), turn(TurnKind.DTMF, answer(), dtmf="1")
    call = Call(scenario(*turns), waits_at_end=False).caller_listens(0).bot_says(500, 1500)
    call.caller_presses(1, 4000, "1").bot_says(7000, 900).caller_hangs_up(8000)

    assert longest_ms(call) == pytest.approx(3000, abs=CLOSE_MS)


# --- silence_share --------------------------------------------------------------------------


def test_silence_share_adds_up_what_is_over_2000_ms() -> None:
    """Of 12 s: 1000 and 1990 ms do not count, 3000 ms do."""
    turns = turn(TurnKind.LISTEN), turn(TurnKind.TURN, answer()), turn(TurnKind.TURN, answer())
    call = Call(scenario(*turns), waits_at_end=False).caller_listens(0).bot_says(500, 1500)
    call.caller_says(1, 3000, 1000).bot_says(7000, 500)
    call.caller_says(2, 8500, 510).bot_says(11_000, 1000).caller_hangs_up(12_000)

    assert call.value("silence_share") == pytest.approx(3000 / 12_000, abs=0.002)


def test_silence_share_says_which_there_were() -> None:
    call = asked(answers_ms=2500, limits=limits(silence_share={"each": 0}))

    assert failed(call.judged) == ["silence_share was 0.312, limit 0: 1 silence, 2500 ms at 4.0 s"]
