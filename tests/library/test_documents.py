"""What the page and the example of the library show can be typed as it stands."""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from again import until_judged
from pipecat_voice_test import HeldCall, call_bot
from pipecat_voice_test.adapters import PipecatAgentAdapter

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "library.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("code", PYTHON, ids=lambda code: code.split("\n", 1)[0])
def test_the_code_on_the_page_can_be_loaded(code: str) -> None:
    exec(compile(code, "library.md", "exec"), {})  # It defines functions only.


def test_the_page_names_every_argument_of_call_bot() -> None:
    told = set(re.findall(r"`(\w+)`", PAGE))

    assert set(inspect.signature(call_bot).parameters) <= told
    assert {"passed", "verdict", "metrics", "folder", "recording", "story"} <= told & set(
        dir(HeldCall)
    )


def test_the_page_names_all_that_the_adapter_can_do() -> None:
    told = set(re.findall(r"`(?:\w+\.)?(\w+)(?:\(.*?\))?`", PAGE))
    public = {name for name in vars(PipecatAgentAdapter) if not name.startswith("_")}

    assert public <= told


@pytest.mark.realtime
def test_the_example_passes_against_a_healthy_bot() -> None:
    command = [sys.executable, "-m", "pipecat_voice_test.demo.bot", "--port", "0"]
    command += ["--reply-ms", "3000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as bot:
        assert bot.stdout is not None
        url = bot.stdout.readline().split()[-1]
        done = until_judged(lambda: run_example(url), lambda done: "inconclusive" in done.stdout)
        bot.terminate()

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def run_example(url: str) -> subprocess.CompletedProcess[str]:
    """Its tests side by side, as each holds a call of some seconds."""
    command = [sys.executable, "-m", "pytest", "-p", "xdist.plugin", "-n", "3"]
    command += ["-p", "pipecat_voice_test.library.plugin", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "--rootdir", ".", "-c", "/dev/null", "test_bot.py"],
        cwd=ROOT / "examples" / "library",
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"BOT_URL": url, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
