"""Whose a container, network or volume is, and how all of a run's go away.

Labels are the only record: they outlive us, and whoever removes what we left (a watchdog, a
reaper, the next run) needs nothing but the run's id. What Compose creates carries Compose's
own labels, so a run's Compose project is named after the run.
"""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from typing import Any

import docker.errors
import requests

from pipecat_voice_test.engine.cleaning.runner import Runner
from pipecat_voice_test.engine.client import is_lost, words_of

PREFIX = "io.pipecat-voice-test"
RUN = f"{PREFIX}.run"
ROLE = f"{PREFIX}.role"
RUNNER = f"{PREFIX}.runner"
COMPOSE_PROJECT = "com.docker.compose.project"

ENGINE_TROUBLE = (docker.errors.DockerException, requests.RequestException, OSError)
"""What docker-py raises when the engine says no, does not answer or is gone."""

_AGAIN_S = 0.05


class Role(StrEnum):
    """What something of a run is for."""

    BOT = "bot"
    NETWORK = "network"
    REAPER = "reaper"


def new_run_id() -> str:
    """Twelve hexadecimal digits, fit for labels and names."""
    return secrets.token_hex(6)


def labels(run_id: str, role: Role | str, runner: Runner | None = None) -> dict[str, str]:
    """What is put on everything a run creates.

    Args:
        run_id: The run.
        role: What it is for.
        runner: Who created it; None for this process on no known container.
    """
    return {RUN: run_id, ROLE: str(role), RUNNER: str(runner or Runner.here())}


def compose_project(run_id: str) -> str:
    """The name under which Compose runs what belongs to this run."""
    return f"pvt-{run_id}"


def remove_all(
    client: Any, run_id: str, *, within_s: float = 5.0, spare_reaper: bool = False
) -> list[str]:
    """Remove every container, network, volume and image of a run. May be called twice, or by two.

    Args:
        client: A `docker.DockerClient`.
        run_id: The run, and its Compose project.
        within_s: How long to try again what the engine refuses or somebody else is removing;
            if the engine does not answer at all, that is for others to try again.
        spare_reaper: Leave the reaper, which goes by itself when it has nothing left to do.

    Returns:
        What is still there or what the engine said; empty if everything is gone.
    """
    deadline = time.monotonic() + within_s
    while True:
        problems: list[str] = []
        try:
            if not _remove_once(client.api, run_id, spare_reaper, problems):
                return []
        except ENGINE_TROUBLE as error:
            problems.append(words_of(error))
            if is_lost(error):
                return problems
        if time.monotonic() >= deadline:
            return problems or [f"run {run_id} is not gone after {within_s:g} s"]
        time.sleep(_AGAIN_S)


def belongings(api: Any, run_id: str) -> tuple[list[Any], list[Any], list[Any]]:
    """The containers, networks and volumes of a run, as the engine lists them."""
    owners = (f"{RUN}={run_id}", f"{COMPOSE_PROJECT}={compose_project(run_id)}")
    containers: dict[str, Any] = {}
    networks: dict[str, Any] = {}
    volumes: dict[str, Any] = {}
    for owner in owners:
        wanted = {"label": owner}
        containers |= {one["Id"]: one for one in api.containers(all=True, filters=wanted)}
        networks |= {one["Id"]: one for one in api.networks(filters=wanted)}
        volumes |= {one["Name"]: one for one in api.volumes(filters=wanted)["Volumes"] or []}
    return list(containers.values()), list(networks.values()), list(volumes.values())


def _remove_once(api: Any, run_id: str, spare_reaper: bool, problems: list[str]) -> bool:
    """Whether there was anything to remove. Until the containers are gone the reaper stands by."""
    containers, networks, volumes = belongings(api, run_id)
    reapers = [one for one in containers if one["Labels"].get(ROLE) == Role.REAPER]
    others = [one for one in containers if one not in reapers]
    _side_by_side([partial(_remove_container, api, one["Id"]) for one in others], problems)
    rest = [partial(_remove_network, api, one["Id"]) for one in networks]
    rest += [partial(api.remove_volume, one["Name"], force=True) for one in volumes]
    rest += [partial(api.remove_image, one) for one in _images(api, run_id)]
    if not spare_reaper and not problems:
        rest += [partial(_remove_container, api, one["Id"]) for one in reapers]
    _side_by_side(rest, problems)
    return bool(others or networks or volumes or (reapers and not spare_reaper))


def _images(api: Any, run_id: str) -> list[str]:
    """Names of images that Compose has built for the run; their layers stay in the cache."""
    built = api.images(filters={"reference": f"{compose_project(run_id)}-*"})
    return [name for one in built for name in one["RepoTags"] or ()]


def _remove_container(api: Any, container: str) -> None:
    api.remove_container(container, force=True, v=True)


def _remove_network(api: Any, network: str) -> None:
    """With whoever is still in it: the runner itself, or a container that is just ending."""
    for container in api.inspect_network(network).get("Containers") or {}:
        try:
            api.disconnect_container_from_network(container, network, force=True)
        except docker.errors.APIError as error:
            if not _is_gone(error):
                raise
    api.remove_network(network)


def _side_by_side(removals: Sequence[Callable[[], None]], problems: list[str]) -> None:
    """The engine takes 0.2 s to kill a container, and there may be many."""

    def attempt(removal: Callable[[], None]) -> None:
        try:
            removal()
        except docker.errors.APIError as error:
            if not _is_gone(error):
                problems.append(words_of(error))
        except ENGINE_TROUBLE as error:
            problems.append(words_of(error))

    # A pool has locks, and a signal handler may come while it holds one: so plain threads.
    threads = [threading.Thread(target=attempt, args=(one,), daemon=True) for one in removals[1:]]
    for thread in threads:
        thread.start()
    for removal in removals[:1]:
        attempt(removal)
    for thread in threads:
        thread.join()


def _is_gone(error: docker.errors.APIError) -> bool:
    """Gone, or somebody else is at it: the next look will tell."""
    text = str(error)
    return (
        error.status_code == 404
        or "is already in progress" in text
        or "is not connected to" in text
    )
