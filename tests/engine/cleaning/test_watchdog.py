"""The watchdog acts when the runner has gone, and never before."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from docker_engine import BASE_IMAGE, docker
from pipecat_voice_test.engine.cleaning.ownership import Role, labels, new_run_id
from pipecat_voice_test.engine.cleaning.reaper import PROGRAM
from pipecat_voice_test.engine.cleaning.runner import started_at
from pipecat_voice_test.engine.cleaning.watchdog import QUIET_S, LastWords, listen

from engine import sites

HEAVY = {"docker", "requests", "urllib3", "asyncio", "ssl"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param("", LastWords(), id="killed-at-once"),
        pytest.param("done\n", None, id="dismissed"),
        pytest.param("done", None, id="dismissed-in-its-last-words"),
        pytest.param(
            "end 12 345\nend 13 456\n", LastWords([(12, "345"), (13, "456")]), id="to-be-ended"
        ),
        pytest.param("end 12 345\ndone\n", None, id="ended-and-dismissed"),
        pytest.param("end 12\nend x 1\nend 12 345 6\nend 1", LastWords(), id="lines-cut-off"),
        pytest.param("coming\ncome\n", LastWords(), id="nothing-awaited"),
        pytest.param("coming\ncoming\ncome\n", LastWords(awaited=1), id="a-container-awaited"),
    ],
)
def test_what_the_runner_said(lines: str, said: LastWords | None) -> None:
    assert listen(io.StringIO(lines)) == said


def test_it_is_small_while_it_waits() -> None:
    """Each run has one, for as long as it lasts."""
    code = "import sys, pipecat_voice_test.engine.cleaning.watchdog; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout

    assert {name.partition(".")[0] for name in loaded.split()} & HEAVY == set()


@pytest.fixture
def run_id(engine: None) -> Iterator[str]:
    run_id = new_run_id()
    yield run_id
    for container in sites.left_of(run_id):
        docker("rm", "--force", container)


@pytest.fixture
def bot(run_id: str) -> str:
    pairs = labels(run_id, Role.BOT).items()
    options = [word for name, value in pairs for word in ("--label", f"{name}={value}")]
    return docker("create", *options, BASE_IMAGE, "true")


def watchdog(run_id: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*PROGRAM, run_id], stdin=subprocess.PIPE, cwd="/")


@pytest.mark.docker
def test_it_removes_what_is_there_when_the_runner_s_end_of_the_pipe_closes(
    run_id: str, bot: str
) -> None:
    with watchdog(run_id) as child:
        child.communicate(b"", timeout=60)

    assert child.returncode == 0
    assert sites.left_of(run_id) == []


@pytest.mark.docker
def test_it_removes_nothing_when_it_is_dismissed(run_id: str, bot: str) -> None:
    with watchdog(run_id) as child:
        child.communicate(b"done\n", timeout=60)

    assert child.returncode == 0
    assert sites.left_of(run_id) == [bot[:12]]


@pytest.mark.docker
def test_it_removes_what_appears_after_the_runner_s_death(run_id: str) -> None:
    """The engine ends what it was asked for before the runner died."""
    pairs = labels(run_id, Role.BOT).items()
    options = [word for name, value in pairs for word in ("--label", f"{name}={value}")]
    with watchdog(run_id) as child:
        assert child.stdin is not None
        child.stdin.close()
        time.sleep(1.0)  # It has looked around and found nothing.
        docker("create", *options, BASE_IMAGE, "true")
        child.wait(60)

    assert sites.left_of(run_id) == []


@pytest.mark.docker
def test_it_has_more_patience_with_what_it_knows_to_be_coming(run_id: str) -> None:
    pairs = labels(run_id, Role.BOT).items()
    options = [word for name, value in pairs for word in ("--label", f"{name}={value}")]
    with watchdog(run_id) as child:
        assert child.stdin is not None
        child.stdin.write(b"coming\n")
        child.stdin.close()
        time.sleep(QUIET_S + 1.0)
        docker("create", *options, BASE_IMAGE, "true")
        deadline = time.monotonic() + 10.0
        while sites.left_of(run_id) and time.monotonic() < deadline:
            time.sleep(0.05)
        child.kill()

    assert sites.left_of(run_id) == []


@pytest.mark.docker
def test_it_ends_a_process_that_would_go_on_creating(run_id: str) -> None:
    with (
        subprocess.Popen(["sleep", "600"], start_new_session=True) as compose,
        watchdog(run_id) as child,
    ):
        child.communicate(f"end {compose.pid} {started_at(compose.pid)}\n".encode(), timeout=60)

        assert compose.wait(10) == -signal.SIGKILL


@pytest.mark.docker
def test_it_lets_a_process_be_whose_number_is_used_again(run_id: str) -> None:
    with (
        subprocess.Popen(["sleep", "600"], start_new_session=True) as other,
        watchdog(run_id) as child,
    ):
        child.communicate(f"end {other.pid} 1\n".encode(), timeout=60)

        assert other.poll() is None
        os.kill(other.pid, signal.SIGKILL)
