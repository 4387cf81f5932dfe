"""Every run ends with a page, and one that cannot be made costs nothing else."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pipecat_voice_test.cli import main
from pipecat_voice_test.errors import ExitCode, UsageError
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.write import ResultsFolder

SCENARIO = """
name: Wait for the greeting
turns:
  - expect: [{event: response, within_ms: 1000}]
"""
NOBODY = ("--bot-url", "ws://127.0.0.1:9/ws", "--start-timeout", "0.1")
OTHERS = {"junit.xml", "results.json", "summary.md", "ctrf.json"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hours.yaml").write_text(SCENARIO)
    return tmp_path / "voice-test-results"


def called(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["run", "hours.yaml", *arguments])


def test_a_bot_that_never_listened_has_a_page_that_says_so(folder: Path) -> None:
    result = called(*NOBODY)

    assert result.exit_code == ExitCode.BOT_ERROR
    assert result.stdout.splitlines()[-1] == "Page: voice-test-results/report.html"
    page = (folder / "report.html").read_text()
    assert "did not answer within 100 ms" in page
    assert "Fix:" in page


def test_a_run_that_was_never_held_has_one_too(folder: Path) -> None:
    Path("hours.yaml").write_text("name: x\nturn: []\n")

    result = called(*NOBODY)

    assert result.exit_code == ExitCode.USAGE
    assert "hours.yaml:2" in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(
            UsageError("report.html cannot be written: No space left.", fix="free some space."),
            "Warning: there is no page: report.html cannot be written: No space left.\n"
            "  Fix: free some space.\n",
            id="the-disk-refuses",
        ),
        pytest.param(
            ZeroDivisionError("by token=abc"),
            "Warning: there is no page, which is a fault of ours:\n",
            id="a-fault-of-ours",
        ),
    ],
)
def test_a_page_that_cannot_be_made_is_said_and_costs_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(ResultsFolder, "write_page", refuse)

    result = called(*NOBODY)

    assert result.exit_code == ExitCode.BOT_ERROR
    assert said in result.stderr
    assert "abc" not in result.stderr
    assert {path.name for path in folder.iterdir() if path.is_file()} == OTHERS
    assert "Page:" not in result.stdout


@pytest.mark.parametrize(
    ("options", "budget"),
    [
        pytest.param((), AudioBudget("all", 20_000_000), id="default"),
        pytest.param(
            ("--report-audio", "failed", "--report-mb", "5"),
            AudioBudget("failed", 5_000_000),
            id="given",
        ),
    ],
)
def test_what_was_asked_for_reaches_the_page(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], budget: AudioBudget
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(ResultsFolder, "write_page", lambda *given: asked.append(given[-1]))

    called(*NOBODY, *options)

    assert asked == [budget]


def test_a_choice_that_there_is_not_is_refused_before_anybody_is_called(folder: Path) -> None:
    result = called(*NOBODY, "--report-audio", "some")

    assert result.exit_code == ExitCode.USAGE
    assert "--report-audio" in result.stderr
