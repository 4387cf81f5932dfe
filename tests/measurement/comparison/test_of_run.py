"""A comparison becomes checks of its scenario, and a regression fails it."""

from dataclasses import replace

import pytest
from pipecat_voice_test.measurement.comparison.of_run import compared, measured
from pipecat_voice_test.measurement.results import Check, RunResult, ScenarioResult, Verdict
from pipecat_voice_test.timeline import Rig

from measurement.comparison.runs import SAME, answered, call, run, scenario

BASE = measured(run(answered(*[640.0] * 5)), "base.json")
SLOWER = answered(*[900.0] * 5)


def held(*scenarios: ScenarioResult) -> RunResult:
    return compared(run(*scenarios), BASE)


def test_a_regression_fails_its_scenario() -> None:
    (result,) = held(SLOWER).scenarios

    assert result.verdict is Verdict.FAILED
    assert result.checks == (
        Check(
            "baseline.response_ms",
            "response_ms",
            Verdict.FAILED,
            result.comparisons[0].message,
            value=900.0,
            limit=740.0,
        ),
        Check(
            "baseline.passed", "passed", Verdict.PASSED, result.comparisons[1].message, value=1.0
        ),
    )


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        pytest.param(Verdict.PASSED, Verdict.FAILED, id="passed"),
        pytest.param(Verdict.INCONCLUSIVE, Verdict.FAILED, id="other-calls-were-void"),
        pytest.param(Verdict.FLAKY, Verdict.FLAKY, id="flaky-says-more"),
        pytest.param(Verdict.ERROR, Verdict.ERROR, id="the-bot-could-not-be-judged"),
    ],
)
def test_what_a_regression_makes_of_a_verdict(was: Verdict, becomes: Verdict) -> None:
    (result,) = held(replace(SLOWER, verdict=was, reason="why")).scenarios

    assert result.verdict is becomes
    assert result.reason == ("" if becomes is Verdict.FAILED else "why")


@pytest.mark.parametrize(
    ("result", "verdicts"),
    [
        pytest.param(answered(*[650.0] * 5), {"baseline.response_ms": "passed"}, id="no-worse"),
        pytest.param(answered(*[9000.0] * 4), {"baseline.response_ms": "skipped"}, id="too-few"),
        pytest.param(
            replace(SLOWER, fingerprint=replace(SAME, script_sha256="6" * 64)),
            {"baseline": "skipped"},
            id="not-comparable",
        ),
    ],
)
def test_nothing_else_fails_a_scenario(result: ScenarioResult, verdicts: dict[str, str]) -> None:
    (after,) = held(result).scenarios

    assert after.verdict is Verdict.PASSED
    assert verdicts.items() <= {check.id: check.verdict for check in after.checks}.items()


def test_calls_that_were_void_or_replaced_take_no_part_m5() -> None:
    result = scenario(
        replace(call(1, Verdict.INCONCLUSIVE, response_ms=(1.0,)), replaced=True),
        call(1, response_ms=(640.0,)),
        call(2, Verdict.INCONCLUSIVE, response_ms=(2.0,)),
        call(3, Verdict.FAILED, response_ms=(700.06,)),
    )

    (found,) = measured(run(result)).scenarios

    assert (found.samples["response_ms"].values, found.samples["response_ms"].calls) == (
        (640.0, 700.1),
        (1, 3),
    )
    assert found.rates == {"passed": (1, 2)}


@pytest.mark.parametrize(
    "rig",
    [
        pytest.param(Rig(starved=0.6), id="no-cpu-was-free"),
        pytest.param(Rig(stolen=0.6), id="the-host-took-it"),
    ],
)
def test_times_of_calls_without_a_free_cpu_do_not_count(rig: Rig) -> None:
    """A bot is not slower because two other processes kept both cores busy; METRICS 7."""
    starved = [call(n, rig=rig, response_ms=(3000.0,)) for n in range(6, 12)]
    fed = [call(n, response_ms=(640.0,)) for n in range(1, 6)]

    found = held(scenario(*fed, *starved))

    assert found.scenarios[0].verdict is Verdict.PASSED
    assert found.compared is not None
    assert found.compared.notes == (
        "no CPU was free for the bot in 6 calls now, left out of the medians",
    )


def test_a_regression_shows_even_against_a_baseline_without_a_free_cpu() -> None:
    starved = [call(n, rig=Rig(starved=0.6), response_ms=(640.0,)) for n in range(1, 6)]
    base = measured(run(scenario(*starved)), "base.json")

    found = compared(run(SLOWER), base)

    assert found.scenarios[0].verdict is Verdict.FAILED
    assert found.compared is not None
    assert found.compared.notes == (
        "no CPU was free for the bot in 5 calls of the baseline, which may hide a regression",
    )


def test_with_no_other_calls_nothing_is_comparable() -> None:
    starved = [call(n, rig=Rig(starved=0.6), response_ms=(3000.0,)) for n in range(1, 6)]

    (only,) = held(scenario(*starved)).scenarios[0].comparisons

    assert only.message == (
        "not comparable: no CPU was free for the bot in any call that could be judged"
    )


def test_values_that_are_no_numbers_are_left_out() -> None:
    (found,) = measured(run(answered(float("nan"), float("inf")))).scenarios

    assert found.samples == {}
