"""A container that waits for the end of our own, and removes what the run left on the engine.

It is made of our own image, for that one is here and holds this program, and it is given the
engine's socket and nothing else: no network, no capabilities, no files of ours. Where that does
not come to life, because the program was installed into the running container, we go on without.
"""

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import docker
from docker.types import LogConfig, Mount

import pipecat_voice_test
from pipecat_voice_test.engine.cleaning.ownership import ENGINE_TROUBLE
from pipecat_voice_test.engine.cleaning.watchdog import ON_DUTY
from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.places.surroundings import Home
from pipecat_voice_test.errors import EngineError

PROGRAM = (sys.executable, "-P", "-m", "pipecat_voice_test.engine.cleaning.watchdog")
PACKAGE_ROOT = Path(pipecat_voice_test.__file__).parents[1]

_MEMORY_BYTES = 128 * 1024 * 1024
_PIDS = 32
_ANSWER_S = 60.0

log = logging.getLogger(__name__)


class Reaper:
    """Started in a thread: it takes a third of a second, in which other things can be done."""

    def __init__(self, engine: Engine, options: Mapping[str, Any]) -> None:
        self._engine = engine
        self._options = dict(options)
        self._dismissed = False
        self._settled = threading.Event()
        threading.Thread(target=self._run, name="reaper", daemon=True).start()

    def settle(self, within_s: float) -> bool:
        """Wait until it runs or cannot; False if it is still being started."""
        return self._settled.wait(within_s)

    def dismiss(self, within_s: float) -> bool:
        """No more complaints from here on; False if it may yet appear."""
        self._dismissed = True
        return self.settle(within_s)

    def _run(self) -> None:
        said = ""
        try:
            with self._engine.spare(timeout_s=_ANSWER_S) as client:
                said = self._start_and_listen(client)
        except (*ENGINE_TROUBLE, EngineError) as error:
            said = str(error)
        finally:
            self._settled.set()
        if ON_DUTY not in said and not self._dismissed:
            log.warning(
                "if this whole container is killed, the bot's container will stay: no watcher"
                " could be started from this container's image: %s",
                said.strip()[-500:] or "it ended at once",
            )

    def _start_and_listen(self, client: docker.DockerClient) -> str:
        """What it said until it was on duty, or ended."""
        if self._dismissed:
            return ""
        container = client.containers.create(**self._options)
        container.start()
        self._settled.set()
        said = ""
        with contextlib.closing(container.logs(stream=True, follow=True)) as output:
            for chunk in output:
                said += chunk.decode(errors="replace")
                if ON_DUTY in said:
                    break
        return said


def reaper_options(
    home: Home, address: str, words: Sequence[str], labels: Mapping[str, str]
) -> dict[str, Any] | None:
    """For docker-py's `containers.create`; None if it could not reach the engine.

    Args:
        home: The container in which we run.
        address: The engine's, as in `DOCKER_HOST`.
        words: For the program.
        labels: For the container.
    """
    if home.attrs is None or not address.startswith("unix://"):
        return None
    socket = Path(address.removeprefix("unix://"))
    owned = home.attrs["Mounts"]
    if mount_holding(owned, socket) is None:
        return None
    needed = [socket, *(Path(path) for path in (sys.executable, sys.prefix, sys.base_prefix))]
    needed += _roots()
    host = home.attrs["HostConfig"]
    return {
        "image": home.attrs["Image"],
        "entrypoint": list(PROGRAM),
        "command": ["--runner", home.id, *words],
        "environment": {"DOCKER_HOST": address, **python_paths()},
        "labels": dict(labels),
        "auto_remove": True,
        "healthcheck": {"test": ["NONE"]},
        "log_config": LogConfig(type=LogConfig.types.JSON),  # Others cannot be read.
        "working_dir": "/",
        "user": f"{os.getuid()}:{os.getgid()}",
        "group_add": [str(group) for group in os.getgroups()],
        "network_mode": "none",
        "mounts": _mounts(owned, needed),
        "read_only": True,
        "cap_drop": ["ALL"],
        "cap_add": _capabilities(socket),
        "security_opt": ["no-new-privileges", *_selinux(host.get("SecurityOpt") or [])],
        "userns_mode": host.get("UsernsMode") or None,
        "mem_limit": _MEMORY_BYTES,
        "memswap_limit": _MEMORY_BYTES,
        "pids_limit": _PIDS,
    }


def mount_holding(owned: Iterable[Mapping[str, Any]], path: Path) -> Mapping[str, Any] | None:
    """The mount of our container in which a path lies; None if it is in the image."""
    path = path.resolve()
    holding = [
        one
        for one in owned
        if one.get("Type") in ("bind", "volume")
        and path.is_relative_to(Path(one["Destination"]).resolve())
    ]
    return max(holding, key=lambda one: len(Path(one["Destination"]).resolve().parts), default=None)


def _mounts(owned: Sequence[Mapping[str, Any]], needed: Iterable[Path]) -> list[Mount]:
    """Of what is mounted into us, what the program needs: the socket, and Python if it is there."""
    found = {
        one["Destination"]: one
        for path in needed
        if (one := mount_holding(owned, path)) is not None
    }
    return [
        Mount(
            target=target,
            source=one["Name"] if one["Type"] == "volume" else one["Source"],
            type=one["Type"],
            read_only=True,
        )
        for target, one in found.items()
    ]


def python_paths() -> dict[str, str]:
    """The environment in which `PROGRAM` is found, from whatever folder it is started."""
    paths = {
        "PYTHONPATH": os.pathsep.join(str(root) for root in _roots()),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for name in ("PYTHONHOME", "LD_LIBRARY_PATH"):
        if name in os.environ:
            paths[name] = os.environ[name]
    return paths


def _roots() -> list[Path]:
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return list(dict.fromkeys([PACKAGE_ROOT, *(Path(path).resolve() for path in given if path)]))


def _capabilities(socket: Path) -> list[str]:
    """Root without capabilities may only use what belongs to it; a socket may be a user's."""
    try:
        owner = socket.stat()
    except OSError:
        return []
    ours = owner.st_uid == os.getuid() or owner.st_gid in {os.getgid(), *os.getgroups()}
    return [] if ours or os.getuid() else ["DAC_OVERRIDE"]


def _selinux(options: Iterable[str]) -> list[str]:
    return [option for option in options if option.startswith("label")]
