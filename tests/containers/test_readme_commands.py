"""The README's `docker run` commands, typed as they stand, against the real Pipecat example.

Only names are put in: of this checkout, of our images in place of `pvt` and `bot`, and of the
example scenarios in place of the reader's own.
"""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from again import until_judged
from docker_engine import docker
from images import built
from pipecat_voice_test.engine.cleaning.ownership import RUN

ROOT = Path(__file__).parents[2]
BOT = "pvt-test-pipecat-bot"
README = (ROOT / "README.md").read_text()
BUILD_AND_RUN, HARDENED = re.findall(
    r"```bash\n((?:docker build[^\n]*\n)*docker run.*?)```", README, re.S
)

pytestmark = [pytest.mark.docker, pytest.mark.pipecat, pytest.mark.realtime]


@dataclass(frozen=True)
class Ended:
    exit_code: int
    printed: str
    results: dict[str, Any]


@pytest.fixture(scope="module")
def bot_image(engine: None) -> str:
    """The real Pipecat bot of the examples, as its page says."""
    return built(BOT, ROOT / "examples" / "pipecat-bot")


def typed(commands: str, runner_image: str, folder: Path, more: str) -> Ended:
    """What they do in a copy of the repository's examples."""
    (folder / "examples").mkdir()
    subprocess.run(["cp", "-r", ROOT / "examples", folder], check=True)
    commands = re.sub(r"^docker build -t pvt .*\n", "", commands, flags=re.MULTILINE)
    commands = commands.replace("-t bot .", f"-t {BOT} examples/pipecat-bot")
    commands = commands.replace("  pvt run tests/voice", f"  {runner_image} run examples/scenarios")
    commands = commands.replace("--bot-image bot", f"--bot-image {BOT} {more}")
    ended = until_judged(
        lambda: subprocess.run(
            ["bash", "-ec", commands], cwd=folder, capture_output=True, text=True, check=False
        ),
        lambda ended: ended.returncode == 7,
    )
    printed = f"{commands}\n{ended.stdout}{ended.stderr}"
    results = json.loads((folder / "voice-test-results/results.json").read_text())
    return Ended(ended.returncode, printed, results)


def left_behind() -> list[str]:
    """Containers and networks of any run; nobody else uses this engine meanwhile."""
    mine = f"label={RUN}"
    containers = docker("ps", "--all", "--quiet", "--filter", mine)
    return [*containers.split(), *docker("network", "ls", "--quiet", "--filter", mine).split()]


def test_the_healthy_bot_passes(runner_image: str, bot_image: str, tmp_path: Path) -> None:
    ended = typed(BUILD_AND_RUN, runner_image, tmp_path, "--workers 2")

    assert ended.exit_code == 0, ended.printed
    assert [one["verdict"] for one in ended.results["scenarios"]] == ["passed"] * 5
    assert ended.results["bot"]["launcher"] == "image"
    assert left_behind() == []


def test_the_hardened_runner_finds_a_fault(
    runner_image: str, bot_image: str, tmp_path: Path
) -> None:
    ended = typed(
        HARDENED, runner_image, tmp_path, "-k interrupt --bot-env BOT_FAULT=ignores-caller"
    )

    assert ended.exit_code == 1, ended.printed
    failed = {
        check["metric"]
        for one in ended.results["scenarios"]
        for call in one["calls"]
        for check in call["checks"]
        if check["verdict"] == "failed"
    }
    assert "no_yield" in failed
    assert left_behind() == []
