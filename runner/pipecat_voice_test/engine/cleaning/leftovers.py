"""What runs have on the engine, and which of them are dead.

A run removes its things itself, and its watchdog does when it is killed. What is found of a dead
run was left by a machine that lost power, or an engine that was restarted in between.
"""

import re
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import docker

from pipecat_voice_test.engine.cleaning.ownership import (
    COMPOSE_PROJECT,
    ROLE,
    RUN,
    RUNNER,
    Role,
    belongings,
    compose_project,
)
from pipecat_voice_test.engine.cleaning.runner import Runner
from pipecat_voice_test.engine.client import engine_errors

_PROJECT = re.compile(re.escape(compose_project("")) + "([0-9a-f]{12})")


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A run that has something on the engine.

    Attributes:
        run_id: As in its labels.
        containers: Their names, like `networks` and `volumes`.
        age_s: Since the oldest of its things was created.
        alive: Whether its runner is at work; None if that cannot be told from here.
        strangers: Pairs of a network of it and a container in it that is not the run's.
    """

    run_id: str
    containers: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    age_s: float = 0.0
    alive: bool | None = None
    strangers: tuple[tuple[str, str], ...] = ()

    @property
    def command(self) -> str:
        """Removes all of it, ready for a shell."""
        commands = []
        if self.containers:
            commands.append(["docker", "rm", "--force", "--volumes", *self.containers])
        commands += [
            ["docker", "network", "disconnect", "--force", *pair] for pair in self.strangers
        ]
        if self.networks:
            commands.append(["docker", "network", "rm", *self.networks])
        if self.volumes:
            commands.append(["docker", "volume", "rm", *self.volumes])
        return "; ".join(shlex.join(command) for command in commands)


def runs_on(client: docker.DockerClient) -> list[FoundRun]:
    """Every run that has something on the engine, oldest first.

    Raises:
        EngineError: The engine does not answer.
    """
    with engine_errors("list what earlier runs left"):
        runs = [_found(client, run_id) for run_id in sorted(_run_ids(client.api))]
    found = [run for run in runs if run.containers or run.networks or run.volumes]
    return sorted(found, key=lambda run: -run.age_s)


def leftovers(client: docker.DockerClient) -> list[FoundRun]:
    """Those of `runs_on` that are dead (`alive` is False) or may be (None).

    Raises:
        EngineError: The engine does not answer.
    """
    return [run for run in runs_on(client) if run.alive is not True]


def _run_ids(api: Any) -> set[str]:
    """By our own label, and by the names of Compose projects."""
    ids = set()
    for owner in (RUN, COMPOSE_PROJECT):
        wanted = {"label": owner}
        for one in (
            *api.containers(all=True, filters=wanted),
            *api.networks(filters=wanted),
            *(api.volumes(filters=wanted)["Volumes"] or []),
        ):
            labels = one.get("Labels") or {}
            project = _PROJECT.fullmatch(labels.get(COMPOSE_PROJECT, ""))
            ids |= {labels.get(RUN), project and project[1]}
    return {one for one in ids if one}


def _found(client: docker.DockerClient, run_id: str) -> FoundRun:
    containers, networks, volumes = belongings(client.api, run_id)
    own = {one["Id"] for one in containers}
    return FoundRun(
        run_id,
        containers=tuple(sorted(_name(one) for one in containers)),
        networks=tuple(sorted(one["Name"] for one in networks)),
        volumes=tuple(sorted(one["Name"] for one in volumes)),
        age_s=max((_age_s(one) for one in (*containers, *networks, *volumes)), default=0.0),
        alive=_alive(client, [*containers, *networks, *volumes]),
        strangers=tuple(
            (network["Name"], end["Name"])
            for network in networks
            for container, end in _ends(client.api, network["Id"]).items()
            if container not in own
        ),
    )


def _alive(client: docker.DockerClient, things: list[Mapping[str, Any]]) -> bool | None:
    """What the runner's label tells, else whether a reaper still watches over the run."""
    labels = [one.get("Labels") or {} for one in things]
    runners = [runner for one in labels if (runner := Runner.parse(one.get(RUNNER, "")))]
    said = runners[0].is_alive(client) if runners else None
    if said is not None:
        return said
    watched = any(
        one.get("State") == "running" and each.get(ROLE) == Role.REAPER
        for one, each in zip(things, labels, strict=True)
    )
    return True if watched else None


def _ends(api: Any, network: str) -> Mapping[str, Any]:
    try:
        ends: Mapping[str, Any] = api.inspect_network(network).get("Containers") or {}
    except docker.errors.NotFound:
        return {}
    return ends


def _name(container: Mapping[str, Any]) -> str:
    names = container.get("Names") or [container["Id"][:12]]
    return str(names[0]).removeprefix("/")


def _age_s(thing: Mapping[str, Any]) -> float:
    """Containers are dated in seconds, networks and volumes in words."""
    created = thing.get("Created") or thing.get("CreatedAt") or ""
    if isinstance(created, str):
        try:
            created = datetime.fromisoformat(created).timestamp()
        except ValueError:
            return 0.0
    return max(0.0, time.time() - created)
