"""Expectations held against what was measured, and in which order; DESIGN 5 and 7."""

import pytest
from pipecat_voice_test.measurement.results import CallResult, Verdict
from pipecat_voice_test.scenario.model import Expectation, TurnKind

from measurement.calls import (
    NO_LIMITS,
    Call,
    answer,
    check,
    expect,
    failed,
    failed_metrics,
    limits,
    scenario,
    turn,
)

SAID_END_MS = 4000.0
CLOSE_MS = 10.0


def asked(*expected: Expectation, slow: bool = False, **fields: object) -> Call:
    """A greeting, and an utterance from 3000 to 4000 ms with these expectations."""
    turns = turn(TurnKind.LISTEN), turn(TurnKind.TURN, *expected, slow=slow)
    call = Call(scenario(*turns, **fields)).caller_listens(0).bot_says(400, 900)
    return call.caller_says(1, 3000, 1000, began_ms=2600).caller_hangs_up(16_000)


def in_brief(result: CallResult) -> list[tuple[str, str, str]]:
    return [(each.id, each.metric, str(each.verdict)) for each in result.checks]


INTEGRITY = ("file_header", "double_base64", "linear_pcm", "byte_swapped", "a_law", "looped")


def test_checks_come_turn_by_turn_expectations_before_limits_and_the_call_last() -> None:
    call = asked(answer(1500), expect("bot_stopped_speaking")).bot_says(6210, 900)

    assert in_brief(call.judged) == [
        ("turns[0].limits.greeting_ms.each", "greeting_ms", "passed"),
        ("turns[1].expect[0]", "response_ms", "failed"),
        ("turns[1].expect[1]", "bot_stopped_speaking_ms", "passed"),
        ("turns[1].limits.longest_silence_ms.each", "longest_silence_ms", "passed"),
        ("limits.connect_ms.each", "connect_ms", "passed"),
        ("limits.missed_turn.each", "missed_turn", "passed"),
        ("limits.cut_in.each", "cut_in", "passed"),
        ("limits.worst_gap_ms.each", "worst_gap_ms", "passed"),
        ("limits.gap_share.each", "gap_share", "passed"),
        *((f"limits.{metric}.each", metric, "passed") for metric in INTEGRITY),
        ("limits.lets_go_ms.each", "lets_go_ms", "passed"),
        ("limits.protocol.each", "protocol", "passed"),
        ("ended_by", "ended_by", "passed"),
    ]


def test_a_failed_check_says_where_what_and_how_much() -> None:
    """DESIGN 2.3 and 7: turn, line, value, limit, and where it can be heard."""
    found = check(asked(answer(1500)).bot_says(6210, 900).judged, "turns[1].expect[0]")

    assert found.message == "response was 2210 ms, limit 1500"
    assert (found.turn, found.line, found.limit) == (1, 21, 1500)
    assert found.value == pytest.approx(2210, abs=CLOSE_MS)
    assert found.at_ms == pytest.approx(6210, abs=CLOSE_MS)


@pytest.mark.parametrize(
    ("within_ms", "slow", "own", "answers_ms", "failures"),
    [
        pytest.param(None, False, {}, 3900, [], id="each-4000-holds-by-default"),
        pytest.param(
            None, False, {}, 4100, ["response was 4100 ms, limit 4000"], id="and-fails-by-default"
        ),
        pytest.param(5000, False, {}, 4900, [], id="within_ms-replaces-it-when-longer"),
        pytest.param(
            1000, False, {}, 1500, ["response was 1500 ms, limit 1000"],
            id="within_ms-replaces-it-when-shorter",
        ),
        pytest.param(None, True, {}, 5900, [], id="slow-has-the-single-limit-6000"),
        pytest.param(
            None, True, {}, 6100, ["response was 6100 ms, limit 6000"], id="slow-fails-over-6000"
        ),
        pytest.param(7500, True, {}, 7000, [], id="within_ms-replaces-the-limit-of-slow-too"),
        pytest.param(
            None, False, {"response_ms": {"each": 900}}, 1000, ["response was 1000 ms, limit 900"],
            id="a-limit-of-its-own",
        ),
        pytest.param(
            None, False, {"response_ms": None, "longest_silence_ms": None}, 7000, [],
            id="none-switches-it-off",
        ),
    ],
)  # fmt: skip
def test_which_limit_an_answer_has(
    within_ms: int | None,
    slow: bool,
    own: dict[str, dict[str, float]],
    answers_ms: float,
    failures: list[str],
) -> None:
    call = asked(answer(within_ms), slow=slow, limits=limits(**own))  # type: ignore[arg-type]  # statistics
    call.bot_says(SAID_END_MS + answers_ms + 0.5, 900)

    assert failed(call.judged) == failures


def test_no_limits_at_all_leave_the_expectations() -> None:
    call = asked(answer(1500), limits=NO_LIMITS).caller_hangs_up(13_000, lets_go_ms=None)

    assert failed(call.judged) == ["response never came, limit 1500"]


@pytest.mark.parametrize(
    ("answers_ms", "verdict", "message"),
    [
        pytest.param(1500.0, "passed", "response was 1500 ms, limit 1500", id="at-the-limit"),
        pytest.param(1501.0, "failed", "response was 1501 ms, limit 1500", id="over-it"),
    ],
)
def test_a_result_is_never_rounded_into_a_pass(
    answers_ms: float, verdict: str, message: str
) -> None:
    # The onset is found to the millisecond, so the caller's end carries the fraction.
    call = asked(answer(1500)).bot_says(SAID_END_MS + answers_ms, 900)
    found = check(call.judged, "turns[1].expect[0]")

    assert (found.verdict, found.message) == (verdict, message)


def test_a_fraction_over_the_limit_fails_and_is_shown() -> None:
    call = asked(answer(1500)).bot_says(5500.2, 900)
    call.late_ms = {199: -0.4}
    found = check(call.judged, "turns[1].expect[0]")

    assert (found.verdict, found.message) == ("failed", "response was 1500.4 ms, limit 1500")


def test_text_conditions_are_skipped_checks_of_their_own() -> None:
    call = asked(answer(1500, text_contains="nine", text_excludes="ten", judged_by="polite"))
    result = call.bot_says(5000, 900).judged
    unread = "what the bot says is not transcribed by this version, so nobody read it"

    assert [
        (each.id, each.metric, str(each.verdict), each.message)
        for each in result.checks
        if each.id.startswith("turns[1].expect[0].")
    ] == [
        ("turns[1].expect[0].text_contains", "text_contains", "skipped", unread),
        ("turns[1].expect[0].text_excludes", "text_excludes", "skipped", unread),
        ("turns[1].expect[0].eval", "eval", "skipped", unread),
    ]
    assert check(result, "turns[1].expect[0]").verdict == "passed"


def test_what_cannot_be_observed_is_skipped_with_its_reason() -> None:
    call = asked(expect("function_call", skip_reason="not on a phone line"), answer())
    result = call.bot_says(5000, 900).judged
    found = check(result, "turns[1].expect[0]")

    assert (found.metric, found.verdict, found.message) == (
        "function_call",
        "skipped",
        "not on a phone line",
    )
    assert check(result, "turns[1].expect[1]").verdict == "passed"
    assert result.verdict is Verdict.PASSED


def test_what_follows_an_unmet_expectation_was_not_looked_for() -> None:
    result = asked(expect("mark"), answer()).bot_says(5000, 900).judged
    found = check(result, "turns[1].expect[1]")

    assert (found.verdict, found.message) == (
        "skipped",
        "not looked for, because the expectation above it was not met",
    )
    assert failed(result) == ["mark never came"]


@pytest.mark.parametrize(
    ("event", "at_ms", "message"),
    [
        pytest.param("response", 5000, "response was 1000 ms, limit 9000", id="end-of-speech"),
        pytest.param(
            "bot_started_speaking", 5000, "bot_started_speaking was 2400 ms, limit 9000",
            id="turn-start",
        ),
        pytest.param(
            "bot_stopped_speaking", 5000, "bot_stopped_speaking was 3300 ms, limit 9000",
            id="turn-start-to-its-end",
        ),
    ],
)  # fmt: skip
def test_from_when_within_ms_counts(event: str, at_ms: float, message: str) -> None:
    """The event table of DESIGN 5; the turn began at 2600 ms, the caller ended at 4000 ms."""
    call = asked(expect(event, within_ms=9000)).bot_says(at_ms, 900)

    assert check(call.judged, "turns[1].expect[0]").message == message


def test_signals_count_from_the_start_of_the_turn() -> None:
    call = asked(expect("clear", within_ms=1000), expect("mark", mark_name="b", within_ms=3000))
    call.bot_clears(2500, 3500).bot_marks(3600, "a").bot_marks(5700, "b")
    result = call.judged

    assert check(result, "turns[1].expect[0]").message == "clear was 900 ms, limit 1000"
    assert check(result, "turns[1].expect[1]").message == "mark was 3100 ms, limit 3000"


def test_call_ended_counts_from_the_end_of_speech() -> None:
    call = asked(expect("call_ended", within_ms=1000)).bot_closes(5200)
    found = check(call.judged, "turns[1].expect[0]")

    assert (found.metric, found.message) == ("call_ended_ms", "call_ended was 1200 ms, limit 1000")


def test_an_end_that_never_came() -> None:
    call = asked(expect("call_ended", within_ms=1000))

    assert failed(call.judged) == ["call_ended never came, limit 1000"]


@pytest.mark.parametrize(
    ("answers_ms", "verdict", "message"),
    [
        pytest.param(None, "passed", "no response within 2000 ms, as expected", id="held"),
        pytest.param(2500, "passed", "no response within 2000 ms, as expected", id="came-later"),
        pytest.param(
            1200, "failed", "response came after 1200 ms, none was expected within 2000", id="came"
        ),
    ],
)
def test_what_must_not_happen(answers_ms: float | None, verdict: str, message: str) -> None:
    call = asked(expect("response", absent=True, within_ms=2000), limits=NO_LIMITS)
    if answers_ms is not None:
        call.bot_says(SAID_END_MS + answers_ms, 900)
    found = check(call.judged, "turns[1].expect[0]")

    assert (found.verdict, found.message) == (verdict, message)


def test_the_next_response_is_the_next_turn_of_the_bot() -> None:
    call = asked(answer(), answer(4000)).bot_says(4800, 900, 600, 900).bot_says(8500, 900)
    found = check(call.judged, "turns[1].expect[1]")

    assert found.message == "response was 4500 ms, limit 4000"


def test_why_a_second_response_never_came() -> None:
    call = asked(answer(), answer(2000)).bot_says(4800, 900, 600, 900)

    assert failed(call.judged) == ["response never came, limit 2000: the bot replied only once"]


def test_two_names_of_the_same_reply_are_met_by_one() -> None:
    call = asked(expect("llm_response"), expect("tts_response"), answer()).bot_says(4800, 900)

    assert failed(call.judged) == []


def test_an_early_answer_is_an_answer() -> None:
    call = asked(answer(1500)).bot_says(3800, 1500)
    found = check(call.judged, "turns[1].expect[0]")

    assert (found.verdict, found.message) == (
        "passed",
        "the bot answered 200 ms before the caller had finished",
    )
    assert failed_metrics(call.judged.checks) == ["cut_in"]


def test_turns_that_were_not_reached_are_skipped() -> None:
    turns = turn(TurnKind.LISTEN, answer(2000)), turn(TurnKind.TURN, answer())
    result = Call(scenario(*turns)).caller_listens(0).caller_hangs_up(10_000).judged

    assert check(result, "turns[1].expect[0]").message == (
        "not reached, because an earlier turn failed"
    )
    assert failed(result) == ["greeting never came, limit 2000", "greeting_missing was 1, limit 0"]
    assert [turn.index for turn in result.turns] == [0]


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        ("closes", "not reached, because the bot had ended the call"),
        ("times out", "not reached within 120 s"),
    ],
)
def test_why_a_turn_was_not_reached(ends: str, reason: str) -> None:
    turns = turn(TurnKind.LISTEN, answer(2000)), turn(TurnKind.TURN, answer())
    call = Call(scenario(*turns)).caller_listens(0, ends=False)
    call = call.bot_closes(1000) if ends == "closes" else call.times_out(1000)

    assert check(call.judged, "turns[1].expect[0]").message == reason


def test_a_turn_the_caller_could_not_do_has_failed() -> None:
    turns = turn(TurnKind.LISTEN, answer()), turn(TurnKind.BARGE_IN, expect("bot_interrupted"))
    call = Call(scenario(*turns)).caller_listens(0).bot_says(500, 1000)
    result = call.caller_gives_up(1, 32_000, "`send_after` waited").caller_hangs_up(32_000).judged

    assert failed(result) == ["`send_after` waited"]
    assert check(result, "turns[1].send_after").line == 20
    assert check(result, "turns[1].expect[0]").message == (
        "not looked for, because the caller could not do his part"
    )


def test_a_limit_of_its_own_shows_its_line_unless_the_value_belongs_to_a_turn() -> None:
    own = limits(connect_ms={"each": 10}, response_ms={"each": 100})
    result = asked(answer(), limits=own).bot_says(5000, 900).judged

    assert check(result, "limits.connect_ms.each").line == 5
    assert check(result, "turns[1].limits.response_ms.each").line == 20


def test_a_call_given_up_though_nothing_was_missed_is_inconclusive() -> None:
    """What sounded late by a hair, and was not, must not let the rest of the script pass."""
    turns = turn(TurnKind.LISTEN, answer(2000)), turn(TurnKind.TURN, answer())
    result = Call(scenario(*turns)).caller_listens(0).bot_says(1999, 900).caller_hangs_up(5000)

    assert result.judged.verdict is Verdict.INCONCLUSIVE
    assert check(result.judged, "turns").message == (
        "the call ended before turn 2, though nothing was missed"
    )
