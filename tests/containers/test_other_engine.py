"""The bot is on another engine than ours, as in a GitLab job with `docker:dind` beside it.

Only its address is known, `DOCKER_HOST=tcp://…`: neither are we one of its containers, nor are
its networks ours.
"""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dind
import pytest
from again import in_time, until_judged
from docker_engine import docker

from containers.runs import GREETING, LONG, RESULTS, Ended, Started, write_scenarios

# One after the other, for they look at all that is on the engine.
pytestmark = [pytest.mark.docker, pytest.mark.realtime, pytest.mark.side_by_side(1)]

IN_CALL = r"Long call #1: bot speaks"
TIDY_S = 2.0
KILLED_S = 10.0
# An engine that does not answer is waited for, but not for long.
GIVE_UP_S = 60.0


def _options(bot: str) -> list[str]:
    return ["--bot-image", bot, "--bot-pull", "never"]


def _started(engine: dind.OtherEngine, bot: str, folder: Path, *scenarios: str) -> Started:
    """A run on this machine."""
    env = {"DOCKER_HOST": engine.address}
    return Started(folder, _options(bot), scenarios=scenarios, env=env)


def _in_container(engine: dind.OtherEngine, runner: str, bot: str, folder: Path) -> list[str]:
    """The command of a run in a container of our own engine, with the other one in its network."""
    paths = write_scenarios(folder, (GREETING,))
    where = ("--network", engine.name, "--volume", f"{folder}:/repo")
    host = ("--env", f"DOCKER_HOST={engine.address_in_network}")
    return ["run", "--rm", *where, *host, runner, "run", *paths, *_options(bot)]


def _gone_after_s(engine: dind.OtherEngine) -> float:
    since_s = time.monotonic()
    while left := engine.left():
        assert time.monotonic() < since_s + GIVE_UP_S, left
        time.sleep(0.05)
    return time.monotonic() - since_s


def test_a_bot_is_called_from_this_machine(
    other_engine: dind.OtherEngine, faulty_bot: str, tmp_path: Path
) -> None:
    ended = until_judged(
        lambda: _started(other_engine, faulty_bot, tmp_path, GREETING).wait(),
        lambda ended: ended.exit_code == 7,
    )

    assert ended.exit_code == 0, ended.printed
    assert ended.results["bot"]["launcher"] == "image"
    assert other_engine.left() == []


def test_a_bot_is_called_from_a_container(
    other_engine: dind.OtherEngine, runner_image: str, faulty_bot: str, tmp_path: Path
) -> None:
    def once() -> dict[str, Any]:
        docker(*_in_container(other_engine, runner_image, faulty_bot, tmp_path), check=False)
        found: dict[str, Any] = json.loads((tmp_path / RESULTS / "results.json").read_text())
        return found

    found = until_judged(once, lambda found: found["exit_code"] == 7)

    assert found["verdict"] == "passed"
    assert other_engine.left() == []


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_a_signal_leaves_nothing_on_it(
    other_engine: dind.OtherEngine, faulty_bot: str, tmp_path: Path, name: str
) -> None:
    started = _started(other_engine, faulty_bot, tmp_path, GREETING, LONG)
    started.wait_for(IN_CALL)
    started.process.send_signal(signal.Signals[name])
    gone_after_s = _gone_after_s(other_engine)
    ended = started.wait()

    in_time(gone_after_s, KILLED_S if name == "SIGKILL" else TIDY_S, ended.printed)
    assert ended.results["scenarios"][0]["name"] == "Greeting"
    assert ended.exit_code == (-signal.SIGKILL if name == "SIGKILL" else 2)


def test_the_end_of_our_container_leaves_nothing_on_it(
    other_engine: dind.OtherEngine, runner_image: str, faulty_bot: str, tmp_path: Path
) -> None:
    words = _in_container(other_engine, runner_image, faulty_bot, tmp_path)
    (tmp_path / "scenario-1.yaml").write_text(LONG)
    name = f"{other_engine.name}-runner"
    command = ["docker", "run", "--name", name, *words[1:]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as runner:
        assert runner.stdout is not None
        for line in runner.stdout:
            if "bot speaks" in line:
                break
        docker("kill", "--signal", "TERM", name)
        gone_after_s = _gone_after_s(other_engine)
        runner.communicate(timeout=60)

    in_time(gone_after_s, TIDY_S)
    assert runner.returncode == 2
    assert (tmp_path / RESULTS / "junit.xml").exists()


@pytest.fixture(scope="module")
def own_engine(faulty_bot: str) -> Iterator[dind.OtherEngine]:
    """One that may be broken."""
    with dind.running(faulty_bot) as engine:
        yield engine


def _without_engine(started: Started) -> Ended:
    """It has ended by itself, and has kept what it knew."""
    ended = started.wait(within_s=GIVE_UP_S)
    assert ended.results["scenarios"][0]["verdict"] in ("passed", "inconclusive"), ended.printed
    assert ended.junit.find(".//testcase[@name='Greeting']") is not None
    return ended


def test_an_engine_that_is_gone_in_mid_call_is_an_error_and_no_failure(
    own_engine: dind.OtherEngine, faulty_bot: str, tmp_path: Path
) -> None:
    started = _started(own_engine, faulty_bot, tmp_path, GREETING, LONG)
    started.wait_for(IN_CALL)
    own_engine.signal("KILL")
    ended = _without_engine(started)

    assert (ended.exit_code, ended.kinds) == (6, ["engine"]), ended.printed
    assert ended.message == (
        "The bot was lost: the container engine no longer answers during the run.\n"
        "  Fix: look at the engine's own log, and run again when `docker version` shows a server."
    )
    assert ended.results["scenarios"][1]["verdict"] == "error"
    assert ended.junit.find(".//failure") is None
    assert [log.name for log in ended.logs()] == ["bot.log", "bot.log"]


def test_an_engine_that_is_silent_holds_up_no_end(
    other_engine: dind.OtherEngine, faulty_bot: str, tmp_path: Path
) -> None:
    started = _started(other_engine, faulty_bot, tmp_path, GREETING, LONG)
    started.wait_for(IN_CALL)
    other_engine.signal("STOP")
    try:
        started.process.send_signal(signal.SIGTERM)
        ended = _without_engine(started)
    finally:
        other_engine.signal("CONT")

    assert ended.exit_code == 2, ended.printed
    # The watchdog goes on until the engine answers again.
    in_time(_gone_after_s(other_engine), KILLED_S)
