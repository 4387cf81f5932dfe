"""A bot's container may do little, ends in words, and is gone afterwards."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from docker_engine import BASE_IMAGE, docker
from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.container import (
    ContainerSpec,
    Tenant,
    brings_an_init,
    create_container,
    how_it_ended,
)
from pipecat_voice_test.errors import EngineError

from engine import sites

MIB = 1024**2
MARK = "io.pipecat-voice-test.tests"


@pytest.fixture
def mark() -> Iterator[str]:
    """A label's value; whatever carries it is removed in the end."""
    mark = sites.name()
    yield mark
    left = docker("ps", "-aq", "--filter", f"label={MARK}={mark}").split()
    if left:
        docker("rm", "--force", *left)


Make = Callable[..., Tenant]


@pytest.fixture
def printed() -> list[bytes]:
    return []


@pytest.fixture
def make(connected: Engine, mark: str, printed: list[bytes]) -> Make:
    """Creates the container of a bot, which will run `python -c code`."""

    def make(code: str = "", **wishes: Any) -> Tenant:
        options = wishes.pop("options", {})
        wishes.setdefault("args", ("python", "-uc", code))
        spec = ContainerSpec(BASE_IMAGE, 7860, labels={MARK: mark}, **wishes)
        return Tenant(connected, create_container(connected, spec, options), printed.append)

    return make


def run_to_its_end(tenant: Tenant) -> str | None:
    tenant.follow()
    tenant.begin()
    tenant.wait_for_output(30)
    return tenant.ended()


def left(mark: str) -> str:
    return docker("ps", "-aq", "--filter", f"label={MARK}={mark}")


def eventually(condition: Callable[[], bool], within_s: float = 20.0) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


LOOK = """
import os, pathlib, resource
status = pathlib.Path('/proc/self/status').read_text()
facts = dict(line.split(':', 1) for line in status.splitlines() if ':' in line)
print('caps', int(facts['CapBnd'], 16), 'new', facts['NoNewPrivs'].strip())
for path in ('/file', '/tmp/file'):
    try:
        print(path, pathlib.Path(path).write_text('x'))
    except OSError as error:
        print(path, error.strerror)
"""


@pytest.mark.docker
def test_a_bot_is_held_to_its_limits(make: Make, printed: list[bytes]) -> None:
    tenant = make(LOOK, memory_bytes=256 * MIB, cpus=0.5, pids=64)

    run_to_its_end(tenant)

    host = tenant.attrs()["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (256 * MIB, 256 * MIB)
    assert (host["NanoCpus"], host["PidsLimit"]) == (500_000_000, 64)
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], None)
    assert (host["Binds"], host.get("Mounts")) == (None, None)
    assert host["LogConfig"] == {
        "Type": "json-file",
        "Config": {"max-size": "8m", "max-file": "1"},
    }
    assert b"".join(printed).decode().split("\n") == ["caps 0 new 1", "/file 1", "/tmp/file 1", ""]


@pytest.mark.docker
def test_a_bot_that_may_not_write_has_a_tmp_of_its_own(make: Make, printed: list[bytes]) -> None:
    run_to_its_end(make(LOOK, read_only=True, cap_add=("NET_BIND_SERVICE",)))

    assert b"".join(printed).decode().split("\n") == [
        f"caps {1 << 10} new 1",
        "/file Read-only file system",
        "/tmp/file 1",
        "",
    ]


@pytest.mark.docker
def test_a_bot_is_given_its_own_environment_only(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_JOB", "hush")

    tenant = make(env={"A": "b=c d", "EMPTY": ""})

    of_image = json.loads(
        docker("image", "inspect", BASE_IMAGE, "--format", "{{json .Config.Env}}")
    )
    assert {*tenant.attrs()["Config"]["Env"]} - {*of_image} == {"A=b=c d", "EMPTY="}


@pytest.mark.docker
def test_more_processors_than_there_are_means_all(make: Make, connected: Engine) -> None:
    tenant = make(cpus=1000.0)

    assert tenant.attrs()["HostConfig"]["NanoCpus"] == connected.cpus * 1_000_000_000


@pytest.mark.docker
def test_names_and_user_are_as_asked_for(make: Make, printed: list[bytes]) -> None:
    code = "import os, socket; print(os.getuid(), socket.gethostbyname('shop.test'))"

    run_to_its_end(make(code, user="1234", add_hosts={"shop.test": "10.1.2.3"}))

    assert b"".join(printed) == b"1234 10.1.2.3\n"


@pytest.mark.parametrize(
    ("state", "memory", "words"),
    [
        pytest.param({"ExitCode": 0}, 0, "exited with code 0", id="at-its-own-wish"),
        pytest.param({"ExitCode": 3}, 0, "exited with code 3", id="with-a-code"),
        pytest.param({"ExitCode": 143}, 0, "was ended by SIGTERM (exit code 143)", id="asked-to"),
        pytest.param({"ExitCode": 139}, 0, "was ended by SIGSEGV (exit code 139)", id="crashed"),
        pytest.param({"ExitCode": 255}, 0, "exited with code 255", id="with-no-signal"),
        pytest.param(
            {"ExitCode": 137, "OOMKilled": True},
            4 * 1024 * MIB,
            "was killed for using more than its memory limit of 4.0 GiB (exit code 137, OOM"
            " killed)",
            id="of-hunger",
        ),
        pytest.param(
            {"ExitCode": 1, "OOMKilled": True},
            64 * MIB,
            "was killed for using more than its memory limit of 64 MiB (exit code 1, OOM killed)",
            id="of-hunger-of-a-child",
        ),
    ],
)
def test_a_container_ended(state: dict[str, Any], memory: int, words: str) -> None:
    assert how_it_ended({"State": state, "HostConfig": {"Memory": memory}}) == words


@pytest.mark.docker
@pytest.mark.parametrize(
    ("code", "wishes", "words"),
    [
        pytest.param("raise SystemExit(3)", {}, "exited with code 3", id="code"),
        pytest.param(
            "import os; os.kill(os.getpid(), 11)",
            {},
            "was ended by SIGSEGV (exit code 139)",
            id="signal",
        ),
        pytest.param(
            "b'x' * 10**9",
            {"memory_bytes": 32 * MIB},
            "was killed for using more than its memory limit of 32 MiB (exit code 137, OOM killed)",
            id="memory",
        ),
    ],
)
def test_an_end_is_noticed_with(code: str, wishes: dict[str, Any], words: str, make: Make) -> None:
    assert run_to_its_end(make(code, **wishes)) == words


@pytest.mark.docker
def test_all_that_it_prints_arrives_in_order(make: Make, printed: list[bytes]) -> None:
    run_to_its_end(make("for n in range(20000): print(n)"))

    assert b"".join(printed) == b"".join(b"%d\n" % n for n in range(20000))


@pytest.mark.docker
def test_a_bot_that_closes_its_output_lives_on(make: Make, printed: list[bytes]) -> None:
    tenant = make("import os, time; print('bye'); os.close(1); os.close(2); time.sleep(600)")
    tenant.follow()
    tenant.begin()
    assert eventually(lambda: b"bye" in b"".join(printed))

    assert not eventually(lambda: tenant.ended() is not None, within_s=0.5)
    docker("kill", tenant.id)
    assert eventually(lambda: tenant.ended() == "was ended by SIGKILL (exit code 137)")


@pytest.mark.docker
def test_a_bot_that_somebody_removes_is_missed(make: Make) -> None:
    tenant = make("import time; time.sleep(600)")
    tenant.follow()
    tenant.begin()

    docker("rm", "--force", tenant.id)

    assert eventually(lambda: tenant.ended() is not None)


ENDS_WELL = """
import signal, sys, time
def end(*_):
    print('goodbye'); sys.exit(0)
signal.signal(signal.SIGTERM, end); print('hello'); time.sleep(600)
"""
ENDS_NEVER = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN); print('hello'); time.sleep(600)
"""


@pytest.mark.docker
@pytest.mark.parametrize(
    ("code", "patience_s", "said", "ended"),
    [
        pytest.param(ENDS_WELL, 30.0, b"hello\ngoodbye\n", "exited with code 0", id="listens"),
        pytest.param(
            ENDS_NEVER, 1.0, b"hello\n", "was ended by SIGKILL (exit code 137)", id="ignores-it"
        ),
    ],
)
def test_a_bot_is_asked_to_end_and_removed_if_it(
    code: str,
    patience_s: float,
    said: bytes,
    ended: str,
    make: Make,
    mark: str,
    printed: list[bytes],
) -> None:
    tenant = make(code)
    tenant.follow()
    tenant.begin()
    assert eventually(lambda: b"hello" in b"".join(printed))

    tenant.stop(patience_s)

    assert b"".join(printed) == said
    assert tenant.ended() == ended
    assert left(mark) == ""
    tenant.stop(patience_s)  # Does nothing.
    tenant.kill_now()


@pytest.mark.docker
@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        pytest.param(
            {"user": "nobody-knows"},
            "the container engine could not start the bot's container.\n"
            "  Fix: `--bot-user` must be a user of the image, or a number such as 1000:1000.\n",
            id="user",
        ),
        pytest.param(
            {"memory_bytes": 1000},
            "the container engine could not create the bot's container.\n"
            "  Fix: give another `--bot-memory`, such as 4g.\n",
            id="memory",
        ),
        pytest.param(
            {"cap_add": ("FLYING",)},
            "the container engine could not create the bot's container.\n"
            "  Fix: say `--bot-cap-add` as for `docker run --cap-add`, such as NET_RAW.\n",
            id="capability",
        ),
        pytest.param(
            {"add_hosts": {"shop": "next door"}},
            "the container engine could not create the bot's container.\n"
            "  Fix: say `--bot-add-host NAME:IP`, or `NAME:host-gateway`.\n",
            id="host",
        ),
        pytest.param(
            {"options": {"network": "pvt-no-such-network"}},
            "the container engine could not start the bot's container.\n"
            "  Fix: `docker network ls` shows what `--bot-network` may name.\n",
            id="network",
        ),
    ],
)
def test_an_engine_refuses_a_wrong(
    wishes: dict[str, Any], message: str, make: Make, mark: str
) -> None:
    with pytest.raises(EngineError) as caught:
        run_and_stop(make, wishes)

    assert str(caught.value).startswith(message)
    assert caught.value.evidence
    assert left(mark) == ""


def run_and_stop(make: Make, wishes: dict[str, Any]) -> None:
    tenant = make(**wishes)
    try:
        tenant.begin()
    finally:
        tenant.stop(1.0)


@pytest.mark.docker
def test_a_port_that_is_taken_is_said(make: Make, mark: str) -> None:
    first = make(
        "import time; time.sleep(600)", options={"ports": {"7860/tcp": ("127.0.0.1", None)}}
    )
    first.begin()
    (taken,) = first.attrs()["NetworkSettings"]["Ports"]["7860/tcp"]

    with pytest.raises(EngineError) as caught:
        run_and_stop(make, {"options": {"ports": {"7860/tcp": ("127.0.0.1", taken["HostPort"])}}})

    assert str(caught.value).startswith(
        "the container engine could not start the bot's container.\n"
        "  Fix: end what holds that port, such as an earlier bot: `docker ps` shows it.\n"
    )
    first.kill_now()
    assert left(mark) == ""


@pytest.mark.docker
def test_where_it_listens_is_seen_from_inside(make: Make, printed: list[bytes]) -> None:
    tenant = make(
        "import socket, time; s = socket.create_server(('127.0.0.1', 4321)); print('up');"
        "time.sleep(600)"
    )
    tenant.follow()
    tenant.begin()
    assert eventually(lambda: b"up" in b"".join(printed))

    tables = tenant.socket_tables()

    assert tables is not None
    assert "0100007F:10E1" in tables  # In words of this machine's order, 127.0.0.1:4321.
    tenant.kill_now()
    assert tenant.socket_tables() is None


@pytest.mark.docker
@pytest.mark.parametrize(
    ("dockerfile", "its_own"),
    [
        pytest.param("", False, id="nothing"),
        pytest.param('ENTRYPOINT ["/bin/sh", "-c"]', False, id="a-shell"),
        pytest.param('ENTRYPOINT ["/init"]', True, id="s6"),
    ],
)
def test_ours_is_process_1_unless_the_image_begins_with(
    dockerfile: str, its_own: bool, connected: Engine
) -> None:
    name = sites.name()
    docker("commit", *(("--change", dockerfile) if dockerfile else ()), idle(name), name)
    try:
        assert brings_an_init(connected, name) is its_own
    finally:
        docker("image", "rm", name)
        docker("rm", name)


def idle(name: str) -> str:
    docker("create", "--name", name, BASE_IMAGE)
    return name


@pytest.mark.docker
def test_a_hundred_megabytes_of_log_fill_neither_memory_nor_disk(
    make: Make, connected: Engine
) -> None:
    seen = 0
    done = threading.Event()

    def count(data: bytes) -> None:
        nonlocal seen
        seen += len(data)
        if data.endswith(b"the end\n"):
            done.set()

    code = (
        "import os, time\nfor n in range(1600): os.write(1, b'x' * 65535 + b'\\n')\n"
        "os.write(1, b'the end\\n'); time.sleep(600)"
    )
    made = make(code)
    tenant = Tenant(connected, made.id, count)
    tenant.follow()
    tenant.begin()

    assert done.wait(120)
    assert seen == 1600 * 65536 + 8
    assert len(docker("logs", tenant.id)) < 9_000_000
    tenant.kill_now()
