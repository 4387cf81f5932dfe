"""The beginning and the end of a call; METRICS 3.1 and 3.6, PROTOCOL 5."""

from dataclasses import replace

import numpy as np
import pytest
from pipecat_voice_test.measurement.judge import judge_call
from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.scenario.model import CallSetup, TurnKind
from pipecat_voice_test.timeline import Finding, Severity

from measurement.calls import (
    Call,
    answer,
    check,
    expect,
    failed,
    limits,
    scenario,
    silence,
    tone,
    turn,
    voice,
)

CLOSE_MS = 10.0
LISTEN = TurnKind.LISTEN
DUMPED = {"ahead_ms": float("inf")}


def call(*turns: object, **fields: object) -> Call:
    return Call(scenario(*(turns or (turn(LISTEN, answer()),)), **fields)).caller_listens(0)  # type: ignore[arg-type]  # turns


# --- 3.1 ----------------------------------------------------------------------------------


@pytest.mark.parametrize("message_ms", [20.0, 137.5, 10_000.0])
def test_greeting_counts_from_the_start_of_the_call(message_ms: float) -> None:
    made = call().bot_says(1234, 1000, message_ms=message_ms).caller_hangs_up(5000)

    assert made.value("greeting_ms") == pytest.approx(1234, abs=CLOSE_MS)
    assert made.value("greeting_missing") == 0


def test_connect_counts_against_its_limit() -> None:
    made = call().bot_says(500, 1000).caller_hangs_up(5000)
    made.connect_ms = 5000.4

    assert failed(made.judged) == ["connect was 5000.4 ms, limit 5000"]


@pytest.mark.parametrize(
    ("expected", "greets_ms", "hangs_up_ms", "missing"),
    [
        pytest.param(answer(), 7900, 12_000, 0, id="within-the-limit-and-4-s"),
        pytest.param(answer(), 8100, 12_000, 1, id="later"),
        pytest.param(answer(), None, 12_000, 1, id="never"),
        pytest.param(answer(2000), 5900, 12_000, 0, id="within-its-own-limit-and-4-s"),
        pytest.param(answer(2000), 6100, 12_000, 1, id="later-than-that"),
        pytest.param(answer(), None, 2000, None, id="the-caller-hung-up-before-it-was-due"),
        pytest.param(expect("bot_started_speaking"), None, 12_000, None, id="none-was-expected"),
    ],
)
def test_greeting_missing(
    expected: object, greets_ms: float | None, hangs_up_ms: float, missing: int | None
) -> None:
    made = call(turn(LISTEN, expected)).caller_hangs_up(hangs_up_ms)  # type: ignore[arg-type]  # an Expectation
    if greets_ms is not None:
        made.bot_says(greets_ms, 1000)

    assert made.value("greeting_missing") == missing


def test_a_bot_that_need_not_speak_first_has_no_greeting() -> None:
    made = Call(scenario(turn(TurnKind.TURN, answer()))).caller_says(0, 1000, 500)
    made.bot_says(2000, 1000).caller_hangs_up(5000)

    assert made.value("greeting_ms") is None
    assert made.value("greeting_missing") is None


# --- 3.6 ----------------------------------------------------------------------------------


@pytest.mark.parametrize("message_ms", [20.0, 137.5, 10_000.0])
@pytest.mark.parametrize("unheard_ms", [0, 80, 400])
def test_tail_lost_is_the_speech_nobody_heard(unheard_ms: float, message_ms: float) -> None:
    """METRICS 9.1 and 9.2."""
    made = call(turn(LISTEN, answer(), expect("call_ended")))
    made.bot_says(500, 3000, message_ms=message_ms, ahead_ms=1000)
    result = made.bot_closes(3500 - unheard_ms).judged

    assert result.metrics["tail_lost_ms"] == pytest.approx((unheard_ms,), abs=CLOSE_MS)
    assert failed(result) == (["tail_lost was 400 ms, limit 100"] if unheard_ms > 100 else [])


@pytest.mark.parametrize("appended_ms", [500, 2000])
def test_silence_appended_before_closing_does_not_raise_tail_lost(appended_ms: float) -> None:
    """METRICS 9.4, P-41."""
    goodbye = np.concatenate([tone(1000), silence(appended_ms)])
    made = call(turn(LISTEN, answer(), expect("call_ended"))).bot_plays(500, goodbye, **DUMPED)

    assert made.bot_closes(1560).value("tail_lost_ms") == 0
    assert made.bot_closes(1100).value("tail_lost_ms") == pytest.approx(400, abs=CLOSE_MS)


def test_hang_up_delay_counts_from_the_last_word_heard() -> None:
    made = call(turn(LISTEN, answer(), expect("call_ended"))).bot_says(500, 1000)
    made.bot_plays(1500, silence(2000))

    assert made.bot_closes(3700).value("hang_up_delay_ms") == pytest.approx(2200, abs=CLOSE_MS)
    assert made.caller_hangs_up(3700).value("hang_up_delay_ms") is None


@pytest.mark.parametrize(
    ("lets_go_ms", "failures"),
    [
        pytest.param(45.0, [], id="soon"),
        pytest.param(5001.0, ["lets_go was 5001 ms, limit 5000"], id="late"),
        pytest.param(
            None, ["lets_go never came, limit 5000: the bot kept its socket open after `stop`"],
            id="never",
        ),
    ],
)  # fmt: skip
def test_lets_go_counts_from_the_caller_hanging_up(
    lets_go_ms: float | None, failures: list[str]
) -> None:
    made = call().bot_says(500, 1000).caller_hangs_up(4000, lets_go_ms=lets_go_ms)

    assert made.value("lets_go_ms") == lets_go_ms
    assert failed(made.judged) == failures


def test_lets_go_has_no_limit_where_none_is_wanted() -> None:
    made = call(limits=limits(lets_go_ms=None)).bot_says(500, 1000)

    assert failed(made.caller_hangs_up(4000, lets_go_ms=None).judged) == []


ENDS = turn(LISTEN, answer(), expect("call_ended"))
LOST = (
    "the bot's socket was lost without a close frame (1006): it crashed, or its handler merely "
    "returned; a stock Pipecat bot also does this when TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN "
    "are not set (TELNYX_API_KEY, or PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN, on those networks)"
)


@pytest.mark.parametrize(
    ("code", "reason", "verdict", "message"),
    [
        (1000, "", "passed", "ended_by was bot, as scripted"),
        (1001, "", "passed", "ended_by was bot, as scripted"),
        (1005, "", "passed", "ended_by was bot, as scripted"),
        (1006, "", "failed", LOST),
        (
            1011, "no such model", "failed",
            "the bot closed with 1011 (no such model): it failed inside; see its log",
        ),
        (1012, "", "failed", "the bot closed with 1012, which is no clean end"),
        (
            4003, "not allowed", "failed",
            "the bot closed with 4003 (not allowed), which is no clean end",
        ),
    ],
)  # fmt: skip
def test_how_a_bot_may_end_a_call(code: int, reason: str, verdict: str, message: str) -> None:
    """P-40."""
    made = call(ENDS).bot_says(500, 1000).bot_closes(2000, code, reason)
    ended_by = check(made.judged, "ended_by")

    assert (ended_by.verdict, ended_by.message) == (verdict, message)
    assert ended_by.at_ms == 2000


@pytest.mark.parametrize("closes", [1000, 1006, 1011, None])
def test_a_bot_may_end_a_call_over_the_call_api(closes: int | None) -> None:
    """PROTOCOL 5: the network closes, so how the bot's socket goes then is no sign of health."""
    made = call(ENDS).bot_says(500, 1000).bot_hangs_up_over_api(2000, closes=closes)
    ended_by = check(made.judged, "ended_by")

    assert (ended_by.verdict, ended_by.message) == (
        "passed",
        "ended_by was bot over the call API, as scripted",
    )
    assert check(made.judged, "turns[0].expect[1]").verdict == "passed"
    assert made.value("hang_up_delay_ms") == pytest.approx(500, abs=CLOSE_MS)


def test_a_bot_that_hangs_up_over_the_call_api_unasked_fails() -> None:
    made = call(turn(LISTEN, answer()), turn(TurnKind.TURN, answer())).bot_says(500, 1000)
    made.caller_says(1, 3000, 800, ends=False).bot_hangs_up_over_api(4500)
    ended_by = check(made.judged, "ended_by")

    assert (ended_by.verdict, ended_by.message) == (
        "failed",
        "the bot hung up over the call API in turn 2, unscripted",
    )


@pytest.mark.parametrize(
    ("ends", "verdict", "message"),
    [
        pytest.param(True, "passed", "ended_by was bot, as scripted", id="when-all-was-done"),
        pytest.param(
            False, "failed", "the bot hung up (1000) in turn 2, unscripted", id="in-a-turn"
        ),
    ],
)
def test_a_bot_that_hangs_up_without_being_asked_to(ends: bool, verdict: str, message: str) -> None:
    made = call(turn(LISTEN, answer()), turn(TurnKind.TURN, answer())).bot_says(500, 1000)
    made.caller_says(1, 3000, 800, ends=ends).bot_closes(4500)
    ended_by = check(made.judged, "ended_by")

    assert (ended_by.verdict, ended_by.message) == (verdict, message)


def test_an_expected_end_is_scripted_also_when_the_reply_before_it_is_missing() -> None:
    ends = turn(TurnKind.TURN, answer(), expect("call_ended"))
    made = call(turn(LISTEN, answer()), ends).bot_says(500, 1000)
    result = made.caller_says(1, 3000, 800, ends=False).bot_closes(4500).judged

    assert check(result, "ended_by").verdict == "passed"
    assert check(result, "turns[1].expect[0]").message == (
        "response never came: the bot ended the call"
    )


def test_the_caller_may_always_hang_up() -> None:
    made = call().bot_says(500, 1000).caller_hangs_up(4000)

    assert check(made.judged, "ended_by").message == "ended_by was caller, as scripted"


def test_a_call_that_never_ends_has_failed() -> None:
    made = call(call=CallSetup(max_call_s=9)).bot_says(500, 1000).times_out(9000)
    result = made.judged

    assert failed(result) == ["the call was still going on after 9 s"]
    assert result.timeline.ended_by == "timeout"


def test_messages_the_network_would_drop_are_counted() -> None:
    """METRICS `protocol`."""
    made = call().bot_says(500, 1000).bot_blunders(700)
    made.bot_blunders(900).bot_blunders(950).caller_hangs_up(4000)
    result = made.judged
    (finding,) = result.protocol

    assert finding.count == 3
    assert result.metrics["protocol"] == (3,)
    assert check(result, "limits.protocol.each").verdict is Verdict.FAILED
    assert check(result, "limits.protocol.each").at_ms == 700
    assert failed(result)[0].startswith("protocol was 3, limit 0: ")


def test_a_clean_call_has_no_findings() -> None:
    made = call().bot_says(500, 1000).caller_hangs_up(4000)

    assert made.values("protocol") == (0,)
    assert made.judged.verdict is Verdict.PASSED


# --- response_duration --------------------------------------------------------------------


def asked(**conditions: object) -> Call:
    made = call(turn(LISTEN), turn(TurnKind.TURN, answer(**conditions)))  # type: ignore[arg-type]  # conditions
    return made.caller_says(1, 2000, 1000).caller_hangs_up(12_000)


@pytest.mark.parametrize("message_ms", [20.0, 137.5, 10_000.0])
def test_response_duration_is_the_whole_turn_of_the_bot(message_ms: float) -> None:
    made = asked().bot_plays(3800, voice(1500, 700, 900), message_ms=message_ms)

    assert made.value("response_duration_ms") == pytest.approx(3100, abs=CLOSE_MS)


@pytest.mark.parametrize(
    ("conditions", "check_id", "verdict", "message"),
    [
        pytest.param(
            {"lasts_at_least_ms": 2000}, "turns[1].expect[0].lasts_at_least_ms", "failed",
            "response_duration was 1500 ms, expected at least 2000",
            id="D4-a-reply-that-dies",
        ),
        pytest.param(
            {"lasts_at_least_ms": 1400}, "turns[1].expect[0].lasts_at_least_ms", "passed",
            "response_duration was 1500 ms, expected at least 1400",
            id="long-enough",
        ),
        pytest.param(
            {"lasts_at_most_ms": 1400}, "turns[1].expect[0].lasts_at_most_ms", "failed",
            "response_duration was 1500 ms, expected at most 1400",
            id="a-reply-that-never-ends",
        ),
        pytest.param(
            {"lasts_at_most_ms": 1600}, "turns[1].expect[0].lasts_at_most_ms", "passed",
            "response_duration was 1500 ms, expected at most 1600",
            id="short-enough",
        ),
    ],
)  # fmt: skip
def test_how_long_a_reply_may_last(
    conditions: dict[str, int], check_id: str, verdict: str, message: str
) -> None:
    made = asked(**conditions).bot_says(3800, 1500)
    found = check(made.judged, check_id)

    assert (found.verdict, found.message) == (verdict, message)
    assert found.metric == "response_duration_ms"


def test_a_reply_the_caller_cut_off_is_not_too_short() -> None:
    made = asked(lasts_at_least_ms=5000).bot_says(3800, 9000).caller_hangs_up(6000)
    found = check(made.judged, "turns[1].expect[0].lasts_at_least_ms")

    assert (found.verdict, found.message) == (
        "skipped",
        "the caller did not let the bot finish",
    )


def test_a_reply_that_never_came_has_no_length() -> None:
    found = check(asked(lasts_at_least_ms=5000).judged, "turns[1].expect[0].lasts_at_least_ms")

    assert (found.verdict, found.message) == ("skipped", "there was no reply to time")


@pytest.mark.parametrize("kind", ["protocol_error", "message_too_big", "bot_not_reading"])
def test_a_call_the_network_cut_off_says_why(kind: str) -> None:
    """P-25, PROTOCOL 4.2: these end the call, and are no crash of the bot."""
    lost = call(ENDS).bot_says(500, 1000).bot_closes(2000, 1006)
    finding = Finding(1990, kind, Severity.WARNING, "what happened")
    timeline = replace(lost.timeline, events=(*lost.timeline.events, finding))
    ended_by = check(judge_call(lost.scenario, timeline, number=1), "ended_by")

    assert ended_by.message == f"the call had to be cut off ({kind}): what happened"
