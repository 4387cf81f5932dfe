"""The workflow that divides a run: what its jobs say fits together, and what we have."""

import re
from pathlib import Path
from typing import Any

import yaml
from pipecat_voice_test.cli import main

ROOT = Path(__file__).parents[2]
FILE = ROOT / "examples/shards/.github/workflows/voice-test.yml"
JOBS: dict[str, Any] = yaml.safe_load(FILE.read_text())["jobs"]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())


def step(job: str, uses: str) -> dict[str, Any]:
    (found,) = (one for one in JOBS[job]["steps"] if one.get("uses", "").startswith(uses))
    return dict(found)


def test_each_machine_has_its_share() -> None:
    machines = JOBS["shard"]["strategy"]["matrix"]["shard"]

    assert machines == list(range(1, len(machines) + 1))
    assert JOBS["shard"]["strategy"]["fail-fast"] is False
    given = step("shard", "org/pipecat-voice-test@")["with"]
    assert given == {"shard": "${{ matrix.shard }}/${{ strategy.job-total }}"}
    assert set(given) <= set(ACTION["inputs"])


def test_what_each_leaves_is_what_is_joined() -> None:
    kept, fetched = step("shard", "actions/upload-artifact"), step("merge", "actions/download-art")
    folder = ACTION["inputs"]["output-dir"]["default"]

    assert kept["with"]["path"] == f"{folder}/"
    assert kept["with"]["name"].replace("${{ matrix.shard }}", "*") == fetched["with"]["pattern"]
    assert f"pipecat-voice-test merge {fetched['with']['path']}\n" in FILE.read_text()
    assert {"merge"} <= set(main.commands)


def test_what_failed_is_kept_and_joined_too() -> None:
    even_if_failed = "${{ !cancelled() }}"

    assert step("shard", "actions/upload-artifact")["if"] == even_if_failed
    assert (JOBS["merge"]["needs"], JOBS["merge"]["if"]) == ("shard", even_if_failed)


def test_actions_are_pinned() -> None:
    """Ours is a release line, which the file says to pin too if nobody is to move it."""
    used = re.findall(r"uses: (\S+)@(\S+)", FILE.read_text())

    assert all(
        re.fullmatch("[0-9a-f]{40}", at) for action, at in used if not action.startswith("org/")
    )
