"""GitLab pipelines on this machine, by gitlab-ci-local, with our components in the project.

Source: https://github.com/firecow/gitlab-ci-local
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from again import until_judged

TEMPLATES = Path(__file__).parents[2] / "templates"
TEMPLATE = TEMPLATES / "voice-test.yml"
COMPONENT = "$CI_SERVER_FQDN/$CI_PROJECT_PATH/voice-test@$CI_COMMIT_SHA"
# Keeps Debian 12's Node from being turned away, which runs it all the same.
_NODE = {"YARGS_MIN_NODE_VERSION": "18"}


@dataclass(frozen=True)
class Ended:
    """How a pipeline ended.

    Attributes:
        status: 0 if every job passed.
        output: What it printed.
        artifacts: A folder for each job, in which its files lie as in the project.
    """

    status: int
    output: str
    artifacts: Path

    @property
    def is_void(self) -> bool:
        """Whether this machine was too busy for a job to judge the bot."""
        found = [json.loads(one.read_text()) for one in self.artifacts.rglob("results.json")]
        return any(one["exit_code"] == 7 for one in found)

    def of(self, job: str) -> list[Path]:
        """The artifacts of the jobs whose names begin so, in the order of their shards."""
        return sorted(self.artifacts.glob(f"{job}*"), key=lambda one: str(results(one)["shard"]))


def results(artifacts: Path) -> dict[str, Any]:
    """What the one run says whose results are among the artifacts of a job."""
    (file,) = artifacts.rglob("results.json")
    found: dict[str, Any] = json.loads(file.read_text())
    return found


class Project:
    """A project on GitLab: a repository with our component in it.

    Args:
        tool: gitlab-ci-local.
        folder: Where it is to be.
        pipeline: What goes into `.gitlab-ci.yml`.
        files: Whatever else is in it, such as scenarios: path to text.
    """

    def __init__(
        self, tool: Path, folder: Path, pipeline: str, files: Mapping[str, str] | None = None
    ) -> None:
        self._tool = tool
        self._folder = folder
        ours = {f"templates/{one.name}": one.read_text() for one in TEMPLATES.iterdir()}
        ours |= {".gitlab-ci.yml": pipeline}
        ours[".gitignore"] = ".gitlab-ci-local\n"
        for name, text in {**ours, **(files or {})}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        self._git("init", "--quiet", "--initial-branch", "main")
        self._git("remote", "add", "origin", "git@gitlab.example.com:shop/bot.git")
        self._git("add", ".")
        who = ("-c", "user.name=Shop", "-c", "user.email=shop@example.com")
        self._git(*who, "commit", "--quiet", "--message", "all")

    def expanded(self) -> dict[str, Any]:
        """The pipeline with everything included that it includes."""
        done = self._call("--preview")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = yaml.safe_load(done.stdout)
        return found

    def run(self, *options: str) -> Ended:
        """Run every job, at once, in containers; once more if a bot could not be judged."""
        return until_judged(lambda: self._run_once(options), lambda ended: ended.is_void)

    def _run_once(self, options: Sequence[str]) -> Ended:
        folder = self._folder / ".gitlab-ci-local/artifacts"
        shutil.rmtree(folder, ignore_errors=True)
        done = self._call("--no-artifacts-to-source", *options)
        return Ended(done.returncode, done.stdout + done.stderr, folder)

    def _call(self, *options: str) -> subprocess.CompletedProcess[str]:
        # It would leave settings in a home.
        environ = {**os.environ, **_NODE, "HOME": str(self._folder.parent)}
        return subprocess.run(
            [self._tool, *options],
            cwd=self._folder,
            env={key: value for key, value in environ.items() if not key.startswith("PVT_")},
            capture_output=True,
            text=True,
            timeout=600.0,
            check=False,
        )

    def _git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self._folder, check=True, capture_output=True)


def hold_to_schema(tool: str, file: Path) -> None:
    """What GitLab would not read is refused by check-jsonschema."""
    done = subprocess.run(
        [tool, "--builtin-schema", "vendor.gitlab-ci", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
