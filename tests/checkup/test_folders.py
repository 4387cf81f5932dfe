"""Folders are tried and left as they were."""

import resource
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from pipecat_voice_test.checkup import folders
from pipecat_voice_test.checkup.finding import Mark
from pipecat_voice_test.errors import ExitCode

Usage = namedtuple("Usage", "total used free")


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    (finding,) = folders.results(tmp_path / "a" / "b")

    assert finding.mark is Mark.OK
    assert finding.text.startswith(f"{tmp_path / 'a' / 'b'} can be written, ")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    (finding,) = folders.results(tmp_path / "taken" / "results")

    assert (finding.mark, finding.code) == (Mark.MISS, ExitCode.USAGE)
    assert finding.text == (
        f"{tmp_path}/taken/results cannot be written: {tmp_path}/taken is no folder"
    )
    assert finding.fix == (
        "let this user write there, or choose another folder with `--output-dir`."
    )


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc here")
def test_a_folder_nobody_may_write_into() -> None:
    assert folders.unwritable(Path("/proc/self")) != ""


def test_little_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 100 * 1024 * 1024))
    (finding,) = folders.results(tmp_path)

    assert (finding.mark, finding.text) == (
        Mark.NOTE, f"{tmp_path} can be written, 0.1 GiB free",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("new", "{} can be written"),
        (
            "taken",
            "{} cannot be written ({} is no folder), so texts are spoken anew in every run",
        ),
    ],
)
def test_the_cache_can_be_done_without(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    (finding,) = folders.cache(tmp_path / name)

    assert finding.text == text.format(tmp_path / name, tmp_path / name)
    assert finding.code is None


def test_no_home() -> None:
    (finding,) = folders.cache(None)

    assert finding.text == "there is no home, so texts are spoken anew in every run"


@pytest.mark.parametrize(
    ("limit", "mark", "text"),
    [
        (1024, Mark.OK, "up to 1024"),
        (64, Mark.NOTE, "at most 64"),
        (resource.RLIM_INFINITY, Mark.OK, "any number"),
    ],
)
def test_how_many_files_may_be_open(
    limit: int, mark: Mark, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    (finding,) = folders.open_files()

    assert (finding.mark, finding.text) == (mark, text)


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    assert folders.unwritable(tmp_path) == ""

    assert list(tmp_path.iterdir()) == []
