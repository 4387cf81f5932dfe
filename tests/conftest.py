"""What tests of every room share."""

import re
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

import docker_engine
import pytest

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
