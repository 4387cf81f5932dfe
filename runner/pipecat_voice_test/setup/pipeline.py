"""A GitLab job that phones the bot.

Source: https://docs.gitlab.com/ci/yaml/
"""

import json
from collections.abc import Iterator

from pipecat_voice_test.setup.survey import RESULTS, Survey
from pipecat_voice_test.setup.workflow import MINUTES, PYTHON, install_commands, run_command

PATH = ".gitlab-ci.yml"
PATH_BESIDE = ".gitlab/voice-test.yml"  # Where there is a pipeline, which is not ours to change.
IMAGE = "org/pipecat-voice-test:1"
_ENGINE = "docker:28-dind"


def pipeline_text(survey: Survey, scenarios: str) -> str:
    """The whole file; `scenarios` is the folder of the scenarios."""
    local = survey.launch.way == "command"
    lines = [
        *_HEAD.splitlines(),
        *_stage(survey),
        *([f"  image: python:{PYTHON}"] if local else _CONTAINED.splitlines()),
        "  script:",
        *(f"    - {json.dumps(line)}" for line in (install_commands(survey) if local else ())),
        f"    - {json.dumps(run_command(scenarios), ensure_ascii=False)}",
        *_TAIL.format(results=RESULTS, minutes=MINUTES).splitlines(),
    ]
    return "\n".join(lines) + "\n"


def including(path: str) -> str:
    """What a pipeline has to say to have the job."""
    return f"include:\n  - local: {path}"


def _stage(survey: Survey) -> Iterator[str]:
    """A job in a stage that is not on the list makes the whole pipeline invalid."""
    if survey.stages and "test" not in survey.stages:
        named = [stage for stage in survey.stages if "test" in stage.lower()]
        yield f"  stage: {json.dumps((named or list(survey.stages))[0])}"


_HEAD = """\
# Phones the bot in every merge request, and fails when a caller would have hung up.
# How the bot is started says voice-test.yaml, beside the scenarios. What its `bot-env` names,
# GitLab takes from the project's CI/CD variables: mask them, and mark them protected only if
# merge requests need not be tested.
# Written by `pipecat-voice-test init`; it is yours to change.
voice-test:"""

_CONTAINED = f"""\
  image:
    name: {IMAGE}
    entrypoint: [""] # GitLab runs a shell in it, and the image runs our command.
  services:
    # The engine that starts the bot. Its runner must allow privileged containers.
    - name: {_ENGINE}
      alias: docker
      command: ["--tls=false"]
  variables:
    DOCKER_HOST: tcp://docker:2375
    DOCKER_TLS_CERTDIR: ""
  before_script:
    # The engine starts at the same time as the job.
    - |
      for second in $(seq 60); do
        python -c 'import socket; socket.create_connection(("docker", 2375), 1)' 2>/dev/null &&
          break || sleep 1
      done"""

_TAIL = """\
  timeout: {minutes} minutes
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  artifacts:
    when: always
    expire_in: 30 days
    paths:
      - {results}/
    reports:
      junit: {results}/junit.xml"""
