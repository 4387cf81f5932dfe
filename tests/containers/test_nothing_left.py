"""However a run is ended, and wherever it runs, its bots and networks go with it.

The clock runs from the signal until the engine lists nothing of the run any more.
"""

import itertools
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
from again import in_time, until_in_time

from containers.runs import RESULTS, left_by
from containers.victims import (
    IN_CALL,
    KILLED_S,
    TIDY_S,
    Container,
    Process,
    Victim,
    gone_after_s,
    nothing_left,
    results_of,
    wait_for,
)

pytestmark = [pytest.mark.docker, pytest.mark.realtime]

AT_ONCE = 3
KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)
"""Exit codes of a process and of a container."""

PLACES: dict[str, Mapping[str, Any] | None] = {
    "a-process": None,
    "a-container": {},
    "a-container-in-a-network": {"network": "{network}"},
    "a-container-on-the-hosts-network": {"network_mode": "host"},
    "a-hardened-container": {
        "read_only": True,
        "tmpfs": {"/tmp": ""},
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "user": "12345:12345",
        "group_add": ["{socket_group}"],
    },
}


@dataclass(frozen=True)
class Ending:
    """Where a run is, and what ends it there."""

    place: str
    how: str

    @property
    def gentle(self) -> bool:
        """Whether the runner gets to know of it."""
        return self.how in ("SIGTERM", "SIGINT", "SIGHUP")

    def __str__(self) -> str:
        return f"{self.how}-of-{self.place}"


@dataclass(frozen=True)
class Aftermath:
    """What was there afterwards."""

    gone_after_s: float
    nothing_left: bool
    exit_code: int
    results: dict[str, Any]
    folder: Path
    printed: str


ENDINGS = [
    *(Ending(place, how) for place in PLACES for how in ("SIGTERM", "SIGINT", "SIGKILL")),
    Ending("a-process", "SIGHUP"),
    Ending("a-container", "SIGHUP"),
    Ending("a-container", "removal"),
]

Hold = Callable[[Ending], Aftermath]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="module")
def network(client: Any) -> Iterator[str]:
    """A network as CI systems make one for a job."""
    network = client.networks.create("pvt-test-job")
    yield network.name
    network.remove()


@pytest.fixture(scope="module")
def start(
    client: Any, network: str, runner_image: str, faulty_bot: str
) -> Callable[[str, Path], Victim]:
    """Start a run in a place, its results going into a folder."""
    values = {"network": network, "socket_group": str(Path("/var/run/docker.sock").stat().st_gid)}
    options = ["--bot-image", faulty_bot, "--bot-pull", "never"]

    def start(place: str, folder: Path) -> Victim:
        settings = PLACES[place]
        if settings is None:
            return Process(client, folder, options)
        return Container(
            client, folder, options, image=runner_image, settings=_filled(settings, values)
        )

    return start


def _filled(settings: Any, values: Mapping[str, str]) -> Any:
    if isinstance(settings, str):
        return settings.format(**values)
    if isinstance(settings, list):
        return [_filled(one, values) for one in settings]
    if isinstance(settings, dict):
        return {key: _filled(one, values) for key, one in settings.items()}
    return settings


@pytest.fixture(scope="module")
def after(
    request: pytest.FixtureRequest,
    start: Callable[[str, Path], Victim],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Hold]:
    """What was there after an ending; all that were selected are brought about, some at a time."""
    folder = tmp_path_factory.mktemp("endings")

    def end(ending: Ending) -> Aftermath:
        tries = itertools.count(1)
        return until_in_time(
            lambda: brought_about(start(ending.place, folder / f"{ending}-{next(tries)}"), ending)
        )

    selected = {item.name for item in request.session.items}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs: dict[Ending, Future[Aftermath]] = {
            ending: pool.submit(end, ending)
            for ending in ENDINGS
            if any(f"[{ending}]" in name for name in selected)
        }
        wait(runs.values())
        yield lambda ending: runs[ending].result()


def brought_about(victim: Victim, ending: Ending) -> Aftermath:
    """End a run in the middle of its last call, and look."""
    how = ending.how
    try:
        wait_for(victim, IN_CALL)
        run_ids = {one.run_id for one in left_by(victim.client, victim.runner)}
        assert run_ids
        printed = victim.printed
        since_s = time.monotonic()
        if how == "removal":
            victim.tidy()
            code = 128 + signal.SIGKILL
        else:
            victim.send(signal.Signals[how])
        after_s = gone_after_s(victim, since_s)
        if how != "removal":
            code = victim.exit_code()
            printed = victim.printed
        clean = nothing_left(victim, run_ids)
        in_time(after_s, TIDY_S if ending.gentle else KILLED_S, printed)
    finally:
        victim.tidy()
    return Aftermath(after_s, clean, code, results_of(victim), victim.folder, printed)


@pytest.mark.parametrize("ending", ENDINGS, ids=str)
def test_bots_and_networks_are_gone_in_time(ending: Ending, after: Hold) -> None:
    found = after(ending)

    assert found.gone_after_s < (TIDY_S if ending.gentle else KILLED_S)
    assert ending.gentle or found.exit_code in KILLED


@pytest.mark.parametrize("ending", ENDINGS, ids=str)
def test_those_who_tidy_up_go_as_well(ending: Ending, after: Hold) -> None:
    assert after(ending).nothing_left


@pytest.mark.parametrize("ending", ENDINGS, ids=str)
def test_results_so_far_are_on_disk(ending: Ending, after: Hold) -> None:
    found = after(ending)

    for ended in found.results["scenarios"][:2]:
        assert ended["calls"][0]["verdict"] in ("passed", "inconclusive")
        assert (found.folder / RESULTS / ended["calls"][0]["files"]["recording"]).exists()


@pytest.mark.parametrize("ending", [one for one in ENDINGS if one.gentle], ids=str)
def test_a_run_that_gets_to_know_says_so_everywhere(ending: Ending, after: Hold) -> None:
    found = after(ending)
    cut_off = found.results["scenarios"][2]

    assert found.exit_code == found.results["exit_code"] == 2, found.printed
    assert f"the run was interrupted by {ending.how}" in found.printed
    assert cut_off["verdict"] == "not_run"
    assert (found.folder / RESULTS / cut_off["calls"][0]["files"]["recording"]).exists()
    assert (found.folder / RESULTS / "junit.xml").exists()
