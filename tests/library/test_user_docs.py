"""What the page and the example of the library show can be typed as it stands."""

import inspect
import re
from pathlib import Path

import pytest
from pipecat_voice_test import HeldCall, call_bot
from pipecat_voice_test.adapters import PipecatAgentAdapter

from library.conftest import Held

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
def test_the_example_passes_against_a_healthy_bot(held_meanwhile: Held) -> None:
    done = held_meanwhile.example.result()

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
