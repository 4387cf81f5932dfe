"""What the planned calls cannot decide is said before anybody is phoned; M-22, M-24."""

from collections.abc import Mapping

import pytest
from pipecat_voice_test.measurement.repeats.plan import undecidable, values_of_a_call
from pipecat_voice_test.scenario.limits import Statistic
from pipecat_voice_test.scenario.model import Scenario, TurnKind

from measurement.calls import answer, expect, limits, scenario, turn

TURNS = (
    turn(TurnKind.LISTEN, answer()),
    turn(TurnKind.TURN, answer()),
    turn(TurnKind.TURN, answer(), slow=True),
    turn(TurnKind.BARGE_IN, expect("bot_interrupted"), answer()),
    turn(TurnKind.DISTRACTOR, expect("bot_interrupted", absent=True, within_ms=1500)),
    turn(TurnKind.DTMF, answer()),
    turn(TurnKind.WAIT),
)
QUIET = (turn(TurnKind.WAIT),)


def whole(**own: Mapping[Statistic, float]) -> Scenario:
    return scenario(*TURNS, limits=limits(**own))


def said(given: Scenario, repeat: int | None = 5) -> list[str]:
    return [line.removeprefix("calls.yaml:5: ") for line in undecidable(given, repeat)]


@pytest.mark.parametrize(
    ("metric", "most", "without"),
    [
        pytest.param("response_ms", 2, 0, id="a-slow-turn-takes-no-part"),
        pytest.param("recovery_ms", 1, 0, id="recovery"),
        pytest.param("stop_ms", 1, 0, id="stop"),
        pytest.param("barge_in_ok", 1, 0, id="barge_in_ok"),
        pytest.param("hold_rate", 1, 0, id="hold_rate"),
        pytest.param("greeting_ms", 1, 0, id="greeting"),
        pytest.param("response_duration_ms", 5, 0, id="each-response-that-is-expected"),
        pytest.param("connect_ms", 1, 1, id="one-a-call"),
        pytest.param("passed", 1, 1, id="a-call-is-one-call"),
        pytest.param("cut_in_at_ms", None, None, id="as-many-as-the-bot-likes"),
    ],
)
def test_a_script_says_how_many_values_a_call_yields(
    metric: str, most: int | None, without: int | None
) -> None:
    assert values_of_a_call(scenario(*TURNS), metric) == most
    assert values_of_a_call(scenario(*QUIET), metric) == without


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        pytest.param(
            {"response_ms": {"p95": 2500, "each": 4000}},
            "`response_ms.p95` needs 59 values, and 5 calls give 10 at most, "
            "so it will stay undecided. Fix: `--repeat 30`",
            id="M-22-a-quantile",
        ),
        pytest.param({"response_ms": {"median": 2500}}, None, id="enough-for-a-median"),
        pytest.param(
            {"passed": {"at_least": 6}},
            "`passed.at_least` needs 6 values, and 5 calls give 5 at most, "
            "so it will stay undecided. Fix: `--repeat 6`",
            id="M-24-more-calls-than-there-are",
        ),
        pytest.param(
            {"passed": {"lower_bound": 0.8}},
            "`passed.lower_bound` needs 16 values, and 5 calls give 5 at most, "
            "so it will stay undecided. Fix: `--repeat 16`",
            id="M-24-a-clean-record-would-not-prove-it",
        ),
        pytest.param(
            {"barge_in_ok": {"lower_bound": 0.9}},
            "`barge_in_ok.lower_bound` needs 35 values, and 5 calls give 5 at most, "
            "so it will stay undecided. Fix: `--repeat 35`",
            id="M-24-a-rate-within-calls",
        ),
        pytest.param({"cut_in_at_ms": {"p95": 900}}, None, id="nobody-knows"),
        pytest.param({"stop_ms": {"each": 900}}, None, id="one-value-decides-a-limit-on-each"),
    ],
)
def test_too_few_calls_are_said(
    own: Mapping[str, Mapping[Statistic, float]], expected: str | None
) -> None:
    given = whole(**own)

    assert said(given) == ([] if expected is None else [expected])
    assert said(given, repeat=59) == []
    assert said(given, repeat=None) == []


@pytest.mark.parametrize(
    ("metric", "why"),
    [
        pytest.param("stop_ms", "no turn interrupts the bot", id="stop"),
        pytest.param("recovery_ms", "no turn interrupts the bot", id="recovery"),
        pytest.param("hold_rate", "no turn is a `distractor`", id="hold_rate"),
        pytest.param("response_ms", "no turn of the caller awaits an answer", id="response"),
        pytest.param("greeting_ms", "the bot does not speak first", id="greeting"),
    ],
)
@pytest.mark.parametrize("repeat", [None, 1000])
def test_a_limit_that_no_number_of_calls_decides_is_said(
    metric: str, why: str, repeat: int | None
) -> None:
    each: dict[Statistic, float] = {"each": 1}
    own = limits(**{metric: each})

    assert said(scenario(*QUIET, limits=own), repeat) == [
        f"`{metric}.each` can never be decided: {why}. Fix: write `{metric}: none`"
    ]


def test_defaults_are_no_limits_of_its_own() -> None:
    assert said(scenario(*QUIET), repeat=1) == []
