"""What dead runs left is found, with the command that removes it; what is in use is not."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
from docker_engine import BASE_IMAGE, docker
from pipecat_voice_test.engine.cleaning.leftovers import FoundRun, leftovers, runs_on
from pipecat_voice_test.engine.cleaning.ownership import Role, compose_project, labels, new_run_id
from pipecat_voice_test.engine.cleaning.ownership import remove_all as remove
from pipecat_voice_test.engine.cleaning.runner import Runner
from pipecat_voice_test.engine.client import Engine

from engine import sites

HERE = Runner.here()
DEAD = replace(HERE, started="1")
UNSEEN = replace(HERE, pid_namespace="pid:[1]")


@pytest.fixture
def run_id(connected: Engine) -> Iterator[str]:
    run_id = new_run_id()
    yield run_id
    remove(connected.client, run_id)


def of(run_id: str, runner: Runner, role: Role = Role.BOT) -> list[str]:
    pairs = labels(run_id, role, runner).items()
    return [word for name, value in pairs for word in ("--label", f"{name}={value}")]


def found(runs: list[FoundRun], run_id: str) -> FoundRun | None:
    return next((run for run in runs if run.run_id == run_id), None)


@pytest.mark.docker
def test_what_a_dead_run_left_is_listed_and_removed_by_its_command(
    connected: Engine, run_id: str
) -> None:
    name, network = f"pvt-test-{run_id}", f"pvt-{run_id}"
    docker("network", "create", *of(run_id, DEAD, Role.NETWORK), network)
    docker("volume", "create", *of(run_id, DEAD), name)
    docker("create", "--name", name, *of(run_id, DEAD), "--network", network, BASE_IMAGE, "true")
    left = found(leftovers(connected.client), run_id)

    assert left is not None
    assert (left.containers, left.networks, left.volumes) == ((name,), (network,), (name,))
    assert left.alive is False
    assert 0 <= left.age_s < 300
    subprocess.run(left.command, shell=True, check=True, stdout=subprocess.DEVNULL)
    assert sites.left_of(run_id) == []
    assert found(runs_on(connected.client), run_id) is None


@pytest.mark.docker
def test_a_container_of_somebody_else_in_its_network_is_taken_out_first(
    connected: Engine, run_id: str
) -> None:
    network, stranger = f"pvt-{run_id}", sites.name()
    docker("network", "create", *of(run_id, DEAD, Role.NETWORK), network)
    docker("run", "--detach", "--init", "--name", stranger, BASE_IMAGE, "sleep", "600")
    try:
        docker("network", "connect", network, stranger)
        left = found(leftovers(connected.client), run_id)

        assert left is not None
        assert left.command == (
            f"docker network disconnect --force {network} {stranger}; docker network rm {network}"
        )
    finally:
        docker("rm", "--force", stranger)


@pytest.mark.docker
@pytest.mark.parametrize(
    ("runner", "role", "alive"),
    [
        pytest.param(HERE, Role.BOT, True, id="its-process-is-there"),
        pytest.param(DEAD, Role.BOT, False, id="its-process-is-not"),
        pytest.param(UNSEEN, Role.BOT, None, id="its-process-cannot-be-seen-from-here"),
        pytest.param(UNSEEN, Role.REAPER, True, id="a-reaper-watches-over-it"),
    ],
)
def test_runs_that_are_alive_are_told_apart(
    connected: Engine, run_id: str, runner: Runner, role: Role, alive: bool | None
) -> None:
    docker("run", "--detach", "--init", *of(run_id, runner, role), BASE_IMAGE, "sleep", "600")
    run = found(runs_on(connected.client), run_id)

    assert run is not None
    assert run.alive is alive
    assert (found(leftovers(connected.client), run_id) is None) is (alive is True)


@pytest.mark.docker
def test_what_only_compose_has_labelled_is_found(connected: Engine, run_id: str) -> None:
    project = compose_project(run_id)
    docker("volume", "create", "--label", f"com.docker.compose.project={project}", project)
    left = found(leftovers(connected.client), run_id)

    assert left is not None
    assert left.command == f"docker volume rm {project}"
    assert left.alive is None


@pytest.mark.docker
def test_compose_projects_of_others_are_not_ours(connected: Engine) -> None:
    name = sites.name()
    docker("volume", "create", "--label", f"com.docker.compose.project={name}", name)
    try:
        assert name not in " ".join(run.command for run in runs_on(connected.client))
    finally:
        docker("volume", "rm", name)
