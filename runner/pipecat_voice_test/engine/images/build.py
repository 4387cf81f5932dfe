"""The image of a bot, built from its folder.

With BuildKit wherever the engine has it: Dockerfiles with `RUN --mount` and `COPY --link` need it,
Pipecat's own among them. Its API takes the folder as a tar, but lets nobody pull for it without a
session of gRPC, so an image that a step lacks is pulled by us and the build begun again; what was
built so far is cached.

Source: https://github.com/moby/moby/blob/v20.10.24/builder/builder-next/builder.go
"""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import requests
from docker.errors import DockerException
from docker.utils.json_stream import json_stream

from pipecat_voice_test.engine.cleaning.ownership import ROLE
from pipecat_voice_test.engine.client import Engine, engine_errors, is_lost, words_of
from pipecat_voice_test.engine.images.buildkit import Step, read_trace
from pipecat_voice_test.engine.images.context import BuildContext
from pipecat_voice_test.engine.images.image import Tell, pull_image
from pipecat_voice_test.engine.plain import Seldom, last_lines, plain
from pipecat_voice_test.errors import ImageError

EVIDENCE_LINES = 30
TELL_EVERY_S = 3.0
_WHAT_CHARACTERS = 200
_KEPT_CHARACTERS = 64 * 1024
_CLASSIC, _BUILDKIT = "1", "2"  # As the API's `version` has them.
BUILDKIT_API = (1, 39)
_LABELS = {ROLE: "image"}

_NO_SESSION = "no active session"
_NEEDED = re.compile(r"(?:load metadata for|resolve image config for) (?:docker-image://)?(\S+)")
_NO_BUILDKIT = re.compile(
    r"buildkit is not (?:supported|enabled)|invalid version|unsupported.*builder"
)
_NEEDS_MORE = re.compile(
    r"requires buildkit|unknown flag: (?:mount|link|chmod|checksum|parents|exclude|keep-git-dir)"
    r"|no active session|secret .* not found|ssh .*agent",
    re.IGNORECASE,
)


class _NoBuildKit(Exception):
    """This engine builds the old way only."""


class _Lacks(Exception):
    """A step needs the image of this name."""


def build_image(engine: Engine, folder: Path, dockerfile: str | None, tell: Tell) -> str:
    """Build a folder. Blocks for as long as that takes.

    The image has no name, but our label; layers stay in the engine's cache.

    Args:
        engine: Where.
        folder: What is built.
        dockerfile: Seen from the folder; None for its Dockerfile.
        tell: Given a line of progress every few seconds; what it raises ends the build.

    Returns:
        The image's id.

    Raises:
        UsageError: Folder or Dockerfile is not there.
        ImageError: It cannot be built; the evidence is the end of what the build printed.
        EngineError: The engine could not be asked.
    """
    build = _Build(engine, BuildContext.of(folder, dockerfile), tell, folder)
    version = tuple(int(part) for part in engine.client.api.api_version.split("."))
    builder = _BUILDKIT if version >= BUILDKIT_API else _CLASSIC
    while True:
        try:
            return build.run(builder)
        except _NoBuildKit:
            builder = _CLASSIC
        except _Lacks as lacks:
            build.pull(str(lacks))


class _Build:
    """One attempt."""

    def __init__(self, engine: Engine, context: BuildContext, tell: Tell, folder: Path) -> None:
        self._engine = engine
        self._context = context
        self._say = Seldom(tell, TELL_EVERY_S)
        self._folder = folder
        self._printed = ""
        self._lacking = ""  # What a step that failed was looking for.
        self._pulled: set[str] = set()
        self._image = ""

    def pull(self, name: str) -> None:
        """Have an image that a step lacked; the engine's own words if it cannot be had."""
        self._pulled.add(name)
        pull_image(self._engine, name, self._say)

    def run(self, builder: str) -> str:
        """The image's id.

        Raises:
            ImageError: It cannot be built.
            _Lacks: Not before an image is pulled.
            _NoBuildKit: Not by this builder.
        """
        self._printed = self._lacking = self._image = ""
        try:
            with closing(self._begun(builder)) as response:
                for event in json_stream(response.iter_content(None)):
                    self._take(event)
                    if "error" in event:
                        raise self._failed(str(event["error"]), builder)
        except (DockerException, requests.RequestException) as error:
            if not is_lost(error):
                raise self._failed(words_of(error), builder) from error
            with engine_errors(f"build {self._folder}"):
                raise
        if not self._image:
            raise self._failed("the engine named no image", builder)
        return self._image

    def _begun(self, builder: str) -> requests.Response:
        api = self._engine.client.api
        headers = {"Content-Type": "application/x-tar"}
        # docker-py's own `build` has no parameter for the builder's version.
        api._set_auth_headers(headers)
        response: requests.Response = api._post(
            api._url("/build"),
            params={
                "version": builder,
                "dockerfile": self._context.dockerfile_name,
                "labels": json.dumps(_LABELS),
                "buildargs": json.dumps(api._proxy_configs.get_environment()),
                "rm": "1",
                "forcerm": "1",
            },
            data=self._sent(),
            headers=headers,
            stream=True,
            timeout=None,
        )
        api._raise_for_status(response)
        return response

    def _sent(self) -> Iterator[bytes]:
        sent_bytes = 0
        try:
            for piece in self._context.tar():
                yield piece
                sent_bytes += len(piece)
                self._say(f"building {self._folder}: {sent_bytes / 1e6:.0f} MB of it sent")
        except OSError as error:  # Which would pass for one of the connection.
            raise ImageError(
                f"{self._folder} could not be sent to the engine: {error}.",
                fix="make that file readable, or name it in `.dockerignore`.",
            ) from error

    def _take(self, event: dict[str, Any]) -> None:
        aux = event.get("aux")
        if event.get("id") == "moby.buildkit.trace":
            steps, printed = read_trace(str(aux))
            for step in steps:
                self._take_step(step)
            self._print(printed)
        elif isinstance(aux, dict) and "ID" in aux:
            self._image = str(aux["ID"])
        elif "stream" in event:
            text = str(event["stream"])
            if text.startswith("Step "):
                self._say(f"building {self._folder}: {text.strip()}")
            self._print(text)

    def _take_step(self, step: Step) -> None:
        if step.running:
            self._say(f"building {self._folder}: {step.name}")
        needed = _NEEDED.search(step.name)
        if needed and step.error:
            self._lacking = needed.group(1)

    def _print(self, text: str) -> None:
        self._printed = (self._printed + text)[-_KEPT_CHARACTERS:]

    def _failed(self, words: str, builder: str) -> Exception:
        if builder == _BUILDKIT:
            if self._lacking and self._lacking not in self._pulled:
                return _Lacks(self._lacking)
            if _NO_BUILDKIT.search(words) or (self._lacking and _NO_SESSION in words):
                return _NoBuildKit(words)
        lines = last_lines(self._printed + "\n" + words, EVIDENCE_LINES)
        return ImageError(
            f"{self._folder} could not be built: {_shortened(words)}",
            fix=remedy(words, self._context.dockerfile.read_text("utf-8", "replace")),
            evidence="\n".join(["Last lines of the build:", *(f"  {line}" for line in lines)]),
        )


def remedy(words: str, dockerfile: str) -> str:
    """What to do about a failed build, by the engine's words and the text of the Dockerfile."""
    if _NEEDS_MORE.search(words):
        return (
            "this Dockerfile needs more of BuildKit than can be had here: build it in a step\n"
            "before with `docker build -t bot .` and give `--bot-image bot`."
        )
    if "unknown instruction" in words and "<<" in dockerfile:
        return "for heredocs make `# syntax=docker/dockerfile:1` the Dockerfile's first line."
    return "mend what its last lines complain about: `docker build` must work on the folder."


def _shortened(words: str) -> str:
    first = next(iter(plain(words).splitlines()), "")
    return first if len(first) <= _WHAT_CHARACTERS else first[: _WHAT_CHARACTERS - 1] + "…"
