"""A repository on disk is read with care, added to, and never changed."""

import os
import stat
from pathlib import Path

import pytest
from pipecat_voice_test.setup.disk import MAX_FILE_BYTES, DiskRepository, root_of, write_new
from pipecat_voice_test.setup.repository import Unreadable


def write(root: Path, path: str, data: str | bytes = "") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


def test_what_is_looked_at(tmp_path: Path) -> None:
    for path in (
        "Dockerfile", "bot/a.py", ".github/workflows/a.yml", ".env.example", "a/b/c.py",
        ".git/config", "node_modules/x.py", ".venv/x.py", "own/pyvenv.cfg", "own/lib/x.py",
        "bot/__pycache__/x.py", "voice-test-results/x.py",
    ):  # fmt: skip
        write(tmp_path, path)

    assert DiskRepository(tmp_path).files == [
        ".env.example", ".github/workflows/a.yml", "Dockerfile", "a/b/c.py", "bot/a.py",
    ]  # fmt: skip


def test_links_lead_nowhere_new(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    write(root, "a/Dockerfile", "FROM a")
    secret = write(tmp_path, "secret", "hush")
    (root / "circle").symlink_to(root)
    (root / "self").symlink_to("self")
    (root / "nowhere").symlink_to("missing")
    (root / "out").symlink_to(secret)
    (root / "Dockerfile").symlink_to("a/Dockerfile")
    repository = DiskRepository(root)

    assert repository.files == ["Dockerfile", "a/Dockerfile", "out"]
    assert repository.text("Dockerfile") == "FROM a"
    with pytest.raises(Unreadable, match="is a link that leads out"):
        repository.text("out")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"x" * (MAX_FILE_BYTES + 1), "has more than 1024 KiB", id="big"),
        pytest.param(b"\x7fELF\x80", "is no text in UTF-8", id="binary"),
        pytest.param(b"FROM a\0", "is no text", id="with-a-zero"),
    ],
)
def test_what_is_not_read(tmp_path: Path, data: bytes, reason: str) -> None:
    write(tmp_path, "Dockerfile", data)

    with pytest.raises(Unreadable) as refused:
        DiskRepository(tmp_path).text("Dockerfile")
    assert str(refused.value) == reason


def test_a_hundred_megabytes_are_not_taken_in(tmp_path: Path) -> None:
    with write(tmp_path, "Dockerfile").open("r+b") as file:
        file.truncate(100 * 1024 * 1024)

    with pytest.raises(Unreadable, match="has more than 1024 KiB"):
        DiskRepository(tmp_path).text("Dockerfile")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Dockerfile")
    repository = DiskRepository(tmp_path)

    assert repository.files == []
    with pytest.raises(Unreadable, match=r"cannot be read \(it is no file\)"):
        repository.text("Dockerfile")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    write(tmp_path, "Dockerfile", b"\xef\xbb\xbfFROM a")

    assert DiskRepository(tmp_path).text("Dockerfile") == "FROM a"


def test_a_name_that_would_move_the_terminal_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "a\x1b[2J/Dockerfile")
    write(tmp_path, "b\n.py")
    (tmp_path / os.fsdecode(b"c\xff.py")).touch()

    assert DiskRepository(tmp_path).files == []


CONFIG = """\
[remote "origin"]
\turl = git@github.com:acme/bot.git
[remote "lab"]
\turl = https://user:token@gitlab.acme.example/bot.git
[remote "ssh"]
\turl = ssh://git@GitHub.com:22/acme/bot.git
[remote "here"]
\turl = ../other
"""


def test_hosts_of_remotes_without_their_secrets(tmp_path: Path) -> None:
    write(tmp_path, ".git/config", CONFIG)

    assert DiskRepository(tmp_path).remotes == ["github.com", "gitlab.acme.example"]


@pytest.mark.parametrize(
    ("files", "branch"),
    [
        ({"refs/remotes/origin/HEAD": "ref: refs/remotes/origin/trunk/a"}, "trunk/a"),
        ({"HEAD": "ref: refs/heads/master"}, "master"),
        ({"HEAD": "ref: refs/heads/some-work"}, ""),
        ({"HEAD": "0123456789"}, ""),
        ({"HEAD": 'ref: refs/heads/"]'}, ""),
        ({}, ""),
    ],
)
def test_the_main_branch(tmp_path: Path, files: dict[str, str], branch: str) -> None:
    for name, text in files.items():
        write(tmp_path, f".git/{name}", text)

    assert DiskRepository(tmp_path).branch == branch


def test_a_worktree_s_git_is_elsewhere(tmp_path: Path) -> None:
    write(tmp_path, "main/.git/config", CONFIG)
    write(tmp_path, "main/.git/worktrees/b/HEAD", "ref: refs/heads/main")
    write(tmp_path, "main/.git/worktrees/b/commondir", "../..\n")
    write(tmp_path, "b/.git", f"gitdir: {tmp_path}/main/.git/worktrees/b\n")
    repository = DiskRepository(tmp_path / "b")

    assert (repository.branch, repository.remotes[0]) == ("main", "github.com")


def test_the_root_is_where_git_is(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert root_of(tmp_path / "a" / "b") == tmp_path / "a" / "b"

    (tmp_path / ".git").mkdir()
    assert root_of(tmp_path / "a" / "b") == tmp_path


def test_a_new_file_is_written_with_its_folders(tmp_path: Path) -> None:
    assert write_new(tmp_path, "a/b/c.yaml", "one\ntwo\n")

    assert (tmp_path / "a" / "b" / "c.yaml").read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize("kind", ["file", "link", "broken link", "folder"])
def test_what_is_there_is_left_as_it_is(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "a.yaml"
    other = write(tmp_path, "other", "other")
    match kind:
        case "file":
            target.write_text("mine")
        case "link":
            target.symlink_to(other)
        case "broken link":
            target.symlink_to(tmp_path / "missing")
        case _:
            target.mkdir()

    assert not write_new(tmp_path, "a.yaml", "yours")

    assert other.read_text() == "other"
    assert not (tmp_path / "missing").exists()


def test_a_link_leads_nothing_out_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "tests").symlink_to(tmp_path)

    with pytest.raises(OSError, match="leads out of the repository"):
        write_new(tmp_path / "root", "tests/a.yaml", "")
    assert not (tmp_path / "a.yaml").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_makes_belongs_to_the_owner_of_the_repository(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 2345)
    mine = tmp_path / "mine"
    mine.mkdir()

    write_new(tmp_path, "mine/a/b.yaml", "")

    owners = [
        (path.stat().st_uid, path.stat().st_gid) for path in (mine / "a" / "b.yaml", mine / "a")
    ]
    assert owners == [(1234, 2345)] * 2
    assert mine.stat().st_uid == 0
    assert stat.S_IMODE((mine / "a" / "b.yaml").stat().st_mode) & 0o111 == 0
