"""What we add to a user's Compose file, as a second file laid over it.

Two runs may use the same file on the same engine at the same time, beside a developer's own. So
whatever the file gives a fixed name (`container_name:`, `name:` of volumes and networks) gets the
run's name instead: else one run would find, and in the end remove, the data of another. Whoever
was called by a `container_name:` still answers to it, inside the run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipecat_voice_test.engine.compose.host_paths import HostPaths
from pipecat_voice_test.engine.compose.model import ComposeModel
from pipecat_voice_test.errors import EngineError, UsageError

ROUTE = "pvt-route"
"""What the network by which we reach the bot is called in the file."""

_LOGGING = {"driver": "json-file", "options": {"max-size": "8m", "max-file": "1"}}
_HOST = "host"


class _Replaced:
    """Takes the place of what the file says, in contrast to being added to it."""

    def __init__(self, value: Any) -> None:
        self.value = value


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent(dumper: _Dumper, replaced: _Replaced) -> yaml.Node:
    if replaced.value is None:
        return dumper.represent_scalar("!reset", "null")
    node = dumper.represent_data(replaced.value)
    node.tag = "!override"
    return node


_Dumper.add_representer(_Replaced, _represent)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the services are to be for this run.

    Attributes:
        needed: The bot's service, and those that it depends on.
        project: Under which name Compose runs them.
        image_prefix: Of the names of images that are built for the run.
        port: Where the bot listens in its container.
        env: Laid over the environment of the bot.
        options: How the bot is found: `Lodging.create_options`.
        labels: For what a service, network or volume is to the run.
        init: Whether the bot is to have the engine's init, which passes signals on and reaps.
    """

    needed: Sequence[str]
    project: str
    image_prefix: str
    port: int
    env: Mapping[str, str]
    options: Mapping[str, Any]
    labels: Callable[[str], Mapping[str, str]]
    init: bool = False

    @property
    def bot(self) -> str:
        return self.needed[0]

    def image_of(self, service: str) -> str:
        return f"{self.image_prefix}-{service}".lower()


def wanted_network(model: ComposeModel, bot: str) -> str | None:
    """The engine's network in which the file wants the bot, for `Lodging.prepare`.

    Raises:
        UsageError: Nobody can be phoned there.
    """
    mode = str(model.services[bot].get("network_mode") or "")
    if mode in ("", "bridge", "default"):
        return None
    if mode == _HOST:
        return _HOST
    raise UsageError(
        f"the service `{bot}` of {model.file} has `network_mode: {mode}`, where it cannot be"
        " phoned.",
        fix="take `network_mode` out of it, or give it `networks:` instead.",
    )


def override(model: ComposeModel, wishes: Wishes, folder: Path, host_paths: HostPaths) -> str:
    """The second file, as YAML.

    Args:
        model: The first file.
        wishes: What it is to become.
        folder: Where the file is.
        host_paths: How the engine calls our folders.

    Raises:
        UsageError: The engine does not know a folder that is mounted.
        EngineError: The bot cannot have a network with what it depends on.
    """
    paths = _Paths(model.file, folder, host_paths)
    others = {key: _literal(value) for key, value in wishes.labels("service").items()}
    services = {name: _service(model, name, wishes, paths) for name in wishes.needed}
    for name in wishes.needed[1:]:
        services[name]["labels"] = others
    services[wishes.bot] |= _bot(model, wishes)
    added: dict[str, Any] = {
        "services": services,
        "networks": _of_this_run(model.networks, wishes, "network"),
        "volumes": _of_this_run(model.volumes, wishes, "volume"),
        "secrets": dict(_files(model.secrets, paths)),
        "configs": dict(_files(model.configs, paths)),
    }
    if network := wishes.options.get("network"):
        added["networks"][ROUTE] = {"external": True, "name": _literal(network)}
    return yaml.dump({key: value for key, value in added.items() if value}, Dumper=_Dumper)


def _service(model: ComposeModel, name: str, wishes: Wishes, paths: "_Paths") -> dict[str, Any]:
    service = model.services[name]
    added: dict[str, Any] = {}
    if "logging" not in service:
        added["logging"] = _LOGGING  # A flood of lines may not fill the engine's disk.
    if service.get("build") and not service.get("image"):
        added["image"] = wishes.image_of(name)
    if own := service.get("container_name"):
        added["container_name"] = _Replaced(None)
        if "network_mode" not in service:
            added["networks"] = _Replaced(_with_alias(service.get("networks"), own))
    if moved := list(_moved(service, name, paths)):
        added["volumes"] = moved
    return added


def _bot(model: ComposeModel, wishes: Wishes) -> dict[str, Any]:
    service, options = model.services[wishes.bot], wishes.options
    added: dict[str, Any] = {
        "labels": {key: _literal(value) for key, value in options["labels"].items()},
        "environment": {key: _literal(value) for key, value in wishes.env.items()},
        "logging": _Replaced(_LOGGING),  # Any other driver may keep what it prints from us.
        "restart": "no",  # Else its end would not be noticed.
        "init": wishes.init,
        "ports": _Replaced(list(_ports(options.get("ports") or {}))),
    }
    mode = options.get("network_mode")
    if mode is not None:
        if len(wishes.needed) > 1 and mode != _HOST:
            raise EngineError(
                f"this runner's container has no network that the bot and what it needs"
                f" ({', '.join(wishes.needed[1:])}) could share with it.",
                fix="start the runner without `--network none` and `--network container:…`.",
            )
        return {**added, "network_mode": mode, "networks": _Replaced(None)}
    networks = dict(service.get("networks") or {"default": None})
    if own := service.get("container_name"):
        networks = _with_alias(networks, own)
    if options.get("network"):
        networks[ROUTE] = None
    if service.get("network_mode"):
        added["network_mode"] = _Replaced(None)
    return {**added, "networks": _Replaced(networks)}


def _ports(ports: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Compose's long form of docker-py's `{"7860/tcp": ("127.0.0.1", None)}`."""
    for port, on in ports.items():
        number, _, protocol = port.partition("/")
        published: dict[str, Any] = {"target": int(number), "protocol": protocol or "tcp"}
        if on is not None:
            published["host_ip"] = on[0]
        yield published


def _with_alias(networks: Mapping[str, Any] | None, alias: str) -> dict[str, Any]:
    found = {}
    for name, end in (networks or {"default": None}).items():
        aliases = [*((end or {}).get("aliases") or ()), alias]
        found[name] = {**(end or {}), "aliases": list(dict.fromkeys(aliases))}
    return found


def _of_this_run(
    things: Mapping[str, Mapping[str, Any]], wishes: Wishes, role: str
) -> dict[str, dict[str, Any]]:
    labels = {key: _literal(value) for key, value in wishes.labels(role).items()}
    return {
        name: {"name": f"{wishes.project}_{name}", "labels": labels}
        for name, thing in things.items()
        if not thing.get("external")
    }


def _moved(service: Mapping[str, Any], name: str, paths: "_Paths") -> Iterator[dict[str, Any]]:
    """The folders it mounts, where the engine has another name for them."""
    for one in service.get("volumes") or ():
        if one.get("type") == "bind":
            known = paths.known(one["source"], f"mounts {{path}} into `{name}`")
            if known != one["source"]:
                yield {**one, "source": known}


def _files(
    things: Mapping[str, Mapping[str, Any]], paths: "_Paths"
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Secrets and configs; Compose mounts their files."""
    for name, thing in things.items():
        if file := thing.get("file"):
            known = paths.known(file, f"takes `{name}` from {{path}}")
            if known != file:
                yield name, {"file": known}


class _Paths:
    """The engine's names of files and folders that a Compose file mounts."""

    def __init__(self, file: str, folder: Path, host_paths: HostPaths) -> None:
        self._file = file
        # `../data` is meant to be ours as well.
        self._ours = folder if folder.parent == folder.parent.parent else folder.parent
        self._host_paths = host_paths

    def known(self, path: str, whose: str) -> str:
        """What to write in place of `path`; what is far from the file is the engine's own."""
        plain = path.replace("$$", "$")
        found = self._host_paths.find(plain)
        if found is not None:
            return _literal(found)
        if not Path(plain).is_relative_to(self._ours):
            return path
        raise UsageError(
            f"{self._file} {whose.format(path=plain)}, which the container engine does not know:"
            " it is in this runner's own container.",
            fix='start the runner with that folder mounted (`-v "$PWD":/repo`), or have the\n'
            "image of the service bring along what it needs with `COPY`.",
        )


def _literal(text: str) -> str:
    """Not to be filled in by Compose."""
    return text.replace("$", "$$")
