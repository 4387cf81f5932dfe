"""One container of a bot: how it is held in, what it prints, how it ends.

The bot is not trusted: it gets no capabilities, no more memory, processor time and processes
than it was given, no mounts, and of the environment what it is meant to have.
"""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import requests
from docker.errors import DockerException, NotFound
from docker.types import LogConfig

from pipecat_voice_test.engine.client import Engine, engine_errors, is_lost
from pipecat_voice_test.engine.inside import exposed_ports, image_config, socket_tables
from pipecat_voice_test.engine.output import closed, endless, follow

MIB, GIB = 1024**2, 1024**3
# We read what it prints ourselves; the engine's own copy may not fill the disk.
_LOG = LogConfig(type="json-file", config={"max-size": "8m", "max-file": "1"})
_FAILURES = (DockerException, requests.RequestException, OSError)
_OWN_INIT = {"init", "s6-svscan", "systemd"}  # Which insist on being process 1.

# What keeps a container from being made or started, in the engine's words.
_ADVICE = (
    (
        r"port is already allocated|address already in use",
        "end what holds that port, such as an earlier bot: `docker ps` shows it.",
    ),
    (
        r"no command specified",
        "say what is to run as `--bot-args`, or give the image a CMD.",
    ),
    (
        r"exec.*(?:not found|no such file|permission denied|format error)",
        "correct `--bot-args`, or the image's ENTRYPOINT and CMD: `docker run` must start it.",
    ),
    (
        r"unable to find (?:user|group)|passwd file|group file",
        "`--bot-user` must be a user of the image, or a number such as 1000:1000.",
    ),
    (r"capabilit", "say `--bot-cap-add` as for `docker run --cap-add`, such as NET_RAW."),
    (
        r"network .*not found|no such network",
        "`docker network ls` shows what `--bot-network` may name.",
    ),
    (r"add-host|extra host|invalid IP", "say `--bot-add-host NAME:IP`, or `NAME:host-gateway`."),
    (r"memory", "give another `--bot-memory`, such as 4g."),
    (r"\bcpus?\b|nanocpus", "give another `--bot-cpus`, such as 2."),
    (r"no such image", "somebody removed the image: run again, or say `--bot-pull always`."),
    (r"no space left", "make room on the engine's disk: `docker system df` shows what is there."),
)


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """What a bot's container is to be.

    Attributes:
        image: Name or id of an image that is there.
        port: Where the bot listens inside.
        env: All that is added to the image's own environment.
        args: In place of the image's CMD; none means that.
        user: As in `docker run --user`; empty means the image's.
        cpus: Share of the engine's processors; more than it has means all.
        pids: Processes and threads at once.
        read_only: No writing but to a `/tmp` in memory.
        cap_add: Capabilities it keeps; all others are dropped.
        add_hosts: Names it can resolve besides, with their addresses.
    """

    image: str
    port: int
    env: Mapping[str, str] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    user: str = ""
    memory_bytes: int = 4 * GIB
    cpus: float = 2.0
    pids: int = 512
    read_only: bool = False
    cap_add: tuple[str, ...] = ()
    add_hosts: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


def create_container(engine: Engine, spec: ContainerSpec, options: Mapping[str, Any]) -> str:
    """Make it, not yet running.

    Args:
        engine: Where.
        spec: What it may do.
        options: Where it is found: `Lodging.create_options`.

    Returns:
        Its id.

    Raises:
        EngineError: The engine will not have it so.
    """
    # Ours passes signals on and reaps, so that shells end at once.
    init = not brings_an_init(engine, spec.image)
    with engine_errors("create the bot's container", _ADVICE):
        wanted = {
            **_limits(engine, spec),
            **options,
            "labels": {**options.get("labels", {}), **spec.labels},
            "init": init,
        }
        container = engine.client.containers.create(spec.image, list(spec.args) or None, **wanted)
    return str(container.id)


def brings_an_init(engine: Engine, image: str) -> bool:
    """Whether its own program insists on being process 1, so that ours may not be; or raises."""
    with engine_errors("look at the bot's image"):
        entrypoint = image_config(engine, image).get("Entrypoint") or [""]
    return PurePosixPath(entrypoint[0]).name in _OWN_INIT


def _limits(engine: Engine, spec: ContainerSpec) -> dict[str, Any]:
    return {
        "environment": dict(spec.env),
        "use_config_proxy": False,
        "user": spec.user or None,
        "cap_drop": ["ALL"],
        "cap_add": list(spec.cap_add) or None,
        "security_opt": ["no-new-privileges"],
        "mem_limit": spec.memory_bytes,
        "memswap_limit": spec.memory_bytes,
        "nano_cpus": int(min(spec.cpus, engine.cpus) * 1e9),
        "pids_limit": spec.pids,
        "read_only": spec.read_only,
        "tmpfs": {"/tmp": ""} if spec.read_only else None,
        "extra_hosts": dict(spec.add_hosts) or None,
        "log_config": _LOG,
    }


class Tenant:
    """A container of a bot, from before its start to its removal.

    Attributes:
        id: The engine's full id of it.
    """

    def __init__(self, engine: Engine, container_id: str, append: Callable[[bytes], None]) -> None:
        """Take it over; `append` will be given what it prints, in a thread."""
        self.id = container_id
        self._engine = engine
        self._append = append
        self._ended: str | None = None
        self._leaving = self._gone = False
        self._reader: threading.Thread | None = None

    def follow(self) -> None:
        """Read what it prints from now on, and notice its end. Before its start: all it prints.

        Raises:
            EngineError: The engine does not let us.
        """
        with engine_errors("show what the bot prints"):
            attrs = self.attrs()
            stream = self._engine.client.api.attach_socket(
                self.id, params={"stdout": 1, "stderr": 1, "stream": 1}
            )
        framed = not attrs["Config"].get("Tty")
        self._reader = threading.Thread(
            target=self._watch, args=(endless(stream), framed), daemon=True
        )
        self._reader.start()

    def begin(self) -> dict[str, Any]:
        """Start it.

        Returns:
            Its `attrs`, from which `Lodging.address` tells where it is.

        Raises:
            EngineError: The engine could not; nothing of it runs.
        """
        with engine_errors("start the bot's container", _ADVICE):
            self._engine.client.api.start(self.id)
            return self.attrs()

    def attrs(self) -> dict[str, Any]:
        """All that the engine knows of it; raises what docker-py raises."""
        found: dict[str, Any] = self._engine.client.api.inspect_container(self.id)
        return found

    def health(self) -> dict[str, Any]:
        """What its own health check says; empty without one, and when nobody can tell."""
        with contextlib.suppress(*_FAILURES):
            return dict(self.attrs()["State"].get("Health") or {})
        return {}

    def exposed_ports(self) -> tuple[int, ...]:
        """TCP ports that its image says it has."""
        return exposed_ports(self._engine, self.id)

    def socket_tables(self) -> str | None:
        """`/proc/net/tcp` and `tcp6` of its network; None if they are shared or out of reach."""
        return socket_tables(self._engine, self.id)

    def ended(self) -> str | None:
        """How it ended ("exited with code 3"), or None while it runs."""
        return self._ended

    def wait_for_output(self, timeout_s: float) -> None:
        """Let the last lines arrive after the end."""
        if self._reader is not None:
            self._reader.join(timeout_s)

    def stop(self, timeout_s: float) -> None:
        """Ask it to end, end it after `timeout_s`, remove it; whatever goes wrong."""
        self._leaving = True
        if not self._gone:
            # A connection of its own, for an engine that hangs must not hold up the end.
            with self._as_far_as_it_goes(), self._engine.spare() as client:
                client.api.stop(self.id, timeout=round(timeout_s))
            self.wait_for_output(1.0)
        self.kill_now()

    def kill_now(self) -> None:
        """End and remove it at once; may be called in a signal handler, and twice."""
        self._leaving = True
        if not self._gone:
            with self._as_far_as_it_goes(), self._engine.spare() as client:
                client.api.remove_container(self.id, v=True, force=True)
                self._gone = True

    @contextlib.contextmanager
    def _as_far_as_it_goes(self) -> Iterator[None]:
        """Nothing is raised; what is gone, or cannot be asked, is not asked again."""
        try:
            yield
        except _FAILURES as error:
            self._gone = isinstance(error, NotFound) or is_lost(error)

    def _watch(self, stream: Any, framed: bool) -> None:
        """In a thread: to the end of what it prints, then to its end."""
        try:
            follow(stream, self._append, framed=framed)
        finally:
            closed(stream)
        self._ended = self._end()

    def _end(self) -> str | None:
        try:
            self._engine.knock()
            # A bot may close its output and live on.
            self._engine.client.api.wait(self.id, timeout=None)
            return how_it_ended(self.attrs())
        except NotFound:
            return "was removed by somebody else" if not self._leaving else None
        except _FAILURES:
            return "was lost: the container engine no longer answers"


def how_it_ended(attrs: Mapping[str, Any]) -> str:
    """Such as "exited with code 3", by the `attrs` of a container that runs no longer."""
    state = attrs["State"]
    code = int(state.get("ExitCode") or 0)
    if state.get("OOMKilled"):
        limit = int(attrs["HostConfig"].get("Memory") or 0)
        of = f" of {_size(limit)}" if limit else ""
        return f"was killed for using more than its memory limit{of} (exit code {code}, OOM killed)"
    # The shell's convention, which the engine and its init keep: 128 and the signal's number.
    with contextlib.suppress(ValueError):
        if code > 128:
            return f"was ended by {signal.Signals(code - 128).name} (exit code {code})"
    return f"exited with code {code}"


def _size(count_bytes: int) -> str:
    return f"{count_bytes / GIB:.1f} GiB" if count_bytes >= GIB else f"{count_bytes / MIB:.0f} MiB"
