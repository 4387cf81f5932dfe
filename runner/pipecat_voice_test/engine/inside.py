"""What a container looks like from inside: where does something listen in it?

Images of bots hold a shell, or `cat`, or Python, or nothing of the kind. The last resort are the
engine's own processes, where we may see them.

Source: https://docs.kernel.org/networking/proc_net_tcp.html
"""

import contextlib
from pathlib import Path
from typing import Any

import requests
from docker.errors import DockerException

from pipecat_voice_test.engine.client import Engine

_FAILURES = (DockerException, requests.RequestException, OSError)
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_READ = f"print(*(open(name).read() for name in {_TABLES!r}))"
_WAYS = (("cat", *_TABLES), ("python3", "-c", _READ), ("python", "-c", _READ))


def socket_tables(engine: Engine, container_id: str, proc: Path = Path("/proc")) -> str | None:
    """`/proc/net/tcp` and `tcp6` of a container's network; None if shared or out of reach."""
    with contextlib.suppress(*_FAILURES), engine.spare() as client:
        attrs = client.api.inspect_container(container_id)
        if str(attrs["HostConfig"].get("NetworkMode")).startswith(("host", "container:")):
            return None
        for way in _WAYS:
            made = client.api.exec_create(container_id, list(way))["Id"]
            printed = client.api.exec_start(made)
            if client.api.exec_inspect(made)["ExitCode"] == 0:
                return str(printed.decode("utf-8", "replace"))
        return _tables_from_outside(container_id, proc / str(attrs["State"]["Pid"]))
    return None


def _tables_from_outside(container_id: str, process: Path) -> str | None:
    """Where the engine's processes are ours to see, and this is really the container's."""
    with contextlib.suppress(OSError):
        if container_id in (process / "cgroup").read_text():
            return "\n".join((process / "net" / name).read_text() for name in ("tcp", "tcp6"))
    return None


def exposed_ports(engine: Engine, container_id: str) -> tuple[int, ...]:
    """TCP ports that the image of a container says it has; none when nobody can tell."""
    with contextlib.suppress(*_FAILURES):
        image = engine.client.api.inspect_container(container_id)["Image"]
        found = (
            one.partition("/") for one in image_config(engine, image).get("ExposedPorts") or {}
        )
        return tuple(sorted(int(port) for port, _, kind in found if kind in ("", "tcp")))
    return ()


def image_config(engine: Engine, image: str) -> dict[str, Any]:
    """What an image says of its containers; raises what docker-py raises."""
    return dict(engine.client.api.inspect_image(image).get("Config") or {})
