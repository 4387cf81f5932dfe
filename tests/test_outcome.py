"""What a run makes of its calls, while they come and when they are over; DESIGN 4, METRICS 4."""

import pytest
from measurement.calls import limits, scenario
from pipecat_voice_test.errors import ExitCode
from pipecat_voice_test.measurement.comparison.model import Settings
from pipecat_voice_test.measurement.results import BotFacts, CallResult, RunResult, Verdict
from pipecat_voice_test.outcome import Outcome
from pipecat_voice_test.run import interleaved
from pipecat_voice_test.scenario.limits import Limits
from pipecat_voice_test.timeline import Timeline

PASSED, FAILED, FLAKY = Verdict.PASSED, Verdict.FAILED, Verdict.FLAKY
FOUR = limits(passed={"at_least": 4})
ALL = limits()
BOT = BotFacts("command", "bot.py")


def outcome(letters: str, own: Limits = ALL, *, repeat: int = 5) -> Outcome:
    """`ppf`: two calls that passed and one that failed, of so many asked for; `v`: void."""
    verdicts = {"p": PASSED, "f": FAILED, "v": Verdict.INCONCLUSIVE}
    scene = scenario(limits=own)
    found = Outcome([scene], seed=0, settings=Settings(repeat=repeat))
    for number, letter in enumerate(letters, 1):
        verdict = verdicts[letter]
        found.add(scene, CallResult(number, verdict, Timeline(), replaced=letter == "v"))
    return found


def is_lost(found: Outcome) -> bool:
    return found.is_lost(found.scenarios[0])


def result(found: Outcome) -> RunResult:
    return found.result(BOT)


@pytest.mark.parametrize(
    ("letters", "own", "lost"),
    [
        pytest.param("p", ALL, False, id="nothing-failed"),
        pytest.param("pf", ALL, True, id="M-25-all-have-to-pass"),
        pytest.param("pf", FOUR, False, id="M-24-four-of-five-may-still-pass"),
        pytest.param("pff", FOUR, True, id="M-24-they-may-not-any-more"),
        pytest.param("vpf", FOUR, False, id="M-25-a-void-call-that-was-made-again-is-none"),
    ],
)
def test_a_scenario_is_lost_when_no_further_call_can_save_it(
    letters: str, own: Limits, lost: bool
) -> None:
    """What `--fail-fast` waits for."""
    assert is_lost(outcome(letters, own)) is lost


@pytest.mark.parametrize(
    ("letters", "own", "verdict", "code"),
    [
        pytest.param("pppp", ALL, PASSED, ExitCode.PASSED, id="all-passed-so-far"),
        pytest.param("pppfp", ALL, FLAKY, ExitCode.FAILED, id="M-25-flaky-is-failed"),
        pytest.param("pppfp", FOUR, PASSED, ExitCode.PASSED, id="M-24-four-of-five"),
        pytest.param("ppffp", FOUR, FLAKY, ExitCode.FAILED, id="M-24-three-of-five"),
        pytest.param(
            "pppf", FOUR, Verdict.INCONCLUSIVE, ExitCode.INCONCLUSIVE,
            id="M-24-the-fifth-was-not-made-and-could-have-passed",
        ),
    ],
)  # fmt: skip
def test_the_exit_code_is_that_of_the_scenarios(
    letters: str, own: Limits, verdict: Verdict, code: ExitCode
) -> None:
    found = result(outcome(letters, own))

    assert (found.scenarios[0].verdict, found.exit_code) == (verdict, code)


def test_attempts_of_different_scenarios_are_interleaved() -> None:
    """A bot that gets worse with time does not hit one scenario alone."""
    assert list(interleaved(["a", "b", "c"], 2)) == [
        ("a", 1), ("b", 1), ("c", 1), ("a", 2), ("b", 2), ("c", 2),
    ]  # fmt: skip


def test_a_run_that_is_over_has_taken_as_long_as_it_has() -> None:
    """Its reports are written one after the other, and say the same."""
    found = outcome("p")
    found.over = True

    assert result(found).duration_ms == result(found).duration_ms
