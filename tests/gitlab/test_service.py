"""A GitLab job calls the bot that GitLab has started beside it."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from gitlab.pipelines import Ended, Project, results

pytestmark = [pytest.mark.docker, pytest.mark.realtime]

GREETING = """
name: {name}
turns:
  - expect: [{{event: response, within_ms: 6000}}]
  - hangup: true
"""
SCENARIOS = {f"tests/voice/{n}.yaml": GREETING.format(name=n) for n in ("one", "two", "three")}
PIPELINE = """
include:
  - component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/voice-test@$CI_COMMIT_SHA
    inputs:
      image: {runner}
      bot-image: {bot}
      parallel: 2
      output-dir: voice-test-shards/$CI_NODE_INDEX
  - component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/voice-test-merge@$CI_COMMIT_SHA
    inputs:
      job-name: joined
      image: {runner}
  - component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/voice-test@$CI_COMMIT_SHA
    inputs:
      job-name: silent
      image: {runner}
      bot-image: {bot}
      args: -k one

# What is included can be changed.
silent:
  services:
    - name: {bot}
      alias: bot
      command: ["--fault", "no-greeting"]
"""


@pytest.fixture(scope="module")
def ended(
    gitlab_ci_local: Path,
    helper_image: str,
    runner_image: str,
    bot_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Ended:
    folder = tmp_path_factory.mktemp("gitlab") / "project"
    pipeline = PIPELINE.format(runner=runner_image, bot=bot_image)
    return Project(gitlab_ci_local, folder, pipeline, SCENARIOS).run("--helper-image", helper_image)


def test_shards_divide_the_scenarios(ended: Ended) -> None:
    shards = [results(folder) for folder in ended.of("voice-test")]

    assert [shard["shard"] for shard in shards] == [
        {"index": 1, "total": 2},
        {"index": 2, "total": 2},
    ], ended.output
    names = [[scenario["name"] for scenario in shard["scenarios"]] for shard in shards]
    assert sorted(map(len, names)) == [1, 2]
    assert sorted(name for share in names for name in share) == ["one", "three", "two"]
    assert [shard["verdict"] for shard in shards] == ["passed", "passed"], ended.output


def test_a_failed_job_leaves_its_results(ended: Ended) -> None:
    (folder,) = ended.of("silent")
    found = results(folder)

    assert ended.status == 1
    assert "FAIL 1" in ended.output
    assert (found["exit_code"], found["verdict"]) == (1, "failed"), ended.output
    assert found["shard"] is None
    junit = ET.parse(folder / "voice-test-results/junit.xml")
    assert len(list(junit.iter("failure"))) >= 1


def test_what_the_shards_of_a_job_found_is_joined(ended: Ended) -> None:
    (folder,) = ended.of("joined")
    found = results(folder)

    assert [scenario["name"] for scenario in found["scenarios"]] == ["one", "three", "two"]
    assert (found["shard"], found["errors"]) == (None, []), ended.output
    assert (found["exit_code"], found["verdict"]) == (0, "passed"), ended.output


def test_attachments_are_where_gitlab_looks_for_them(ended: Ended) -> None:
    for folder in [*ended.of("voice-test"), *ended.of("silent"), *ended.of("joined")]:
        junit = ET.parse(next(folder.rglob("junit.xml")))
        lines = [line for out in junit.iter("system-out") for line in (out.text or "").splitlines()]
        files = [line[13:-2] for line in lines if line.startswith("[[ATTACHMENT|")]

        assert files
        assert [file for file in files if not (folder / file).is_file()] == []
