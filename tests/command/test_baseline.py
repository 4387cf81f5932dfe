"""`--baseline`: read before anything is written, refused before anybody is called: M-30."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from measurement.comparison.runs import answered, file_of, run
from pipecat_voice_test.cli import main
from pipecat_voice_test.command import baseline
from pipecat_voice_test.command.baseline import BaselineFile, read_file
from pipecat_voice_test.errors import BaselineError, ExitCode

GOOD = file_of(run(answered(*[640.0] * 5)))
SCENARIO = "name: Greeting\nturns:\n  - expect: [{event: response}]\n"
KEEP_ONE = (
    "  Fix: keep the results.json of a run that passed, and name that file;\n"
    "       without one there is nothing to compare with: leave `--baseline` out."
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PVT_BASELINE", raising=False)
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(SCENARIO)
    return tmp_path


def called(*arguments: str, **environ: str) -> Result:
    # Nobody can be called here: the port of no bot.
    bot = ["--bot-url", "ws://127.0.0.1:1/ws", "--start-timeout", "0.1"]
    return CliRunner().invoke(main, ["run", "a.yaml", *bot, *arguments], env=environ)


def errors() -> list[str | None]:
    junit = ET.parse(Path("voice-test-results/junit.xml"))
    return [error.get("type") for error in junit.iter("error")]


@pytest.mark.parametrize("source", ["option", "environment", "config"])
def test_wherever_it_was_asked_for_a_missing_baseline_is_exit_4_and_in_junit(source: str) -> None:
    arguments, environ = [], {}
    if source == "option":
        arguments = ["--baseline", "none.json"]
    elif source == "environment":
        environ = {"PVT_BASELINE": "none.json"}
    else:
        Path("voice-test.yaml").write_text("baseline: none.json\n")

    result = called(*arguments, **environ)

    assert result.exit_code == ExitCode.USAGE
    assert result.output == (
        f"Error: none.json cannot be read: No such file or directory.\n{KEEP_ONE}\n"
    )
    assert errors() == ["baseline"]


def test_an_edited_baseline_is_refused_before_anybody_is_called() -> None:
    document = json.loads(GOOD)
    document["seed"] = 9
    Path("base.json").write_text(json.dumps(document))

    result = called("--baseline", "base.json")

    assert result.exit_code == ExitCode.USAGE
    assert "base.json was changed after it was written" in result.output
    assert errors() == ["baseline"]


def test_a_baseline_that_is_not_named_is_not_missed() -> None:
    assert called("--baseline", "").exit_code == ExitCode.BOT_ERROR


def test_a_baseline_where_results_go_is_read_before_it_is_overwritten_and_kept() -> None:
    results = Path("voice-test-results")
    results.mkdir()
    (results / "results.json").write_bytes(GOOD)

    result = called("--baseline", "voice-test-results/results.json")

    assert result.exit_code == ExitCode.BOT_ERROR
    assert (
        "Warning: this run's results take the place of the baseline "
        "voice-test-results/results.json, which is kept as voice-test-results/baseline.json"
    ) in result.output
    assert (results / "baseline.json").read_bytes() == GOOD
    written = json.loads((results / "results.json").read_text())
    assert written["baseline"]["file"] == "voice-test-results/results.json"
    assert [one["standing"] for one in written["scenarios"][0]["comparisons"]] == ["not_comparable"]


def test_a_baseline_elsewhere_is_left_alone() -> None:
    Path("base.json").write_bytes(GOOD)

    result = called("--baseline", "base.json")

    assert "Warning" not in result.output
    assert Path("base.json").read_bytes() == GOOD
    assert not Path("voice-test-results/baseline.json").exists()


def test_a_run_with_which_nothing_can_be_compared_says_so_and_ends_as_it_would() -> None:
    Path("base.json").write_bytes(GOOD)

    result = called("--baseline", "base.json")

    assert result.exit_code == ExitCode.BOT_ERROR
    assert "NOTHING COULD BE COMPARED" in result.output
    assert "NOTHING COULD BE COMPARED" in Path("voice-test-results/summary.md").read_text()


def test_a_folder_and_a_file_that_is_too_large_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("big.json").write_bytes(b"x" * 1025)
    monkeypatch.setattr(baseline, "MOST_BYTES", 1024)

    with pytest.raises(BaselineError, match="is a folder"):
        read_file(Path(), ".")
    with pytest.raises(BaselineError, match="is larger than"):
        read_file(Path("big.json"), "big.json")


def test_what_could_not_be_read_is_raised_when_it_is_asked_for_and_never_copied() -> None:
    Path("voice-test-results").mkdir()
    missing = BaselineFile.read("voice-test-results/results.json")

    assert missing.keep_beside(Path("voice-test-results")) == ""
    with pytest.raises(BaselineError):
        missing.measured()
