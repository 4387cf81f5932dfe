"""Distances lie from where METRICS has them begin to where they end, with the strictest limit."""

from dataclasses import replace

import pytest
from measurement.calls import Call, answer, expect, limits, scenario, turn
from measurement.test_judge import conversation
from pipecat_voice_test.measurement.results import CallResult, Check, TurnFacts, Verdict
from pipecat_voice_test.report.view.distances import distances_of
from pipecat_voice_test.report.view.model import Distance
from pipecat_voice_test.scenario.model import TurnKind
from pipecat_voice_test.timeline import Timeline

PASSED, FAILED, INCONCLUSIVE = Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE
ASKED = TurnFacts(1, 20, TurnKind.TURN, said=(4000.0, 5800.0), response_ms=800.0)
INTERRUPTED = TurnFacts(
    2, 30, TurnKind.BARGE_IN, said=(8000.0, 9100.0), response_ms=700.0, stop_ms=400.0
)


def call(*turns: TurnFacts, checks: tuple[Check, ...] = (), greeting_ms: float | None = None):  # type: ignore[no-untyped-def]
    metrics = {} if greeting_ms is None else {"greeting_ms": (greeting_ms,)}
    return CallResult(1, PASSED, Timeline(), turns=turns, checks=checks, metrics=metrics)


def check(
    metric: str,
    verdict: Verdict = PASSED,
    value: float | None = 800.0,
    limit: float | None = 1500.0,
    turn: int | None = 1,
    at_ms: float | None = 6600.0,
    id: str = "turns[1].expect[0]",
) -> Check:
    return Check(id, metric, verdict, "", value, limit, turn, 21, at_ms)


def close(found: tuple[Distance, ...]) -> list[tuple[str, int, float, float]]:
    return [(d.metric, d.turn, round(d.from_ms, -1), round(d.to_ms, -1)) for d in found]


def test_of_a_whole_call_every_time_is_where_it_was_measured() -> None:
    assert close(distances_of(conversation().judged)) == [
        ("greeting_ms", 0, 0, 600),
        ("response_ms", 1, 5800, 6600),
        ("stop_ms", 2, 8000, 8400),
        ("recovery_ms", 2, 9100, 9900),
    ]


def test_the_limit_is_the_one_the_scenario_sets_and_fails_as_its_check_does() -> None:
    turns = (
        turn(TurnKind.TURN, answer(700)),
        turn(TurnKind.TURN, answer()),
        turn(TurnKind.TURN, answer(), slow=True),
    )
    held = Call(scenario(*turns, stop_on_failure=False)).caller_says(0, 500, 1000)
    held.bot_says(2500, 800).caller_says(1, 6000, 1000).bot_says(8000, 800)
    held.caller_says(2, 10_000, 1000).bot_says(12_000, 800)
    found = distances_of(held.caller_hangs_up(14_000).judged)

    assert [(one.turn, one.limit_ms, one.verdict) for one in found] == [
        (0, 700, FAILED),
        (1, 4000, PASSED),
        (2, 6000, PASSED),
    ]
    assert [round(one.value_ms, -1) for one in found] == [1000, 1000, 1000]


@pytest.mark.parametrize(
    ("checks", "limit_ms", "verdict"),
    [
        pytest.param([], None, PASSED, id="no-limit"),
        pytest.param([check("response_ms")], 1500, PASSED, id="one"),
        pytest.param(
            [check("response_ms"), check("response_ms", FAILED, limit=700)], 700, FAILED,
            id="the-strictest",
        ),
        pytest.param(
            [check("response_ms", FAILED), check("response_ms", limit=700)], 700, FAILED,
            id="the-worst-verdict",
        ),
        pytest.param([check("response_ms", INCONCLUSIVE)], 1500, INCONCLUSIVE, id="undecided"),
        pytest.param([check("response_ms", Verdict.SKIPPED)], None, PASSED, id="skipped"),
        pytest.param([check("response_ms", limit=None)], None, PASSED, id="without-a-number"),
        pytest.param([check("response_ms", turn=2, at_ms=None)], None, PASSED, id="another-turn"),
        pytest.param([check("stop_ms", at_ms=None)], None, PASSED, id="another-metric"),
        pytest.param([check("missed_turn", FAILED, 1, 0)], None, PASSED, id="a-count"),
    ],
)  # fmt: skip
def test_the_limit_is_that_of_the_same_turn_and_metric(
    checks: list[Check], limit_ms: float | None, verdict: Verdict
) -> None:
    (found,) = distances_of(call(ASKED, checks=tuple(checks)))

    assert found == Distance("response_ms", 1, 5800.0, 6600.0, limit_ms, verdict)


def test_a_stored_time_is_as_exact_as_its_check() -> None:
    """METRICS 8: what is beyond a limit never looks as if it were within."""
    stored = replace(ASKED, response_ms=1500.0)
    late = check("response_ms", FAILED, value=1500.3, at_ms=7300.0)
    (found,) = distances_of(call(stored, checks=(late,)))

    assert found.value_ms == pytest.approx(1500.3)


def test_an_interruption_has_two_and_the_answer_is_a_recovery() -> None:
    assert close(distances_of(call(INTERRUPTED))) == [
        ("stop_ms", 2, 8000, 8400),
        ("recovery_ms", 2, 9100, 9800),
    ]


def test_what_never_came_is_no_distance() -> None:
    """The miss says so; a bracket up to the limit would be an invention."""
    never = check("response_ms", FAILED, value=None, at_ms=5800.0)
    silent = replace(ASKED, response_ms=None)

    assert distances_of(call(silent, checks=(never, check("missed_turn", FAILED, 1, 0)))) == ()


def test_a_sound_that_should_not_take_the_floor_is_not_answered() -> None:
    assert distances_of(call(replace(ASKED, kind=TurnKind.DISTRACTOR))) == ()


@pytest.mark.parametrize(
    ("found", "from_ms", "to_ms"),
    [
        pytest.param(check("greeting_ms", FAILED, 5000, at_ms=5000.0, turn=0), 0, 5000,
                     id="a-greeting-of-which-only-the-check-is-left"),
        pytest.param(check("response_ms", PASSED, 900, at_ms=9000.0, turn=3), 8100, 9000,
                     id="an-answer-while-the-caller-only-listens"),
        pytest.param(check("worst_gap_ms", FAILED, 240, 200, at_ms=7000.0), 7000, 7240,
                     id="a-hole-lies-after-its-moment"),
        pytest.param(check("longest_silence_ms", FAILED, 6000, at_ms=7000.0), 7000, 13_000,
                     id="a-silence-too"),
        pytest.param(check("lets_go_ms", FAILED, 9000, 5000, turn=None, at_ms=20_000.0),
                     20_000, 29_000, id="a-bot-that-does-not-let-go"),
        pytest.param(check("hang_up_delay_ms", FAILED, 7000, 5000, turn=None, at_ms=20_000.0),
                     13_000, 20_000, id="a-late-hanging-up"),
        pytest.param(check("response_duration_ms", FAILED, 900, 2000, at_ms=9000.0), 8100, 9000,
                     id="a-reply-too-short-for-its-expectation"),
        pytest.param(check("response_duration_ms", FAILED, 9000, 2000, at_ms=9000.0,
                           id="turns[1].limits.response_duration_ms.each"), 9000, 18_000,
                     id="a-reply-too-long-for-a-limit"),
        pytest.param(check("mark_ms", FAILED, 2500, 2000, at_ms=9000.0), 6500, 9000,
                     id="an-event-that-came-late"),
    ],
)  # fmt: skip
def test_what_only_a_check_knows_of_is_told_by_its_moment(
    found: Check, from_ms: float, to_ms: float
) -> None:
    (distance,) = distances_of(call(checks=(found,)))

    assert (distance.from_ms, distance.to_ms) == (from_ms, to_ms)
    assert (distance.limit_ms, distance.verdict) == (found.limit, found.verdict)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(check("worst_gap_ms"), id="nothing-amiss"),
        pytest.param(check("longest_silence_ms", Verdict.SKIPPED), id="skipped"),
        pytest.param(check("talk_over_ms", FAILED), id="a-sum-lies-nowhere"),
        pytest.param(check("connect_ms", FAILED, at_ms=None), id="before-the-call"),
        pytest.param(check("stop_ms", FAILED, at_ms=None), id="no-moment"),
        pytest.param(check("gap_share", FAILED, 0.2, 0.01), id="a-share"),
        pytest.param(check("response_ms", PASSED, -200), id="before-its-own-beginning"),
    ],
)
def test_what_is_no_stretch_worth_showing_is_not_shown(found: Check) -> None:
    assert distances_of(call(checks=(found,))) == ()


def test_a_second_reply_in_a_turn_is_a_distance_of_its_own() -> None:
    turns = (turn(TurnKind.TURN, answer(1500), answer(6000)),)
    held = Call(scenario(*turns, limits=limits(longest_silence_ms=None))).caller_says(0, 500, 1000)
    held.bot_says(2500, 800).bot_says(6000, 800)
    found = distances_of(held.caller_hangs_up(9000).judged)

    assert close(found) == [("response_ms", 0, 1500, 2500), ("response_ms", 0, 1500, 6000)]
    assert [one.limit_ms for one in found] == [1500, 6000]


def test_a_bot_that_does_not_yield_has_no_stop() -> None:
    turns = (
        turn(TurnKind.TURN, answer()),
        turn(TurnKind.BARGE_IN, expect("bot_interrupted", within_ms=1000)),
    )
    held = Call(scenario(*turns)).caller_says(0, 500, 1000).bot_says(2500, 9000)
    held.caller_says(1, 5000, 1000)
    found = distances_of(held.caller_hangs_up(14_000).judged)

    assert [one.metric for one in found] == ["response_ms"]
