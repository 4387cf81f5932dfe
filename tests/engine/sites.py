"""Runners in all the places where a CI job may run them, without an image of their own.

A runner in a container is the base image with this checkout and docker-py mounted into it, so
these tests need nothing to be built; the runner's real image has tests of its own.
"""

import contextlib
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker as docker_py
import pipecat_voice_test
from docker_engine import BASE_IMAGE, docker

GUEST = Path(__file__).parent / "guest.py"
SOURCE = Path(pipecat_voice_test.__file__).parents[1]
PACKAGES = Path(docker_py.__file__).parents[1]
SOCKET = "/var/run/docker.sock"

RUN = "io.pipecat-voice-test.run"

_START_S = 60.0


def name() -> str:
    """A name that nothing else on the engine has."""
    return f"pvt-test-{secrets.token_hex(4)}"


@dataclass
class Guest:
    """A runner that has its bot up.

    Attributes:
        process: The runner, or the `docker run` in front of it.
        container: Its container, if it is in one.
        said: What it told about itself.
    """

    process: subprocess.Popen[str]
    container: str = ""
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        return str(self.said["run"])

    def hear(self) -> None:
        """Wait until it has told how it went."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.said = json.loads(line or "null")
        if self.said is None:
            raise AssertionError(f"the runner said nothing: {self.process.communicate()[1]}")


@contextlib.contextmanager
def on_this_machine(then: str, network: str = "") -> Iterator[Guest]:
    """A runner as a process of ours."""
    with _running([sys.executable, str(GUEST), then, network], "") as guest:
        yield guest


@contextlib.contextmanager
def in_a_container(
    then: str, network: str = "", *, options: tuple[str, ...] = ()
) -> Iterator[Guest]:
    """A runner as the only program of a container."""
    container = name()
    command = ["docker", "run", "--rm", "--name", container, *mounts(), *options]
    command += [BASE_IMAGE, "python", "/guest.py", then, network]
    try:
        with _running(command, container) as guest:
            yield guest
    finally:
        docker("rm", "--force", "--volumes", container, check=False)


@contextlib.contextmanager
def inside(
    container: str, then: str, network: str = "", *, environ: Mapping[str, str] | None = None
) -> Iterator[Guest]:
    """A runner as one program of many in a container; its process id is in /tmp/guest.pid."""
    script = f"echo $$ >/tmp/guest.pid; exec python /guest.py {then} {network}"
    pairs = (environ or {}).items()
    settings = [word for name, value in pairs for word in ("--env", f"{name}={value}")]
    with _running(["docker", "exec", *settings, container, "sh", "-c", script], "") as guest:
        yield guest


def mounts(socket: str = SOCKET) -> list[str]:
    """What makes a runner of the base image."""
    shared = {SOURCE: "/source", PACKAGES: "/packages", GUEST: "/guest.py"}
    words = ["--volume", f"{SOCKET}:{socket}", "--env", "PYTHONPATH=/source:/packages"]
    words += ["--env", "PYTHONDONTWRITEBYTECODE=1"]
    for source, target in shared.items():
        words += ["--volume", f"{source}:{target}:ro"]
    return words


@contextlib.contextmanager
def _running(command: list[str], container: str) -> Iterator[Guest]:
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    guest = Guest(process, container)
    try:
        guest.hear()
        yield guest
    finally:
        if guest.said and process.poll() is None:
            process.kill()
            docker("rm", "--force", container, check=False) if container else None
        process.communicate(timeout=_START_S)
        if guest.said:
            assert wait_until_gone(guest.run_id, 30.0) is not None, left_of(guest.run_id)


def left_of(run_id: str) -> list[str]:
    """Everything that a run has on the engine."""
    label = f"label={RUN}={run_id}"
    listed = (
        docker("ps", "--all", "--quiet", "--filter", label),
        docker("network", "ls", "--quiet", "--filter", label),
        docker("volume", "ls", "--quiet", "--filter", label),
    )
    return [one for text in listed for one in text.split()]


def wait_until_gone(run_id: str, within_s: float) -> float | None:
    """How long it took until the run had nothing left; None if it still has."""
    began = time.monotonic()
    while left_of(run_id):
        if time.monotonic() - began > within_s:
            return None
        time.sleep(0.05)
    return time.monotonic() - began
