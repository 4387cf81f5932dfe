"""The reaper is made of our own image and given the engine's socket, and little else."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker_engine import BASE_IMAGE, docker
from pipecat_voice_test.engine.cleaning.reaper import PACKAGE_ROOT, mount_holding, reaper_options
from pipecat_voice_test.engine.places.surroundings import Home

from engine import sites

OWN = "c" * 64


def mount(destination: Path, **more: Any) -> dict[str, Any]:
    return {
        "Type": "bind",
        "Source": f"/elsewhere{destination}",
        "Destination": str(destination),
        **more,
    }


def home(*mounts: dict[str, Any], **host_config: Any) -> Home:
    attrs = {"Image": "sha256:1234", "Mounts": list(mounts), "HostConfig": host_config}
    return Home(OWN, OWN, attrs=attrs)


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    path = tmp_path / "run" / "docker.sock"
    path.parent.mkdir()
    path.touch()
    return path


def options(home: Home, socket: Path) -> dict[str, Any]:
    made = reaper_options(home, f"unix://{socket}", ["run"], {"a": "b"})
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("mounted", "path", "holding"),
    [
        pytest.param(["run/docker.sock"], "run/docker.sock", 0, id="the-file-itself"),
        pytest.param(["run"], "run/docker.sock", 0, id="its-folder"),
        pytest.param([".", "run", "other"], "run/docker.sock", 1, id="the-nearest-folder"),
        pytest.param(["ru"], "run/docker.sock", None, id="a-name-that-begins-the-same"),
        pytest.param(["run"], "link/docker.sock", 0, id="through-a-link"),
        pytest.param(["link"], "run/docker.sock", 0, id="mounted-through-a-link"),
        pytest.param([], "run/docker.sock", None, id="nothing-is-mounted"),
    ],
)
def test_the_mount_in_which_a_file_lies(
    tmp_path: Path, socket: Path, mounted: list[str], path: str, holding: int | None
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "run")
    mounts = [mount(tmp_path / one) for one in mounted]

    expected = None if holding is None else mounts[holding]
    assert mount_holding(mounts, tmp_path / path) == expected


def test_memory_disks_hold_nothing_that_could_be_shared(socket: Path) -> None:
    assert mount_holding([mount(socket.parent, Type="tmpfs")], socket) is None


def test_it_can_do_nothing_but_ask_the_engine(socket: Path) -> None:
    made = options(home(mount(socket)), socket)

    assert made["image"] == "sha256:1234"
    assert made["command"] == ["--runner", OWN, "run"]
    assert made["labels"] == {"a": "b"}
    assert made["network_mode"] == "none"
    assert made["cap_drop"] == ["ALL"]
    assert made["cap_add"] == []
    assert made["security_opt"] == ["no-new-privileges"]
    assert made["read_only"] is True
    assert made["auto_remove"] is True
    assert made["user"] == f"{os.getuid()}:{os.getgid()}"
    assert [(one["Source"], one["Target"]) for one in made["mounts"]] == [
        (f"/elsewhere{socket}", str(socket))
    ]
    assert made["environment"]["DOCKER_HOST"] == f"unix://{socket}"


def test_it_gets_the_folders_from_which_we_run(socket: Path) -> None:
    tools = Path(sys.prefix)
    made = options(
        home(mount(socket), mount(PACKAGE_ROOT), mount(tools, Type="volume", Name="tools")), socket
    )

    assert {one["Target"]: (one["Source"], one["ReadOnly"]) for one in made["mounts"]} == {
        str(socket): (f"/elsewhere{socket}", True),
        str(PACKAGE_ROOT): (f"/elsewhere{PACKAGE_ROOT}", True),
        str(tools): ("tools", True),
    }


def test_it_lives_under_the_same_rules_as_we_do(socket: Path) -> None:
    made = options(
        home(mount(socket), SecurityOpt=["label=disable", "seccomp=unconfined"], UsernsMode="host"),
        socket,
    )

    assert made["security_opt"] == ["no-new-privileges", "label=disable"]
    assert made["userns_mode"] == "host"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_socket_of_another_user_takes_a_capability(socket: Path) -> None:
    os.chown(socket, 1234, 1234)

    assert options(home(mount(socket)), socket)["cap_add"] == ["DAC_OVERRIDE"]


@pytest.mark.parametrize(
    ("mounted", "address"),
    [
        pytest.param(True, "tcp://docker:2375", id="an-engine-that-is-not-at-a-socket"),
        pytest.param(False, "unix:///run/docker.sock", id="a-socket-that-is-not-mounted"),
    ],
)
def test_there_is_none_without_a_socket_to_share(socket: Path, mounted: bool, address: str) -> None:
    mounts = [mount(socket)] if mounted else []

    assert reaper_options(home(*mounts), address, [], {}) is None


def test_there_is_none_for_a_container_that_is_not_known(socket: Path) -> None:
    assert reaper_options(Home("", OWN), f"unix://{socket}", [], {}) is None


@pytest.fixture
def job(engine: None) -> Iterator[str]:
    """A job's container into which our program was copied after it was started."""
    name = sites.name()
    docker("run", "--detach", "--init", "--name", name, *sites.mounts(), BASE_IMAGE, "sleep", "600")
    docker("exec", name, "cp", "--recursive", "/source", "/copied")
    yield name
    docker("rm", "--force", "--volumes", name)


@pytest.mark.docker
def test_a_program_that_is_not_in_the_image_is_said_and_the_bot_is_called_all_the_same(
    job: str,
) -> None:
    with sites.inside(job, "leave", environ={"PYTHONPATH": "/copied:/packages"}) as guest:
        _, said = guest.process.communicate(timeout=60)

        assert guest.said["answer"] == 200
        assert (
            "if this whole container is killed, the bot's container will stay: no watcher could"
            " be started from this container's image: "
        ) in said
        assert "No module named 'pipecat_voice_test" in said
        assert sites.left_of(guest.run_id) == []


@pytest.mark.docker
def test_a_program_that_is_in_the_image_is_nothing_to_speak_of(engine: None) -> None:
    with sites.in_a_container("leave") as guest:
        _, said = guest.process.communicate(timeout=60)

        assert said == ""
