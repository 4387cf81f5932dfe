"""Runs in every place where CI jobs run, to be killed there."""

import contextlib
import json
import re
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import docker.errors
from pipecat_voice_test.engine.cleaning.ownership import Role

from containers.runs import (
    GREETING,
    LONG,
    LOOK_S,
    RESULTS,
    Started,
    left_by,
    processes_of,
    refuse_unfit,
    write_scenarios,
)

SOCKET = Path("/var/run/docker.sock")
SCENARIOS = (GREETING, GREETING.replace("Greeting", "Another greeting"), LONG)
"""Calls that have their results when the last one is cut off."""

IN_CALL = r"Long call #1: bot speaks"
TIDY_S = 2.0
KILLED_S = 10.0
GIVE_UP_S = 30.0


class Victim(Protocol):
    """A run that goes on somewhere.

    Attributes:
        folder: Where its results are.
        runner: As for `left_by`.
        client: A `docker.DockerClient` of the engine on which its bots live.
    """

    folder: Path
    runner: int | str
    client: Any

    @property
    def printed(self) -> str: ...
    def send(self, number: signal.Signals) -> None:
        """Have the runner get a signal."""

    def exit_code(self) -> int:
        """Wait for its end."""

    def tidy(self) -> None:
        """Remove the runner itself."""


class Process:
    """A process of this machine."""

    def __init__(
        self,
        client: Any,
        folder: Path,
        options: Sequence[str],
        *,
        scenarios: Sequence[str] = SCENARIOS,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.client, self.folder = client, folder
        self.started = Started(folder, options, scenarios=scenarios, env=env)
        self.runner: int | str = self.started.process.pid

    @property
    def printed(self) -> str:
        return self.started.printed

    def send(self, number: signal.Signals) -> None:
        self.started.process.send_signal(number)

    def exit_code(self) -> int:
        return self.started.wait(30.0).exit_code

    def tidy(self) -> None:
        self.started.process.kill()


class Container:
    """A container of the engine on which the bots live, too."""

    def __init__(
        self,
        client: Any,
        folder: Path,
        options: Sequence[str],
        *,
        image: str,
        settings: Mapping[str, Any] | None = None,
        scenarios: Sequence[str] = SCENARIOS,
        socket: Path = SOCKET,
    ) -> None:
        """Start it; `socket` is where the engine, or who passes for it, answers."""
        self.client, self.folder = client, folder
        paths = write_scenarios(folder, scenarios)
        folder.chmod(0o777)
        volumes = {str(folder): {"bind": "/repo"}, str(socket): {"bind": str(SOCKET)}}
        self._container = client.containers.create(
            image,
            ["run", *paths, *options],
            **{"volumes": volumes, "environment": {"CI": "true"}, **(settings or {})},
        )
        self._container.start()
        self.runner: int | str = self._container.id

    @property
    def printed(self) -> str:
        text: str = self._container.logs().decode(errors="replace")
        return text

    def send(self, number: signal.Signals) -> None:
        self.client.api.kill(self.runner, int(number))

    def exit_code(self) -> int:
        code = int(self._container.wait(timeout=120)["StatusCode"])
        refuse_unfit(self.printed)
        return code

    def tidy(self) -> None:
        with contextlib.suppress(docker.errors.NotFound):
            self._container.remove(force=True)


def wait_for(victim: Victim, pattern: str, within_s: float = 60.0) -> None:
    """Until it has printed something that fits."""
    deadline = time.monotonic() + within_s
    while not re.search(pattern, printed := victim.printed):
        refuse_unfit(printed)
        assert time.monotonic() < deadline, f"no {pattern!r} in: {printed}"
        time.sleep(LOOK_S)


def gone_after_s(victim: Victim, since_s: float) -> float:
    """Seconds from `since_s` until no bot and no network of a run are left on the engine."""
    while left := left_by(victim.client, victim.runner, but=Role.REAPER):
        assert time.monotonic() < since_s + GIVE_UP_S, left
        time.sleep(LOOK_S)
    return time.monotonic() - since_s


def nothing_left(victim: Victim, run_ids: Iterable[str], within_s: float = 15.0) -> bool:
    """Those who tidied up go as well: the reaper's container, the watchdog's process."""
    deadline = time.monotonic() + within_s
    while left_by(victim.client, victim.runner) or any(processes_of(one) for one in run_ids):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_S)
    return True


def results_of(victim: Victim) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((victim.folder / RESULTS / "results.json").read_text())
    return read
