"""What tests of every room share."""

import re
from collections.abc import Callable, Generator
from functools import cache
from pathlib import Path
from typing import TypeVar

import docker_engine
import pytest
from pipecat_voice_test.call import machine
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

AT_ONCE = 2
"""Workers at most. With more, calls would be void that are made in real time."""
FIRST = ("docker", "pipecat", "realtime", "browser")
"""Marks of modules that mostly wait, the longest first; those that only compute fill the gaps."""

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the golden files from what the code renders now; then read the diff",
    )
    parser.addoption(
        "--fail-on-skip",
        action="store_true",
        help="a skipped test fails: everything that tests need is here",
    )
    parser.addoption(
        "--may-skip",
        action="append",
        default=[],
        metavar="REGEX",
        help="with --fail-on-skip: tests may skip for a reason that matches",
    )


def _failed_if_skipped(report: Report, config: pytest.Config) -> Report:
    """With `--fail-on-skip`, a report of a skip turned into one of a failure."""
    if not report.skipped or hasattr(report, "wasxfail") or not config.getoption("--fail-on-skip"):
        return report
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(re.search(allowed, reason) for allowed in config.getoption("--may-skip")):
        report.outcome = "failed"
        report.longrepr = f"{reason}\nand --fail-on-skip lets no test be skipped"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _failed_if_skipped(report, item.config)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _failed_if_skipped(report, collector.config)


def pytest_xdist_auto_num_workers() -> int:
    """With one CPU, or a quota of less than two, one test after the other in one process."""
    usable = min(machine.cpus(), machine.quota_cpus() or AT_ONCE)
    return AT_ONCE if usable >= AT_ONCE else 0


class ByModule(LoadScopeScheduling):  # type: ignore[misc]  # It comes without types.
    """Gives a worker all tests of a module, whose fixtures are then made once.

    All modules with containers go to one worker, for some tests look at all that is on the
    engine.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return FIRST[0] if _rank(self.config.rootpath / module) == 0 else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByModule:
    return ByModule(config, log)


@cache
def _rank(module: Path) -> int:
    """Where a module stands in the order in which workers take them."""
    text = module.read_text()
    return next((n for n, mark in enumerate(FIRST) if f"mark.{mark}" in text), len(FIRST))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a worker, what takes long comes first."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _rank(item.path))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a whole document with a file in `golden/` next to the test."""

    def compare(name: str, document: str) -> None:
        path: Path = request.path.parent / "golden" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(document.encode())
        assert document == path.read_bytes().decode()

    return compare


@pytest.fixture(scope="session")
def engine() -> None:
    """A container engine answers, and has the base image; the test is skipped where not."""
    if reason := docker_engine.missing():
        pytest.skip(reason)
