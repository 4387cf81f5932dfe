"""The engine is looked at without changing anything on it."""

import gc
import os
import uuid
from collections.abc import Iterator

import pytest
from docker_engine import BASE_IMAGE, docker
from pipecat_voice_test.checkup.containers import Wanted, place_words, route_words, run_words
from pipecat_voice_test.checkup.containers import engine as checkup_of
from pipecat_voice_test.checkup.finding import Finding, Mark
from pipecat_voice_test.engine.cleaning.leftovers import FoundRun
from pipecat_voice_test.engine.cleaning.ownership import Role, labels, new_run_id
from pipecat_voice_test.engine.cleaning.runner import Runner
from pipecat_voice_test.engine.places.route import Route
from pipecat_voice_test.engine.places.surroundings import Home, Network, Surroundings
from pipecat_voice_test.errors import ExitCode

# docker-py forgets the socket with which it reached nobody.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
JOB = Network("job_net", "1")


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    yield
    gc.collect()


def by_topic(wanted: Wanted) -> dict[str, Finding]:
    """The first finding of each topic, with the engine of this machine."""
    found: dict[str, Finding] = {}
    for finding in checkup_of(os.environ, wanted):
        found.setdefault(finding.topic, finding)
    return found


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        pytest.param(Wanted(), None, id="nobody-asked-for-a-container"),
        pytest.param(Wanted("image", image="bot"), ExitCode.BOT_ERROR, id="an-image"),
        pytest.param(Wanted("build", folder="."), ExitCode.BOT_ERROR, id="a-folder"),
        pytest.param(Wanted("compose"), ExitCode.BOT_ERROR, id="a-service"),
    ],
)
def test_no_engine_matters_to_whoever_needs_one(wanted: Wanted, code: ExitCode | None) -> None:
    assert list(checkup_of(NOWHERE, wanted)) == [
        Finding(
            Mark.MISS,
            "engine",
            "no container engine answers at unix:///nowhere/docker.sock.",
            "start the engine (`sudo systemctl start docker`, or Docker Desktop);\n"
            "in a container add `-v /var/run/docker.sock:/var/run/docker.sock`;\n"
            "or say in DOCKER_HOST where the engine is.",
            "[Errno 2] No such file or directory",
            code,
        )
    ]


@pytest.mark.parametrize(
    ("around", "words"),
    [
        (Surroundings(), "on the engine's machine"),
        (Surroundings("docker"), "the engine is on docker"),
        (
            Surroundings(home=Home("a" * 64, "a" * 64)),
            "in a container of this engine (aaaaaaaaaaaa)",
        ),
        (
            Surroundings(home=Home("a" * 64, "b" * 64)),
            "in a container of this engine (aaaaaaaaaaaa, in another container's network)",
        ),
        (
            Surroundings(home=Home("", "b" * 64)),
            "in a container of this engine (bbbbbbbbbbbb, in another container's network)",
        ),
        (
            Surroundings(home=Home("a" * 64, "a" * 64, on_host=True)),
            "in a container of this engine (aaaaaaaaaaaa, in the network of its machine)",
        ),
    ],
)
def test_where_we_are(around: Surroundings, words: str) -> None:
    assert place_words(around) == words


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (
            Route(publish="127.0.0.1", call="127.0.0.1"),
            "at 127.0.0.1 and a port that the engine picks",
        ),
        (
            Route(publish="0.0.0.0", call="docker"),
            "at docker and a port that the engine picks",
        ),
        (
            Route(private=True, join=True),
            "at its own address and port 7860, in a network made for the run",
        ),
        (Route(JOB), "at its own address and port 7860, in the network `job_net`"),
        (Route(stack="container:a", call="127.0.0.1"), "at 127.0.0.1:7860, in our own network"),
        (Route(stack="host", call="10.0.0.1"), "at 10.0.0.1:7860, in the network of its machine"),
    ],
)
def test_how_a_bot_is_called(route: Route, words: str) -> None:
    assert route_words(route, 7860) == words


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (
            FoundRun("0a1b", ("a", "b"), ("n",), (), 5400.0, False),
            "2 containers, 1 network of run 0a1b, 1.5 h old",
        ),
        (
            FoundRun("0a1b", (), (), ("v",), 36.0, None),
            "1 volume of run 0a1b, 0.0 h old; it may be at work on another machine",
        ),
    ],
)
def test_what_is_left_of_a_run(run: FoundRun, words: str) -> None:
    assert run_words(run) == words


@pytest.mark.docker
def test_a_real_engine(engine: None) -> None:
    found = by_topic(Wanted())

    assert found["engine"].mark is Mark.OK
    assert "API 1." in found["engine"].text
    assert found["place"].mark is Mark.OK
    assert found["build"].mark is Mark.OK


@pytest.mark.docker
def test_an_image_that_is_there(engine: None) -> None:
    finding = by_topic(Wanted("image", image=BASE_IMAGE))["image"]

    assert finding.mark is Mark.OK
    assert finding.text.startswith(f"{BASE_IMAGE} is there: linux/")


@pytest.mark.docker
def test_an_image_that_is_nowhere(engine: None) -> None:
    # A registry on a port where nobody listens says no at once.
    name = f"127.0.0.1:1/{uuid.uuid4().hex}:1"
    finding = by_topic(Wanted("image", image=name))["image"]

    assert (finding.mark, finding.code) == (Mark.MISS, ExitCode.BOT_ERROR)
    assert finding.text == f"{name} is not there, and its registry does not have it for us"
    assert finding.fix == (
        f"build it: `docker build -t {name} .`, correct its name, or\n"
        "`docker login` first if it is not public."
    )
    assert "connection refused" in finding.evidence


@pytest.mark.docker
def test_a_folder_that_cannot_be_built(engine: None) -> None:
    finding = by_topic(Wanted("build", folder="no-such-folder"))["bot"]

    assert (finding.mark, finding.code) == (Mark.MISS, ExitCode.USAGE)
    assert finding.text == "there is no folder `no-such-folder` to build."


@pytest.fixture
def dead_run(engine: None) -> Iterator[str]:
    """The volume of a run whose process is long gone."""
    run_id = new_run_id()
    gone = Runner.here()
    gone = Runner(gone.machine, gone.pid_namespace, 2**22 + 1, "1")
    options = [f"--label={name}={value}" for name, value in labels(run_id, Role.BOT, gone).items()]
    docker("volume", "create", *options, f"pvt-h6-{run_id}")
    yield run_id
    docker("volume", "rm", f"pvt-h6-{run_id}")


@pytest.mark.docker
def test_what_a_dead_run_left_is_told_with_its_removal(dead_run: str) -> None:
    findings = list(checkup_of(os.environ, Wanted()))
    (finding,) = [one for one in findings if f"run {dead_run}" in one.text]

    assert (finding.mark, finding.topic) == (Mark.NOTE, "left over")
    assert finding.text.startswith(f"1 volume of run {dead_run}, 0.0 h old")
    assert finding.fix == f"docker volume rm pvt-h6-{dead_run}"
    assert finding.code is None
