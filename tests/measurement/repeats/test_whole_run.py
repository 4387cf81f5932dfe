"""How a run comes out, by its scenarios, its gates and what went wrong: DESIGN 4."""

from collections.abc import Sequence

import pytest
from pipecat_voice_test.errors import ExitCode
from pipecat_voice_test.measurement.repeats.whole_run import exit_code_of, first_of, verdict_of
from pipecat_voice_test.measurement.results import Check, ScenarioResult, Verdict

from measurement.calls import scenario

PASSED, FAILED, FLAKY = Verdict.PASSED, Verdict.FAILED, Verdict.FLAKY
INCONCLUSIVE, ERROR = Verdict.INCONCLUSIVE, Verdict.ERROR
SKIPPED, NOT_RUN = Verdict.SKIPPED, Verdict.NOT_RUN


def gate(verdict: Verdict) -> Check:
    return Check("run.response_ms.median", "response_ms", verdict, "response was 1700 ms")


@pytest.mark.parametrize(
    ("scenarios", "gates", "has_errors", "code"),
    [
        pytest.param([PASSED, SKIPPED], [PASSED], False, ExitCode.PASSED, id="all-passed"),
        pytest.param([PASSED], [SKIPPED], False, ExitCode.PASSED, id="M-22-too-few-for-a-gate"),
        pytest.param([PASSED, FAILED], [], False, ExitCode.FAILED, id="one-failed"),
        pytest.param([PASSED, FLAKY], [], False, ExitCode.FAILED, id="M-25-flaky-is-failed"),
        pytest.param([PASSED], [FAILED], False, ExitCode.FAILED, id="M-21a-the-whole-run-failed"),
        pytest.param([ERROR, FAILED], [], True, ExitCode.FAILED, id="1-before-6"),
        pytest.param([ERROR], [], False, ExitCode.BOT_ERROR, id="one-could-not-be-called"),
        pytest.param([PASSED], [], True, ExitCode.BOT_ERROR, id="the-bot-died-after-all-calls"),
        pytest.param([ERROR, INCONCLUSIVE], [], False, ExitCode.BOT_ERROR, id="6-before-7"),
        pytest.param([PASSED, INCONCLUSIVE], [], False, ExitCode.INCONCLUSIVE, id="one-unjudged"),
        pytest.param([PASSED, NOT_RUN], [], False, ExitCode.INCONCLUSIVE, id="one-not-reached"),
        pytest.param([PASSED], [INCONCLUSIVE], False, ExitCode.INCONCLUSIVE, id="M-5-gate-excused"),
        pytest.param([SKIPPED], [], False, ExitCode.NOTHING_SELECTED, id="nothing-was-played"),
        pytest.param([], [], False, ExitCode.NOTHING_SELECTED, id="nothing-was-selected"),
    ],
)
def test_the_exit_code_follows_from_what_was_found(
    scenarios: Sequence[Verdict], gates: Sequence[Verdict], has_errors: bool, code: ExitCode
) -> None:
    results = [ScenarioResult(scenario(), verdict) for verdict in scenarios]

    assert exit_code_of(results, map(gate, gates), has_errors=has_errors) is code


def test_a_shard_for_which_no_scenario_was_left_has_passed() -> None:
    assert exit_code_of([], [], may_be_empty=True) is ExitCode.PASSED


def test_a_shard_of_skipped_scenarios_has_called_nobody() -> None:
    results = [ScenarioResult(scenario(), SKIPPED)]

    assert exit_code_of(results, [], may_be_empty=True) is ExitCode.NOTHING_SELECTED


def test_of_several_the_first_of_2_3_1_6_7_counts() -> None:
    """DESIGN 4: several apply."""
    order = [ExitCode(code) for code in (2, 3, 1, 6, 7, 0)]

    assert [first_of(order[n:]) for n in range(len(order))] == order


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(0, PASSED), (1, FAILED), (2, ERROR), (3, ERROR), (4, ERROR), (5, ERROR), (6, ERROR),
     (7, INCONCLUSIVE)],
)  # fmt: skip
def test_what_an_exit_code_says(code: int, verdict: Verdict) -> None:
    assert verdict_of(code) is verdict
