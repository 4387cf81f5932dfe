"""What a run created goes away, whoever removes it and however often, and nothing else does."""

import subprocess
import threading
from collections.abc import Iterator

import pytest
from docker_engine import BASE_IMAGE, docker
from pipecat_voice_test.engine.cleaning.ownership import (
    PREFIX,
    Role,
    compose_project,
    labels,
    new_run_id,
    remove_all,
)
from pipecat_voice_test.engine.cleaning.runner import Runner
from pipecat_voice_test.engine.client import Engine

from engine import sites

RUNNER = Runner("boot", "pid:[1]", 2, "3", "4")


@pytest.fixture
def run_id(connected: Engine) -> Iterator[str]:
    run_id = new_run_id()
    yield run_id
    remove_all(connected.client, run_id)


def of(run_id: str, role: Role = Role.BOT) -> list[str]:
    """Options that put a run's labels on something."""
    pairs = labels(run_id, role, RUNNER).items()
    return [word for name, value in pairs for word in ("--label", f"{name}={value}")]


def test_labels_say_whose_it_is_and_what_for() -> None:
    assert labels("0123456789ab", Role.REAPER, RUNNER) == {
        f"{PREFIX}.run": "0123456789ab",
        f"{PREFIX}.role": "reaper",
        f"{PREFIX}.runner": "boot/pid:[1]/2/3/4",
    }


def test_a_run_s_name_is_fit_for_compose() -> None:
    assert new_run_id() != new_run_id()
    assert compose_project("0123456789ab") == "pvt-0123456789ab"


@pytest.mark.docker
def test_everything_of_a_run_is_removed(connected: Engine, run_id: str) -> None:
    network = f"pvt-{run_id}"
    docker("network", "create", *of(run_id, Role.NETWORK), network)
    for command in ("sleep 600", "true"):
        docker("run", "--detach", *of(run_id), "--network", network, BASE_IMAGE, *command.split())
    docker("create", *of(run_id), "--volume", "/anonymous", BASE_IMAGE, "true")
    docker("volume", "create", *of(run_id), network)
    problems = remove_all(connected.client, run_id)

    assert problems == []
    assert sites.left_of(run_id) == []


@pytest.mark.docker
def test_volumes_without_a_name_go_with_their_container(connected: Engine, run_id: str) -> None:
    mount = "{{range .Mounts}}{{.Name}}{{end}}"
    container = docker("create", *of(run_id), "--volume", "/data", BASE_IMAGE, "true")
    volume = docker("inspect", "--format", mount, container)
    remove_all(connected.client, run_id)

    assert volume
    assert volume not in docker("volume", "ls", "--quiet").split()


@pytest.mark.docker
def test_what_compose_created_for_a_run_is_removed(connected: Engine, run_id: str) -> None:
    project = compose_project(run_id)
    label = ("--label", f"com.docker.compose.project={project}")
    docker("network", "create", *label, f"{project}_default")
    docker("volume", "create", *label, f"{project}_data")
    docker("run", "--detach", *label, "--network", f"{project}_default", BASE_IMAGE, "sleep", "600")
    remove_all(connected.client, run_id)

    listed = ("--quiet", "--filter", label[1].replace("com", "label=com", 1))
    assert docker("ps", "--all", *listed) == ""
    assert docker("network", "ls", *listed) == ""
    assert docker("volume", "ls", *listed) == ""


@pytest.mark.docker
def test_strangers_are_taken_out_of_a_run_s_network_and_live_on(
    connected: Engine, run_id: str
) -> None:
    network, stranger = f"pvt-{run_id}", sites.name()
    docker("network", "create", *of(run_id, Role.NETWORK), network)
    docker("run", "--detach", "--init", "--name", stranger, BASE_IMAGE, "sleep", "600")
    try:
        docker("network", "connect", network, stranger)
        remove_all(connected.client, run_id)

        assert sites.left_of(run_id) == []
        assert docker("inspect", "--format", "{{.State.Running}}", stranger) == "true"
    finally:
        docker("rm", "--force", stranger)


@pytest.mark.docker
def test_other_runs_are_let_be(connected: Engine, run_id: str) -> None:
    other = new_run_id()
    docker("create", *of(other), BASE_IMAGE, "true")
    try:
        remove_all(connected.client, run_id)

        assert len(sites.left_of(other)) == 1
    finally:
        remove_all(connected.client, other)


@pytest.mark.docker
def test_a_reaper_may_leave_itself_out(connected: Engine, run_id: str) -> None:
    reaper = docker("create", *of(run_id, Role.REAPER), BASE_IMAGE, "true")
    docker("create", *of(run_id), BASE_IMAGE, "true")
    remove_all(connected.client, run_id, spare_reaper=True)

    assert sites.left_of(run_id) == [reaper[:12]]


@pytest.mark.docker
def test_two_may_remove_the_same_at_once(connected: Engine, run_id: str) -> None:
    for _ in range(4):
        docker("run", "--detach", *of(run_id), BASE_IMAGE, "sleep", "600")
    problems: list[list[str]] = []

    def remove() -> None:
        with connected.spare() as client:
            problems.append(remove_all(client, run_id))

    threads = [threading.Thread(target=remove) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == [[], []]
    assert sites.left_of(run_id) == []


@pytest.mark.docker
def test_what_is_being_created_at_the_time_is_removed_too(connected: Engine, run_id: str) -> None:
    creating = [
        subprocess.Popen(
            ["docker", "run", "--detach", *of(run_id), BASE_IMAGE, "sleep", "600"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    while any(one.poll() is None for one in creating):
        remove_all(connected.client, run_id)
    remove_all(connected.client, run_id)

    assert sites.left_of(run_id) == []


def test_an_engine_that_is_gone_is_said_at_once() -> None:
    class Gone:
        def containers(self, **_: object) -> None:
            raise ConnectionRefusedError("nobody answers")

    class Client:
        api = Gone()

    assert remove_all(Client(), "0123456789ab", within_s=3600.0) == ["nobody answers"]
