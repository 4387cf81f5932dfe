"""`report`: reports made again from a results folder, wherever it lies now."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pipecat_voice_test import __version__
from pipecat_voice_test.cli import main
from pipecat_voice_test.errors import ExitCode
from pipecat_voice_test.measurement.results import RunResult
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.stored.kept import kept_call
from pipecat_voice_test.report.write import ResultsFolder
from report.runs import FAILED_CALL, HOSTILE_RUN, ONE_OF_EACH, call, result, run

REPORTS = ("junit.xml", "summary.md", "ctrf.json", "report.html")
SPOKEN = replace(FAILED_CALL, timeline=replace(FAILED_CALL.timeline, said_ulaw=b"\x55" * 8000))
SMALL = run(result(SPOKEN.verdict, SPOKEN, call(2)))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def left_by(what: RunResult, output: str = "out") -> Path:
    """What a run leaves, its calls kept as they are when they end."""
    results = ResultsFolder(Path(output))
    for one in what.scenarios:
        for made in one.calls:
            results.write_call(results.slug(one.scenario), made)
    scenarios = (replace(one, calls=tuple(map(kept_call, one.calls))) for one in what.scenarios)
    what = replace(what, scenarios=tuple(scenarios))
    place = results.write_run(what)
    results.write_page(what, place, AudioBudget())
    return Path(output)


def reported(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, ["report", *arguments], env=env)


def all_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("what", [ONE_OF_EACH, HOSTILE_RUN], ids=["one-of-each", "hostile"])
def test_reports_are_those_that_the_run_made_and_nothing_else_changes(what: RunResult) -> None:
    out = left_by(what)
    before = all_of(out)
    for name in REPORTS:
        (out / name).unlink()

    found = reported("out/results.json")

    assert found.exit_code == ExitCode.PASSED
    assert all_of(out) == before


def test_a_picture_that_is_gone_is_drawn_again() -> None:
    out = left_by(SMALL)
    before = all_of(out)
    (picture,) = out.glob("*/call-1/timeline.png")
    picture.unlink()

    found = reported("out/results.json")

    assert found.exit_code == ExitCode.PASSED
    assert "not there" not in found.output
    assert all_of(out) == before


def test_what_was_made_is_said() -> None:
    left_by(SMALL)

    assert reported("out/results.json").output == (
        f"A run of 2026-01-01T00:00:00Z, by version {__version__}: 1 failed in 41.2 s\n"
        "Wrote junit.xml, summary.md, ctrf.json, report.html into out\n"
        "Page: out/report.html\n"
    )


def test_a_run_that_failed_is_rendered_and_not_judged() -> None:
    left_by(SMALL)

    assert SMALL.scenarios[0].verdict == "failed"
    assert reported("out/results.json").exit_code == ExitCode.PASSED


def test_a_folder_that_was_moved_is_rendered_with_paths_of_where_it_is_now(folder: Path) -> None:
    left_by(SMALL)
    shutil.move("out", "there")

    assert reported("there/results.json").exit_code == ExitCode.PASSED
    assert (
        "[[ATTACHMENT|there/opening-hours/call-1/call.wav]]" in Path("there/junit.xml").read_text()
    )
    assert 'file="tests/voice/hours.yaml"' in Path("there/junit.xml").read_text()


def test_from_within_another_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left_by(SMALL)
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")

    assert reported("../out/results.json").output.endswith("Page: ../out/report.html\n")


def test_recordings_that_are_gone_are_said_and_are_no_attachments() -> None:
    out = left_by(SMALL)
    (out / "opening-hours/call-1/call.wav").unlink()
    (out / "opening-hours/call-2/bot.log").unlink()

    found = reported("out/results.json")

    assert found.exit_code == ExitCode.PASSED
    assert (
        "\nWarning: 2 files that results.json names are not there: "
        "opening-hours/call-1/call.wav and 1 more\n"
    ) in found.output
    attached = (out / "junit.xml").read_text()
    assert "opening-hours/call-1/call.wav" not in attached
    assert "opening-hours/call-1/bot_raw.wav" in attached
    assert "There is no recording of this call." in (out / "report.html").read_text()


def test_a_file_outside_of_the_folder_is_not_read(folder: Path) -> None:
    out = left_by(SMALL)
    log = out / "opening-hours/call-1/bot.log"
    (folder / "secret").write_text("hunter2")
    log.unlink()
    log.symlink_to(folder / "secret")

    assert reported("out/results.json").exit_code == ExitCode.PASSED
    assert not [name for name in REPORTS if "hunter2" in (out / name).read_text()]


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        pytest.param(["--junit-family", "strict"], {}, id="option"),
        pytest.param([], {"PVT_JUNIT_FAMILY": "strict"}, id="environment"),
        pytest.param(
            ["--junit-family=strict"], {"PVT_JUNIT_FAMILY": "extended"}, id="the-option-counts-most"
        ),
    ],
)
def test_the_family_is_as_in_a_run(arguments: list[str], env: dict[str, str]) -> None:
    out = left_by(SMALL)

    assert reported("out/results.json", *arguments, env=env).exit_code == ExitCode.PASSED
    assert "[[PROPERTY|seed=7]]" in (out / "junit.xml").read_text()


@pytest.mark.parametrize(
    ("choice", "inside"),
    [("all", True), ("failed", True), ("none", False)],
)
def test_which_recordings_the_page_carries_is_as_in_a_run(choice: str, inside: bool) -> None:
    out = left_by(SMALL)

    assert reported("out/results.json", "--report-audio", choice).exit_code == ExitCode.PASSED
    assert ('class="call-audio"' in (out / "report.html").read_text()) is inside


GIVE = "  Fix: give the results.json that a run left in its output folder.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(
            ["none.json"],
            "Error: none.json cannot be read: No such file or directory.\n" + GIVE,
            id="not-there",
        ),
        pytest.param(
            ["out"],
            "Error: out is a folder.\n  Fix: name the file in it: out/results.json\n",
            id="a-folder",
        ),
        pytest.param(
            ["out/junit.xml"],
            "Error: out/junit.xml has the name of a report, which would be written over it.\n"
            + GIVE,
            id="another-report",
        ),
        pytest.param(
            ["edited.json"],
            "Error: edited.json was changed after it was written: its digest is not that of its "
            "content.\n  Fix: take the file as the run wrote it: reports of other figures would "
            "be of a run that nobody made.\n",
            id="edited-by-hand",
        ),
        pytest.param(
            ["out/results.json", "--report-audio", "loud"],
            "Error: `--report-audio loud` is not one of: all, failed, none.\n"
            "  Fix: give one of: all, failed, none; without it, it is all.\n",
            id="an-option-that-is-none",
        ),
    ],
)
def test_what_cannot_be_rendered_is_exit_4_and_leaves_all_as_it_was(
    arguments: list[str], said: str
) -> None:
    out = left_by(SMALL)
    document = json.loads((out / "results.json").read_text())
    Path("edited.json").write_text(json.dumps({**document, "seed": 8}))
    before = all_of(out)

    found = reported(*arguments)

    assert (found.exit_code, found.output) == (ExitCode.USAGE, said)
    assert all_of(out) == before


def test_a_foreign_file_is_not_written_over() -> None:
    out = left_by(SMALL)
    (out / "summary.md").write_text("# My own notes\n")
    before = all_of(out)

    found = reported("out/results.json")

    assert found.exit_code == ExitCode.USAGE
    assert found.output.endswith(
        "summary.md was not written by pipecat-voice-test, and results would be written over it.\n"
        "  Fix: make the folder writable, free some space on its disk, or move foreign files "
        "away;\n       or copy the whole folder to another place, and make its reports there.\n"
    )
    assert all_of(out) == before


def test_the_help_says_that_it_judges_nothing() -> None:
    text = reported("--help").output

    assert "Usage: main report [OPTIONS] RESULTS.json" in text
    assert "0  the reports are there, whatever they say of the bot" in text
