"""How many calls of a scenario have to pass; M-24, M-25."""

import pytest
from pipecat_voice_test.measurement.results import ScenarioResult, Verdict
from pipecat_voice_test.scenario.limits import Statistic

from measurement.calls import limits
from measurement.repeats.pools import answered, in_brief, result_of

PASSED, FAILED, ERROR = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR
FLAKY, INCONCLUSIVE = Verdict.FLAKY, Verdict.INCONCLUSIVE

_LETTERS = {"p": PASSED, "f": FAILED, "i": INCONCLUSIVE, "e": ERROR}


def calls(letters: str, to_come: int = 0, **passed: float) -> ScenarioResult:
    """`ppf`: two calls that passed and one that failed."""
    gates: dict[Statistic, float] = {"at_least": 0.0, "lower_bound": 0.0}
    kept = {name: passed[name] for name in gates if name in passed}
    made = [
        answered(1, verdict=_LETTERS[letter], number=number)
        for number, letter in enumerate(letters, 1)
    ]
    return result_of(*made, own=limits(passed=kept) if kept else None, to_come=to_come)


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        pytest.param("pp", PASSED, id="all-passed"),
        pytest.param("ff", FAILED, id="all-failed"),
        pytest.param("pfp", FLAKY, id="M-25-some-of-each-is-flaky"),
        pytest.param("fp", FLAKY, id="M-25-a-later-pass-erases-nothing"),
        pytest.param("pi", INCONCLUSIVE, id="one-could-not-be-judged"),
        pytest.param("fi", FAILED, id="a-failure-beats-inconclusive"),
        pytest.param("pe", ERROR, id="error"),
        pytest.param("ei", ERROR, id="error-beats-inconclusive"),
        pytest.param("", Verdict.NOT_RUN, id="never-called"),
    ],
)
def test_by_default_all_calls_have_to_pass(letters: str, expected: Verdict) -> None:
    result = calls(letters)

    assert result.verdict is expected
    assert result.checks == ()


def test_a_void_call_that_was_made_again_does_not_count() -> None:
    """P-22."""
    void = answered(1, verdict=INCONCLUSIVE, replaced=True)

    assert result_of(void, answered(1)).verdict is PASSED
    assert result_of(void, answered(1)).reason == ""


@pytest.mark.parametrize(
    ("letters", "at_least", "verdict", "check", "message"),
    [
        pytest.param(
            "ppfpp", 4, PASSED, "passed",
            "passed 4 of 5 calls (Wilson 95 %: 38 to 96 %), limit at least 4", id="enough",
        ),
        pytest.param(
            "ppppp", 4, PASSED, "passed",
            "passed 5 of 5 calls (Wilson 95 %: 57 to 100 %), limit at least 4", id="all",
        ),
        pytest.param(
            "ppffp", 4, FLAKY, "failed",
            "passed 3 of 5 calls (Wilson 95 %: 23 to 88 %), limit at least 4", id="not-enough",
        ),
        pytest.param(
            "fffff", 4, FAILED, "failed",
            "passed 0 of 5 calls (Wilson 95 %: 0 to 43 %), limit at least 4", id="none",
        ),
        pytest.param(
            "ppp", 4, PASSED, "skipped",
            "too few for at_least: passed 3 of 3 calls (Wilson 95 %: 44 to 100 %), "
            "limit at least 4; needs `--repeat 4`", id="too-few-calls-prove-nothing",
        ),
        pytest.param(
            "ppf", 4, FLAKY, "skipped",
            "too few for at_least: passed 2 of 3 calls (Wilson 95 %: 21 to 94 %), "
            "limit at least 4; needs `--repeat 4`", id="what-is-not-decided-forgives-nothing",
        ),
        pytest.param(
            "ppfpi", 4, INCONCLUSIVE, "inconclusive",
            "passed 3 of 4 calls (Wilson 95 %: 30 to 95 %), limit at least 4: "
            "not decided, 1 could not be judged", id="a-void-call-could-tip-the-scales",
        ),
        pytest.param(
            "ppffi", 4, FLAKY, "failed",
            "passed 2 of 4 calls (Wilson 95 %: 15 to 85 %), limit at least 4",
            id="a-void-call-could-not-help-any-more",
        ),
        pytest.param(
            "ppppi", 4, INCONCLUSIVE, "passed",
            "passed 4 of 4 calls (Wilson 95 %: 51 to 100 %), limit at least 4",
            id="a-call-that-was-not-judged-is-never-a-pass",
        ),
        pytest.param(
            "pfppi", 3, INCONCLUSIVE, "passed",
            "passed 3 of 4 calls (Wilson 95 %: 30 to 95 %), limit at least 3",
            id="not-even-where-enough-passed",
        ),
    ],
)  # fmt: skip
def test_at_least_so_many(
    letters: str, at_least: int, verdict: Verdict, check: str, message: str
) -> None:
    """M-24."""
    result = calls(letters, at_least=at_least)

    assert in_brief(result.checks) == [("limits.passed.at_least", check, message)]
    assert result.verdict is verdict


def test_calls_that_are_still_to_come_may_tip_the_scales() -> None:
    """Reports are written after every call, and a run may end early."""
    result = calls("fppp", to_come=1, at_least=4)

    assert result.verdict is INCONCLUSIVE
    assert result.reason == (
        "passed 3 of 4 calls (Wilson 95 %: 30 to 95 %), limit at least 4: not decided, 1 not made"
    )
    assert calls("ff", to_come=3, at_least=4).verdict is FAILED


@pytest.mark.parametrize(
    ("letters", "bound", "verdict", "check", "message"),
    [
        pytest.param(
            "p" * 16, 0.8, PASSED, "passed",
            "passed 16 of 16 calls (Wilson 95 %: 81 to 100 %), limit on its lower end 80 %",
            id="sixteen-clean-calls-prove-80-percent",
        ),
        pytest.param(
            "p" * 15, 0.8, PASSED, "skipped",
            "too few for lower_bound: passed 15 of 15 calls (Wilson 95 %: 80 to 100 %), "
            "limit on its lower end 80 %; needs `--repeat 16`", id="fifteen-do-not",
        ),
        pytest.param(
            "p" * 18 + "f", 0.8, FLAKY, "failed",
            "passed 18 of 19 calls (Wilson 95 %: 75 to 99 %), limit on its lower end 80 %",
            id="not-with-a-failure-among-so-few",
        ),
        pytest.param(
            "p" * 27 + "f", 0.8, PASSED, "passed",
            "passed 27 of 28 calls (Wilson 95 %: 82 to 99 %), limit on its lower end 80 %",
            id="with-a-failure-among-many",
        ),
    ],
)  # fmt: skip
def test_a_rate_that_has_to_be_proven(
    letters: str, bound: float, verdict: Verdict, check: str, message: str
) -> None:
    """M-24: the Wilson interval's lower end."""
    result = calls(letters, lower_bound=bound)

    assert in_brief(result.checks) == [("limits.passed.lower_bound", check, message)]
    assert result.verdict is verdict


def test_both_forms_have_to_be_kept() -> None:
    assert calls("pppfp", at_least=4, lower_bound=0.3).verdict is PASSED
    assert calls("pppfp", at_least=4, lower_bound=0.5).verdict is FLAKY


def test_other_gates_over_all_calls_are_not_forgiven() -> None:
    own = limits(passed={"at_least": 1}, response_ms={"median": 1500})
    result = result_of(answered(*[9000] * 5), answered(1, verdict=FAILED, number=2), own=own)

    assert result.verdict is FAILED
