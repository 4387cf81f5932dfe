"""Results reach the disk early, whole, and without harm to what lies there."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.measurement.results import CallResult, RunResult, Verdict
from pipecat_voice_test.report.picture import timeline
from pipecat_voice_test.report.picture.timeline import timeline_png
from pipecat_voice_test.report.view.model import CallView, Evidence
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.timeline import HeardPiece, MessageSent, Timeline

from report.runs import HOSTILE_RUN, LATE, NEVER_STARTED, ONE_OF_EACH, call, result, run, scenario

CALL_FILES = {"call.wav", "bot_raw.wav", "events.jsonl", "timeline.png", "bot.log"}
REPORTS = {"junit.xml", "results.json", "summary.md", "ctrf.json"}


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def write_all(folder: ResultsFolder, what: RunResult) -> None:
    for item in what.scenarios:
        for one in item.calls:
            folder.write_call(folder.slug(item.scenario), one)
    folder.write_run(what)


def recorded(number: int = 1) -> CallResult:
    return call(
        number,
        timeline=Timeline(
            events=(MessageSent(20, "media", 2, 250),),
            said_ulaw=b"\x80" * 160,
            heard=(HeardPiece(80, b"\xc0" * 160, 10, 160),),
            raw_ulaw=b"\xc0" * 200,
        ),
        bot_log="\x1b[31mINFO\x1b[0m ready \udc80\n::stop-commands::x\n",
    )


def test_a_call_is_on_disk_as_soon_as_it_is_written_p73(tmp_path: Path) -> None:
    files = ResultsFolder(tmp_path / "out").write_call("hours", recorded())
    folder = tmp_path / "out" / "hours" / "call-1"

    assert names_in(tmp_path / "out") == {f"hours/call-1/{name}" for name in CALL_FILES}
    assert (files.recording, files.timeline) == (
        "hours/call-1/call.wav",
        "hours/call-1/timeline.png",
    )
    assert (folder / "timeline.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "call.wav").stat().st_size == 44 + 4 * 240
    assert (folder / "bot_raw.wav").stat().st_size == 44 + 2 * 200
    assert len((folder / "events.jsonl").read_text().splitlines()) == 2
    assert (folder / "bot.log").read_text("utf-8") == "INFO ready \ufffd\n: :stop-commands::x\n"


def test_a_call_that_left_nothing_still_has_all_its_files_p73(tmp_path: Path) -> None:
    ResultsFolder(tmp_path).write_call("hours", call(verdict=Verdict.ERROR, timeline=Timeline()))

    assert names_in(tmp_path) == {f"hours/call-1/{name}" for name in CALL_FILES}


def test_a_run_lies_where_its_reports_say(tmp_path: Path) -> None:
    folder = ResultsFolder(Path("out"), working=tmp_path)
    write_all(folder, ONE_OF_EACH)
    document = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    named = {
        path
        for item in document["scenarios"]
        for one in item["calls"]
        for path in one["files"].values()
        if path is not None
    }

    assert names_in(tmp_path / "out") == named | REPORTS
    assert len(named) == 5 * sum(len(item.calls) for item in ONE_OF_EACH.scenarios)
    for path in named:
        assert f"[[ATTACHMENT|out/{path}]]" in (tmp_path / "out" / "junit.xml").read_text("utf-8")


@pytest.mark.parametrize("what", [HOSTILE_RUN, NEVER_STARTED], ids=["hostile", "never-started"])
@pytest.mark.parametrize("family", ["extended", "strict"])
def test_reports_are_utf8(what: RunResult, family: str, tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path)
    folder.write_run(what, "strict" if family == "strict" else "extended")

    for path in tmp_path.iterdir():
        assert path.read_bytes().decode("utf-8")
    assert names_in(tmp_path) == REPORTS


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_all(ResultsFolder(Path("out"), working=tmp_path / name), ONE_OF_EACH)

    for name in names_in(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_run_is_written_again_after_every_scenario(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path)
    for count in (1, 2):
        folder.write_run(run(*[result()] * count))
        document = json.loads((tmp_path / "results.json").read_text("utf-8"))
        assert len(document["scenarios"]) == count


def test_calls_of_the_same_number_do_not_overwrite_each_other_p22(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path)
    what = run(result(Verdict.PASSED, replace(recorded(), replaced=True), recorded()))
    slug = folder.slug(what.scenarios[0].scenario)
    written = [folder.write_call(slug, one) for one in what.scenarios[0].calls]
    place = folder.write_run(what)

    assert [files.log for files in written] == [
        "opening-hours/call-1/bot.log",
        "opening-hours/call-1-2/bot.log",
    ]
    assert [place.of_call(0, 0), place.of_call(0, 1)] == written


def test_a_slug_belongs_to_its_scenario_in_whatever_order_it_is_asked_for(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path)
    one, other = scenario("Same"), scenario("same", "tests/voice/other.yaml")
    first, second = folder.slug(other), folder.slug(one)

    assert first != second
    assert (folder.slug(other), folder.slug(one)) == (first, second)


def test_an_earlier_run_of_ours_is_cleared_away_and_nothing_else(tmp_path: Path) -> None:
    write_all(ResultsFolder(tmp_path), ONE_OF_EACH)
    (tmp_path / "report.html").write_text("<title>pipecat-voice-test</title>")
    foreign = {"notes.txt", "late-bot/call-1/my.txt", "late-bot/other.txt", "call-1/call.wav"}
    for name in foreign:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    ResultsFolder(tmp_path)

    assert names_in(tmp_path) == foreign
    assert not (tmp_path / "prompt-bot").exists()


def test_links_are_not_followed_when_clearing_away(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    (elsewhere / "call-1").mkdir(parents=True)
    (elsewhere / "call-1" / "bot.log").write_text("mine")
    out.mkdir()
    (out / "linked").symlink_to(elsewhere)
    ResultsFolder(out)

    assert (elsewhere / "call-1" / "bot.log").read_text() == "mine"


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_a_foreign_report_is_not_written_over(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("<testsuites name='somebody else'/>")

    with pytest.raises(UsageError) as caught:
        ResultsFolder(tmp_path)

    assert str(caught.value) == (
        f"{tmp_path / name} was not written by pipecat-voice-test, "
        "and results would be written over it.\n"
        "  Fix: move it away, or choose another folder with `--output-dir`"
    )
    assert (tmp_path / name).exists()


def test_a_file_in_the_way_is_found_out_early(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")

    with pytest.raises(UsageError) as caught:
        ResultsFolder(Path("out"), working=tmp_path)

    assert str(caught.value) == (
        "out is a file, so no results can be written into a folder of that name.\n"
        "  Fix: remove it, or choose another folder with `--output-dir`"
    )


def test_a_folder_that_cannot_be_made_is_found_out_early(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    path = tmp_path / "file" / "out"

    with pytest.raises(UsageError) as caught:
        ResultsFolder(path)

    assert str(caught.value) == (
        f"{path} cannot be written: Not a directory.\n"
        "  Fix: make the folder writable or free some space on its disk,\n"
        "       or choose another folder with `--output-dir`"
    )


def test_what_can_be_written_is_written_when_something_else_fails(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path)
    (tmp_path / "hours" / "call-1" / "bot_raw.wav").mkdir(parents=True)
    what = run(result(Verdict.FAILED, call(checks=(LATE,)), name="hours"))

    with pytest.raises(UsageError, match=r"bot_raw\.wav cannot be written: Is a directory\."):
        folder.write_call(folder.slug(what.scenarios[0].scenario), what.scenarios[0].calls[0])

    files = folder.place(what).of_call(0, 0)
    assert (files.recording, files.bot_raw) == ("hours/call-1/call.wav", None)
    assert (tmp_path / "hours" / "call-1" / "events.jsonl").exists()


def test_a_picture_that_cannot_be_drawn_costs_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise RuntimeError("no ink")

    monkeypatch.setattr(timeline, "timeline_png", broken)
    files = ResultsFolder(tmp_path).write_call("hours", recorded())

    assert names_in(tmp_path / "hours" / "call-1") == CALL_FILES - {"timeline.png"}
    assert (files.recording, files.timeline) == ("hours/call-1/call.wav", None)


def test_a_picture_has_the_name_of_its_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named: list[str] = []

    def drawn(view: CallView, evidence: Evidence) -> bytes:
        named.append(view.name)
        assert len(evidence.said) == 240
        return timeline_png(view, evidence)

    monkeypatch.setattr(timeline, "timeline_png", drawn)
    folder = ResultsFolder(tmp_path)
    folder.write_call(folder.slug(scenario("Opening hours!")), recorded())

    assert named == ["Opening hours!"]
