"""A runner that is dead is told from one that is alive, and from one that cannot be seen."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import docker.errors
import pytest
from pipecat_voice_test.engine.cleaning.runner import Runner, started_at

SLEEP = [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]


class Containers:
    """An engine at a socket, or far away, that knows of one container."""

    def __init__(self, *, running: bool = False, url: str = "http+docker://localhost") -> None:
        self.base_url = url
        self.api = self
        self._running = running

    def inspect_container(self, container: str) -> dict[str, Any]:
        if container == "secret":
            raise docker.errors.APIError("you may not ask")
        if container != "known":
            raise docker.errors.NotFound("no such container")
        return {"State": {"Running": self._running}}


HERE = Runner.here()
GONE = Containers()


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEP, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield child
        child.kill()


def of(process: subprocess.Popen[bytes]) -> Runner:
    return replace(HERE, pid=process.pid, started=started_at(process.pid))


def test_what_it_says_of_itself_can_be_read() -> None:
    runner = Runner.here("known")

    assert Runner.parse(str(runner)) == runner
    assert runner.pid == os.getpid()


@pytest.mark.parametrize("text", ["", "boot", "boot/ns/pid/1/2", "a/b/1/2/3/4"])
def test_what_others_say_is_not_taken_for_it(text: str) -> None:
    assert Runner.parse(text) is None


def test_a_process_that_is_there_is_alive(child: subprocess.Popen[bytes]) -> None:
    assert of(child).is_alive(GONE) is True


def test_a_process_that_has_ended_is_dead(child: subprocess.Popen[bytes]) -> None:
    runner = of(child)
    child.kill()
    child.wait()

    assert runner.is_alive(GONE) is False


def test_a_process_that_nobody_has_buried_is_dead(child: subprocess.Popen[bytes]) -> None:
    runner = of(child)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert runner.is_alive(GONE) is False


def test_a_number_that_is_used_again_is_somebody_else(child: subprocess.Popen[bytes]) -> None:
    assert replace(of(child), started="1").is_alive(GONE) is False


ELSEWHERE = replace(HERE, pid_namespace="pid:[1]")
FAR = "http://engine.example:2375"


@pytest.mark.parametrize(
    ("runner", "engine", "alive"),
    [
        pytest.param(
            replace(ELSEWHERE, container="known"), Containers(running=True), True, id="it-runs"
        ),
        pytest.param(
            replace(ELSEWHERE, container="known"), Containers(running=False), False, id="it-ended"
        ),
        pytest.param(replace(ELSEWHERE, container="gone"), GONE, False, id="it-was-removed"),
        pytest.param(replace(ELSEWHERE, container="secret"), GONE, None, id="it-may-not-be-seen"),
        pytest.param(ELSEWHERE, GONE, None, id="on-this-machine-in-another-namespace"),
        pytest.param(
            replace(ELSEWHERE, machine="before"), GONE, False, id="before-the-machine-started-again"
        ),
        pytest.param(
            replace(ELSEWHERE, machine="other"),
            Containers(url=FAR),
            None,
            id="on-another-machine-with-the-same-engine",
        ),
    ],
)
def test_a_runner_that_cannot_be_seen(
    runner: Runner, engine: Containers, alive: bool | None
) -> None:
    assert runner.is_alive(SimpleNamespace(api=engine)) is alive
