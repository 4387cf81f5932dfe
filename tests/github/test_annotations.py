"""Notes stand on the scenario's own lines, the worst first, and there are at most ten."""

from dataclasses import replace

import pytest
from pipecat_voice_test.github.annotations import Annotation, annotations
from pipecat_voice_test.measurement.results import RunError, RunResult, Verdict
from report.runs import (
    DEAF,
    HOSTILE_RUN,
    LATE,
    MEDIAN,
    NEVER_STARTED,
    ONE_OF_EACH,
    RUNS,
    call,
    place_of,
    result,
    run,
)

from github.runner import obeyed


def notes(found: RunResult, warnings: tuple[str, ...] = ()) -> list[Annotation]:
    return annotations(found, place_of(found), warnings)


def test_one_of_each() -> None:
    assert [str(note) for note in notes(ONE_OF_EACH)] == [
        "::error file=tests/voice/barge/late.yaml,line=21,title=late bot%3A failed"
        "::turn 3 (line 21): response was 2210 ms, limit 1500"
        "%0Ahear it at 12.3 s: voice-test-results/s1/call-1/call.wav",
        "::error file=tests/voice/barge/late.yaml,line=19,title=late bot%3A failed"
        "::turn 3 (line 19): the bot did not yield to an interruption"
        "%0Ahear it at 10.1 s: voice-test-results/s1/call-1/call.wav",
        "::error file=tests/voice/hours.yaml,line=21,title=moody bot%3A flaky"
        "::turn 3 (line 21): response was 2210 ms, limit 1500"
        "%0Ahear it at 12.3 s: voice-test-results/s2/call-2/call.wav",
        "::error file=tests/voice/hours.yaml,line=3,title=moody bot%3A flaky"
        "::response was 1700 ms, limit 1500 (median of 8)",
        "::error title=whole run::response was 1700 ms, limit 1500 (median of 8)",
        "::error file=tests/voice/hours.yaml,line=3,title=crashed bot%3A error"
        "::shop/bot:ci ended during the call with exit code 137."
        "%0AFix: give it more memory with `--bot-memory`.",
        "::warning file=tests/voice/hours.yaml,line=3,title=busy machine%3A inconclusive"
        "::frames were up to 180 ms late, limit 100",
    ]


def test_a_bot_that_never_started_belongs_to_no_file() -> None:
    assert [str(note) for note in notes(NEVER_STARTED)] == [
        "::error title=bot not ready::shop/bot:ci did not listen on port 7860 within 60000 ms."
        "%0AFix: bind the server to 0.0.0.0 (not localhost)."
    ]


SCENARIO_FILE = (
    "tests/voice/a.yaml:2: unknown event `respond`\n"
    "  Fix: did you mean `response`?\n"
    "       It is the usual one.\n"
    "  The line is:\n"
    "    - {event: respond}"
)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        pytest.param(
            RunError("scenario", SCENARIO_FILE),
            "::error file=tests/voice/a.yaml,line=2,title=scenario file"
            "::unknown event `respond`%0AFix: did you mean `response`?%0AIt is the usual one."
            "%0AThe line is:%0A  - {event: respond}",
            id="a-scenario-file-is-wrong",
        ),
        pytest.param(
            RunError("usage", "calls: 3: none\n  Fix: give some."),
            "::error title=usage::calls: 3: none%0AFix: give some.",
            id="what-only-looks-like-a-place",
        ),
        pytest.param(
            RunError(
                "internal_error", 'Traceback (most recent call last):\n  File "x"\nKeyError: 1'
            ),
            "::error title=internal error::KeyError: 1",
            id="a-traceback-is-for-the-log",
        ),
        pytest.param(
            RunError(
                "bot_exited",
                "The bot ended.\n  Fix: mend it.\n  Last lines it logged:\n"
                + "".join(f"    {number}\n" for number in range(50)),
            ),
            "::error title=bot exited::The bot ended.%0AFix: mend it.%0A…"
            "%0A  44%0A  45%0A  46%0A  47%0A  48%0A  49",
            id="the-end-of-the-evidence-says-most",
        ),
        pytest.param(
            RunError("bot_exited", "The bot said token=abc123 and left."),
            "::error title=bot exited::The bot said token=*** and left.",
            id="secrets-are-masked",
        ),
    ],
)
def test_an_error_of_the_run(error: RunError, line: str) -> None:
    assert [str(note) for note in notes(run(errors=(error,), exit_code=4))] == [line]


def test_a_check_that_fails_in_several_calls_is_noted_once() -> None:
    failed = [call(n, Verdict.FAILED, checks=(LATE,)) for n in (1, 2, 3)]
    passed = call(4)

    (note,) = notes(run(result(Verdict.FLAKY, *failed, passed)))

    assert note.text == (
        "turn 3 (line 21): response was 2210 ms, limit 1500\n"
        "in 3 of 4 calls\n"
        "hear it at 12.3 s: voice-test-results/s0/call-1/call.wav"
    )


def test_a_void_call_is_not_noted() -> None:
    void = call(1, Verdict.FAILED, checks=(DEAF,), replaced=True)

    (note,) = notes(run(result(Verdict.FAILED, void, call(2, Verdict.FAILED, checks=(LATE,)))))

    assert note.line == LATE.line
    assert note.text.endswith("voice-test-results/s0/call-2/call.wav")


def test_failed_without_a_check() -> None:
    (note,) = notes(RUNS["failed-without-a-check"])

    assert (note.level, note.line, note.text) == ("error", 3, "no reading")


def failures(count: int) -> RunResult:
    checks = (replace(LATE, id=f"turns[{n}].expect[0]", line=n + 1) for n in range(count))
    return run(
        result(Verdict.ERROR, reason="ended"),
        result(Verdict.FAILED, call(1, Verdict.FAILED, checks=tuple(checks))),
    )


def test_ten_are_shown_as_they_are() -> None:
    found = notes(failures(9))

    assert len(found) == 10
    assert found[-1].text == "ended"


@pytest.mark.parametrize("count", [10, 17, 500])
def test_the_tenth_says_how_many_more_there_are(count: int) -> None:
    found = notes(failures(count))

    assert [note.line for note in found] == list(range(1, 11))
    assert found[-1].text.endswith(f"\nand {count + 1 - 10} more; the job summary has all of them")


def test_scenarios_that_were_not_reached_are_one_warning() -> None:
    left = [result(Verdict.NOT_RUN, reason="the run's time was over") for _ in range(3)]

    assert notes(run(*left, exit_code=7)) == [
        Annotation("warning", "3 scenarios not run", "the run's time was over")
    ]
    assert notes(run(*left, exit_code=2)) == []


def test_a_warning_about_the_inputs_comes_last() -> None:
    found = notes(run(result(Verdict.ERROR, reason="ended")), ("there is no input `x`",))

    assert [str(note) for note in found][1:] == [
        "::warning title=pipecat-voice-test::there is no input `x`"
    ]


def test_a_run_that_passed_has_no_notes() -> None:
    assert notes(run(result(Verdict.PASSED, call()))) == []


@pytest.mark.parametrize("name", RUNS)
def test_a_note_is_one_line_and_nothing_in_it_is_obeyed(name: str) -> None:
    lines = [str(note) for note in notes(RUNS[name], ("::error::x\n##[error]y",))]

    assert all(len(line.splitlines()) == 1 and len(line) < 4096 for line in lines)
    assert [found.name for found in obeyed("\n".join(lines))] == [
        note.level for note in notes(RUNS[name], ("x",))
    ]


def test_a_hostile_run_gives_no_secret_away() -> None:
    lines = "".join(str(note) for note in notes(HOSTILE_RUN))

    assert "hunter2" not in lines
    assert "s3cret" not in lines


def test_a_whole_run_that_failed_belongs_to_no_file() -> None:
    (note,) = notes(run(result(Verdict.PASSED, call()), run_checks=(MEDIAN,), exit_code=1))

    assert (note.title, note.file, note.line) == ("whole run", "", None)
