"""Which of the things in a repository is the bot, and how it is started.

A Compose file counts where the bot needs what stands beside it; else a Dockerfile, for that is
what the team ships; else a Python file that is started as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from pipecat_voice_test.setup.containers import (
    PIPECAT_BASE,
    Container,
    Reader,
    find_containers,
)
from pipecat_voice_test.setup.reading.code import Code
from pipecat_voice_test.setup.reading.compose import NAMES, Service, read_compose
from pipecat_voice_test.setup.reading.dockerfile import Stage
from pipecat_voice_test.setup.reading.start import Start, understood
from pipecat_voice_test.setup.repository import Advice, folder_of, inside, joined

Way = Literal["build", "compose", "command", "url"]


@dataclass(frozen=True, slots=True)
class Launch:
    """How the bot is started.

    Attributes:
        folder: Where its code lies, seen from the repository.
        file: Where the start command stands.
        start: What is started in the container, as the service or the image say.
        script: Its Python file, if there is one and it is here.
        codes: What its Python files say, by path.
        others: Further files that were seen and might have been meant.
    """

    way: Way
    folder: str
    file: str
    container: Container | None = None
    service: Service | None = None
    start: Start | None = None
    script: str = ""
    codes: Mapping[str, Code] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    compose_file: str = ""

    @property
    def code(self) -> Code | None:
        """What the script says."""
        return self.codes.get(self.script)

    @property
    def variables(self) -> dict[str, str]:
        """What the container's environment is known to hold."""
        known = self.container.stage.variables if self.container else {}
        given = self.service.environment if self.service else {}
        return {**known, **{name: value for name, value in given.items() if value is not None}}

    @property
    def has_pipecats_server(self) -> bool:
        """The image comes with a server that calls the team's code."""
        container = self.container
        return container is not None and PIPECAT_BASE in container.stage.base and not self.start


def find_launch(reader: Reader, base: str) -> Launch:
    """The best way to start the bot that lies below the folder `base`."""
    files = [path for path in reader.files if inside(base, path)]
    services = _services(reader, files)
    containers = find_containers(reader, files, services)
    service_file, service = _bots_service(services, containers)
    if service is not None and service.needs:
        return _by_compose(reader, service_file, service, containers)
    if containers:
        return _by_build(reader, containers, [*services])
    return _by_command(reader, base)


# --- Compose --------------------------------------------------------------------------------


def _services(reader: Reader, files: Sequence[str]) -> dict[str, list[Service]]:
    found: dict[str, list[Service]] = {}
    for path in files:
        if PurePosixPath(path).name in NAMES:
            services = read_compose(reader.text(path), folder_of(path))
            if services is None:
                what = f"{path} was left out: it is no YAML that can be read."
                reader.advice.append(Advice(what, "mend it: `docker compose config` says where."))
            elif services:
                found[path] = services
    # The file nearest to the top, by the name that Compose takes first.
    order = sorted(found, key=lambda path: (path.count("/"), NAMES.index(PurePosixPath(path).name)))
    return {path: found[path] for path in order}


def _bots_service(
    services: Mapping[str, Sequence[Service]], containers: Sequence[Container]
) -> tuple[str, Service | None]:
    for path, found in services.items():
        built = [service for service in found if service.context is not None]
        best = max(built, key=lambda service: _service_fitness(service, containers), default=None)
        if best is not None:
            return path, best
    return "", None


def _service_fitness(service: Service, containers: Sequence[Container]) -> int:
    paths = [container.path for container in containers]
    rank = len(paths) - paths.index(service.dockerfile) if service.dockerfile in paths else 0
    words = f"{service.name} {' '.join(service.command.words if service.command else ())}".lower()
    return 10 * rank + 3 * any(word in words for word in ("bot", "agent", "voice", "pipecat"))


def _by_compose(
    reader: Reader, file: str, service: Service, containers: Sequence[Container]
) -> Launch:
    container = next((one for one in containers if one.path == service.dockerfile), None)
    stage = container.stage if container else Stage()
    said = service.command or service.entrypoint
    entrypoint = service.entrypoint or stage.entrypoint
    # An entrypoint of the service takes the image's command away.
    command = service.command or (None if service.entrypoint else stage.command)
    start = understood(entrypoint, command, stage.variables)
    folder = service.context or ""
    codes = reader.codes(folder)
    return Launch(
        "compose",
        folder,
        file if said or container is None else container.path,
        container,
        service,
        start,
        _script(start, folder, codes),
        codes,
        tuple(one.path for one in containers if one is not container),
        file,
    )


# --- Dockerfile -----------------------------------------------------------------------------


def _by_build(reader: Reader, containers: Sequence[Container], composes: Sequence[str]) -> Launch:
    best, *others = containers
    codes = reader.codes(best.context)
    return Launch(
        "build",
        best.context,
        best.path,
        best,
        start=best.start,
        script=_script(best.start, best.context, codes),
        codes=codes,
        others=(*(other.path for other in others), *composes),
    )


# --- Python ---------------------------------------------------------------------------------


def _by_command(reader: Reader, base: str) -> Launch:
    codes = reader.codes(base)
    able = [path for path, code in codes.items() if code.is_runner or code.servings]
    able = [path for path in able if codes[path].uses_pipecat or len(able) == 1]
    order = sorted(able, key=lambda path: (PurePosixPath(path).name != "bot.py", path.count("/")))
    if not order:
        return Launch("url", base, "", codes=codes)
    folder = folder_of(order[0])
    return Launch(
        "command", folder, order[0], script=order[0], codes=codes, others=tuple(order[1:])
    )


def _script(start: Start | None, folder: str, codes: Mapping[str, Code]) -> str:
    """The file of the repository that a container starts, wherever it was copied to."""
    if start is None or not start.script:
        return ""
    exact = joined(folder, start.script)
    if exact in codes:
        return exact
    name = PurePosixPath(start.script).name
    same = [path for path in codes if PurePosixPath(path).name == name]
    return min(same, key=lambda path: (path.count("/"), path), default="")
