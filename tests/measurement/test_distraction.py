"""Not being interrupted; METRICS 3.4."""

import pytest
from pipecat_voice_test.measurement.distraction import Distraction
from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.scenario.model import EventName, SendAfter, TurnKind

from measurement.calls import (
    Call,
    answer,
    check,
    expect,
    failed,
    limits,
    scenario,
    turn,
)

ONSET_MS = 4000.0
CLOSE_MS = 10.0
DUMPED = {"ahead_ms": float("inf")}


def distracted(**fields: object) -> Call:
    mhm = turn(TurnKind.DISTRACTOR, expect("bot_interrupted", absent=True, within_ms=1500))
    call = Call(scenario(turn(TurnKind.LISTEN), mhm, **fields))
    return call.caller_listens(0).caller_says(1, ONSET_MS, 300).caller_hangs_up(16_000)


def borne(call: Call) -> Distraction:
    distraction = call.facts.turns[1].distraction
    assert distraction is not None
    return distraction


@pytest.mark.parametrize(
    ("parts_ms", "clear_ms", "false_yield"),
    [
        pytest.param((12_000,), None, 0, id="talked-on"),
        pytest.param((3400, 390, 8000), None, 0, id="a-silence-under-400-ms"),
        pytest.param((3400, 1150, 8000), None, 0, id="resumed-within-1200-ms"),
        pytest.param((3400, 1300, 8000), None, 1, id="resumed-later"),
        pytest.param((4100, 1300, 8000), None, 0, id="silent-only-after-1000-ms"),
        pytest.param((3400, 600, 8000), 4410, 0, id="a-clear-of-nothing-proves-nothing"),
    ],
)
def test_false_yield(parts_ms: tuple[float, ...], clear_ms: float | None, false_yield: int) -> None:
    no_gaps = limits(worst_gap_ms=None, gap_share=None)
    call = distracted(limits=no_gaps).bot_says_with_dry_pauses(1000, *parts_ms)
    if clear_ms is not None:
        call.bot_clears(clear_ms)

    assert borne(call).false_yield == false_yield
    assert call.value("false_yield") == false_yield
    assert failed(call.judged) == (
        ["bot_interrupted came after 400 ms, none was expected within 1500"] if false_yield else []
    )


def test_a_clear_that_removed_audio_is_a_false_yield_even_if_the_bot_goes_on() -> None:
    call = distracted().bot_says(1000, 12_000, **DUMPED).bot_clears(4350).bot_says(5000, 3000)

    assert borne(call).false_yield == 1
    assert borne(call).yielded_ms == pytest.approx(350, abs=CLOSE_MS)


@pytest.mark.parametrize("next_at_ms", [None, 5200])
def test_a_turn_that_ended_by_itself_is_inconclusive(next_at_ms: float | None) -> None:
    mhm = turn(TurnKind.DISTRACTOR, expect("bot_interrupted", absent=True, within_ms=1500))
    call = Call(scenario(turn(TurnKind.LISTEN), mhm, turn(TurnKind.TURN, answer())))
    call.caller_listens(0).caller_says(1, ONSET_MS, 300).bot_says(1000, 3400)
    if next_at_ms is not None:
        call.caller_says(2, next_at_ms, 700).bot_says(6500, 900)
    result = call.caller_hangs_up(12_000).judged

    assert check(result, "turns[1].expect[0]").message == (
        "the bot's turn ended by itself; use an answer of at least 10 s"
    )
    assert result.verdict == "inconclusive"
    assert "false_yield" not in result.metrics


def test_false_yield_fails_only_where_somebody_asks_for_it() -> None:
    def call(**fields: object) -> Call:
        mhm = turn(TurnKind.DISTRACTOR)
        scene = scenario(turn(TurnKind.LISTEN), mhm, **fields)
        made = Call(scene).caller_listens(0).caller_says(1, ONSET_MS, 300)
        return made.bot_says(1000, 9000, **DUMPED).bot_clears(4300).caller_hangs_up(9000)

    assert failed(call().judged) == []
    assert failed(call(limits=limits(false_yield={"each": 0})).judged) == [
        "false_yield was 1, limit 0: after a sound"
    ]


def test_a_distractor_is_no_turn_of_the_caller() -> None:
    """It is neither cut in on nor answered, and it does not end the turn of the bot."""
    call = distracted().bot_says_with_dry_pauses(1000, 3100, 500, 8000)

    assert len(call.facts.hearing.turns) == 1
    assert {"cut_in", "response_ms", "missed_turn"} & set(call.judged.metrics) == set()


# --- hold_rate ----------------------------------------------------------------------------


def distracted_by(*kinds: str, yields_to: tuple[int, ...] = (), **fields: object) -> Call:
    """Sounds every 5 s of a long reply; a bot that yields goes on 2 s later."""
    turns = [turn(TurnKind.DISTRACTOR, name=kind) for kind in kinds]
    call = Call(scenario(turn(TurnKind.LISTEN), *turns, **fields)).caller_listens(0)
    began_ms = 1000.0
    for index in range(len(kinds)):
        at_ms = 4000.0 + 5000 * index
        call.caller_says(index + 1, at_ms, 300)
        if index in yields_to:
            call.bot_says(began_ms, at_ms + 300 - began_ms)
            began_ms = at_ms + 2300
    end_ms = 4000.0 + 5000 * len(kinds)
    return call.bot_says(began_ms, end_ms - began_ms).caller_hangs_up(end_ms + 1500)


@pytest.mark.parametrize(
    ("kinds", "yields_to", "rates"),
    [
        pytest.param(("",), (), (1,), id="one-sound-borne"),
        pytest.param(("",), (0,), (0,), id="one-sound-not-borne"),
        pytest.param(("", "", ""), (1,), (2 / 3,), id="all-without-a-name-are-one-kind"),
        pytest.param(
            ("mhm", "cough", "mhm", "cough"), (1,), (1, 0.5), id="the-name-of-the-turn-is-its-kind"
        ),
    ],
)
def test_hold_rate_is_taken_per_kind(
    kinds: tuple[str, ...], yields_to: tuple[int, ...], rates: tuple[float, ...]
) -> None:
    assert distracted_by(*kinds, yields_to=yields_to).values("hold_rate") == pytest.approx(rates)


def test_hold_rates_say_of_how_many_for_the_pool_of_all_calls() -> None:
    result = distracted_by("mhm", "cough", "mhm", "cough", yields_to=(1,)).judged

    assert result.rates == {
        "hold_rate": (3, 4),
        "hold_rate (mhm)": (2, 2),
        "hold_rate (cough)": (1, 2),
    }


def test_a_hold_rate_fails_only_where_somebody_asks_for_it_and_says_which_kind() -> None:
    own = limits(hold_rate={"at_least": 1})
    call = distracted_by("mhm", "cough", yields_to=(1,), limits=own)

    assert failed(distracted_by("mhm", "cough", yields_to=(1,)).judged) == []
    assert failed(call.judged) == ["hold_rate was 0, limit 1: 0 of 1 `cough`"]


def test_a_sound_of_which_nothing_can_be_said_has_no_part_in_hold_rate() -> None:
    call = distracted().bot_says(1000, 3400)

    assert borne(call).held is None
    assert call.values("hold_rate") == ()


# --- false_response -----------------------------------------------------------------------


def coughed_at(*expected: object, at_ms: float = 8000.0, **fields: object) -> Call:
    """A question from 2000 to 3000 ms, an answer up to 6000 ms, and a cough of 300 ms."""
    cough = turn(TurnKind.DISTRACTOR, *expected, **fields)  # type: ignore[arg-type]  # expectations
    call = Call(scenario(turn(TurnKind.LISTEN), turn(TurnKind.TURN, answer()), cough))
    call.caller_listens(0).caller_says(1, 2000, 1000).caller_says(2, at_ms, 300)
    return call.caller_hangs_up(12_000)


@pytest.mark.parametrize(
    ("answers_ms", "false_response"),
    [
        pytest.param(None, 0, id="no-answer"),
        pytest.param(8100, 1, id="while-it-goes-on"),
        pytest.param(10_200, 1, id="within-2000-ms-of-its-end"),
        pytest.param(10_400, 0, id="later"),
    ],
)
def test_false_response_is_a_burst_within_2000_ms(
    answers_ms: float | None, false_response: int
) -> None:
    call = coughed_at().bot_says(500, 900).bot_says(4000, 2000)
    if answers_ms is not None:
        call.bot_says(answers_ms, 800)

    assert call.value("false_response") == false_response
    assert call.value("false_yield") is None
    assert call.judged.verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("answer_ms", "cough_ms"),
    [
        pytest.param(4000, 7000, id="the-bot-may-only-be-taking-a-breath"),
        pytest.param(5000, 4000, id="the-bot-owes-the-caller-an-answer"),
        pytest.param(4000, 11_000, id="the-call-ends-too-soon-after-it"),
    ],
)
def test_what_may_have_another_reason_is_no_false_response(
    answer_ms: float, cough_ms: float
) -> None:
    call = coughed_at(at_ms=cough_ms).bot_says(500, 900).bot_says(answer_ms, 2000)
    if cough_ms < 8000:
        call.bot_says(7700, 800)

    assert call.value("false_response") is None


@pytest.mark.parametrize(
    ("answers", "verdict", "message"),
    [
        (False, "passed", "no response within 1500 ms, as expected"),
        (True, "failed", "response came after 700 ms, none was expected within 1500"),
    ],
)
def test_a_bot_that_is_silent_on_purpose_can_be_expected_to_stay_so(
    answers: bool, verdict: str, message: str
) -> None:
    call = coughed_at(expect("response", absent=True, within_ms=1500)).bot_says(500, 900)
    call.bot_says(4000, 2000)
    if answers:
        call.bot_says(9000, 800)
    found = check(call.judged, "turns[2].expect[0]")

    assert (found.metric, found.verdict, found.message) == ("false_response", verdict, message)


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        pytest.param(None, "passed", id="the-script-lets-the-bot-finish-first"),
        pytest.param(
            SendAfter(EventName.BOT_STARTED_SPEAKING, 2000), "inconclusive",
            id="the-script-wants-it-to-be-speaking",
        ),
    ],
)  # fmt: skip
def test_a_silent_bot_cannot_be_interrupted(after: SendAfter | None, verdict: str) -> None:
    wanted = expect("bot_interrupted", absent=True, within_ms=1500)
    call = coughed_at(wanted, send_after=after).bot_says(500, 900).bot_says(4000, 2000)

    assert check(call.judged, "turns[2].expect[0]").verdict == verdict


def test_a_sound_does_not_let_a_bot_off_that_falls_silent_for_good() -> None:
    """Without a `clear` METRICS 3.4 cannot blame the sound, but the reply was too short."""
    asks = turn(TurnKind.TURN, answer(lasts_at_least_ms=8000))
    call = Call(scenario(asks, turn(TurnKind.DISTRACTOR))).caller_says(0, 500, 1000)
    call.caller_says(1, ONSET_MS, 300).bot_says(2000, 2400).caller_hangs_up(12_000)

    assert call.value("false_yield") is None
    assert failed(call.judged) == ["response_duration was 2400 ms, expected at least 8000"]
