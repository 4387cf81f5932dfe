"""The command, as users type it, against a real Pipecat bot: healthy, and failing for a reason.

`PVT_PIPECAT_PYTHON` names the Python of an environment with the locked requirements of
`examples/pipecat-bot`; `.ci/run` makes one.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from again import until_judged

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("PVT_PIPECAT_PYTHON", "")
BOT = "examples/pipecat-bot/bot.py -t twilio --host 127.0.0.1 --port {port}"
TOOL = Path(sys.executable).with_name("pipecat-voice-test")

pytestmark = [
    pytest.mark.pipecat,
    pytest.mark.realtime,
    pytest.mark.skipif(not PYTHON, reason="PVT_PIPECAT_PYTHON is not set"),
]


@dataclass(frozen=True)
class Outcome:
    """What the command left behind."""

    exit_code: int
    output: str
    results: dict[str, Any]

    def scenario(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(s for s in self.results["scenarios"] if s["name"] == name)
        return found

    def is_void(self, expected: frozenset[str]) -> bool:
        """Whether this machine was too busy to judge the bot in what is expected of it."""
        unseen = expected - self.metrics("failed")
        return self.exit_code == 7 or bool(unseen & self.metrics("inconclusive"))

    def metrics(self, verdict: str) -> set[str]:
        return {
            check["metric"]
            for scenario in self.results["scenarios"]
            for call in scenario["calls"]
            for check in call["checks"]
            if check["verdict"] == verdict
        }


@dataclass(frozen=True)
class Job:
    """One run of the command."""

    name: str
    select: str = ""
    env: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    fails: frozenset[str] = frozenset()


def faulty(fault: str, select: str, *metrics: str) -> Job:
    name, _, _ = fault.partition("=")
    return Job(name, select, {"BOT_FAULT": fault}, fails=frozenset(metrics))


FAULTY = [
    faulty("late-answer=4500", "Greeting", "response_ms"),
    faulty("never-answers", "Greeting", "response_ms", "missed_turn"),
    faulty("ignores-caller", "Interrupt", "stop_ms", "no_yield"),
    faulty("cuts-in", "Think", "cut_in"),
    faulty("missing-credentials", "Keypad", "ended_by"),
]
AT_ONCE = 3
JOBS = [  # The longest first.
    Job("default-rates", options=("--repeat", "2", "--workers", "2")),
    Job("8-khz", env={"RATE": "8000"}, options=("--workers", "2")),
    *FAULTY,
    Job("exits-at-once", "Keypad", {"BOT_FAULT": "exits-at-once"}),
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    folder = tmp_path_factory.mktemp("pipecat-bot")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = pool.map(lambda job: (job.name, run(job, folder / job.name)), JOBS)
        yield dict(done)


def run(job: Job, folder: Path) -> Outcome:
    return until_judged(lambda: run_once(job, folder), lambda outcome: outcome.is_void(job.fails))


def run_once(job: Job, folder: Path) -> Outcome:
    command = [str(TOOL), "run", "examples/scenarios", "--bot-command", f"{PYTHON} {BOT}"]
    command += ["--output-dir", str(folder), *job.options]
    if job.select:
        command += ["-k", job.select]
    for name, value in job.env.items():
        command += ["--bot-env", f"{name}={value}"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
    )
    results = json.loads((folder / "results.json").read_text())
    return Outcome(done.returncode, done.stdout + done.stderr, results)


@pytest.mark.parametrize("name", ["default-rates", "8-khz"])
def test_a_healthy_pipecat_bot_passes_every_example(
    outcomes: dict[str, Outcome], name: str
) -> None:
    """At the framework's rates ten calls in a row: five scenarios, twice."""
    outcome = outcomes[name]

    assert outcome.exit_code == 0, outcome.output
    verdicts = {s["name"]: s["verdict"] for s in outcome.results["scenarios"]}
    assert len(verdicts) == 5
    assert set(verdicts.values()) == {"passed"}


@pytest.mark.parametrize("job", [pytest.param(job, id=job.name) for job in FAULTY])
def test_a_faulty_pipecat_bot_fails_for_the_right_reason(
    outcomes: dict[str, Outcome], job: Job
) -> None:
    outcome = outcomes[job.name]

    assert outcome.exit_code == 1, outcome.output
    assert job.fails <= outcome.metrics("failed"), outcome.output


def test_missing_credentials_are_told_as_the_likely_cause(outcomes: dict[str, Outcome]) -> None:
    """BOTS.md: without them a stock bot drops the socket about 30 ms after `start`."""
    assert "TWILIO_ACCOUNT_SID" in outcomes["missing-credentials"].output


def test_a_bot_that_exits_at_once_is_shown_with_its_traceback(
    outcomes: dict[str, Outcome],
) -> None:
    outcome = outcomes["exits-at-once"]

    assert outcome.exit_code == 6
    assert "exited with code 3" in outcome.output
    assert "Traceback" in outcome.output
