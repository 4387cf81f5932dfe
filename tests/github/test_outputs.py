"""Later steps get every output, and no value can set another."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from pipecat_voice_test.github.outputs import as_file, outputs_of
from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.report.files import Place
from report.runs import NEVER_STARTED, ONE_OF_EACH, RUNS, place_of


def there(*files: str) -> set[str]:
    return {".", *files}


def test_one_of_each() -> None:
    outputs = outputs_of(
        ONE_OF_EACH, place_of(ONE_OF_EACH), 1, there("junit.xml", "summary.md").__contains__
    )

    assert outputs == {
        "result": "failed",
        "exit-code": "1",
        "total": "7",
        "passed": "1",
        "failed": "1",
        "flaky": "1",
        "inconclusive": "1",
        "junit-file": "voice-test-results/junit.xml",
        "report-file": "voice-test-results/summary.md",
        "output-dir": "voice-test-results",
        "response-median-ms": "812",
        "stop-max-ms": "420",
    }


def test_a_bot_that_never_started() -> None:
    outputs = outputs_of(NEVER_STARTED, place_of(NEVER_STARTED), 6, lambda _: False)

    assert outputs == {
        "result": "error",
        "exit-code": "6",
        "total": "0",
        "passed": "0",
        "failed": "0",
        "flaky": "0",
        "inconclusive": "0",
        "junit-file": "",
        "report-file": "",
        "output-dir": "",
        "response-median-ms": "",
        "stop-max-ms": "",
    }


def test_a_page_is_the_report_where_there_is_one() -> None:
    outputs = outputs_of(
        ONE_OF_EACH, place_of(ONE_OF_EACH), 1, there("report.html", "summary.md").__contains__
    )

    assert outputs["report-file"] == "voice-test-results/report.html"


def test_paths_are_relative_to_the_workspace() -> None:
    place = Place(PurePosixPath("/github/workspace"), PurePosixPath("/github/workspace/out/voice"))

    outputs = outputs_of(ONE_OF_EACH, place, 1, there("junit.xml").__contains__)

    assert (outputs["junit-file"], outputs["output-dir"]) == ("out/voice/junit.xml", "out/voice")


@pytest.mark.parametrize("name", RUNS)
def test_every_run_has_the_same_outputs(name: str) -> None:
    run = RUNS[name]
    outputs = outputs_of(run, place_of(run), run.exit_code, lambda _: True)

    assert list(outputs) == list(outputs_of(ONE_OF_EACH, place_of(ONE_OF_EACH), 0, bool))


def read(text: str) -> dict[str, str]:
    """As GitHub reads the file: a name, a delimiter, and lines until that delimiter."""
    found: dict[str, str] = {}
    lines = iter(text.removesuffix("\n").split("\n"))
    for line in lines:
        name, _, end = line.partition("<<")
        value: list[str] = []
        while (line := next(lines)) != end:
            value.append(line)
        found[name] = "\n".join(value)
    return found


def test_what_is_written_is_read_back() -> None:
    delimiters = iter(["END-1", "END-2", "END-3", "END-4"])
    outputs = {"plain": "1", "empty": "", "lines": "a\nresult<<END-3\npassed\nEND-3"}

    text = as_file(outputs, lambda: next(delimiters))

    assert read(text) == outputs
    assert text.startswith("plain<<END-1\n1\nEND-1\nempty<<END-2\n\nEND-2\n")


def test_a_value_never_holds_its_own_delimiter() -> None:
    def delimiters() -> Iterator[str]:
        yield from ("GUESSED", "NOT-GUESSED")

    found = delimiters()

    assert as_file({"dir": "x\nGUESSED\nresult<<Y"}, lambda: next(found)) == (
        "dir<<NOT-GUESSED\nx\nGUESSED\nresult<<Y\nNOT-GUESSED\n"
    )


def test_nothing_measured_in_a_call_that_was_not_judged_counts() -> None:
    void = replace(
        ONE_OF_EACH,
        scenarios=tuple(
            replace(s, calls=tuple(replace(c, verdict=Verdict.INCONCLUSIVE) for c in s.calls))
            for s in ONE_OF_EACH.scenarios
        ),
    )

    outputs = outputs_of(void, place_of(void), 7, lambda _: True)

    assert (outputs["response-median-ms"], outputs["stop-max-ms"]) == ("", "")
    assert Path(outputs["junit-file"]) == Path("voice-test-results/junit.xml")
