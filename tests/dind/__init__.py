"""A container engine in a container: what `docker:dind` is to a GitLab job."""

import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import docker.errors
import requests
from docker_engine import BASE_IMAGE
from docker_engine import docker as command
from images import built

# What such an engine needs where `--privileged` is refused.
_NEARLY_PRIVILEGED = (
    *("--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE"),
    *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
    *("--security-opt", "systempaths=unconfined"),
    *("--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw", "--cgroupns", "host"),
)
_START_S = 60.0
_OWN_NETWORKS = {"bridge", "host", "none"}


def image() -> str:
    return built("pvt-test-dind", Path(__file__).parent)


@cache
def privileges() -> tuple[str, ...]:
    """Options of `docker run` with which an engine can run in a container here."""
    try:
        command("run", "--rm", "--privileged", BASE_IMAGE, "true")
    except AssertionError:
        return _NEARLY_PRIVILEGED
    return ("--privileged",)


@dataclass(frozen=True)
class OtherEngine:
    """An engine that is not the one of this machine.

    Attributes:
        name: Of its container, and of a network in which it is known as `docker`.
        address: `DOCKER_HOST` on this machine.
        address_in_network: `DOCKER_HOST` in that network.
        client: A `docker.DockerClient`.
    """

    name: str
    address: str
    client: Any
    address_in_network: str = "tcp://docker:2375"

    def signal(self, name: str) -> None:
        """Send one to the engine itself; the containers on it get none."""
        command("kill", "--signal", name, self.name)

    def left(self) -> list[str]:
        """Containers and networks on it that it has not made for itself."""
        containers = [one["Names"][0] for one in self.client.api.containers(all=True)]
        networks = [one["Name"] for one in self.client.api.networks()]
        return containers + [name for name in networks if name not in _OWN_NETWORKS]


@contextmanager
def running(*images: str) -> Iterator[OtherEngine]:
    """Have one that has these images."""
    name = f"pvt-test-dind-{secrets.token_hex(4)}"
    command("network", "create", name)
    try:
        options = ("--network", name, "--network-alias", "docker", "--name", name)
        command("run", "--detach", *privileges(), *options, image())
        address = f"tcp://{_ip_of(name)}:2375"
        client = _connected(address)
        _hand_over(address, images)
        yield OtherEngine(name, address, client)
        client.close()
    finally:
        command("rm", "--force", "--volumes", name, check=False)
        command("network", "rm", name)


def _ip_of(name: str) -> str:
    return command(
        "inspect", "--format", f'{{{{(index .NetworkSettings.Networks "{name}").IPAddress}}}}', name
    )


def _connected(address: str) -> Any:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        with suppress(docker.errors.DockerException, requests.RequestException):
            return docker.DockerClient(base_url=address, timeout=20)
        time.sleep(0.1)
    raise AssertionError(f"no engine at {address}")


def _hand_over(address: str, images: tuple[str, ...]) -> None:
    with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saved:
        subprocess.run(
            ["docker", "--host", address, "load"],
            stdin=saved.stdout,
            check=True,
            capture_output=True,
            timeout=120.0,
        )
    assert saved.returncode == 0
