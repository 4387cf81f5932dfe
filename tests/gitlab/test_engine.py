"""A GitLab job has the bot started by an engine that runs in a container beside it."""

import json
from pathlib import Path

import dind
import pytest
from docker_engine import docker

from gitlab.pipelines import Ended, Project, results

pytestmark = [pytest.mark.docker, pytest.mark.realtime]

SCENARIO = """
name: Greeting
turns:
  - expect: [{event: response, within_ms: 6000}]
  - hangup: true
"""
JOBS = {"plain": "dind", "secured": "dind-tls"}
INCLUDED = """
  - component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/voice-test@$CI_COMMIT_SHA
    inputs:
      job-name: {job}
      shape: {shape}
      image: {runner}
      dind-image: {engine}
      bot-image: {bot}
"""
ADDED = """
{job}:
  before_script:
    - !reference [".{job}:engine", before_script]
    - python hand_over.py
  after_script:
    - python look_back.py
"""
# There is no registry here that the engine could pull the bot from.
HAND_OVER = """
from pipecat_voice_test.engine.client import Engine

with open("/images/bot.tar", "rb") as file:
    Engine.connect().client.images.load(file)
"""
LOOK_BACK = """
import json
from pipecat_voice_test.engine.client import Engine

client = Engine.connect().client
left = [one.name for one in client.containers.list(all=True)]
left += [one.name for one in client.networks.list() if one.name not in ("bridge", "host", "none")]
with open("voice-test-results/left.json", "w") as file:
    json.dump(left, file)
"""
# Where `--privileged` is refused, what the tool asks for is asked for in another way.
DOCKER = """#!/usr/bin/env bash
words=()
for word; do
    if [ "$word" = --privileged ]; then words+=({privileges}); else words+=("$word"); fi
done
exec docker "${{words[@]}}"
"""


@pytest.fixture(scope="module")
def ended(
    gitlab_ci_local: Path,
    helper_image: str,
    runner_image: str,
    bot_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Ended:
    """One pipeline with a job for each shape."""
    folder = tmp_path_factory.mktemp("gitlab")
    (folder / "docker").write_text(DOCKER.format(privileges=" ".join(dind.privileges())))
    (folder / "docker").chmod(0o755)
    (folder / "images").mkdir()
    docker("save", "--output", str(folder / "images/bot.tar"), bot_image)
    known = {"runner": runner_image, "engine": dind.image(), "bot": bot_image}
    included = "".join(INCLUDED.format(job=job, shape=JOBS[job], **known) for job in JOBS)
    added = "".join(ADDED.format(job=job) for job in JOBS)
    files = {"tests/voice/greeting.yaml": SCENARIO, "hand_over.py": HAND_OVER}
    files["look_back.py"] = LOOK_BACK
    pipeline = f"include:{included}{added}"
    certificates = f"pvt-test-certificates-{folder.name}"
    try:
        return Project(gitlab_ci_local, folder / "project", pipeline, files).run(
            *("--helper-image", helper_image, "--privileged"),
            *("--container-executable", str(folder / "docker")),
            *("--volume", f"{folder}/images:/images:ro"),
            *("--volume", f"{certificates}:/certs/client"),
        )
    finally:
        docker("volume", "rm", certificates, check=False)
        (folder / "images/bot.tar").unlink()


@pytest.mark.parametrize("job", JOBS)
def test_bot_is_started_and_called(ended: Ended, job: str) -> None:
    (folder,) = ended.of(job)
    found = results(folder)

    assert (found["verdict"], found["exit_code"]) == ("passed", 0), ended.output
    assert found["bot"]["launcher"] == "image"


@pytest.mark.parametrize("job", JOBS)
def test_nothing_is_left_on_the_engine(ended: Ended, job: str) -> None:
    (folder,) = ended.of(job)

    assert json.loads((folder / "voice-test-results/left.json").read_text()) == []
