"""A bot that is called may print, ignore and die as it likes: the call is judged, the run ends."""

import re
import shlex
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

import docker
import pytest
from again import until_in_time

from containers.runs import Ended, Started, left_by

pytestmark = [pytest.mark.docker, pytest.mark.realtime]

AT_ONCE = 2
MEGABYTE = 1_000_000
KEPT_OF_A_LOG = 5 * MEGABYTE
JUDGED = ("passed", "inconclusive")
"""What becomes of a good call, on a busy machine too."""

BOTS = {
    "quiet": "",
    "floods": "--bot-args 'floods 100' --fresh-bot",
    "shouts": "--bot-args shouts -v --fresh-bot",
    "ignores-sigterm": "--bot-args ignores-sigterm",
    "dies-in-call": "--bot-args 'serves --fault dies-in-call=350'",
    "fresh": "--bot-args says-who --fresh-bot --repeat 2",
    "shared": "--bot-args says-who --repeat 2",
    "read-only": "--bot-args writes --bot-read-only --bot-user 12345:0 --fresh-bot",
}

Hold = Callable[[str], Ended]


@pytest.fixture(scope="module")
def ended(faulty_bot: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hold]:
    """How the run of a bot ended; all are held, a few at a time."""
    client = docker.from_env()
    folder = tmp_path_factory.mktemp("trying")

    def hold(name: str) -> Ended:
        options = ["--bot-image", faulty_bot, *shlex.split(BOTS[name])]
        started = Started(folder / name, options)
        result = started.wait()
        assert left_by(client, started.process.pid) == []
        return result

    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs: dict[str, Future[Ended]] = {
            name: pool.submit(until_in_time, partial(hold, name)) for name in BOTS
        }
        wait(runs.values())
        yield lambda name: runs[name].result()
    client.close()


def verdicts(result: Ended) -> set[str]:
    return {call["verdict"] for call in result.calls}


def test_a_hundred_megabytes_of_log_cost_neither_the_call_nor_memory_nor_disk(ended: Hold) -> None:
    flood, quiet = ended("floods"), ended("quiet")

    assert flood.exit_code in (0, 7), flood.printed
    assert verdicts(flood) <= {*JUDGED}
    assert flood.peak_bytes - quiet.peak_bytes < 60 * MEGABYTE
    for file in flood.logs():
        assert file.stat().st_size < KEPT_OF_A_LOG
        lost = re.match(r"\[(\d+) bytes before this were not kept\]\n", file.read_text())
        assert lost is not None
        assert int(lost[1]) > 90 * MEGABYTE


@pytest.mark.parametrize("bot", ["shouts", "dies-in-call"])
def test_nothing_a_bot_prints_commands_the_ci_system_or_the_terminal(bot: str, ended: Hold) -> None:
    assert ended(bot).harmful == []


def test_a_log_on_disk_is_harmless_as_well(ended: Hold) -> None:
    log = ended("shouts").logs()[0].read_text()

    assert log.startswith(
        ": :set-output name=result::passed\n  : :error file=bot.py,line=1::a line"
    )
    assert "\x1b" not in log


def test_a_bot_that_ignores_sigterm_is_ended_within_seconds(ended: Hold) -> None:
    stubborn, quiet = ended("ignores-sigterm"), ended("quiet")

    assert stubborn.exit_code in (0, 7), stubborn.printed
    assert stubborn.took_s - quiet.took_s < 15.0


def test_a_death_in_mid_call_is_told_with_its_exit_code_and_last_lines(ended: Hold) -> None:
    result = ended("dies-in-call")

    # 1 is the verdict on the call, 6 comes out where the machine was too slow for one.
    assert result.exit_code in (1, 6), result.printed
    assert result.kinds == ["bot_exited"]
    assert result.message.startswith("The bot exited with code 3 during the run.\n  Fix: ")
    assert "listening on ws://0.0.0.0:7860/ws" in result.results["errors"][0]["log_tail"]


def names_in(result: Ended) -> list[str]:
    """Which container each call was answered by."""
    log = "".join(file.read_text() for file in result.logs())
    return re.findall(r"^I am ([0-9a-f]{12})\.$", log, re.MULTILINE)


def test_fresh_bots_are_containers_of_their_own(ended: Hold) -> None:
    names = names_in(ended("fresh"))

    # One that could not be judged here is made once more.
    assert len(names) == len(set(names)) == len(ended("fresh").calls) >= 2


def test_otherwise_one_container_takes_all_calls(ended: Hold) -> None:
    result = ended("shared")

    assert result.exit_code in (0, 7), result.printed
    assert verdicts(result) <= {*JUDGED}
    assert len(result.calls) >= 2


def test_a_read_only_bot_can_write_to_a_folder_of_its_own_only(ended: Hold) -> None:
    result = ended("read-only")
    log = result.logs()[0].read_text()

    assert result.exit_code in (0, 7), result.printed
    assert log.startswith(
        "/tmp: written by 12345\n/var/tmp: Read-only file system\n/dev/shm: written by 12345\n"
    )
