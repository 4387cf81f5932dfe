"""With `--fail-on-skip` no test is passed over in silence."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
    for module in ("conftest.py", "docker_engine.py"):
        shutil.copy(Path(__file__).parent / module, folder)
    (folder / "test_skipping.py").write_text(f"import pytest\n{test}\n")
    (folder / "test_passing.py").write_text("def test_nothing(): ...\n")
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    environ = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
    run = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    return re.sub(r"=| in [\d.]+s", "", run.stdout.splitlines()[-1]).strip()


@pytest.mark.parametrize(
    ("kind", "closing"),
    [
        ("by-mark", "1 passed, 1 error"),
        ("while-running", "1 failed, 1 passed"),
        ("in-a-fixture", "1 passed, 1 error"),
        ("whole-module", "1 error"),
    ],
)
def test_a_skip_is_a_failure(kind: str, closing: str, tmp_path: Path) -> None:
    assert closing_line(tmp_path, SKIPS[kind], "--fail-on-skip") == closing


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
