"""Which runner started something, and is it still at work?

A label on everything we create says it: a later run, in another process, container or on
another day, must be able to tell what is in use from what was left behind.
"""

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import docker.errors

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Runner:
    """A process, as precisely as the machine can name it.

    Process ids are used again, so the moment of its start is part of its name; they also mean
    nothing after a restart of the machine, nor in another pid namespace.

    Attributes:
        machine: Its boot, or its host name where there is no boot id.
        pid_namespace: Within which `pid` means something; empty where there are none.
        pid: Its process id there.
        started: When it began, in the kernel's clock ticks; empty where that is not known.
        container: The id of the container in which it runs, if the engine knows it.
    """

    machine: str
    pid_namespace: str
    pid: int
    started: str
    container: str = ""

    @classmethod
    def here(cls, container: str = "") -> Self:
        """This process."""
        return cls(_machine(), _pid_namespace(), os.getpid(), started_at(os.getpid()), container)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """What `str` made; None if it is not that."""
        parts = text.split("/")
        if len(parts) != 5 or not parts[2].isdecimal():
            return None
        return cls(parts[0], parts[1], int(parts[2]), parts[3], parts[4])

    def __str__(self) -> str:
        return "/".join(
            (self.machine, self.pid_namespace, str(self.pid), self.started, self.container)
        )

    def is_alive(self, client: Any) -> bool | None:
        """Whether it is still at work; None if that cannot be told from here.

        Args:
            client: The engine on which it left its label.
        """
        if self.machine == _machine() and self.pid_namespace == _pid_namespace():
            return self._is_this_process()
        if self.container:
            return is_running(client, self.container)
        if self.machine != _machine() and _is_local(client):
            return False  # This machine was started again since.
        return None

    def _is_this_process(self) -> bool | None:
        started = started_at(self.pid)
        if started or not self.started:
            return started == self.started and _may_signal(self.pid) is not False
        return None if _may_signal(self.pid) is None else False  # Hidden from us, or a zombie.


def is_running(client: Any, container: str) -> bool | None:
    """Whether a container runs; None if the engine will not say."""
    try:
        return bool(client.api.inspect_container(container)["State"]["Running"])
    except docker.errors.NotFound:
        return False
    except docker.errors.APIError:
        return None


def _is_local(client: Any) -> bool:
    """Whether the engine is asked by a socket file, which does not lead to other machines."""
    return str(client.api.base_url).startswith("http+docker://local")


def _machine() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return socket.gethostname().replace("/", "-")


def _pid_namespace() -> str:
    try:
        return (_PROC / "self/ns/pid").readlink().name
    except OSError:
        return ""


def _may_signal(pid: int) -> bool | None:
    """False if there is no such process; None if it is somebody else's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return None
    return True


def started_at(pid: int) -> str:
    """When a process began, in clock ticks since the machine started; empty if it has ended."""
    # Field 22 of `stat`, counted from behind the process's name, which may hold anything.
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in ("Z", "X") else fields[19]
