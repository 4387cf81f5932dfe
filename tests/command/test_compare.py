"""`compare`: what it prints, and how it exits."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from measurement.comparison.runs import answered, file_of, run
from pipecat_voice_test import __version__
from pipecat_voice_test.cli import main
from pipecat_voice_test.command.compare import compare
from pipecat_voice_test.errors import ExitCode
from pipecat_voice_test.measurement.results import RunResult, Verdict

FAST = run(answered(*[640.0] * 5))
SLOW = run(answered(*[900.0] * 5))
OTHER = run(answered(*[640.0] * 5, name="Other"))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(base: RunResult, new: RunResult) -> tuple[Path, Path]:
    Path("base.json").write_bytes(file_of(base))
    Path("new.json").write_bytes(file_of(new))
    return Path("base.json"), Path("new.json")


def called(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["compare", *arguments])


@pytest.mark.parametrize(
    ("base", "new", "code"),
    [
        pytest.param(FAST, FAST, ExitCode.PASSED, id="the-same"),
        pytest.param(SLOW, FAST, ExitCode.PASSED, id="faster"),
        pytest.param(FAST, SLOW, ExitCode.FAILED, id="slower"),
        pytest.param(FAST, run(answered(9000.0)), ExitCode.PASSED, id="information-only"),
        pytest.param(FAST, OTHER, ExitCode.INCONCLUSIVE, id="nothing-comparable"),
        pytest.param(FAST, run(verdict=Verdict.ERROR), ExitCode.INCONCLUSIVE, id="no-new-values"),
    ],
)
def test_exit_codes(base: RunResult, new: RunResult, code: ExitCode) -> None:
    files(base, new)

    assert called("base.json", "new.json").exit_code == code


def test_lines_where_nobody_looks_at_a_terminal(golden: Callable[[str, str], None]) -> None:
    base, new = files(run(*FAST.scenarios, *OTHER.scenarios), SLOW)
    out = io.StringIO()

    assert compare(base, new, None, out, {"CI": "true"}) == ExitCode.FAILED
    golden("compared.txt", out.getvalue().replace(__version__, "VERSION"))


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("no_color", [False, True])
def test_a_table_on_a_terminal_in_colour_unless_asked_not_to(
    no_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("TERM", "xterm"), ("COLUMNS", "160")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    out = _Terminal()

    compare(*files(FAST, SLOW), None, out, {"TERM": "xterm"})

    assert "response_ms" in out.getvalue()
    assert "+260 ms" in out.getvalue()
    assert ("\x1b[31m" in out.getvalue()) is not no_color


def test_no_word_is_cut_off_by_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    narrow, log = _Terminal(), io.StringIO()

    compare(*files(FAST, SLOW), None, narrow, {"TERM": "xterm"})
    compare(*files(FAST, SLOW), None, log, {"CI": "true"})

    assert narrow.getvalue() == log.getvalue()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(
            ("none.json", "new.json"),
            "Error: none.json cannot be read: No such file or directory.\n"
            "  Fix: keep the results.json of a run that passed, and name that file;\n"
            "       without one there is nothing to compare with: leave `--baseline` out.\n",
            id="not-there",
        ),
        pytest.param(
            ("base.json", "."),
            "Error: . is a folder.\n  Fix: name the file in it: results.json\n",
            id="a-folder",
        ),
        pytest.param(
            ("base.json", "broken.json"),
            "Error: broken.json breaks off in line 1: it is not whole.\n"
            "  Fix: copy it again from where it was kept; a full disk or a job that was stopped "
            "does it.\n",
            id="a-new-run-that-is-not-whole",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_exit_4_with_its_fix(
    arguments: tuple[str, str], said: str
) -> None:
    files(FAST, SLOW)
    Path("broken.json").write_text('{"schema": 1,')

    result = called(*arguments)

    assert (result.exit_code, result.output) == (ExitCode.USAGE, said)


def test_a_page_is_written_where_it_was_asked_for(folder: Path) -> None:
    files(FAST, SLOW)

    result = called("base.json", "new.json", "--page", "pages/compared.html")

    assert result.exit_code == ExitCode.FAILED
    assert result.output.endswith("Page: pages/compared.html\n")
    page = (folder / "pages" / "compared.html").read_text()
    assert "regression" in page
    assert called("base.json", "new.json", "--page", "pages/compared.html").exit_code == 1


def test_without_being_asked_for_no_file_is_written(folder: Path) -> None:
    files(FAST, SLOW)

    called("base.json", "new.json")

    assert {path.name for path in folder.iterdir()} == {"base.json", "new.json"}


def test_a_page_takes_the_place_of_no_file_that_is_not_ours(folder: Path) -> None:
    files(FAST, SLOW)
    (folder / "notes.html").write_text("<h1>Mine</h1>")

    result = called("base.json", "new.json", "--page", "notes.html")

    assert result.exit_code == ExitCode.USAGE
    assert result.output.endswith(
        "Error: notes.html was not written by pipecat-voice-test, "
        "and results would be written over it.\n"
        "  Fix: name another file with `--page`.\n"
    )
    assert (folder / "notes.html").read_text() == "<h1>Mine</h1>"
