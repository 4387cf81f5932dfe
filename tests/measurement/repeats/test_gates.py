"""Gates over pooled values, and over the whole run; METRICS 4."""

from dataclasses import replace

import pytest
from pipecat_voice_test.measurement.judge import judge_scenario
from pipecat_voice_test.measurement.repeats.gates import Gate, distribution_check, run_checks
from pipecat_voice_test.measurement.repeats.pool import sample
from pipecat_voice_test.measurement.results import CallResult, Check, Verdict
from pipecat_voice_test.measurement.statistics.bootstrap import Sample, quantile_interval
from pipecat_voice_test.scenario.limits import Statistic
from pipecat_voice_test.scenario.model import TurnKind

from measurement.calls import NO_LIMITS, Call, answer, failed, limits, scenario, turn
from measurement.repeats.pools import answered, in_brief, rated, result_of

MEDIAN: dict[Statistic, float] = {"median": 1500}


def of_one_call(*values: float) -> Sample:
    return sample([(value, 1) for value in values])


def against_1500(statistic: Statistic, *values: float, calls: int = 0) -> Check:
    gate = Gate(f"limits.response_ms.{statistic}", "response_ms", statistic, 1500, 7, calls)
    return distribution_check(gate, of_one_call(*values), name="a call")


# --- quantiles ----------------------------------------------------------------------------


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
    few = against_1500(statistic, *[9000.0] * (needed - 1))
    enough = against_1500(statistic, *[9000.0] * needed)

    assert (few.verdict, few.value, few.limit) == (Verdict.SKIPPED, None, 1500)
    assert few.message == (
        f"too few for {statistic}: {needed - 1} of {needed} values of response, "
        "median 9000 ms, worst 9000 ms"
    )
    assert enough.verdict is Verdict.FAILED
    assert enough.message == f"response was 9000 ms, limit 1500 ({statistic} of {needed})"


def test_what_would_be_enough_is_said() -> None:
    """M-22: 20 values of 5 calls are 4 a call, and 59 need 15 of these."""
    found = against_1500("p95", *range(800, 1000, 10), calls=5)

    assert found.message == (
        "too few for p95: 20 of 59 values of response, median 895 ms, worst 990 ms; "
        "needs `--repeat 15`"
    )


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
    found = against_1500("median", 100, 200, median_ms, 8000, 9000)

    assert (found.verdict, found.message) == (verdict, message)


def test_a_median_of_its_own_is_taken_over_all_calls_of_the_scenario() -> None:
    """M-20; the calls are what the interval is taken from (M-23)."""
    calls = answered(1, 2, 1600), answered(1700, 1800, number=2)
    result = result_of(*calls, own=limits(response_ms=MEDIAN))
    pairs = [(1.0, 1), (2.0, 1), (1600.0, 1), (1700.0, 2), (1800.0, 2)]
    low, high = quantile_interval(sample(pairs), 0.5, name="a call") or (0, 0)

    assert in_brief(result.checks) == [
        (
            "limits.response_ms.median",
            "failed",
            "response was 1600 ms, limit 1500 (median of 5), "
            f"95 % interval {low:.0f} to {high:.0f}",
        )
    ]
    assert (low, high) == (2, 1750)
    assert result.checks[0].line == 5
    assert result.verdict is Verdict.FAILED


def test_too_few_values_fail_nothing() -> None:
    result = result_of(answered(9000, 9000, 9000, 9000), own=limits(response_ms=MEDIAN))

    assert in_brief(result.checks) == [
        (
            "limits.response_ms.median",
            "skipped",
            "too few for median: 4 of 5 values of response, median 9000 ms, worst 9000 ms; "
            "needs `--repeat 2`",
        )
    ]
    assert result.verdict is Verdict.PASSED


def test_the_default_median_is_no_gate_of_a_scenario() -> None:
    assert result_of(answered(9000, 9000, 9000, 9000, 9000)).checks == ()


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


def test_an_answer_that_happens_to_take_as_long_as_a_slow_one_counts() -> None:
    turns = turn(TurnKind.TURN, answer(), slow=True), turn(TurnKind.TURN, answer())
    call = Call(scenario(*turns, limits=limits(response_ms=MEDIAN)))
    call.caller_says(0, 500, 500).bot_says(1800, 800)
    call.caller_says(1, 5500, 500).bot_says(6800, 800).caller_hangs_up(9000)
    judged = call.judged

    assert judged.metrics["response_ms"] == (800.0, 800.0)
    (found,) = judge_scenario(call.scenario, [judged] * 5).checks
    assert found.message.endswith("(median of 5)")


# --- rates --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gate", "calls", "expected"),
    [
        pytest.param(
            {"at_least": 0.75},
            [rated("barge_in_ok", 1, 2), rated("barge_in_ok", 2, 2)],
            (
                "limits.barge_in_ok.at_least",
                "passed",
                "barge_in_ok was 0.75, limit 0.75, from 3 of 4 (Wilson 95 %: 30 to 95 %)",
            ),
            id="M-24-a-share-is-taken-over-all-calls",
        ),
        pytest.param(
            {"at_least": 0.75},
            [rated("barge_in_ok", 1, 1), rated("barge_in_ok", 1, 3)],
            (
                "limits.barge_in_ok.at_least",
                "failed",
                "barge_in_ok was 0.5, limit 0.75, from 2 of 4 (Wilson 95 %: 15 to 85 %)",
            ),
            id="it-is-not-the-mean-of-the-calls-shares",
        ),
        pytest.param(
            {"lower_bound": 0.5},
            [rated("barge_in_ok", 5, 5)],
            (
                "limits.barge_in_ok.lower_bound",
                "passed",
                "barge_in_ok was 0.566, limit 0.5, lower end of 5 of 5 (Wilson 95 %: 57 to 100 %)",
            ),
            id="M-24-five-of-five-prove-57-percent",
        ),
        pytest.param(
            {"lower_bound": 0.5},
            [rated("barge_in_ok", 4, 5)],
            (
                "limits.barge_in_ok.lower_bound",
                "failed",
                "barge_in_ok was 0.376, limit 0.5, lower end of 4 of 5 (Wilson 95 %: 38 to 96 %)",
            ),
            id="four-of-five-do-not",
        ),
        pytest.param(
            {"lower_bound": 0.8},
            [rated("barge_in_ok", 2, 2)] * 4,
            (
                "limits.barge_in_ok.lower_bound",
                "skipped",
                "too few for lower_bound: 8 of 16 values of barge_in_ok, 8 of them good; "
                "needs `--repeat 8`",
            ),
            id="what-a-clean-record-could-not-prove-either-is-not-judged",
        ),
        pytest.param(
            {"at_least": 0.5},
            [answered(1)],
            (
                "limits.barge_in_ok.at_least",
                "skipped",
                "too few for at_least: 0 of 1 values of barge_in_ok",
            ),
            id="nobody-interrupted",
        ),
    ],
)
def test_a_rate_within_calls(
    gate: dict[Statistic, float], calls: list[CallResult], expected: tuple[str, str, str]
) -> None:
    assert in_brief(result_of(*calls, own=limits(barge_in_ok=gate)).checks) == [expected]


def test_a_rate_that_has_to_be_whole_is_a_matter_of_each_call() -> None:
    """M-24 `all`: the call in which it was missed has failed."""
    own = limits(barge_in_ok={"at_least": 1.0})

    assert result_of(rated("barge_in_ok", 1, 2), own=own).checks == ()


# --- limits that were held against nothing --------------------------------------------------


def test_a_limit_on_what_never_was_measured_is_not_silently_kept() -> None:
    result = result_of(answered(1), own=limits(stop_ms={"each": 800}))

    assert in_brief(result.checks) == [
        (
            "limits.stop_ms.each",
            "skipped",
            "stop was not decided: nothing of it was measured in any call, limit 800",
        )
    ]
    assert result.verdict is Verdict.PASSED


def test_limits_that_a_file_sets_for_all_its_scenarios_need_not_concern_each() -> None:
    scene = scenario(turn(TurnKind.LISTEN), limits=limits(stop_ms={"each": 800}))
    later = replace(scene, line_number=6)

    assert judge_scenario(later, [answered(1)]).checks == ()


@pytest.mark.parametrize(
    ("borne_ms", "message"),
    [
        pytest.param(
            [500, 300],
            "pause_tolerance was not decided: "
            "no pause longer than 300 ms was tried in every call, limit 800",
            id="a-ladder-that-ends-below-its-limit",
        ),
        pytest.param(
            [],
            "pause_tolerance was not decided: nothing of it was measured in any call, limit 800",
            id="no-pauses",
        ),
        pytest.param([800, 1200], None, id="long-enough"),
    ],
)
def test_a_pause_tolerance_is_decided_only_by_pauses_that_long(
    borne_ms: list[float], message: str | None
) -> None:
    """METRICS `pause_tolerance`: survived in every repeat."""
    own = limits(pause_tolerance_ms={"at_least": 800})
    calls = [answered(ms, metric="pause_tolerance_ms") for ms in borne_ms] or [answered(1)]

    found = result_of(*calls, own=own).checks
    assert [check.message for check in found] == ([] if message is None else [message])


def test_a_pause_that_was_not_borne_has_decided() -> None:
    missed = Check("limits.x", "pause_tolerance_ms", Verdict.FAILED, "was 300 ms, limit 800")
    call = replace(
        answered(300, metric="pause_tolerance_ms", verdict=Verdict.FAILED), checks=(missed,)
    )

    assert result_of(call, own=limits(pause_tolerance_ms={"at_least": 800})).checks == ()


# --- the whole run ------------------------------------------------------------------------


def test_the_default_median_is_taken_over_the_whole_run() -> None:
    """M-21a: recoveries take part, scenarios with limits of their own do not."""
    results = [
        result_of(answered(1400, 1450)),
        result_of(answered(1600, 1700, metric="recovery_ms")),
        result_of(answered(1600, verdict=Verdict.FAILED)),
        result_of(answered(100, 100, 100, 100), own=limits(response_ms=MEDIAN)),
        result_of(answered(100, 100, 100, 100), own=limits(response_ms={"each": 3000})),
        result_of(answered(100, 100, 100, 100), own=limits(response_ms=None)),
        result_of(answered(100, 100, 100, 100), own=NO_LIMITS),
    ]

    assert in_brief(run_checks(results)) == [
        (
            "run.response_ms.median",
            "failed",
            "response was 1600 ms, limit 1500 (median of 5), 95 % interval 1425 to 1650",
        )
    ]


def test_recoveries_with_limits_of_their_own_are_not_in_the_runs_median() -> None:
    call = CallResult(
        1,
        Verdict.PASSED,
        answered().timeline,
        metrics={"response_ms": (100,) * 5, "recovery_ms": (9000,) * 9},
    )
    (found,) = run_checks([result_of(call, own=limits(recovery_ms={"median": 9500}))])

    assert found.message == "response was 100 ms, limit 1500 (median of 5)"


def test_calls_of_different_scenarios_are_different_calls() -> None:
    """Each of five scenarios has a call 1: five calls, which show a spread."""
    (found,) = run_checks([result_of(answered(ms)) for ms in (100, 200, 300, 400, 500)])

    assert found.message == (
        "response was 300 ms, limit 1500 (median of 5), 95 % interval 100 to 500"
    )


def test_a_run_without_values_has_no_gate_and_one_with_few_says_so() -> None:
    assert run_checks([]) == ()
    assert in_brief(run_checks([result_of(answered(9000))])) == [
        (
            "run.response_ms.median",
            "skipped",
            "too few for median: 1 of 5 values of response, median 9000 ms, worst 9000 ms",
        )
    ]
