"""What is printed last: what went wrong, complete, and one closing line."""

from collections.abc import Callable

import pytest
from pipecat_voice_test.measurement.results import RunError, RunResult, ScenarioResult, Verdict
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.terminal import closing_lines

from report.runs import (
    FAILED_CALL,
    FORGIVEN,
    HOSTILE_RUN,
    LATE,
    OUTPUT,
    RUNS,
    TOO_FEW,
    WORKING,
    call,
    place_of,
    result,
    run,
)


def lines_of(what: RunResult) -> list[str]:
    """What is said, without the figures of the rig, of which `test_rig.py` knows more."""
    lines = closing_lines(what, place_of(what))
    return [line for line in lines if not line.startswith("rig: ")]


@pytest.mark.parametrize("name", ["one-of-each", "never-started"])
def test_whole_ending(golden: Callable[[str, str], None], name: str) -> None:
    lines = closing_lines(RUNS[name], place_of(RUNS[name]))
    golden(f"{name}.txt", "\n".join([*lines, ""]))


@pytest.mark.parametrize(
    ("what", "line"),
    [
        pytest.param(run(), "nothing was called in 41.2 s", id="nothing"),
        pytest.param(run(result(), result()), "2 passed in 41.2 s", id="all-passed"),
        pytest.param(
            run(result(checks=(TOO_FEW,))), "1 passed, 1 limit undecided in 41.2 s", id="undecided"
        ),
        pytest.param(
            run(*[result()] * 3, result(Verdict.FAILED), result(Verdict.SKIPPED)),
            "3 passed, 1 failed, 1 skipped in 41.2 s",
            id="some-of-each",
        ),
        pytest.param(run(errors=(RunError("x", "y"),)), "1 error in 41.2 s", id="never-started"),
    ],
)
def test_the_closing_line(what: RunResult, line: str) -> None:
    assert lines_of(what)[-1] == line


@pytest.mark.parametrize(
    ("what", "lines"),
    [
        pytest.param(
            result(Verdict.FAILED, FAILED_CALL),
            [
                "tests/voice/hours.yaml:3: Opening hours: failed",
                "  turn 3 (line 21): response was 2210 ms, limit 1500",
                "    hear it at 12.3 s: voice-test-results/s0/call-1/call.wav",
                "  turn 3 (line 19): the bot did not yield to an interruption",
                "    hear it at 10.1 s: voice-test-results/s0/call-1/call.wav",
            ],
            id="failed",
        ),
        pytest.param(
            result(
                Verdict.FAILED,
                call(1, Verdict.FAILED, checks=(LATE,)),
                call(2, Verdict.ERROR, checks=(), error="it ended\n  Fix: more memory"),
            ),
            [
                "tests/voice/hours.yaml:3: Opening hours: failed, "
                "passed 0 of 1 call (Wilson 95 %: 0 to 79 %), 1 could not be judged",
                "  turn 3 (line 21): response was 2210 ms, limit 1500 (call 1)",
                "    hear it at 12.3 s: voice-test-results/s0/call-1/call.wav",
                "  call 2: it ended",
                "    Fix: more memory",
            ],
            id="an-error-beside-a-failure",
        ),
        pytest.param(
            FORGIVEN,
            [
                "tests/voice/hours.yaml:3: Opening hours: passed, "
                "passed 4 of 5 calls (Wilson 95 %: 38 to 96 %)",
                "  turn 3 (line 21): response was 2210 ms, limit 1500 (call 5)",
                "    hear it at 12.3 s: voice-test-results/s0/call-5/call.wav",
            ],
            id="M-24-forgiven",
        ),
        pytest.param(
            result(Verdict.PASSED, call(), checks=(TOO_FEW,)),
            [
                "tests/voice/hours.yaml:3: Opening hours: passed",
                f"  undecided: line 7: {TOO_FEW.message}",
            ],
            id="M-22-passed-with-a-limit-undecided",
        ),
        pytest.param(
            result(Verdict.FAILED, FAILED_CALL, checks=(TOO_FEW,)),
            [
                "tests/voice/hours.yaml:3: Opening hours: failed",
                "  turn 3 (line 21): response was 2210 ms, limit 1500",
                "    hear it at 12.3 s: voice-test-results/s0/call-1/call.wav",
                "  turn 3 (line 19): the bot did not yield to an interruption",
                "    hear it at 10.1 s: voice-test-results/s0/call-1/call.wav",
                f"  undecided: line 7: {TOO_FEW.message}",
            ],
            id="M-22-failed-with-a-limit-undecided",
        ),
        pytest.param(
            result(Verdict.SKIPPED, reason="a persona\ncannot be played"),
            ["tests/voice/hours.yaml:3: Opening hours: skipped: a persona cannot be played"],
            id="skipped",
        ),
    ],
)
def test_what_is_said_of_a_scenario(what: ScenarioResult, lines: list[str]) -> None:
    assert lines_of(run(what))[:-1] == lines


def test_failures_come_after_everything_else() -> None:
    lines = lines_of(
        run(result(Verdict.FAILED, FAILED_CALL), result(Verdict.ERROR, reason="gone", name="b"))
    )

    assert lines[0] == "tests/voice/hours.yaml:3: b: error"
    assert lines[2] == "tests/voice/hours.yaml:3: Opening hours: failed"


def test_a_recording_that_was_not_written_is_not_named() -> None:
    what = run(result(Verdict.FAILED, FAILED_CALL))

    assert not [line for line in closing_lines(what, Place(WORKING, OUTPUT)) if "hear it" in line]


def test_nothing_printed_acts_on_a_terminal_or_a_ci_system() -> None:
    text = "\n".join(lines_of(HOSTILE_RUN))

    assert not [c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) <= 0x9F]
    assert not [line for line in text.splitlines() if line.strip().startswith("::")]
    assert "##" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize(
    ("log", "shown"),
    [
        pytest.param("Traceback\nValueError: no key", 1, id="quoted-by-the-error"),
        pytest.param("Traceback\nKeyError: other", 2, id="not-quoted"),
    ],
)
def test_the_end_of_the_log_is_shown_once(log: str, shown: int) -> None:
    error = RunError("bot_exited", "it ended\n  Traceback\n  ValueError: no key", log)

    assert "\n".join(lines_of(run(errors=(error,)))).count("Traceback") == shown


def test_what_many_calls_could_not_be_judged_for_is_said_once() -> None:
    slow = [
        call(n, Verdict.INCONCLUSIVE, checks=(), error=f"too slow: late_p99 was {20 + n}.5 ms")
        for n in (1, 2, 3)
    ]

    assert lines_of(run(result(Verdict.INCONCLUSIVE, *slow)))[1:-1] == [
        "  too slow: late_p99 was 21.5 ms",
        "  (and 2 more like it)",
    ]
