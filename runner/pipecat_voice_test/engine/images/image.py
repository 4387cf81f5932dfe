"""The image of a bot: there, pulled, or said why not."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from enum import StrEnum
from typing import Any

import requests
from docker import auth
from docker.credentials.errors import CredentialsNotFound, StoreError
from docker.errors import DockerException, ImageNotFound, NotFound
from docker.utils import parse_repository_tag
from docker.utils.json_stream import json_stream

from pipecat_voice_test.engine.client import Engine, engine_errors, is_lost, words_of
from pipecat_voice_test.engine.plain import Seldom, plain
from pipecat_voice_test.errors import ImageError

Tell = Callable[[str], None]

TELL_EVERY_S = 3.0


class Pull(StrEnum):
    """When an image is pulled."""

    MISSING = "missing"
    ALWAYS = "always"
    NEVER = "never"


# First match counts. Engines and registries differ in their words, not in what they mean.
_REASONS = (
    (
        r"invalid reference format|must be lowercase|invalid repository name",
        "that is no name of an image",
        "say it as `docker run` would take it, in lower case: `name:tag`.",
    ),
    (
        r"toomanyrequests|rate limit|too many requests",
        "the registry allows no more pulls for now",
        "`docker login` with an account that may pull more, or pull through a mirror,\n"
        "or have the image there before the run and say `--bot-pull missing`.",
    ),
    (
        r"pull access denied|repository does not exist|requested access to the resource is denied",
        "there is no such image, or we may not pull it",
        "build it first (`docker build -t {name} .`), or give its folder as `--bot-build`;\n"
        "or check the name; or `docker login` and `docker pull {name}` in a step before.",
    ),
    (
        r"unauthorized|authentication required|no basic auth|incorrect username|denied|forbidden",
        "the registry asks who we are",
        "`docker login {registry}` and `docker pull {name}` in a step before.",
    ),
    (
        r"manifest unknown|manifest for .* not found|name unknown|not found: manifest|no such image"
        r"|: not found$",
        "the registry has no such image or tag",
        "check name and tag: `docker pull {name}` must work.",
    ),
    (
        r"no matching manifest|does not match the specified platform",
        "the registry has it for other processors only",
        "build it for this machine's, or run where the image fits.",
    ),
    (
        r"no space left on device",
        "the engine's disk is full",
        "make room with `docker system df` and `docker system prune`.",
    ),
    (
        r"x509|certificate|server gave http response to https client",
        "the engine does not trust the registry",
        "let the engine trust it: its certificate under /etc/docker/certs.d/{registry}/,\n"
        "or `insecure-registries` in its daemon.json.",
    ),
    (
        r"dial tcp|lookup |no such host|connection refused|timeout|timed out|network is unreachable"
        r"|deadline exceeded|connection reset|server misbehaving|handshake|\beof\b|proxyconnect",
        "the registry could not be reached",
        "build the image first (`docker build -t {name} .`), or give its folder as `--bot-build`;\n"
        "or check the name ({registry} was asked) and the engine's network and proxy.",
    ),
)  # fmt: skip
_OTHER = ("the engine could not pull it", "`docker pull {name}` must work.")


def ensure_image(engine: Engine, name: str, pull: Pull | str, tell: Tell) -> str:
    """Have an image on the engine. Blocks for as long as that takes.

    Args:
        engine: Where.
        name: As for `docker run`; an id is fine.
        pull: When to ask its registry.
        tell: Given a line of progress every few seconds; what it raises ends the pull.

    Returns:
        The image's id.

    Raises:
        ImageError: It is not there and could not be pulled.
        EngineError: The engine could not be asked.
    """
    pull = Pull(pull)
    if pull is not Pull.ALWAYS:
        found = image_id(engine, name)
        if found:
            return found
        if pull is Pull.NEVER:
            raise ImageError(
                f"the image {name} is not there, and `--bot-pull never` forbids to pull it.",
                fix=f"build it first (`docker build -t {name} .`), or give its folder as\n"
                "`--bot-build`; or say `--bot-pull missing`.",
            )
    pull_image(engine, name, tell)
    found = image_id(engine, name)
    if not found:
        raise refused(name, "the engine pulled it, and has it not")
    return found


def image_id(engine: Engine, name: str) -> str:
    """The id of an image that is there, or nothing."""
    with engine_errors(f"look for the image {plain(name)}"):
        try:
            return str(engine.client.api.inspect_image(name)["Id"])
        except (ImageNotFound, NotFound):
            return ""
        except DockerException as error:
            if re.search(r"invalid reference format|must be lowercase", words_of(error)):
                raise refused(name, words_of(error)) from error
            raise


def pull_image(engine: Engine, name: str, tell: Tell) -> None:
    """Pull it, whether or not it is there.

    Raises:
        ImageError: It could not be pulled; the engine's own words are its evidence.
        EngineError: The engine went away.
    """
    repository, tag = parse_repository_tag(name)
    say = Seldom(tell, TELL_EVERY_S)
    say(f"pulling {name}")
    try:
        # Closed, the engine ends the pull; docker-py's own `pull` would leave that to chance.
        with closing(_begun(engine, repository, tag or "latest")) as response:
            for shown in _progress(json_stream(response.iter_content(None)), name):
                say(shown)
    except (StoreError, CredentialsNotFound) as error:
        raise refused(name, f"unauthorized: {error}") from error
    except (DockerException, requests.RequestException, OSError) as error:
        if not is_lost(error):
            raise refused(name, words_of(error)) from error
        with engine_errors(f"pull {name}"):
            raise


def _begun(engine: Engine, repository: str, tag: str) -> requests.Response:
    api = engine.client.api
    registry, _ = auth.resolve_repository_name(repository)
    header = auth.get_config_header(api, registry)
    response: requests.Response = api._post(
        api._url("/images/create"),
        params={"fromImage": repository, "tag": tag},
        headers={"X-Registry-Auth": header} if header else None,
        stream=True,
        timeout=None,
    )
    api._raise_for_status(response)
    return response


def _progress(events: Iterable[dict[str, Any]], name: str) -> Iterator[str]:
    """One line for each event, such as "pulling NAME: 3 of 7 layers"."""
    layers: dict[str, bool] = {}
    for event in events:
        if "error" in event:
            raise refused(name, str(event["error"]))
        status, layer = str(event.get("status", "")), str(event.get("id", ""))
        if status in ("Pull complete", "Already exists"):
            layers[layer] = True
        elif layer and not status.startswith("Pulling from"):
            layers.setdefault(layer, False)
        if layers:
            yield f"pulling {name}: {sum(layers.values())} of {len(layers)} layers"


def refused(name: str, words: str) -> ImageError:
    """Why an image cannot be had, by the words of an engine or a registry."""
    reason, fix = _OTHER
    for pattern, *sense in _REASONS:
        if re.search(pattern, words, re.IGNORECASE):
            reason, fix = sense
            break
    first = name.partition("/")[0]
    registry = first if "/" in name and re.search(r"[.:]|^localhost$", first) else "docker.io"
    return ImageError(
        f"the image {name} cannot be used: {reason}.",
        fix=fix.format(name=name, registry=registry),
        evidence=plain(words),
    )
