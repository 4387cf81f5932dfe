"""`merge`: what one run would have left is what its shards leave once they are joined."""

import json
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from measurement.comparison.runs import answered
from measurement.comparison.runs import run as held
from pipecat_voice_test.cli import main
from pipecat_voice_test.errors import ExitCode
from pipecat_voice_test.measurement.comparison.of_run import compared, measured
from pipecat_voice_test.measurement.repeats.whole_run import (
    exit_code_of,
    verdict_of,
    whole_run_checks,
)
from pipecat_voice_test.measurement.results import RunError, RunResult, ScenarioResult, Verdict
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.scenario.select import nothing_playable
from pipecat_voice_test.scenario.shard import Shard, Share
from pipecat_voice_test.timeline import HeardPiece, MessageSent, Timeline
from report.runs import (
    FORGIVEN,
    HOSTILE_RUN,
    ONE_OF_EACH,
    RUNS,
    TOO_FEW,
    call,
    result,
    run,
)

OUT = Path("voice-test-results")
REPORTS = {"junit.xml", "results.json", "ctrf.json", "summary.md", "report.html"}
FIX_GIVE = (
    "  Fix: give folders that runs have left, each with a results.json, or a folder that holds "
    "several.\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the shards lie and are joined."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


# --- runs and what they leave --------------------------------------------------------------------


def sounding(one: ScenarioResult) -> ScenarioResult:
    """The same with something to hear in each call."""
    return replace(one, calls=tuple(replace(c, timeline=_heard(c.timeline)) for c in one.calls))


def _heard(timeline: Timeline) -> Timeline:
    return replace(
        timeline,
        events=(MessageSent(20, "media", 2, 250),),
        said_ulaw=b"\x80" * 160,
        heard=(HeardPiece(80, b"\xc0" * 160, 10, 160),),
        raw_ulaw=b"\xc0" * 200,
    )


def as_run(scenarios: Sequence[ScenarioResult], **facts: Any) -> RunResult:
    """What a run makes of scenarios."""
    checks = whole_run_checks(scenarios)
    code = exit_code_of(scenarios, checks, may_be_empty=True)
    errors: list[RunError] = []
    if code is ExitCode.NOTHING_SELECTED:
        error = nothing_playable([replace(r.scenario, skip_reason=r.reason) for r in scenarios])
        errors = [RunError(error.kind, str(error))]
    made = run(*scenarios, verdict=verdict_of(code), exit_code=int(code), run_checks=checks)
    return replace(made, errors=tuple(errors), **facts)


def shards_of(scenarios: Sequence[ScenarioResult], total: int, **facts: Any) -> list[RunResult]:
    """The same dealt to several machines."""
    return [
        as_run(
            scenarios[index::total],
            shard=Shard(index + 1, total),
            share=Share(tuple(range(index, len(scenarios), total)), len(scenarios)),
            **facts,
        )
        for index in range(total)
    ]


def left(where: Path, what: RunResult, *, working: Path | None = None, **more: Any) -> Path:
    """Write all that a run leaves."""
    output = ResultsFolder(where, working=working, **more)
    for one in what.scenarios:
        for made in one.calls:
            output.write_call(output.slug(one.scenario), made)
    output.write_page(what, output.write_run(what), AudioBudget())
    return output.path


def left_all(what: Sequence[RunResult], where: str = "shards/{}") -> list[str]:
    names = [where.format(number) for number, _ in enumerate(what, 1)]
    for name, one in zip(names, what, strict=True):
        left(Path(name), one)
    return names


def merged(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["merge", *arguments])


def content(folder: Path) -> dict[str, bytes]:
    """Every file by its path in a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((OUT / "results.json").read_text("utf-8"))
    return found


def two() -> list[RunResult]:
    return shards_of([sounding(result(Verdict.PASSED, call(), name=name)) for name in "ab"], 2)


# --- equal to one run ----------------------------------------------------------------------------

ALL = [
    *map(sounding, ONE_OF_EACH.scenarios),
    sounding(replace(FORGIVEN, scenario=replace(FORGIVEN.scenario, name="forgiven"))),
    result(Verdict.PASSED, call(), name="undecided", checks=(TOO_FEW,)),
    # A call made in place of a void one has its number, and a folder of its own (P-22).
    sounding(
        result(Verdict.PASSED, replace(call(bot_log="void"), replaced=True), call(), name="again")
    ),
    *(replace(r, scenario=replace(r.scenario, name="s")) for r in RUNS["shares"].scenarios),
]
# What is in them is hostile at any length, and a megabyte of it takes its time.
HOSTILE = [
    replace(
        sounding(one),
        scenario=replace(one.scenario, name=one.scenario.name[:1000]),
        calls=tuple(replace(c, bot_log=c.bot_log[:1000]) for c in sounding(one).calls),
    )
    for one in HOSTILE_RUN.scenarios
]
BASELINE = measured(held(*(answered(*[640.0] * 5, name=name) for name in "abcd")), "main.json")


@pytest.mark.parametrize("total", [1, 3])
@pytest.mark.parametrize(
    "scenarios",
    [
        pytest.param(ALL, id="one-of-each"),
        pytest.param(HOSTILE, id="hostile"),
        pytest.param([result(Verdict.SKIPPED, name=n, reason="why") for n in "abc"], id="skipped"),
        pytest.param([], id="nothing"),
    ],
)
def test_shards_joined_leave_what_one_run_leaves_byte_for_byte(
    scenarios: list[ScenarioResult], total: int, tmp_path: Path
) -> None:
    """All reports, all recordings, and under the same names; begun and ended at the same time."""
    one = as_run(scenarios)
    whole = left(OUT, one, working=tmp_path / "whole")
    names = left_all(shards_of(scenarios, total))
    found = merged(*reversed(names))

    assert found.exit_code == one.exit_code, found.output
    assert content(OUT).keys() == content(whole).keys()
    for name, data in content(whole).items():
        assert (OUT / name).read_bytes() == data, name


def test_shards_compared_with_a_baseline_leave_what_one_run_leaves(tmp_path: Path) -> None:
    scenarios = [answered(*[900.0] * 5, name="b"), answered(640.0, name="a"), answered(9.0)]
    facts = {"runner": held().runner}
    whole = left(OUT, against_baseline(as_run(scenarios, **facts)), working=tmp_path / "whole")
    shards = map(against_baseline, shards_of(scenarios, 3, **facts))

    assert merged(*left_all(list(shards))).exit_code == ExitCode.FAILED
    assert content(OUT) == content(whole)
    assert document()["baseline"]["not_in_this_run"] == ["c", "d"]


def against_baseline(what: RunResult) -> RunResult:
    found = compared(what, BASELINE)
    code = exit_code_of(found.scenarios, found.run_checks)
    return replace(found, exit_code=int(code), verdict=verdict_of(code))


def test_joined_runs_can_be_joined_again() -> None:
    """Two jobs, each divided among two machines."""
    for job, first in (("hours", "a"), ("booking", "c")):
        names = [first, chr(ord(first) + 1)]
        calls = [sounding(result(Verdict.PASSED, call(), name=name)) for name in names]
        folders = left_all(shards_of(calls, 2), job + "-{}")
        assert merged(*folders, "--output-dir", job).exit_code == 0
    found = merged("hours", "booking")

    assert found.exit_code == 0, found.output
    assert [one["name"] for one in document()["scenarios"]] == ["a", "b", "c", "d"]


def test_the_version_is_that_of_the_shards() -> None:
    for number, one in enumerate(two(), 1):
        left(Path(f"shards/{number}"), one, version="9.9.9")
    merged("shards")

    assert document()["tool"]["version"] == "9.9.9"
    junit = ET.parse(OUT / "junit.xml").getroot()
    versions = {p.get("value") for p in junit.iter("property") if "version" in p.get("name", "")}
    assert versions == {"9.9.9"}


# --- where results are looked for, and where they go ---------------------------------------------


def test_results_are_found_in_the_folders_of_artifacts() -> None:
    """GitHub unpacks each artifact into a folder of its own; some hold a folder more."""
    first, second = two()
    left(Path("artifacts/results-1"), first)
    left(Path("artifacts/results-2/voice-test-results"), second)
    (Path("artifacts") / "coverage").mkdir()
    found = merged("artifacts", "artifacts/results-1")

    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines()[:2] == [
        "Found shard 1 of 2 in artifacts/results-1: 1 scenario, 1 call, passed",
        "Found shard 2 of 2 in artifacts/results-2/voice-test-results: 1 scenario, 1 call, passed",
    ]


def test_a_merge_ends_as_a_run_does() -> None:
    left_all(two())
    lines = merged("shards").stdout.splitlines()

    assert "2 passed in 41.2 s" in lines
    assert lines[-2:] == [
        "Results: voice-test-results, JUnit: voice-test-results/junit.xml",
        "Page: voice-test-results/report.html",
    ]


def test_shards_may_lie_in_the_output_folder() -> None:
    left_all(two(), "voice-test-results/{}")
    before = content(OUT)
    found = merged("voice-test-results/1", "voice-test-results/2")

    assert found.exit_code == 0, found.output
    assert before.items() <= content(OUT).items()
    assert content(OUT).keys() >= REPORTS


@pytest.mark.parametrize(
    ("named", "told"),
    [
        pytest.param(
            "nowhere", f"nowhere does not exist.\n{FIX_GIVE}", id="a-folder-that-is-not-there"
        ),
        pytest.param("file", f"file is not a folder.\n{FIX_GIVE}", id="a-file"),
        pytest.param(
            "empty",
            f"empty holds no results.json, nor do the folders in it.\n{FIX_GIVE}"
            "       A job that fails must keep its results too.\n"
            "  It is empty.\n",
            id="an-empty-folder",
        ),
        pytest.param(
            "other",
            f"other holds no results.json, nor do the folders in it.\n{FIX_GIVE}"
            "       A job that fails must keep its results too.\n"
            "  It holds a/, junit.xml.\n",
            id="a-folder-with-other-things",
        ),
    ],
)
def test_a_folder_without_results_is_refused(named: str, told: str) -> None:
    Path("file").touch()
    Path("empty").mkdir()
    Path("other/a/b/c").mkdir(parents=True)
    Path("other/junit.xml").touch()
    Path("other/a/b/c/results.json").write_text("too deep")
    found = merged(named)

    assert (found.exit_code, found.stderr) == (4, f"Error: {told}")
    (error,) = ET.parse(OUT / "junit.xml").getroot().iter("error")
    assert error.get("message") == told.partition("\n")[0]
    assert content(OUT).keys() >= REPORTS


@pytest.mark.parametrize(
    ("output", "where"),
    [
        pytest.param("shards/1", "is shards/1", id="an-input"),
        pytest.param("shards/../shards/1", "is shards/1", id="an-input-by-another-name"),
        pytest.param("shards/1/merged", "lies in shards/1", id="in-an-input"),
        pytest.param("link", "is shards/1", id="a-link-to-an-input"),
    ],
)
def test_what_is_to_be_joined_is_not_written_over(output: str, where: str) -> None:
    left_all(two())
    Path("link").symlink_to("shards/1")
    before = content(Path("shards"))
    found = merged("shards", "--output-dir", output)

    assert (found.exit_code, found.stderr) == (
        4,
        f"Error: the output folder {output} {where}, "
        "which is to be joined.\n"
        "  Fix: choose another folder with `--output-dir`, or take this one out of what is "
        "to be joined.\n",
    )
    assert content(Path("shards")) == before


@pytest.mark.parametrize("named", [".", "voice-test-results", "voice-test-results/a"])
def test_results_that_a_run_could_not_finish_are_not_cleared_away(named: str) -> None:
    """The recordings of a run that was killed lie there without any results.json."""
    left(OUT, two()[0])
    (OUT / "results.json").unlink()
    before = content(OUT)

    assert merged(named).exit_code == 4
    assert content(OUT) == before


def test_an_earlier_merge_makes_way_and_is_not_joined() -> None:
    left_all(two())
    first = merged("shards")
    before = content(OUT)

    assert (first.exit_code, merged("shards").exit_code) == (0, 0)
    assert content(OUT) == before


# --- the files of calls --------------------------------------------------------------------------


def test_files_are_linked_and_what_was_joined_stays_as_it_is() -> None:
    left_all(two())
    before = content(Path("shards"))
    merged("shards")

    assert content(Path("shards")) == before
    for name in ("call.wav", "bot_raw.wav", "events.jsonl", "bot.log"):
        assert (OUT / "b/call-1" / name).samefile(Path("shards/2/b/call-1") / name)


def test_files_are_copied_where_they_cannot_be_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link", str(target))

    left_all(two())
    monkeypatch.setattr(Path, "hardlink_to", refuse)

    assert merged("shards").exit_code == 0
    copied, copy_of = OUT / "b/call-1/call.wav", Path("shards/2/b/call-1/call.wav")
    assert copied.read_bytes() == copy_of.read_bytes()
    assert not copied.samefile(copy_of)


def test_scenarios_that_would_have_the_same_folder_have_their_own() -> None:
    for where, name, log in (("hours", "Same!", "one"), ("booking", "same?", "other")):
        one = result(Verdict.PASSED, call(bot_log=log), name=name, file=f"{where}.yaml")
        left(Path(where), as_run([one]))
    merged("hours", "booking")

    logs = [one["calls"][0]["files"]["log"] for one in document()["scenarios"]]
    assert len(set(logs)) == 2
    assert [(OUT / log).read_text() for log in logs] == ["other", "one"]


def test_a_file_that_is_not_there_any_more_is_said() -> None:
    left_all(two())
    (gone := Path("shards/2/b/call-1/call.wav")).unlink()
    found = merged("shards")

    assert found.exit_code == 0
    assert found.stderr == f"Warning: {gone} is not there, though results.json names it.\n"
    files = document()["scenarios"][1]["calls"][0]["files"]
    assert (files["recording"], files["log"]) == (None, "b/call-1/bot.log")


def test_nothing_is_taken_from_outside_of_a_results_folder() -> None:
    """Results may come from the pull request of a stranger."""
    left_all(two())
    Path("secret").write_text("do not tell")
    log = Path("shards/2/b/call-1/bot.log")
    log.unlink()
    log.symlink_to(Path("secret").resolve())
    found = merged("shards")

    assert "bot.log is not there" in found.stderr
    assert all(b"do not tell" not in data for data in content(OUT).values())


# --- what cannot be joined -----------------------------------------------------------------------


def broken(data: bytes) -> bytes:
    return data[: len(data) // 2]


def edited(data: bytes) -> bytes:
    return data.replace(b'"seed": 7', b'"seed": 8')


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        pytest.param(broken, "it is not whole.", id="truncated"),
        pytest.param(edited, "was changed after it was written", id="edited"),
    ],
)
def test_results_that_are_not_as_they_were_written_are_refused(harm: Any, told: str) -> None:
    left_all(two())
    file = Path("shards/2/results.json")
    file.write_bytes(harm(file.read_bytes()))
    found = merged("shards")

    assert found.exit_code == 4
    assert found.stderr.startswith("Error: shards/2/results.json ")
    assert told in found.stderr


def test_what_cannot_be_joined_leaves_reports_that_say_why() -> None:
    """A JUnit file that is missing looks as if there had been no test."""
    left_all(two())
    shutil.copytree("shards/1", "shards/3")
    found = merged("shards")

    why = "shard 1 of 2 is in both shards/1 and shards/3."
    assert (found.exit_code, found.stderr.splitlines()[0]) == (4, f"Error: {why}")
    assert (document()["verdict"], document()["exit_code"]) == ("error", 4)
    (error,) = ET.parse(OUT / "junit.xml").getroot().iter("error")
    assert error.get("message") == why
    assert content(OUT).keys() >= REPORTS


def test_a_missing_shard_is_an_error_in_every_report() -> None:
    left_all(shards_of([result(Verdict.PASSED, call(), name=name) for name in "abc"], 3))
    found = merged("shards/1", "shards/3")

    why = "shard 2 of 3 is missing, and with it 1 of 3 scenarios."
    assert found.exit_code == ExitCode.INCONCLUSIVE
    assert why in found.stdout
    assert [one["name"] for one in document()["scenarios"]] == ["a", "c"]
    (error,) = ET.parse(OUT / "junit.xml").getroot().iter("error")
    assert (error.get("type"), error.get("message")) == ("missing_shard", why)
    for report in REPORTS - {"junit.xml"}:
        assert why in (OUT / report).read_text("utf-8"), report
