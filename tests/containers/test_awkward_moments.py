"""A run that is ended when it suits nobody leaves nothing behind either."""

import contextlib
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import docker
import pytest
from again import in_time
from docker_engine import BASE_IMAGE

from containers.runs import GREETING, LONG, LOOK_S, Started, left_by, processes_of
from containers.slow_engine import SlowEngine
from containers.victims import IN_CALL, KILLED_S, TIDY_S, Container, nothing_left

pytestmark = [pytest.mark.docker, pytest.mark.realtime, pytest.mark.side_by_side(3)]

CREATE = r"^POST /v[0-9.]+/containers/create"
START = r"^POST /v[0-9.]+/containers/[0-9a-f]+/start"
HOLD_S = 1.0
LINGERS_S = 30.0
"""A watchdog that knows of a container in the making stays for long."""
BEGINNING_S = (0.3, 0.7, 0.9, 1.1, 1.3, 1.5)

Run = Callable[..., Started]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="module")
def run(faulty_bot: str) -> Iterator[Run]:
    """Start a run in a folder, which is ended after the tests if it still goes on."""
    with contextlib.ExitStack() as stack:

        def start(folder: Path, *options: str, **more: Any) -> Started:
            words = (
                [*options] if "--bot-build" in options else ["--bot-image", faulty_bot, *options]
            )
            started = Started(folder, words, **more)
            stack.callback(started.process.wait)
            stack.callback(started.process.kill)
            return started

        yield start


def run_ids_of(started: Started) -> set[str]:
    """The id of the run, by its watchdog; none while there is none."""
    found = set()
    for file in Path(f"/proc/{started.process.pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for pid in file.read_text().split():
                words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                if "pipecat_voice_test.engine.cleaning.watchdog" in words:
                    found |= {word for word in words if re.fullmatch("[0-9a-f]{12}", word)}
    return found


def gone_within(client: Any, started: Started, limit_s: float, *ids: str) -> bool:
    """Whether all of a run goes, with the watchdogs of `ids`, which know whether more will come."""
    deadline = time.monotonic() + limit_s
    while left_by(client, started.process.pid) or any(processes_of(one) for one in ids):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_S)
    return True


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
@pytest.mark.parametrize(
    "held", [pytest.param(CREATE, id="being-created"), pytest.param(START, id="being-started")]
)
def test_nothing_is_left_of_a_bot_that_is(
    held: str, name: str, run: Run, client: Any, tmp_path: Path
) -> None:
    with SlowEngine(tmp_path / "engine.sock", held) as engine:
        started = run(tmp_path / "run", env={"DOCKER_HOST": engine.address})
        assert engine.asked.wait(30.0), started.printed
        started.process.send_signal(signal.Signals[name])
        time.sleep(HOLD_S)
        engine.go.set()
        assert engine.answered.wait(30.0)

        assert gone_within(client, started, KILLED_S)
        ended = started.wait()
    assert name == "SIGKILL" or ended.exit_code == ended.results["exit_code"] == 2, ended.printed


@pytest.mark.parametrize(
    # The first container that a runner in a container asks for is its reaper.
    ("held", "after"),
    [pytest.param(CREATE, 1, id="being-created"), pytest.param(START, 1, id="being-started")],
)
def test_the_runners_container_may_be_removed_while_a_bot_is(
    held: str, after: int, runner_image: str, faulty_bot: str, client: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with SlowEngine(tmp_path / "docker.sock", held, after=after) as engine:
        options = ["--bot-image", faulty_bot]
        socket = tmp_path / "docker.sock"
        runner = Container(client, folder, options, image=runner_image, socket=socket)
        try:
            assert engine.asked.wait(30.0), runner.printed
            (run_id,) = {one.run_id for one in left_by(client, runner.runner)}
        finally:
            runner.tidy()
        time.sleep(HOLD_S)
        engine.go.set()
        assert engine.answered.wait(30.0)

        assert nothing_left(runner, [run_id], within_s=KILLED_S)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_a_run_may_end_at_any_moment_of_its_beginning(
    name: str, faulty_bot: str, client: Any, tmp_path: Path
) -> None:
    def end_after(delay_s: float) -> tuple[Started, set[str]]:
        started = Started(tmp_path / f"{delay_s:g}", ["--bot-image", faulty_bot])
        ids: set[str] = set()
        deadline = time.monotonic() + delay_s
        while time.monotonic() < deadline:
            ids |= run_ids_of(started)
            time.sleep(LOOK_S / 5)
        started.process.send_signal(signal.Signals[name])
        started.process.wait(30.0)
        return started, ids

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(end_after, BEGINNING_S))

    for started, ids in ended:
        assert gone_within(client, started, LINGERS_S, *ids), started.printed


def test_nothing_is_left_of_a_bot_that_is_created_when_the_run_has_ended(
    run: Run, client: Any, tmp_path: Path
) -> None:
    with SlowEngine(tmp_path / "engine.sock", CREATE) as engine:
        started = run(tmp_path / "run", env={"DOCKER_HOST": engine.address})
        assert engine.asked.wait(30.0), started.printed
        began_s = time.monotonic()
        started.process.send_signal(signal.SIGTERM)
        ended = started.wait()
        took_s = time.monotonic() - began_s
        engine.go.set()
        assert engine.answered.wait(30.0)

        assert gone_within(client, started, KILLED_S)
    assert ended.exit_code == 2
    in_time(took_s, KILLED_S, ended.printed)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_nothing_is_left_of_a_bot_that_still_loads(
    name: str, run: Run, client: Any, tmp_path: Path
) -> None:
    started = run(tmp_path, "--bot-args", "sleeps")
    started.wait_for("starting pvt-test")
    ids = run_ids_of(started)
    while "running" not in str(left_by(client, started.process.pid)):
        assert started.process.poll() is None, started.printed
        time.sleep(LOOK_S)
    began_s = time.monotonic()
    started.process.send_signal(signal.Signals[name])
    while left_by(client, started.process.pid):
        time.sleep(LOOK_S)

    in_time(time.monotonic() - began_s, KILLED_S if name == "SIGKILL" else TIDY_S)
    assert gone_within(client, started, KILLED_S, *ids)
    ended = started.wait()
    assert name == "SIGKILL" or ended.exit_code == ended.results["exit_code"] == 2, ended.printed


def test_nobody_waits_for_an_image_that_is_pulled(run: Run, client: Any, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        image = f"127.0.0.1:{silent.getsockname()[1]}/shop/bot"
        started = run(tmp_path, "--bot-image", image)
        started.wait_for(f"pulling {image}")
        began_s = time.monotonic()
        started.process.send_signal(signal.SIGINT)
        ended = started.wait()

    in_time(time.monotonic() - began_s, TIDY_S)
    assert ended.exit_code == ended.results["exit_code"] == 2, ended.printed
    assert len(ended.junit.findall(".//testcase")) == 1


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_nothing_is_left_of_an_image_that_is_built(
    name: str, run: Run, client: Any, tmp_path: Path
) -> None:
    step = ("sleep", f"60.{os.getpid()}{int(signal.Signals[name])}")
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE_IMAGE}\nRUN exec {' '.join(step)}\n")
    started = run(tmp_path / "run", "--bot-build", str(tmp_path))
    while not processes_of(step[1]):
        assert started.process.poll() is None, started.printed
        time.sleep(LOOK_S)
    began_s = time.monotonic()
    started.process.send_signal(signal.Signals[name])
    while processes_of(step[1]):
        time.sleep(LOOK_S)

    in_time(time.monotonic() - began_s, KILLED_S if name == "SIGKILL" else TIDY_S)
    ended = started.wait()
    assert name == "SIGKILL" or ended.exit_code == ended.results["exit_code"] == 2, ended.printed
    listed = [str(one["Command"]) for one in client.api.containers(all=True)]
    assert [command for command in listed if step[1] in command] == []


def test_a_bot_that_ignores_sigterm_does_not_delay_the_end(
    run: Run, client: Any, tmp_path: Path
) -> None:
    started = run(tmp_path, "--bot-args", "ignores-sigterm", scenarios=(LONG,))
    started.wait_for(IN_CALL)
    began_s = time.monotonic()
    started.process.send_signal(signal.SIGINT)
    while left_by(client, started.process.pid):
        time.sleep(LOOK_S)

    in_time(time.monotonic() - began_s, TIDY_S)
    assert started.wait().exit_code == 2


def test_a_second_signal_does_not_cost_the_results(run: Run, client: Any, tmp_path: Path) -> None:
    started = run(tmp_path, "--bot-args", "ignores-sigterm", scenarios=(GREETING, LONG))
    started.wait_for(IN_CALL)
    started.process.send_signal(signal.SIGINT)
    started.wait_for("was interrupted by SIGINT")
    started.process.send_signal(signal.SIGTERM)
    ended = started.wait()

    assert ended.exit_code == ended.results["exit_code"] == 2, ended.printed
    assert len(ended.junit.findall(".//testcase")) == 2
    assert left_by(client, started.process.pid) == []


def test_the_end_of_one_run_does_not_disturb_another(run: Run, client: Any, tmp_path: Path) -> None:
    one, other = (run(tmp_path / name, scenarios=(LONG,)) for name in ("one", "other"))
    for started in (one, other):
        started.wait_for(IN_CALL)
    before = left_by(client, other.process.pid)
    one.process.kill()
    while left_by(client, one.process.pid):
        time.sleep(LOOK_S)
    one.wait()

    assert left_by(client, other.process.pid) == before
    other.process.send_signal(signal.SIGTERM)
    ended = other.wait()
    assert ended.kinds == []
    assert ended.exit_code == 2


def test_the_next_run_may_begin_at_once(run: Run, client: Any, tmp_path: Path) -> None:
    first = run(tmp_path / "first", scenarios=(LONG,))
    first.wait_for(IN_CALL)
    first.process.kill()
    ended = run(tmp_path / "second").wait()

    assert ended.exit_code in (0, 7), ended.printed
    assert left_by(client, first.process.pid) == []
