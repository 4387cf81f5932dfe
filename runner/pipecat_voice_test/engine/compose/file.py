"""A user's Compose file in one run of ours: read once, its images built once."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.compose.command import Compose, Ended
from pipecat_voice_test.engine.compose.model import ComposeModel
from pipecat_voice_test.engine.compose.override import wanted_network
from pipecat_voice_test.engine.images.image import Pull, ensure_image
from pipecat_voice_test.engine.plain import last_lines
from pipecat_voice_test.errors import ImageError, UsageError

EVIDENCE_LINES = 30
_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
# What Compose does with an image of which the file says nothing else.
_PULLS = {
    "": Pull.MISSING,
    "missing": Pull.MISSING,
    "if_not_present": Pull.MISSING,
    "always": Pull.ALWAYS,
}


class ComposeFile:
    """What the bots of a run share of it.

    Attributes:
        shown: What to call it in messages.
        name: What to call its bot in messages and reports.
        needed: The bot's service, and those that it depends on; once `read`.
    """

    def __init__(
        self,
        path: Path,
        service: str | None,
        port: int,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Find the file; `path` may be its folder.

        Raises:
            UsageError: It is not there.
        """
        self.shown = str(path)
        self.name = f"`{service}` of {path}" if service else str(path)
        self._path = _found(path).absolute()
        self._service = service
        self._port = port
        self._environ = environ
        self._lock = threading.Lock()
        self._prepared = False
        self._model: ComposeModel | None = None
        self.needed: list[str] = []

    def read(self) -> ComposeModel:
        """What it says. Blocks for a tenth of a second the first time.

        Raises:
            EngineError: There is no Compose here.
            UsageError: It is no Compose file, or the bot cannot be told from it.
        """
        with self._lock:
            if self._model is None:
                model = self._config(self.compose())
                self.needed = model.needed_by(model.bot_service(self._service, self._port))
                self._model = model
            return self._model

    def wanted_network(self) -> str | None:
        """Which of the engine's networks it wants the bot in; raises what `read` does."""
        return wanted_network(self.read(), self.needed[0])

    def compose(self) -> Compose:
        """A Compose command for one bot; raises EngineError if there is none."""
        return Compose.find(self._environ)

    @property
    def folder(self) -> Path:
        """Where paths in it begin."""
        return self._path.parent

    def words(self, project: str) -> list[str]:
        """Of every command about it; our own additions come from standard input."""
        files = ["--file", str(self._path), "--file", "-"]
        return ["--progress", "plain", "--project-name", project, *files]

    def prepare_images(
        self,
        engine: Engine,
        tell: Callable[[str], None],
        build: Callable[[Sequence[str]], Ended],
    ) -> None:
        """Have the image of every needed service, once for all bots of the run. Blocks.

        Args:
            engine: Where.
            tell: Given lines of progress.
            build: Runs Compose to build these services.

        Raises:
            ImageError: One of them cannot be pulled or built.
            EngineError: The engine could not be asked.
        """
        with self._lock:
            if self._prepared:
                return
            model = self._model
            assert model is not None, "read it first"
            for name, pull in self._pulled(model):
                ensure_image(engine, name, pull, tell)
            services = list(model.built(self.needed))
            if services:
                ended = build(services)
                if ended.code:
                    raise self._not_built(services, ended)
            self._prepared = True

    def _pulled(self, model: ComposeModel) -> Iterator[tuple[str, Pull]]:
        """Those whose platform is the engine's own; Compose takes care of the others."""
        for name in self.needed:
            service = model.services[name]
            pull = _PULLS.get(str(service.get("pull_policy") or ""))
            if pull and service.get("image") and not {"build", "platform"} & service.keys():
                yield str(service["image"]).replace("$$", "$"), pull

    def _config(self, compose: Compose) -> ComposeModel:
        words = ["--file", str(self._path), "--profile", "*", "config", "--format", "json"]
        ended, printed = compose.ask(words)
        if ended.code:
            raise UsageError(
                f"{self.shown} cannot be used as a Compose file.",
                fix=f"mend it until `docker compose -f {self.shown} config` accepts it.",
                evidence="\n".join(last_lines(ended.printed, EVIDENCE_LINES)),
            )
        return ComposeModel.parse(self.shown, printed)

    def _not_built(self, services: Sequence[str], ended: Ended) -> Exception:
        names = " and ".join(f"`{name}`" for name in services)
        lines = last_lines(ended.printed, EVIDENCE_LINES)
        return ImageError(
            f"{self.shown}: the image of {names} could not be built.",
            fix="mend what its last lines complain about:"
            f" `docker compose -f {self.shown} build` must work.",
            evidence="\n".join(["Last lines of the build:", *(f"  {line}" for line in lines)]),
        )


def _found(path: Path) -> Path:
    if path.is_dir():
        for name in _NAMES:
            if (path / name).is_file():
                return path / name
    elif path.is_file():
        return path
    raise UsageError(
        f"there is no Compose file {path}.",
        fix="say where it is: `--bot-compose compose.yaml --bot-service NAME`.",
    )
