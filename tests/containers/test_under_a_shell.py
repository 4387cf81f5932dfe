"""A job's script is run by a shell, which outlives the runner: GitLab's way, and a terminal's.

The shell does not pass signals on, so it is the runner itself that gets them. Its bots are on
the engine of its own container, or on one that it knows by address only.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dind
import docker
import pytest
from again import in_time

from containers.runs import LOOK_S, left_by
from containers.victims import IN_CALL, KILLED_S, TIDY_S, Container, results_of, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.realtime, pytest.mark.side_by_side(3)]

SHELL = 'pipecat-voice-test "$@" & echo $! > /tmp/pid; wait $!; echo "it ended with $?"; sleep 600'
KILL = 'kill -s {} "$(cat /tmp/pid)"'

Start = Callable[..., Container]
alone = threading.Lock()
"""For whoever looks at all that is on the other engine."""


@pytest.fixture(scope="module")
def start(runner_image: str, faulty_bot: str) -> Iterator[Start]:
    """Start a shell that starts a run in a folder."""
    client = docker.from_env()
    started: list[Container] = []

    def start(folder: Path, **settings: Any) -> Container:
        settings = {"entrypoint": ["sh", "-c", SHELL, "sh"], **settings}
        options = ["--bot-image", faulty_bot, "--bot-pull", "never"]
        started.append(Container(client, folder, options, image=runner_image, settings=settings))
        return started[-1]

    yield start
    for one in started:
        one.tidy()
    client.close()


def send(name: str, victim: Container) -> float:
    """Send the runner a signal, and give the moment in seconds."""
    client = victim.client.api
    command = client.exec_create(victim.runner, ["sh", "-c", KILL.format(name)])
    sent_s = time.monotonic()
    client.exec_start(command["Id"])
    return sent_s


def gone_after_s(name: str, victim: Container, left: Callable[[], object]) -> float:
    """Seconds from the signal until nothing is left."""
    wait_for(victim, IN_CALL)
    sent_s = send(name, victim)
    while left():
        assert time.monotonic() < sent_s + 2 * KILLED_S, victim.printed
        time.sleep(LOOK_S)
    return time.monotonic() - sent_s


@pytest.mark.parametrize("name", ["TERM", "INT", "KILL"])
@pytest.mark.parametrize("elsewhere", [True, False], ids=["another-engine", "its-own-engine"])
def test_nothing_is_left_on(
    elsewhere: bool, name: str, start: Start, other_engine: dind.OtherEngine, tmp_path: Path
) -> None:
    if elsewhere:
        with alone:
            victim = start(
                tmp_path,
                network=other_engine.name,
                environment={"CI": "true", "DOCKER_HOST": other_engine.address_in_network},
                volumes={str(tmp_path): {"bind": "/repo"}},
            )
            after_s = gone_after_s(name, victim, other_engine.left)
    else:
        victim = start(tmp_path)
        after_s = gone_after_s(name, victim, lambda: left_by(victim.client, victim.runner))

    in_time(after_s, KILLED_S if name == "KILL" else TIDY_S, victim.printed)
    wait_for(victim, f"it ended with {128 + signal.SIGKILL if name == 'KILL' else 2}")
    assert name == "KILL" or results_of(victim)["exit_code"] == 2
