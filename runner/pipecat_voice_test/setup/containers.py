"""The Dockerfiles of a repository, and which of them is most likely the bot's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipecat_voice_test.setup.reading.code import Code, read_code
from pipecat_voice_test.setup.reading.compose import Service
from pipecat_voice_test.setup.reading.dockerfile import Stage, read_dockerfile
from pipecat_voice_test.setup.reading.start import Start, understood
from pipecat_voice_test.setup.repository import (
    Advice,
    Repository,
    Unreadable,
    folder_of,
    inside,
    joined,
)

# Pipecat Cloud's image brings a server of its own that imports the team's bot.py.
# Source: https://docs.pipecat.ai/deployment/pipecat-cloud/fundamentals/agent-images
PIPECAT_BASE = "dailyco/pipecat-base"
_MOST_CODE_FILES = 400
_ASIDE = {
    "tests", "test", "docs", "doc", "examples", "example", "samples", "scripts", "client",
    "frontend", "web", "www", "ui", "webapp",
}  # fmt: skip
_OTHER_TRADES = ("node", "nginx", "npm", "caddy", "postgres", "redis", "httpd")


@dataclass(frozen=True, slots=True)
class Container:
    """A Dockerfile and what was understood of it."""

    path: str
    stage: Stage
    start: Start | None
    context: str


class Reader:
    """Reads files once, and remembers what it could not read as advice."""

    def __init__(self, repository: Repository) -> None:
        self.files = repository.files
        self.advice: list[Advice] = []
        self._repository = repository
        self._texts: dict[str, str] = {}
        self._codes: dict[str, Code | None] = {}

    def text(self, path: str) -> str:
        """What is in a file; nothing if it cannot be read."""
        if path not in self._texts:
            try:
                self._texts[path] = self._repository.text(path)
            except Unreadable as error:
                self._texts[path] = ""
                fix = "mend it, or say in voice-test.yaml how the bot is started."
                self.advice.append(Advice(f"{path} was left out: it {error}.", fix))
        return self._texts[path]

    def codes(self, folder: str) -> dict[str, Code]:
        """What the Python files below a folder say, those of its tests left out."""
        paths = [
            path
            for path in self.files
            if path.endswith(".py") and inside(folder, path) and not is_aside(path, folder)
        ]
        for path in paths[:_MOST_CODE_FILES]:
            if path not in self._codes:
                self._codes[path] = read_code(self.text(path))
        found = ((path, self._codes.get(path)) for path in paths)
        return {path: code for path, code in found if code is not None}


def find_containers(
    reader: Reader, files: Sequence[str], services: Mapping[str, Sequence[Service]]
) -> list[Container]:
    """Every Dockerfile, the one that is most likely the bot's first."""
    contexts = {
        service.dockerfile: service.context
        for found in services.values()
        for service in found
        if service.context is not None
    }
    found: list[Container] = []
    for path in files:
        if _is_dockerfile(path) and (stage := read_dockerfile(reader.text(path), path)):
            start = understood(stage.entrypoint, stage.command, stage.variables)
            context = contexts.get(path)
            context = _context(path, stage, reader.files) if context is None else context
            found.append(Container(path, stage, start, context))
    return sorted(found, key=lambda one: (-_fitness(one, reader), one.path.count("/"), one.path))


def _is_dockerfile(path: str) -> bool:
    name = PurePosixPath(path).name.lower()
    first, _, rest = name.partition(".")
    if first in ("dockerfile", "containerfile"):
        return rest != "dockerignore"
    return name.endswith(".dockerfile")


def _context(path: str, stage: Stage, files: Sequence[str]) -> str:
    """The folder to build: the nearest in which everything lies that is copied."""
    names = [source for source in stage.copied if not any(sign in source for sign in "*?[$")]
    wanted = [name for name in names if name.strip("./")]
    folder = folder_of(path)
    above = [folder]
    while folder:
        folder = folder_of(folder)
        above.append(folder)

    def missing(folder: str) -> int:
        places = [joined(folder, name.lstrip("/")) for name in wanted]
        return sum(not any(inside(place, file) for file in files) for place in places)

    if not wanted and names:  # `COPY . .`: a folder that has more in it than this file.
        return next((one for one in above if _has_code(one, files)), above[0])
    return min(above, key=missing)


def _has_code(folder: str, files: Sequence[str]) -> bool:
    return any(
        path.endswith((".py", "requirements.txt", "pyproject.toml"))
        for path in files
        if inside(folder, path)
    )


def _fitness(container: Container, reader: Reader) -> int:
    """How much a Dockerfile looks like the bot's."""
    stage, start, path = container.stage, container.start, container.path
    words = " ".join(start.words).lower() if start else ""
    points = 5 * (PIPECAT_BASE in stage.base)
    points += 4 * ("pipecat" in reader.text(path).lower())
    points += 4 * bool(mentions_pipecat(reader, container.context))
    points += 3 * ("bot.py" in words)
    points += 3 * any(code.is_phone for code in reader.codes(container.context).values())
    points += 2 * bool(start and start.program)
    points += bool(stage.ports) + (PurePosixPath(path).name == "Dockerfile")
    points -= 4 * is_aside(path, "")
    points -= 4 * any(trade in f"{stage.base} {words}".lower() for trade in _OTHER_TRADES)
    return points


def mentions_pipecat(reader: Reader, folder: str) -> str:
    """The file below a folder that asks for Pipecat; empty if none does."""
    for path in reader.files:
        name = PurePosixPath(path).name.lower()
        lists = name in ("pyproject.toml", "pipfile", "setup.py", "setup.cfg", "uv.lock")
        if inside(folder, path) and (lists or name.startswith("requirements")):
            for number, line in enumerate(reader.text(path).lower().splitlines(), 1):
                if "pipecat" in line and not line.lstrip().startswith("#"):
                    return f"{path}:{number}"
    return ""


def is_aside(path: str, folder: str) -> bool:
    """Whether a file below `folder` is not for the bot itself, such as a test."""
    *below, name = path[len(folder) :].strip("/").lower().split("/")
    is_test = name.startswith(("test_", "conftest")) or name.endswith("_test.py")
    return is_test or any(part in _ASIDE for part in below)
