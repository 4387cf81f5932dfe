"""The engine is found as the `docker` command finds it, and who cannot use it is told how."""

import hashlib
import json
import socket
from pathlib import Path

import pytest
import requests
from docker.errors import APIError
from pipecat_voice_test.engine import client
from pipecat_voice_test.engine.client import Engine, engine_errors
from pipecat_voice_test.errors import EngineError

START_FIX = (
    "  Fix: start the engine (`sudo systemctl start docker`, or Docker Desktop);\n"
    "       in a container add `-v /var/run/docker.sock:/var/run/docker.sock`;\n"
    "       or say in DOCKER_HOST where the engine is.\n"
)
WHERE_FIX = (
    "  Fix: start the engine, or say in DOCKER_HOST where it is, such as\n"
    "       unix:///var/run/docker.sock or tcp://docker:2375.\n"
)


def refusal(environ: dict[str, str]) -> str:
    with pytest.raises(EngineError) as caught:
        Engine.connect(environ)
    return str(caught.value)


@pytest.fixture
def no_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the `docker` command would look for its settings, empty."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("address", "message"),
    [
        pytest.param(
            "unix:///nowhere/docker.sock",
            f"{START_FIX}  [Errno 2] No such file or directory",
            id="no-socket",
        ),
        pytest.param(
            "tcp://127.0.0.1:1", f"{WHERE_FIX}  [Errno 111] Connection refused", id="nobody"
        ),
        pytest.param(
            "tcp://127.0.0.1",
            f"{WHERE_FIX}  Invalid bind address format: port is required: tcp://127.0.0.1",
            id="no-port",
        ),
        pytest.param(
            "pigeon://coop",
            f"{WHERE_FIX}  Invalid bind address protocol: pigeon://coop",
            id="no-such-protocol",
        ),
    ],
)
def test_an_engine_that_is_not_there(address: str, message: str) -> None:
    assert refusal({"DOCKER_HOST": address}) == (
        f"no container engine answers at {address}.\n{message}"
    )


def test_an_engine_behind_ssh_is_refused() -> None:
    assert refusal({"DOCKER_HOST": "ssh://me@there"}) == (
        "the container engine at ssh://me@there is behind ssh, where no bot can be called.\n"
        "  Fix: run this on that machine, or name an engine as unix:// or tcp:// in DOCKER_HOST."
    )


def test_a_socket_that_is_not_ours_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refused)

    assert refusal({"DOCKER_HOST": "unix:///var/run/docker.sock"}) == (
        "no container engine answers at unix:///var/run/docker.sock.\n"
        "  Fix: let this user use the engine: `sudo usermod -aG docker $USER` and log in again,\n"
        "       or in a container `--group-add $(stat -c %g /var/run/docker.sock)`;"
        " or use `sudo`.\n"
        "  [Errno 13] Permission denied"
    )


def test_an_engine_that_says_nothing_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "CONNECT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"

        message = refusal({"DOCKER_HOST": address})

    assert message == f"no container engine answers at {address}.\n{WHERE_FIX}  timed out"


def test_certificates_that_are_not_there_are_missed(no_config: Path) -> None:
    message = refusal(
        {
            "DOCKER_HOST": "tcp://127.0.0.1:2376",
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": str(no_config),
        }
    )

    assert "set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH to the folder of ca.pem" in message


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        pytest.param({}, "unix:///nowhere/current.sock", id="current"),
        pytest.param({"DOCKER_CONTEXT": "other"}, "unix:///nowhere/other.sock", id="named"),
        pytest.param(
            {"DOCKER_HOST": "unix:///nowhere/host.sock"}, "unix:///nowhere/host.sock", id="host"
        ),
    ],
)
def test_a_context_of_the_docker_command_is_followed(
    environ: dict[str, str], address: str, no_config: Path
) -> None:
    (no_config / "config.json").write_text(json.dumps({"currentContext": "current"}))
    for name in ("current", "other"):
        meta = no_config / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
        meta.mkdir(parents=True)
        endpoint = {"docker": {"Host": f"unix:///nowhere/{name}.sock"}}
        (meta / "meta.json").write_text(
            json.dumps({"Name": name, "Metadata": {}, "Endpoints": endpoint})
        )

    assert refusal(environ).startswith(f"no container engine answers at {address}.")


def api_error(words: str) -> APIError:
    response = requests.Response()
    response.status_code = 500
    return APIError("500 Server Error", response=response, explanation=words)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        pytest.param(
            api_error("no \x1b[31mroom"),
            "the container engine could not create a network.\n"
            "  Fix: its own words say why.\n"
            "  no room",
            id="refused",
        ),
        pytest.param(
            api_error("pool overlaps with another"),
            "the container engine could not create a network.\n"
            "  Fix: remove the other.\n"
            "  pool overlaps with another",
            id="refused-for-a-known-reason",
        ),
        pytest.param(
            requests.ConnectionError("gone"),
            "the container engine no longer answers: it could not create a network.\n"
            "  Fix: look at the engine's own log, and run again when `docker version` shows"
            " a server.\n"
            "  gone",
            id="gone",
        ),
    ],
)
def test_what_the_engine_will_not_do_is_said(error: Exception, message: str) -> None:
    with (
        pytest.raises(EngineError) as caught,
        engine_errors("create a network", [("overlaps", "remove the other.")]),
    ):
        raise error

    assert str(caught.value) == message


@pytest.mark.docker
def test_the_engine_of_this_machine_is_found(engine: None) -> None:
    connected = Engine.connect({})

    assert connected.client.ping()
    assert connected.cpus >= 1
    with connected.spare() as spare:
        assert spare.ping()
        assert spare.api is not connected.client.api
    connected.close()
