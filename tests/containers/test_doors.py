"""The image of the real Pipecat bot answers at every door; here at the two that need the network.

Over WebRTC sound goes to the container's own address, past the published port. And a bot that
hangs up over HTTP has to find us from inside its container.
"""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from again import until_judged
from images import built

ROOT = Path(__file__).parents[2]
BOT = "pvt-test-pipecat-bot"
TOOL = Path(sys.executable).with_name("pipecat-voice-test")
PAGE = (ROOT / "examples/doors/README.md").read_text()
COMMANDS = re.findall(r"^pipecat-voice-test run examples/doors --bot-image .*$", PAGE, re.MULTILINE)

pytestmark = [pytest.mark.docker, pytest.mark.pipecat, pytest.mark.realtime]


@pytest.fixture(scope="module")
def calls(
    engine: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, dict[str, Any]]]:
    """By the last word of each command of the page, the call in which keys are pressed."""
    image = built(BOT, ROOT / "examples/pipecat-bot")
    folder = tmp_path_factory.mktemp("doors")

    def typed(command: str) -> dict[str, Any]:
        results = folder / command.split()[-1]
        command = command.replace("pipecat-voice-test", shlex.quote(str(TOOL)), 1)
        command = command.replace("--bot-image pipecat-bot", f"--bot-image {image}")
        command += f" -k keys --output-dir {shlex.quote(str(results))}"
        until_judged(
            lambda: subprocess.run(["bash", "-c", command], cwd=ROOT, check=False, timeout=300),
            lambda done: done.returncode == 7,
        )
        (scenario,) = json.loads((results / "results.json").read_text())["scenarios"]
        return {"verdict": scenario["verdict"], **scenario["calls"][-1]}

    with ThreadPoolExecutor() as pool:
        done = pool.map(typed, COMMANDS)
        yield dict(zip((command.split()[-1] for command in COMMANDS), done, strict=True))


@pytest.mark.parametrize(("door", "how"), [("telnyx", "call_api"), ("webrtc", "socket")])
def test_a_bot_in_a_container_hears_keys_and_hangs_up(
    calls: dict[str, dict[str, Any]], door: str, how: str
) -> None:
    call = calls[door]

    assert call["verdict"] == "passed", call
    assert (call["ended_by"], call["ended_how"]) == ("bot", how)
