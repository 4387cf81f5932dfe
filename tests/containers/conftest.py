"""Tests in which the runner itself is a container."""

import inspect
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any

import dind
import pytest
from again import until_in_time
from images import built

ROOT = Path(__file__).parents[2]
RUNNER_IMAGE = "pvt-test-runner"
FAULTY_BOT = "pvt-test-faulty-bot"
AHEAD = pytest.StashKey[dict[str, Future[None]]]()


@pytest.fixture(autouse=True)
def begun(request: pytest.FixtureRequest) -> None:
    """With `side_by_side(n)` all tests of a module that have the mark begin, n at a time.

    They mostly wait for containers. Each is reported in its turn. What they share must be of the
    module or the session; only a `tmp_path` is their own. What was `TooLate` is tried again.
    """
    mark = request.node.get_closest_marker("side_by_side")
    module = request.node.getparent(pytest.Module)
    if mark is None or AHEAD in module.stash:
        return
    items = [one for one in request.session.items if one.getparent(pytest.Module) is module]
    ours = [one for one in items if one.get_closest_marker("side_by_side")]
    tries = {one.name: _prepared(one, request) for one in ours}
    pool = ThreadPoolExecutor(mark.args[0])
    module.addfinalizer(partial(pool.shutdown, cancel_futures=True))
    module.stash[AHEAD] = {name: pool.submit(until_in_time, once) for name, once in tries.items()}


def _prepared(item: Any, request: pytest.FixtureRequest) -> Callable[[], None]:
    """A test with all that it takes, each time in a folder of its own."""
    given = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    wanted = set(inspect.signature(item.obj).parameters) - set(given)
    given |= {name: request.getfixturevalue(name) for name in wanted - {"tmp_path"}}
    temporary: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    temporary.getbasetemp()  # Made once, before several ask for it.

    def once() -> None:
        own = {"tmp_path": temporary.mktemp("ahead")} if "tmp_path" in wanted else {}
        item.obj(**given, **own)

    return once


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that has begun is only waited for, with all others.

    Between two tests pytest changes the environment, which no thread may read meanwhile.
    """
    if pyfuncitem.get_closest_marker("side_by_side") is None:
        return None
    module = pyfuncitem.getparent(pytest.Module)
    assert module is not None
    wait(module.stash[AHEAD].values())
    module.stash[AHEAD][pyfuncitem.name].result()
    return True


@pytest.fixture(scope="session")
def runner_image(engine: None) -> str:
    """The runner's image, built from this checkout; `PVT_RUNNER_IMAGE` names one to use instead."""
    if named := os.environ.get("PVT_RUNNER_IMAGE"):
        return named
    built(f"{RUNNER_IMAGE}-packages", ROOT, "--target", "build")
    return built(RUNNER_IMAGE, ROOT)


@pytest.fixture(scope="session")
def faulty_bot(runner_image: str) -> str:
    """The image of `faulty_bot/bot.py`; with `-unwell` behind its name, its health check fails."""
    for target, name in (("bot", FAULTY_BOT), ("unwell", f"{FAULTY_BOT}-unwell")):
        options = ("--target", target, "--build-arg", f"RUNNER={runner_image}")
        built(name, Path(__file__).parent / "faulty_bot", *options)
    return FAULTY_BOT


@pytest.fixture(scope="session")
def other_engine(faulty_bot: str) -> Iterator[dind.OtherEngine]:
    """An engine that is not the one of this machine, and has the image of `faulty_bot`."""
    with dind.running(faulty_bot) as engine:
        yield engine
