"""Gates over pooled values, and over the whole run; METRICS 4."""

from collections.abc import Sequence

import pytest
from pipecat_voice_test.measurement.gates import distribution_check, quantile, run_checks
from pipecat_voice_test.measurement.judge import judge_scenario
from pipecat_voice_test.measurement.results import CallResult, Check, ScenarioResult, Verdict
from pipecat_voice_test.scenario.limits import Limits, Statistic
from pipecat_voice_test.scenario.model import TurnKind
from pipecat_voice_test.timeline import Rig, Timeline

from measurement.calls import NO_LIMITS, Call, answer, expect, failed, limits, scenario, turn

NO_TIMELINE = Timeline()
MEDIAN: dict[Statistic, float] = {"median": 1500}


def answered(
    *values_ms: float,
    verdict: Verdict = Verdict.PASSED,
    replaced: bool = False,
    metric: str = "response_ms",
) -> CallResult:
    return CallResult(1, verdict, NO_TIMELINE, metrics={metric: values_ms}, replaced=replaced)


def result_of(*calls: CallResult, own: Limits | None = None) -> ScenarioResult:
    scene = scenario(turn(TurnKind.LISTEN), **({} if own is None else {"limits": own}))
    return judge_scenario(scene, calls)


def in_brief(checks: Sequence[Check]) -> list[tuple[str, str, str]]:
    return [(each.id, str(each.verdict), each.message) for each in checks]


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.5, 2.5), (0.9, 3.7), (0.0, 1.0), (1.0, 4.0)],
)
def test_quantiles_interpolate_between_order_statistics(share: float, expected: float) -> None:
    """M-23."""
    assert quantile([4.0, 1.0, 3.0, 2.0], share) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("statistic", "needed"),
    [
        pytest.param("median", 5, id="M-22-median"),
        pytest.param("p90", 29, id="M-22-p90"),
        pytest.param("p95", 59, id="M-22-p95"),
        pytest.param("p99", 299, id="M-22-p99"),
    ],
)
def test_a_quantile_is_gated_only_from_enough_values(statistic: Statistic, needed: int) -> None:
    """METRICS 9.7: percentile gates refuse small numbers, however bad they are."""
    values = [9000.0] * (needed - 1)
    few = distribution_check("response_ms", statistic, 1500, values, "limits.response_ms", 7)
    enough = distribution_check(
        "response_ms", statistic, 1500, [*values, 9000.0], "limits.response_ms", 7
    )

    assert (few.verdict, few.value) == (Verdict.SKIPPED, None)
    assert few.message == (
        f"too few for a {statistic} of response_ms: {needed - 1} of {needed} values, worst 9000"
    )
    assert enough.verdict is Verdict.FAILED
    assert enough.message == f"response was 9000 ms, limit 1500 ({statistic} of {needed})"


@pytest.mark.parametrize(
    ("median_ms", "verdict", "message"),
    [
        pytest.param(1500.0, "passed", "response was 1500 ms, limit 1500 (median of 5)", id="at"),
        pytest.param(
            1500.4, "failed", "response was 1500.4 ms, limit 1500 (median of 5)", id="just-over"
        ),
    ],
)
def test_a_median_is_not_rounded_into_a_pass(median_ms: float, verdict: str, message: str) -> None:
    values = [100, 200, median_ms, 8000, 9000]
    found = distribution_check("response_ms", "median", 1500, values, "limits.response_ms", None)

    assert (found.verdict, found.message) == (verdict, message)


def test_a_median_of_its_own_is_taken_over_all_calls_of_the_scenario() -> None:
    """M-20."""
    result = result_of(answered(1, 2, 1600), answered(1700, 1800), own=limits(response_ms=MEDIAN))

    assert in_brief(result.checks) == [
        ("limits.response_ms.median", "failed", "response was 1600 ms, limit 1500 (median of 5)")
    ]
    assert result.checks[0].line == 5
    assert result.verdict is Verdict.FAILED


def test_too_few_values_fail_nothing() -> None:
    result = result_of(answered(9000, 9000, 9000, 9000), own=limits(response_ms=MEDIAN))

    assert in_brief(result.checks) == [
        (
            "limits.response_ms.median",
            "skipped",
            "too few for a median of response_ms: 4 of 5 values, worst 9000",
        )
    ]
    assert result.verdict is Verdict.PASSED


def test_the_default_median_is_no_gate_of_a_scenario() -> None:
    assert result_of(answered(9000, 9000, 9000, 9000, 9000)).checks == ()


def test_the_default_median_is_taken_over_the_whole_run() -> None:
    """M-21a: recoveries take part, scenarios with limits of their own do not."""
    results = [
        result_of(answered(1400, 1450)),
        result_of(answered(1600, 1700, metric="recovery_ms")),
        result_of(answered(1600, verdict=Verdict.FAILED)),
        result_of(answered(100, 100, 100, 100), own=limits(response_ms=MEDIAN)),
        result_of(answered(100, 100, 100, 100), own=NO_LIMITS),
    ]

    assert in_brief(run_checks(results)) == [
        ("run.response_ms.median", "failed", "response was 1600 ms, limit 1500 (median of 5)")
    ]


def test_a_run_without_values_has_no_gate_and_one_with_few_says_so() -> None:
    assert run_checks([]) == ()
    assert in_brief(run_checks([result_of(answered(9000))])) == [
        (
            "run.response_ms.median",
            "skipped",
            "too few for a median of response_ms: 1 of 5 values, worst 9000",
        )
    ]


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(
            answered(9000, 9000, 9000, verdict=Verdict.INCONCLUSIVE, replaced=True), id="replaced"
        ),
        pytest.param(answered(9000, 9000, 9000, verdict=Verdict.INCONCLUSIVE), id="void"),
        pytest.param(answered(9000, 9000, 9000, verdict=Verdict.ERROR), id="error"),
    ],
)
def test_calls_that_do_not_count_are_not_pooled(call: CallResult) -> None:
    own = limits(response_ms=MEDIAN)
    (found,) = result_of(call, answered(100, 100, 100, 100, 100), own=own).checks

    assert found.message == "response was 100 ms, limit 1500 (median of 5)"


def test_an_answer_that_may_be_slow_takes_no_part_in_a_median() -> None:
    """METRICS 3.2: it has the single limit 6000 instead."""
    turns = turn(TurnKind.TURN, answer(), slow=True), turn(TurnKind.TURN, answer())
    call = Call(scenario(*turns, limits=limits(response_ms=MEDIAN)))
    call.caller_says(0, 500, 500).bot_says(6500, 800)
    call.caller_says(1, 9000, 500).bot_says(10_300, 800).caller_hangs_up(13_000)
    result = judge_scenario(call.scenario, [call.judged] * 5)

    assert failed(call.judged) == []
    assert [c.message for c in result.checks] == ["response was 800 ms, limit 1500 (median of 5)"]


# --- verdicts -----------------------------------------------------------------------------

PASSED, FAILED, ERROR = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR
INCONCLUSIVE = Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        pytest.param([PASSED, PASSED], PASSED, id="all-passed"),
        pytest.param([FAILED, FAILED], FAILED, id="all-failed"),
        pytest.param([PASSED, FAILED, PASSED], Verdict.FLAKY, id="M-25-some-of-each-is-flaky"),
        pytest.param([FAILED, PASSED], Verdict.FLAKY, id="M-25-a-later-pass-erases-nothing"),
        pytest.param([PASSED, INCONCLUSIVE], INCONCLUSIVE, id="one-could-not-be-judged"),
        pytest.param([FAILED, INCONCLUSIVE], FAILED, id="a-failure-beats-inconclusive"),
        pytest.param([PASSED, ERROR], ERROR, id="error"),
        pytest.param([ERROR, INCONCLUSIVE], ERROR, id="error-beats-inconclusive"),
        pytest.param([], Verdict.NOT_RUN, id="never-called"),
    ],
)
def test_the_verdict_over_all_calls(verdicts: list[Verdict], expected: Verdict) -> None:
    assert result_of(*(answered(1, verdict=verdict) for verdict in verdicts)).verdict is expected


def test_a_void_call_that_was_made_again_does_not_count() -> None:
    """P-22."""
    void = answered(1, verdict=INCONCLUSIVE, replaced=True)

    assert result_of(void, answered(1)).verdict is PASSED
    assert result_of(void, answered(1)).reason == ""


# --- the rig ------------------------------------------------------------------------------


def failing_call(rig: Rig) -> CallResult:
    call = Call(scenario(turn(TurnKind.LISTEN, expect("response", within_ms=500))), rig=rig)
    return call.caller_listens(0).bot_says(3000, 1000).caller_hangs_up(6000).judged


@pytest.mark.parametrize(
    ("rig", "reason"),
    [
        pytest.param(Rig(late_p99_ms=20.5), "late_p99 was 20.5 ms, limit 20", id="late_p99"),
        pytest.param(Rig(late_max_ms=101), "late_max was 101 ms, limit 100", id="late_max"),
        pytest.param(Rig(loop_stall_ms=150), "loop_stall was 150 ms, limit 100", id="loop_stall"),
    ],
)
def test_a_stalled_rig_voids_the_call_and_never_fails_the_bot(rig: Rig, reason: str) -> None:
    """METRICS 9.6."""
    result = failing_call(rig)

    assert result.verdict is INCONCLUSIVE
    assert {each.verdict for each in result.checks} == {INCONCLUSIVE}
    assert result.error_kind == "rig"
    assert result.error.startswith(f"this machine was too slow to judge the bot: {reason}")
    assert judge_scenario(scenario(turn(TurnKind.LISTEN)), [result]).verdict is INCONCLUSIVE


def test_a_rig_at_its_limits_is_fit() -> None:
    result = failing_call(Rig(late_p99_ms=20, late_max_ms=100, loop_stall_ms=100))

    assert result.verdict is FAILED
    assert result.error == ""
