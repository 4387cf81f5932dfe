"""What lies in a results folder is handed out, and nothing else is."""

import os
from pathlib import Path

import numpy as np
import pytest
from pipecat_voice_test.report.files import NO_FILES, CallFiles
from pipecat_voice_test.report.shelf import CallShelf
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.timeline import HeardPiece, MarkReceived, Timeline

from report.runs import call

SECRET = "not yours\n"


@pytest.fixture
def shelf(tmp_path: Path) -> CallShelf:
    """A results folder beside which lies what must not be read."""
    (tmp_path / "out" / "hours").mkdir(parents=True)
    (tmp_path / "secret").write_text(SECRET)
    return CallShelf(tmp_path / "out")


def test_what_a_call_wrote_is_read_back(tmp_path: Path) -> None:
    timeline = Timeline(
        events=(MarkReceived(12.3, "said"),),
        said_ulaw=b"\x80" * 160,
        heard=(HeardPiece(80, b"\xc0" * 160, 10, 160),),
    )
    files = ResultsFolder(tmp_path).write_call("hours", call(timeline=timeline, bot_log="ready\n"))
    evidence = CallShelf(tmp_path).evidence(files)

    assert (len(evidence.said), len(evidence.heard)) == (240, 240)
    assert int(np.count_nonzero(evidence.said)) == 160
    assert int(np.count_nonzero(evidence.heard)) == 160
    assert [line["event"] for line in evidence.events] == ["call_ended", "mark_received"]
    assert evidence.log == CallShelf(tmp_path).log(files.log) == "ready\n"


def test_a_call_without_files_has_no_evidence(shelf: CallShelf) -> None:
    evidence = shelf.evidence(NO_FILES)

    assert (len(evidence.said), len(evidence.heard)) == (0, 0)
    assert (evidence.events, evidence.log) == ((), "")


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "hours",
        "gone.log",
        "../secret",
        "hours/../../secret",
        "link",
        "linked/secret",
        "ring",
        "pipe",
        "a\0b",
        "x" * 5000,
        "/".join("x" * 3000),
    ],
)
def test_nothing_outside_the_folder_is_read(path: str, shelf: CallShelf, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "link").symlink_to(tmp_path / "secret")
    (out / "linked").symlink_to(tmp_path)
    (out / "ring").symlink_to(out / "ring")
    os.mkfifo(out / "pipe")

    assert shelf.log(path) == ""
    assert shelf.log(str(tmp_path / "secret")) == ""
    assert shelf.evidence(CallFiles(path, path, path, path, path)).log == ""


def test_a_link_that_stays_inside_is_followed(shelf: CallShelf, tmp_path: Path) -> None:
    (tmp_path / "out" / "hours" / "bot.log").write_text("ready \ud83d\ude00\n", errors="replace")
    (tmp_path / "out" / "latest").symlink_to("hours")

    assert shelf.log("latest/bot.log") == shelf.log("hours/bot.log") != ""


def test_a_folder_that_is_gone_is_empty(tmp_path: Path) -> None:
    assert CallShelf(tmp_path / "gone").log("bot.log") == ""
