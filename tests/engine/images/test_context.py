"""The folder of a build is sent as a tar that every builder takes."""

import io
import os
import socket
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from pipecat_voice_test.engine.images.context import BuildContext
from pipecat_voice_test.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bot's folder; beside it lies nothing."""
    folder = tmp_path / "bot"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    return folder


def opened(pieces: Iterable[bytes]) -> tarfile.TarFile:
    return tarfile.TarFile(fileobj=io.BytesIO(b"".join(pieces)))


def packed(context: BuildContext) -> tarfile.TarFile:
    return opened(context.tar())


def names(folder: Path, dockerfile: str | None = None) -> list[str]:
    return packed(BuildContext.of(folder, dockerfile)).getnames()


def test_the_dockerfile_comes_first_under_a_plain_header(folder: Path) -> None:
    (folder / "AAA").write_text("first in the alphabet")

    data = b"".join(BuildContext.of(folder).tar())

    assert data.startswith(b"Dockerfile\0")
    assert data[156:157] == tarfile.REGTYPE  # Extensions would have a type of their own.
    assert len(data) % tarfile.BLOCKSIZE == 0


def test_files_links_and_modes_come_as_they_are(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "run.sh").write_text("#!/bin/sh\n")
    (folder / "sub" / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("sub/run.sh")
    (folder / ("long-" * 30)).write_bytes(b"x" * 100_000)
    os.link(folder / "sub" / "run.sh", folder / "twin")

    tar = packed(BuildContext.of(folder))

    assert tar.getmember("sub").isdir()
    assert tar.getmember("sub/run.sh").mode & 0o777 == 0o755
    assert tar.getmember("link").linkname == "sub/run.sh"
    assert tar.extractfile("long-" * 30).read() == b"x" * 100_000  # type: ignore[union-attr]  # a file
    assert tar.extractfile("twin").read() == b"#!/bin/sh\n"  # type: ignore[union-attr]  # likewise
    assert {(one.uid, one.gid, one.uname) for one in tar} == {(0, 0, "")}


@pytest.mark.parametrize(
    ("ignored", "sent"),
    [
        pytest.param("", ["a.txt", "b.md", "sub", "sub/c.txt"], id="nothing"),
        pytest.param("# all\n\n*\n!b.md\n", ["b.md"], id="all-but-one"),
        pytest.param("**/*.txt\n", ["b.md", "sub"], id="at-any-depth"),
        pytest.param("sub\n", ["a.txt", "b.md"], id="a-folder"),
        pytest.param("Dockerfile\na.txt\n", ["b.md", "sub", "sub/c.txt"], id="the-dockerfile"),
    ],
)
def test_dockerignore_keeps_out(folder: Path, ignored: str, sent: list[str]) -> None:
    for name in ("a.txt", "b.md", "sub/c.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)
    (folder / ".dockerignore").write_text(ignored)

    assert sorted({*names(folder)} - {".dockerignore"}) == sorted(["Dockerfile", *sent])


def test_the_ignore_file_of_the_dockerfile_itself_comes_first(folder: Path) -> None:
    (folder / "a.txt").write_text("a")
    (folder / "voice.Dockerfile").write_text("FROM scratch\n")
    (folder / ".dockerignore").write_text("a.txt\n")
    (folder / "voice.Dockerfile.dockerignore").write_text("Dockerfile\n")

    assert "a.txt" in names(folder, "voice.Dockerfile")
    assert "Dockerfile" not in names(folder, "voice.Dockerfile")


def test_a_dockerfile_may_lie_outside(folder: Path) -> None:
    (folder.parent / "other.Dockerfile").write_text("FROM elsewhere\n")

    context = BuildContext.of(folder, "../other.Dockerfile")

    first = packed(context).getmembers()[0]
    assert first.name == context.dockerfile_name == ".dockerfile.pipecat-voice-test"
    assert packed(context).extractfile(first).read() == b"FROM elsewhere\n"  # type: ignore[union-attr]  # a file


def test_what_is_no_file_is_no_hindrance(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)  # Names of sockets are short.
    os.mkfifo("fifo")
    (folder / "dangling").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")

        assert sorted(names(folder)) == ["Dockerfile", "dangling", "fifo"]


def test_a_file_that_goes_away_meanwhile_is_left_out(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"a")
    (folder / "b.txt").write_bytes(b"b")
    pieces = []

    for piece in BuildContext.of(folder).tar():
        pieces.append(piece)
        if piece == b"a":
            (folder / "b.txt").unlink()

    assert opened(pieces).getnames() == ["Dockerfile", "a.txt"]


def test_a_file_that_shrinks_meanwhile_breaks_nothing(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"a" * 1_000_000)
    (folder / "b.txt").write_bytes(b"b")
    pieces = []

    for piece in BuildContext.of(folder).tar():
        pieces.append(piece)
        if piece.startswith(b"aaa"):
            os.truncate(folder / "a.txt", 0)

    tar = opened(pieces)
    assert tar.extractfile("b.txt").read() == b"b"  # type: ignore[union-attr]  # a file


@pytest.mark.parametrize(
    ("there", "asked", "message"),
    [
        pytest.param(
            None,
            None,
            "there is no folder `bot` to build.\n"
            "  Fix: give the folder that holds the bot's Dockerfile as `--bot-build`.",
            id="no-folder",
        ),
        pytest.param(
            [],
            None,
            "there is no Dockerfile at `bot/Dockerfile`.\n"
            "  Fix: give the folder that holds it as `--bot-build`, or write one.",
            id="no-dockerfile",
        ),
        pytest.param(
            ["docker/Dockerfile", "bot.Dockerfile"],
            None,
            "there is no Dockerfile at `bot/Dockerfile`.\n"
            "  Fix: say which with `--bot-dockerfile`: there is `bot.Dockerfile`,"
            " `docker/Dockerfile`.",
            id="others",
        ),
        pytest.param(
            ["Dockerfile"],
            "Dockerfile.voice",
            "there is no Dockerfile at `bot/Dockerfile.voice`.\n"
            "  Fix: say which with `--bot-dockerfile`: there is `Dockerfile`.",
            id="another-name",
        ),
    ],
)
def test_what_is_not_there_is_said(
    there: list[str] | None,
    asked: str | None,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in there or []:
        path = Path("bot", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("FROM scratch\n")
    if there == []:
        Path("bot").mkdir()

    with pytest.raises(UsageError) as caught:
        BuildContext.of(Path("bot"), asked)

    assert str(caught.value) == message
