"""With `--fail-on-skip` no test is passed over in silence; and how workers divide the tests."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import pytest_xdist_auto_num_workers
from pipecat_voice_test.call import machine

DIVIDED = ("--numprocesses=2", "--dist=loadscope", "--no-loadscope-reorder")
SKIPS = {
    "by-mark": "@pytest.mark.skipif(True, reason='no bot here')\ndef test_call(): ...",
    "while-running": "def test_call(): pytest.skip('no bot here')",
    "in-a-fixture": (
        "@pytest.fixture\ndef bot(): pytest.skip('no bot here')\ndef test_call(bot): ..."
    ),
    "whole-module": ("pytest.skip('no bot here', allow_module_level=True)\ndef test_call(): ..."),
}
FAILS = "@pytest.mark.xfail\ndef test_call(): raise AssertionError"


def closing_line(folder: Path, test: str, *options: str) -> str:
    """What pytest counts at the end of a run of one test module; a pass stands beside it."""
    modules = {"test_skipping.py": test, "test_passing.py": "def test_nothing(): ..."}
    return re.sub(r"=| in [\d.]+s", "", run(folder, modules, *options)[-1]).strip()


def run(folder: Path, modules: Mapping[str, str], *options: str) -> list[str]:
    """The lines that pytest prints of some test modules beside our conftest.py."""
    for module in ("conftest.py", "docker_engine.py"):
        shutil.copy(Path(__file__).parent / module, folder)
    for name, text in modules.items():
        (folder / name).write_text(f"import pytest\n{text}\n")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  docker: d\n  realtime: r\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    ours = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    ended = subprocess.run(command, cwd=folder, env=ours, capture_output=True, text=True)
    return ended.stdout.splitlines()


@pytest.mark.parametrize(
    ("kind", "closing", "divided"),
    [
        ("by-mark", "1 passed, 1 error", "1 passed, 1 error"),
        ("while-running", "1 failed, 1 passed", "1 failed, 1 passed"),
        ("in-a-fixture", "1 passed, 1 error", "1 passed, 1 error"),
        ("whole-module", "1 error", "1 passed, 1 error"),
    ],
)
def test_a_skip_is_a_failure(kind: str, closing: str, divided: str, tmp_path: Path) -> None:
    alone, workers = tmp_path / "alone", tmp_path / "workers"
    alone.mkdir()
    workers.mkdir()

    assert closing_line(alone, SKIPS[kind], "--fail-on-skip") == closing
    assert closing_line(workers, SKIPS[kind], "--fail-on-skip", *DIVIDED) == divided


@pytest.mark.parametrize(
    ("test", "options", "closing"),
    [
        pytest.param(SKIPS["by-mark"], [], "1 passed, 1 skipped", id="without-the-option"),
        pytest.param(
            SKIPS["by-mark"],
            ["--fail-on-skip", "--may-skip", "no bot"],
            "1 passed, 1 skipped",
            id="for-an-allowed-reason",
        ),
        pytest.param(
            SKIPS["by-mark"],
            ["--fail-on-skip", "--may-skip", "no IPv6"],
            "1 passed, 1 error",
            id="but-not-for-another",
        ),
        pytest.param(FAILS, ["--fail-on-skip"], "1 passed, 1 xfailed", id="an-expected-failure"),
    ],
)
def test_what_may_still_be_skipped(
    test: str, options: list[str], closing: str, tmp_path: Path
) -> None:
    assert closing_line(tmp_path, test, *options) == closing


# --- workers ------------------------------------------------------------------------------

LINE = "{}\ndef test_{}():\n    with open('who', 'a') as who: who.write('{} ' + WORKER + '\\n')\n"
MARKS = {"docker": "@pytest.mark.docker", "realtime": "@pytest.mark.realtime", "free": ""}


def module(*kinds: str) -> str:
    """Tests that write down what they are and who runs them."""
    each = [LINE.format(MARKS[kind], f"{kind}_{n}", kind) for n, kind in enumerate(kinds)]
    return "\n".join(["import os", "WORKER = os.environ['PYTEST_XDIST_WORKER']", *each])


def test_containers_have_one_worker_and_what_waits_begins_first(tmp_path: Path) -> None:
    modules = {
        "test_a.py": module("free", "free", "free"),
        "test_b.py": module("docker", "docker"),
        "test_c.py": module("realtime", "realtime"),
        "test_d.py": module("docker", "free"),
    }
    assert " 9 passed " in run(tmp_path, modules, *DIVIDED)[-1]
    who = [line.split() for line in (tmp_path / "who").read_text().splitlines()]

    assert len({worker for kind, worker in who if kind == "docker"}) == 1
    assert len({worker for kind, worker in who if kind == "realtime"}) == 1
    first = {worker: kind for kind, worker in reversed(who)}
    assert sorted(first.values()) == ["docker", "realtime"]


@pytest.mark.parametrize(
    ("cpus", "quota", "workers"),
    [(1, None, 0), (2, None, 2), (16, None, 2), (4, 1.5, 0), (4, 2.0, 2)],
)
def test_who_has_no_two_cpus_has_one_test_after_the_other(
    cpus: int, quota: float | None, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "cpus", lambda: cpus)
    monkeypatch.setattr(machine, "quota_cpus", lambda: quota)

    assert pytest_xdist_auto_num_workers() == workers
