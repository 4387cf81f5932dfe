"""Where are we: on the engine's machine, in one of its containers, or somewhere else?

A container does not know its own id. Docker mounts three files of a container's folder into it,
so `/proc/self/mountinfo` names that folder; whether the id in it means us is asked of the
engine, for a socket may lead to another engine. A container in `--network container:x` has the
files of `x`: there the writable layer of the root file system tells the two apart.

Sources: proc_pid_mountinfo(5); measured with Docker 20.10.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from urllib.parse import urlsplit

import docker
import docker.errors

from pipecat_voice_test.engine.client import engine_errors

_OWN_FILES = {"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"}
_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_THIS_MACHINE = {"", "localhost", "127.0.0.1", "::1", "0.0.0.0"}


class AnEngine(Protocol):
    """What is needed of an `Engine`."""

    client: docker.DockerClient
    address: str


@dataclass(frozen=True, slots=True)
class Network:
    """A network of the engine.

    Attributes:
        driver: "bridge", "overlay", "host", "null", …
        internal: It leads nowhere else, so nothing in it can be published either.
        gateway: The engine's machine as seen from our own end in it; empty if unknown.
        default: The engine's own `bridge`, which knows no names.
    """

    name: str
    id: str
    driver: str = "bridge"
    internal: bool = False
    gateway: str = ""
    default: bool = False


@dataclass(frozen=True, slots=True)
class Home:
    """The container of this engine in which we run.

    Attributes:
        id: Its id; empty if it shares another container's network and cannot be told from it.
        stack: The container whose network it uses; its own id, but for `--network container:x`.
        on_host: It uses the network of the engine's machine.
        networks: Those of `stack`, without `host` and `none`.
        attrs: What the engine says of the container `id`.
    """

    id: str
    stack: str
    on_host: bool = False
    networks: tuple[Network, ...] = ()
    attrs: Mapping[str, Any] | None = None

    @property
    def shares_stack(self) -> bool:
        return self.id != self.stack


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is to know before a bot's container can be phoned.

    Attributes:
        engine_host: The machine at which the engine publishes ports; empty if it is this one.
        home: Our own container, or None on a machine or in a container of another engine.
    """

    engine_host: str = ""
    home: Home | None = None


def look_around(engine: AnEngine, proc: Path = Path("/proc/self")) -> Surroundings:
    """Find out where we are.

    Raises:
        EngineError: The engine does not answer.
    """
    with engine_errors("say what it runs"):
        return Surroundings(engine_host(engine.address), _home(engine.client.api, proc))


def engine_host(address: str) -> str:
    """The machine of an engine's address, as in `DOCKER_HOST`; empty for this machine."""
    if "://" not in address:
        address = f"tcp://{address}"
    parts = urlsplit(address)
    if parts.scheme in ("unix", "npipe", "fd"):
        return ""
    host = parts.hostname or ""
    return "" if host in _THIS_MACHINE else host


def network_of(client: Any, name: str) -> Network | None:
    """A network by its name or id; None if there is none."""
    try:
        return _network(client.api.inspect_network(name))
    except docker.errors.NotFound:
        return None


def container_ids(mountinfo: str, cgroup: str = "") -> list[str]:
    """The ids that may be our own container's, most likely first.

    Args:
        mountinfo: Text of `/proc/self/mountinfo`. Docker, Podman and containerd lay out their
            folders differently, but the last part of 64 hexadecimal digits is the id.
        cgroup: Text of `/proc/self/cgroup`, believed only if `mountinfo` names nobody: within
            a container of a container it may name the outer one.
    """
    lines = [line.split(" ") for line in mountinfo.splitlines()]
    sources = [words[3] for words in lines if len(words) > 4 and words[4] in _OWN_FILES]
    if not any(_ID.search(source) for source in sources):
        sources = cgroup.splitlines()
    found = [ids[-1] for source in sources if (ids := _ID.findall(source))]
    return sorted(set(found), key=lambda one: (-found.count(one), found.index(one)))


def writable_layer(mountinfo: str) -> str:
    """The last two parts of the folder that overlays our root file system; empty if unknown.

    Long mount options are given relative to a folder, so the parts before do not count.
    """
    for line in mountinfo.splitlines():
        words = line.split(" ")
        if len(words) > 4 and words[4] == "/":
            upper = re.search(r"[ ,]upperdir=([^,]+)", line)
            return _last_two(upper[1]) if upper else ""
    return ""


def _last_two(folder: str) -> str:
    return "/".join(PurePosixPath(folder).parts[-2:])


def _home(api: Any, proc: Path) -> Home | None:
    mountinfo = _text(proc / "mountinfo")
    layer = writable_layer(mountinfo)
    for candidate in container_ids(mountinfo, _text(proc / "cgroup")):
        stack = _inspect(api, candidate)
        if stack is None:
            continue
        own = _among_sharers(api, stack, layer)
        return Home(
            id=own["Id"] if own else "",
            stack=stack["Id"],
            on_host=stack["HostConfig"].get("NetworkMode") == "host",
            networks=_networks(api, stack),
            attrs=own,
        )
    return None


def _among_sharers(api: Any, stack: Mapping[str, Any], layer: str) -> Mapping[str, Any] | None:
    """Which of the containers that use this one's network we are; None if that is not clear."""
    if layer and _layer(stack) == layer:
        return stack
    sharing = (f"container:{stack['Id']}", f"container:{stack['Name'].removeprefix('/')}")
    sharers = [
        one["Id"]
        for one in api.containers()
        if one.get("HostConfig", {}).get("NetworkMode") in sharing
    ]
    if not sharers:
        return stack
    inspected = [_inspect(api, one) for one in sharers]
    return next((one for one in inspected if one and layer and _layer(one) == layer), None)


def _layer(attrs: Mapping[str, Any]) -> str:
    data = (attrs.get("GraphDriver") or {}).get("Data") or {}
    return _last_two(data.get("UpperDir") or "")


def _inspect(api: Any, container: str) -> Mapping[str, Any] | None:
    """None if it is not there, or if a proxy before the engine does not let us ask."""
    try:
        found: Mapping[str, Any] = api.inspect_container(container)
    except docker.errors.APIError as error:
        if error.status_code in (403, 404):
            return None
        raise
    return found


def _networks(api: Any, attrs: Mapping[str, Any]) -> tuple[Network, ...]:
    ends = (attrs["NetworkSettings"].get("Networks") or {}).items()
    found = []
    for name, end in ends:
        try:
            network = _network(api.inspect_network(end.get("NetworkID") or name), end)
        except docker.errors.APIError:
            continue  # Not ours to see, so not ours to join.
        if network.driver not in ("host", "null"):
            found.append(network)
    return tuple(found)


def _network(attrs: Mapping[str, Any], end: Mapping[str, Any] | None = None) -> Network:
    end = end or {}
    return Network(
        name=attrs["Name"],
        id=attrs["Id"],
        driver=attrs.get("Driver", ""),
        internal=bool(attrs.get("Internal")),
        gateway=end.get("Gateway") or end.get("IPv6Gateway") or "",
        default=(attrs.get("Options") or {}).get("com.docker.network.bridge.default_bridge")
        == "true"
        or attrs["Name"] in ("bridge", "podman"),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""  # Not Linux, so not in a container.
