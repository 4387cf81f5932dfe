"""Whatever is wrong with a bot's container, the run ends by itself and says what to do.

Each fault is a run of the real command on a real engine. They are held a few at a time, for
most of them wait; what is looked at does not depend on how quick this machine is.
"""

import re
import shlex
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial

import docker
import pytest
from again import until_in_time
from docker_engine import BASE_IMAGE
from engine.registry import registry

from containers.runs import Ended, Started, left_by

pytestmark = [pytest.mark.docker, pytest.mark.realtime]

AT_ONCE = 4


@dataclass(frozen=True)
class Fault:
    """A bot's container that goes wrong, and what is to be said of it.

    Attributes:
        id: Completes the sentence of the test.
        options: Of the command, beside the image.
        kind: Of the one error.
        says: Parts of its message, in order.
        image: In place of the faulty bot.
    """

    id: str
    options: str
    kind: str
    says: tuple[str, ...]
    image: str = "{bot}"


FAULTS = [
    Fault(
        "a-missing-image-that-may-not-be-pulled",
        "--bot-pull never",
        "image",
        (
            "the image pvt-test-nobody/nothing:1 is not there, and `--bot-pull never` forbids",
            "Fix: build it first (`docker build -t pvt-test-nobody/nothing:1 .`), or give its",
        ),
        image="pvt-test-nobody/nothing:1",
    ),
    Fault(
        "an-unreachable-registry",
        "",
        "image",
        (
            "the image 127.0.0.1:1/x:y cannot be used: the registry could not be reached.",
            "Fix: build the image first (`docker build -t 127.0.0.1:1/x:y .`), or give its folder",
            "connection refused",
        ),
        image="127.0.0.1:1/x:y",
    ),
    Fault(
        "a-registry-that-does-not-let-us-in",
        "",
        "image",
        (
            "the image {registry}/locked/bot cannot be used: the registry asks who we are.",
            "Fix: `docker login {registry}` and `docker pull {registry}/locked/bot` in a step",
        ),
        image="{registry}/locked/bot",
    ),
    Fault(
        "a-registry-that-does-not-have-it",
        "--bot-pull always",
        "image",
        (
            "the image {registry}/gone/bot:2 cannot be used: the registry has no such image or tag",
            "Fix: check name and tag: `docker pull {registry}/gone/bot:2` must work.",
        ),
        image="{registry}/gone/bot:2",
    ),
    Fault(
        "a-command-that-is-not-there",
        "--bot-args 'no-such-program --at-all'",
        "bot_exited",
        (
            f"{BASE_IMAGE} exited with code 127 before it listened.",
            "Fix: the command is not in the image, or may not be run: correct `--bot-args`, or the",
            "no-such-program",
        ),
        image=BASE_IMAGE,
    ),
    Fault(
        "an-unknown-user",
        "--bot-user nobody-we-know",
        "engine",
        (
            "the container engine could not start the bot's container.",
            "Fix: `--bot-user` must be a user of the image, or a number such as 1000:1000.",
            "nobody-we-know",
        ),
    ),
    Fault(
        "an-unknown-network",
        "--bot-network pvt-test-nowhere",
        "engine",
        (
            "the container engine has no network `pvt-test-nowhere`.",
            "Fix: create it with `docker network create pvt-test-nowhere`, or name one of: ",
        ),
    ),
    Fault(
        "a-port-that-is-taken",
        "--bot-network host --bot-port {taken_port} --bot-args 'listens-at 0.0.0.0 {taken_port}'",
        "engine",
        (
            "port {taken_port} is already taken in the network of the engine's machine, in which",
            "Fix: end the program that listens there; or have the bot listen on another port, and",
            "give that as `--bot-port`; or leave out `--bot-network`.",
        ),
    ),
    Fault(
        "an-end-at-once",
        "--bot-args 'exits 0 0'",
        "bot_exited",
        (
            "{bot} exited with code 0 before it listened.",
            "Fix: keep the bot in the foreground: its container lives as long as its command.",
            "Last lines it logged:\n    I cannot work like this.",
        ),
    ),
    Fault(
        "an-end-after-a-second",
        "--bot-args 'exits 3 1'",
        "bot_exited",
        (
            "{bot} exited with code 3 before it listened.",
            "Fix: run `docker run --rm {bot}` and mend what it complains about;",
            "Last lines it logged:\n    I cannot work like this.",
        ),
    ),
    Fault(
        "too-little-memory",
        "--bot-memory 32m --bot-args eats",
        "bot_exited",
        (
            "{bot} was killed for using more than its memory limit of 32 MiB",
            "OOM killed",
            "Fix: give it more with `--bot-memory`, or have it load less.",
        ),
    ),
    Fault(
        "bad-health",
        "--bot-args sleeps",
        "bot_not_ready",
        (
            "{bot}-unwell is unhealthy: its own health check failed",
            "Fix: mend what the check complains about, or the image's HEALTHCHECK itself;",
            "I am unwell",
            "Loading models.",
        ),
        image="{bot}-unwell",
    ),
    Fault(
        "a-bot-that-listens-on-localhost",
        "--start-timeout 5 --bot-args 'listens-at 127.0.0.1 7860'",
        "bot_not_ready",
        ("{bot}", "127.0.0.1:7860", "Fix: bind the server to 0.0.0.0", "listening on ws://127"),
    ),
    Fault(
        "a-bot-that-listens-on-another-port",
        "--start-timeout 5 --bot-args 'listens-at 0.0.0.0 8765'",
        "bot_not_ready",
        ("{bot}", "8765", "Fix: ", "--bot-port 8765", "listening on ws://0.0.0.0:8765"),
    ),
    Fault(
        "a-bot-that-never-listens",
        "--start-timeout 2 --bot-args sleeps",
        "bot_not_ready",
        ("{bot} did not listen on port 7860 within 2000 ms.", "Fix: ", "Loading models."),
    ),
    Fault(
        "a-bot-that-shouts-and-exits",
        "--bot-args shouts-and-exits",
        "bot_exited",
        ("{bot} exited with code 3 before it listened.", "Fix: ", "a line of the bot's"),
    ),
]

Hold = Callable[[str], Ended]


@pytest.fixture(scope="module")
def names(faulty_bot: str) -> Iterator[dict[str, str]]:
    """What the words in braces stand for."""
    with registry() as served, socket.create_server(("0.0.0.0", 0)) as listener:
        port = str(listener.getsockname()[1])
        yield {"bot": faulty_bot, "registry": served.address, "taken_port": port}


@pytest.fixture(scope="module")
def ended(
    request: pytest.FixtureRequest,
    names: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Hold]:
    """How the run of a fault ended; all that were selected are held, a few at a time."""
    client = docker.from_env()
    folder = tmp_path_factory.mktemp("faults")

    def hold(fault: Fault) -> Ended:
        words = f"--bot-image {fault.image} {fault.options}"
        options = shlex.split(words.format(**names))
        started = Started(folder / fault.id, options)
        result = started.wait()
        assert left_by(client, started.process.pid) == []
        return result

    selected = {item.name for item in request.session.items}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs: dict[str, Future[Ended]] = {
            fault.id: pool.submit(until_in_time, partial(hold, fault))
            for fault in FAULTS
            if any(f"[{fault.id}]" in name for name in selected)
        }
        wait(runs.values())
        yield lambda name: runs[name].result()
    client.close()


def in_order(parts: tuple[str, ...], text: str) -> bool:
    return re.search(".*".join(re.escape(part) for part in parts), text, re.DOTALL) is not None


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_is_named_with_its_fix(fault: Fault, ended: Hold, names: dict[str, str]) -> None:
    result = ended(fault.id)

    assert result.exit_code == result.results["exit_code"] == 6, result.printed
    assert result.kinds == [fault.kind]
    says = tuple(part.format(**names) for part in fault.says)
    assert in_order(says, result.message), result.message
    assert says[0] in result.printed


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_is_one_error_for_ci_and_no_failure(fault: Fault, ended: Hold) -> None:
    junit = ended(fault.id).junit

    assert len(junit.findall(".//error")) == 1
    assert junit.findall(".//failure") == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_no_fault_speaks_to_the_ci_system(fault: Fault, ended: Hold) -> None:
    assert ended(fault.id).harmful == []
