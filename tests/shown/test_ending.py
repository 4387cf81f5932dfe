"""What people read when a run is over: a table at a terminal, the same in plain lines elsewhere."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pipecat_voice_test.measurement.results import RunResult, Verdict
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.terminal.closing import closing_lines
from pipecat_voice_test.shown.ending import show_ending, where
from pipecat_voice_test.shown.progress import Loudness
from report.runs import (
    FAILED_CALL,
    HOSTILE_RUN,
    LATE,
    ONE_OF_EACH,
    call,
    place_of,
    result,
    run,
)

TTY = {"TERM": "xterm-256color"}
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.TextIOWrapper):
    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="backslashreplace", newline="")

    def isatty(self) -> bool:
        return True

    def text(self) -> str:
        self.seek(0)
        return self.read()


def at_terminal(
    what: RunResult,
    environ: dict[str, str] = TTY,
    *,
    encoding: str = "utf-8",
    loudness: Loudness = Loudness.NORMAL,
) -> str:
    out = Terminal(encoding)
    show_ending(what, place_of(what), loudness, out, environ)
    return out.text()


def in_log(
    what: RunResult, environ: dict[str, str] | None = None, loudness: Loudness = Loudness.NORMAL
) -> str:
    out = io.StringIO()
    show_ending(what, place_of(what), loudness, out, environ or {})
    return out.getvalue()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_whole_ending_at_a_terminal(
    width: int, golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = at_terminal(ONE_OF_EACH, TTY | {"NO_COLOR": "1"})

    golden(f"ending-{width}.txt", "".join(f"{line.rstrip()}\n" for line in text.splitlines()))


def test_a_log_gets_the_same_in_lines_that_are_not_drawn() -> None:
    lines = in_log(ONE_OF_EACH).splitlines()

    assert lines == [
        *closing_lines(ONE_OF_EACH, place_of(ONE_OF_EACH)),
        "Results: voice-test-results, JUnit: voice-test-results/junit.xml",
    ]
    assert not [line for line in lines if line != line.rstrip() or set(line) & set("─━│┃┌")]


@pytest.mark.parametrize("width", [40, 80])
def test_nothing_of_a_failure_is_cut_off_by_a_narrow_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    told = "the bot talked over the caller " * 20 + "to the end"
    failed = call(verdict=Verdict.FAILED, checks=(replace(LATE, message=told),))

    assert told in at_terminal(run(result(Verdict.FAILED, failed)))


@pytest.mark.parametrize(
    ("environ", "styled"),
    [
        pytest.param({}, True, id="a-terminal"),
        pytest.param({"NO_COLOR": "1"}, False, id="no-color"),
        pytest.param({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, id="no-color-counts-more"),
        pytest.param({"NO_COLOR": ""}, True, id="empty-is-not-given"),
        pytest.param({"CI": "true"}, False, id="ci"),
        pytest.param({"CI": "true", "FORCE_COLOR": "1"}, True, id="ci-that-shows-colour"),
        pytest.param({"TERM": "dumb"}, False, id="a-dumb-terminal"),
    ],
)
def test_colour_is_where_it_is_wanted(environ: dict[str, str], styled: bool) -> None:
    text = at_terminal(ONE_OF_EACH, TTY | environ)

    assert bool(_STYLE.search(text)) is styled
    # Nothing moves a cursor or wipes a line.
    assert "\x1b" not in _STYLE.sub("", text)
    assert "\r" not in text


def test_a_log_with_colour_says_the_same_as_one_without() -> None:
    coloured = in_log(ONE_OF_EACH, {"FORCE_COLOR": "1"})

    assert coloured != in_log(ONE_OF_EACH)
    assert _STYLE.sub("", coloured) == in_log(ONE_OF_EACH)


def test_a_verdict_is_a_word_and_not_only_a_colour() -> None:
    rows = at_terminal(ONE_OF_EACH, TTY | {"NO_COLOR": "1"}).split("\n\n")[0]

    for words in ("✓ passed", "✗ failed", "≈ flaky", "? inconclusive", "! error", "○ not run"):
        assert rows.count(words) == 1


def test_a_terminal_without_utf_8_gets_signs_it_has() -> None:
    passed = run(result(Verdict.PASSED, call(metrics={})), result(Verdict.FAILED, FAILED_CALL))

    text = at_terminal(passed, TTY | {"NO_COLOR": "1"}, encoding="ascii")

    assert "\\u" not in text
    assert re.search(r"^ *passed +Opening hours +1 of 1 +- +- +-", text, re.MULTILINE)


MANY = run(*(result(Verdict.PASSED, call(), name=f"s{number}") for number in range(200)))


@pytest.mark.parametrize(
    ("loudness", "rows"), [(Loudness.QUIET, 1), (Loudness.NORMAL, 1), (Loudness.VERBOSE, 200)]
)
def test_hundreds_that_passed_are_shown_to_whoever_asks(loudness: Loudness, rows: int) -> None:
    table = at_terminal(MANY, TTY | {"NO_COLOR": "1"}, loudness=loudness)
    assert table.count("✓ passed ") == rows
    assert in_log(MANY, loudness=loudness).count("passed: ") == rows


def test_the_last_lines_count_and_say_where_the_results_lie() -> None:
    failed = run(result(Verdict.PASSED), result(Verdict.FAILED, FAILED_CALL))

    for text in (at_terminal(failed, TTY | {"NO_COLOR": "1"}), in_log(failed)):
        assert text.splitlines()[-2:] == [
            "1 passed, 1 failed in 41.2 s",
            "Results: voice-test-results, JUnit: voice-test-results/junit.xml",
        ]


def test_the_very_last_line_names_the_page_if_there_is_one(tmp_path: Path) -> None:
    place = Place(tmp_path, tmp_path / "results")
    (tmp_path / "results").mkdir()

    before = where(place)
    (tmp_path / "results" / "report.html").touch()

    assert before == ["Results: results, JUnit: results/junit.xml"]
    assert where(place) == [*before, "Page: results/report.html"]


def test_nothing_a_bot_says_acts_on_the_terminal() -> None:
    text = _STYLE.sub("", at_terminal(HOSTILE_RUN))

    assert not [c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) <= 0x9F]
    assert "\u202e" not in text


def test_a_reader_who_has_gone_is_no_error() -> None:
    out = io.StringIO()
    out.close()

    show_ending(ONE_OF_EACH, place_of(ONE_OF_EACH), Loudness.NORMAL, out, TTY)

    assert out.closed
