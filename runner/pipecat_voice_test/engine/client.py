"""The container engine: where it is, whether we may use it, and what it says when it will not.

Which engine is asked follows the `docker` command: `DOCKER_HOST`, else the current context, else
the socket of this machine.

Source: https://docs.docker.com/engine/manage-resources/contexts/
"""

import contextlib
import os
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import docker
import requests
from docker.context import ContextAPI
from docker.errors import APIError, DockerException
from docker.utils import kwargs_from_env

from pipecat_voice_test.engine.plain import plain
from pipecat_voice_test.engine.tls import EngineTLS
from pipecat_voice_test.errors import EngineError

_SOCKET = "/var/run/docker.sock"
DEFAULT_ADDRESS = f"unix://{_SOCKET}"
CONNECT_S = 10.0
ANSWER_S = 60.0
SHORT_S = 5.0  # For those who may not wait: a signal handler, a bot's end.

Advice = Sequence[tuple[str, str]]

_SOCKET_GONE = (FileNotFoundError, ConnectionRefusedError)


class Engine:
    """A connection to a container engine.

    Attributes:
        client: The whole API.
        address: As in `DOCKER_HOST`.
    """

    def __init__(self, client: docker.DockerClient, address: str, settings: dict[str, Any]) -> None:
        self.client = client
        self.address = address
        self._settings = settings

    @classmethod
    def connect(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Find the engine and ask for its version.

        Raises:
            EngineError: It is not there, does not answer, or we may not use it.
        """
        address = environ.get("DOCKER_HOST") or DEFAULT_ADDRESS
        try:
            address, settings = _found(environ)
            if address.startswith("ssh://"):
                raise EngineError(
                    f"the container engine at {address} is behind ssh, where no bot can be called.",
                    fix="run this on that machine, or name an engine as unix:// or tcp:// in"
                    " DOCKER_HOST.",
                )
            _knock(address)
            client = docker.DockerClient(timeout=CONNECT_S, **settings)
        except (DockerException, requests.RequestException, OSError, ValueError) as error:
            raise _unreachable(address, error) from error
        client.api.timeout = ANSWER_S
        settings["version"] = client.api.api_version
        return cls(client, address, settings)

    @cached_property
    def cpus(self) -> int:
        """How many CPUs the engine has to give."""
        return int(self.client.info().get("NCPU") or 1)

    @contextlib.contextmanager
    def spare(self, timeout_s: float = SHORT_S) -> Iterator[docker.DockerClient]:
        """A connection of its own: safe in a signal handler, and never waiting for long."""
        self.knock()
        client = docker.DockerClient(timeout=timeout_s, **self._settings)
        try:
            yield client
        finally:
            client.close()

    def knock(self) -> None:
        """Raise OSError where the engine's socket is gone; docker-py would leave one open."""
        _knock(self.address)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.client.close()


@contextlib.contextmanager
def engine_errors(doing: str, advice: Advice = ()) -> Iterator[None]:
    """Let whatever the engine refuses become an `EngineError`.

    Args:
        doing: As in "create a network".
        advice: Patterns of the engine's words, and what to do about it; the first that fits.
    """
    try:
        yield
    except (DockerException, requests.RequestException, OSError) as error:
        words = words_of(error)
        if is_lost(error):
            raise EngineError(
                f"the container engine no longer answers: it could not {doing}.",
                fix="look at the engine's own log, and run again when `docker version` shows a"
                " server.",
                evidence=words,
            ) from error
        fits = (fix for pattern, fix in advice if re.search(pattern, words, re.IGNORECASE))
        raise EngineError(
            f"the container engine could not {doing}.",
            fix=next(fits, "its own words say why."),
            evidence=plain(words),
        ) from error


def words_of(error: BaseException) -> str:
    """What the engine itself said, without the wrapping of libraries."""
    if isinstance(error, APIError) and error.explanation:
        return str(error.explanation).strip()
    cause = _root(error)
    text = str(cause if isinstance(cause, OSError) else error).strip()
    return re.sub(r"^\('Connection aborted\.', (.*)\)$", r"\1", text)


def is_lost(error: BaseException) -> bool:
    """Whether the engine did not answer at all, in contrast to refusing."""
    if isinstance(error, APIError):
        return False
    return isinstance(
        error,
        requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError
        | OSError,
    )  # fmt: skip


def _found(environ: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Address and connection settings, as the `docker` command would have them."""
    settings: dict[str, Any] = kwargs_from_env(environment={"": "", **environ})
    if "base_url" not in settings:
        context = ContextAPI.get_context(environ.get("DOCKER_CONTEXT") or None)
        if context is not None and context.Host and context.Name != "default":
            settings["base_url"] = context.Host
            if context.TLSConfig is not None:
                settings["tls"] = context.TLSConfig
    if "tls" in settings:
        settings["tls"] = EngineTLS(settings["tls"])
    address = settings.setdefault("base_url", DEFAULT_ADDRESS)
    return address, settings


def _knock(address: str) -> None:
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as trial:
            trial.settimeout(CONNECT_S)
            trial.connect(address.removeprefix("unix://") or _SOCKET)


def _unreachable(address: str, error: BaseException) -> EngineError:
    cause = _root(error)
    return EngineError(
        f"no container engine answers at {address}.",
        fix=_advice(cause, str(error), local=address.startswith("unix://")),
        evidence=words_of(cause),
    )


def _advice(cause: BaseException, text: str, *, local: bool) -> str:
    """How to get at the engine, by what kept us from it."""
    if isinstance(cause, PermissionError):
        return (
            "let this user use the engine: `sudo usermod -aG docker $USER` and log in again,\n"
            "or in a container `--group-add $(stat -c %g /var/run/docker.sock)`; or use `sudo`."
        )
    if local and isinstance(cause, _SOCKET_GONE):
        return (
            "start the engine (`sudo systemctl start docker`, or Docker Desktop);\n"
            "in a container add `-v /var/run/docker.sock:/var/run/docker.sock`;\n"
            "or say in DOCKER_HOST where the engine is."
        )
    if "ssl" in text.lower() or "certificate" in text.lower() or "tls" in text.lower():
        return (
            "set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH to the folder of ca.pem, cert.pem and\n"
            "key.pem; an engine without TLS listens on port 2375, one with TLS on 2376."
        )
    return (
        "start the engine, or say in DOCKER_HOST where it is, such as\n"
        "unix:///var/run/docker.sock or tcp://docker:2375."
    )


def _root(error: BaseException) -> BaseException:
    """The first cause: libraries wrap a refused connection four times."""
    seen = error
    while True:
        inner = seen.__cause__ or seen.__context__
        if inner is None:
            return seen
        seen = inner
