"""Somebody is on guard for as long as there is something to remove, and knows no secrets."""

from types import SimpleNamespace
from typing import Any

import pytest
from docker_engine import BASE_IMAGE, docker
from pipecat_voice_test.engine.cleaning.guard import Guard, child_environment
from pipecat_voice_test.engine.cleaning.ownership import Role, labels, new_run_id
from pipecat_voice_test.engine.client import Engine

from engine import sites

ENVIRON = {
    "DOCKER_CONFIG": "/home/me/.docker",
    "DOCKER_HOST": "said by somebody else",
    "HOME": "/home/me",
    "OPENAI_API_KEY": "secret",
    "PATH": "/usr/bin",
    "RUNNER_TRACKING_ID": "github_1",
    "no_proxy": "docker",
}


def engine_at(address: str, url: str) -> Any:
    return SimpleNamespace(
        address=address, client=SimpleNamespace(api=SimpleNamespace(base_url=url))
    )


@pytest.mark.parametrize(
    ("address", "url", "host"),
    [
        pytest.param(
            "unix:///run/user/1/docker.sock",
            "http+docker://localhost",
            "unix:///run/user/1/docker.sock",
            id="a-socket",
        ),
        pytest.param(
            "tcp://docker:2376", "https://docker:2376", "said by somebody else", id="with-tls"
        ),
    ],
)
def test_the_watchdog_is_told_where_the_engine_is_and_no_secrets(
    address: str, url: str, host: str
) -> None:
    environment = child_environment(engine_at(address, url), ENVIRON)

    assert environment.pop("PYTHONPATH")
    assert environment == {
        "DOCKER_CONFIG": "/home/me/.docker",
        "DOCKER_HOST": host,
        "HOME": "/home/me",
        "PATH": "/usr/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "no_proxy": "docker",
    }


def create(run_id: str) -> str:
    pairs = labels(run_id, Role.BOT).items()
    options = [word for name, value in pairs for word in ("--label", f"{name}={value}")]
    return docker("create", *options, BASE_IMAGE, "true")


@pytest.mark.docker
def test_what_we_cannot_remove_is_left_to_the_watchdog(connected: Engine) -> None:
    run_id = new_run_id()
    guard = Guard.start(connected, None, run_id, {})
    create(run_id)
    guard.take_over()

    assert sites.wait_until_gone(run_id, 30.0) is not None


@pytest.mark.docker
def test_a_dismissed_guard_removes_nothing(connected: Engine) -> None:
    run_id = new_run_id()
    guard = Guard.start(connected, None, run_id, {})
    container = create(run_id)
    guard.dismiss()
    guard.dismiss()

    try:
        assert sites.left_of(run_id) == [container[:12]]
    finally:
        docker("rm", container)


@pytest.mark.docker
def test_a_runner_without_processes_to_spare_goes_on(
    connected: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("pipecat_voice_test.engine.cleaning.guard.PROGRAM", ("/nonexistent",))
    guard = Guard.start(connected, None, new_run_id(), {})
    guard.settle()
    guard.end_with_us(1)
    guard.dismiss()

    assert [record.getMessage() for record in caplog.records] == [
        "no watchdog could be started, should this program be killed:"
        " [Errno 2] No such file or directory: '/nonexistent'"
    ]
