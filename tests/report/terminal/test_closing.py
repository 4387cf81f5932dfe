"""What is printed last: what went wrong, complete, and one closing line."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from pipecat_voice_test.measurement.results import (
    Check,
    RunError,
    RunResult,
    ScenarioResult,
    Verdict,
)
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.terminal.closing import closing, closing_lines
from pipecat_voice_test.report.terminal.line import texts

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

# What may explain `FAILED_CALL`.
BESIDE = [
    "  on the wire at 0.1 s, 2 times: {not json",
    "  note: the caller spoke anyway after 30 s",
    "  the bot's log of this call, voice-test-results/s0/call-1/bot.log:",
    "    ERROR: overheated",
]


def lines_of(what: RunResult) -> list[str]:
    """What is said, without the figures of the rig, of which `test_rig.py` knows more."""
    return [line for line in texts(closing(what, place_of(what))) if not line.startswith("rig: ")]


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
                *BESIDE,
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
                *BESIDE,
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


def test_what_failed_always_comes_after_what_failed_now_and_then() -> None:
    flaky = result(Verdict.FLAKY, call(1), call(2, Verdict.FAILED, checks=(LATE,)), name="b")
    lines = lines_of(run(result(Verdict.FAILED, FAILED_CALL), flaky))

    assert [line for line in lines if line.startswith("tests/")] == [
        "tests/voice/hours.yaml:3: b: flaky, passed 1 of 2 calls (Wilson 95 %: 9 to 91 %)",
        "tests/voice/hours.yaml:3: Opening hours: failed",
    ]


def test_no_failure_is_left_out_or_cut_however_many_there_are() -> None:
    told = "the bot talked over the caller " * 100 + "to the end"
    failed = [
        result(
            Verdict.FAILED,
            *(call(n, Verdict.FAILED, checks=(replace(LATE, message=told),)) for n in range(1, 6)),
            name=f"scenario {number}",
        )
        for number in range(300)
    ]

    text = "\n".join(lines_of(run(*failed)))

    assert text.count(told) == 300 * 5
    assert text.count("hear it at 12.3 s") == 300 * 5


def test_what_to_do_about_a_failure_stands_on_a_line_of_its_own() -> None:
    cut = Check(
        "limits.worst_gap_ms.each",
        "worst_gap_ms",
        Verdict.FAILED,
        "worst gap was 480 ms, limit 200 Fix: send audio as soon as it is made.",
        line=7,
    )
    lines = lines_of(run(result(Verdict.FAILED, call(verdict=Verdict.FAILED, checks=(cut,)))))

    assert lines[1:3] == [
        "  line 7: worst gap was 480 ms, limit 200",
        "    Fix: send audio as soon as it is made.",
    ]


def test_the_bots_own_complaints_stand_beside_its_failure() -> None:
    log = "INFO: ready\n" * 50 + "".join(
        f"\x1b[31mERROR\x1b[0m {text}\n" for text in ("one", "two", "three", "token=abc")
    )
    failed = replace(FAILED_CALL, bot_log=log, notes=(), protocol=())

    assert lines_of(run(result(Verdict.FAILED, failed)))[-5:-1] == [
        "  the bot's log of this call, voice-test-results/s0/call-1/bot.log:",
        "    ERROR two",
        "    ERROR three",
        "    ERROR token=***",
    ]


def test_notes_beside_a_failure_are_few() -> None:
    noted = replace(FAILED_CALL, bot_log="", protocol=(), notes=tuple("abcdef"))

    assert lines_of(run(result(Verdict.FAILED, noted)))[-5:-1] == [
        "  note: a",
        "  note: b",
        "  note: c",
        "  (and 3 more like it)",
    ]


def test_many_that_were_not_reached_are_one_line() -> None:
    many = [result(Verdict.NOT_RUN, reason="--max-time", name=f"s{n}") for n in range(200)]

    assert lines_of(run(*many)) == [
        "200 scenarios: not run: --max-time: s0, s1, s2, s3, s4, s5, s6, s7, s8, s9 and 190 more",
        "200 not run in 41.2 s",
    ]


def test_what_kept_many_from_being_judged_is_said_once() -> None:
    slow = [
        result(Verdict.INCONCLUSIVE, reason=f"{n} ms late\n  Fix: more CPU", name=f"s{n}")
        for n in (21, 22)
    ]
    calls = [call(n, Verdict.INCONCLUSIVE, error=f"{n} ms late\n  Fix: more CPU") for n in (1, 2)]
    slow.append(result(Verdict.INCONCLUSIVE, *calls, name="several calls"))

    assert lines_of(run(*slow))[:-1] == [
        "tests/voice/hours.yaml:3: s21: inconclusive",
        "  21 ms late",
        "    Fix: more CPU",
        "tests/voice/hours.yaml:3: s22: inconclusive, for the same reason",
        "tests/voice/hours.yaml:3: several calls: inconclusive, for the same reason",
    ]


def test_a_file_far_away_is_named_from_the_root() -> None:
    failed = result(Verdict.FAILED, FAILED_CALL, file="/opt/examples/hours.yaml")
    far = Place(
        PurePosixPath("/home/ci/shop/a/b/c"), PurePosixPath("/out"), place_of(run(failed)).files
    )

    lines = texts(closing(run(failed), far))

    assert lines[1] == "/opt/examples/hours.yaml:3: Opening hours: failed"
    assert lines[3] == "    hear it at 12.3 s: /out/s0/call-1/call.wav"


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
