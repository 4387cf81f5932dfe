"""A GitHub workflow that phones the bot.

Actions are pinned by commit, because a tag can be moved to other code; Dependabot reads the
release beside it. Pull requests from forks get no secrets: the event is `pull_request`, and
where the bot needs secrets, theirs are left out.

A secret goes through the step's environment, where one with several lines stays one value;
`bot-env` in voice-test.yaml names those that are passed on to the bot.

Source: https://docs.github.com/actions/reference/security/secure-use
"""

import json
import shlex
from collections.abc import Iterator

from pipecat_voice_test.setup.survey import RESULTS, Survey

PATH = ".github/workflows/voice-test.yml"
ACTION = "org/pipecat-voice-test@v1"
TOOL = "pipecat-voice-test[speech]"
PYTHON = "3.12"  # Pipecat does not run on 3.14 yet.
MINUTES = 45  # More than `--max-time` and a build take, so that a long run can still report.

_CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
_SETUP_PYTHON = "actions/setup-python@a309ff8b426b58ec0e2a45f0f869d46889d02405 # v6.2.0"
_UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0"
_DEFAULT_PATHS = "tests/voice"


def workflow_text(survey: Survey, scenarios: str) -> str:
    """The whole file; `scenarios` is the folder of the scenarios."""
    local = survey.launch.way == "command"
    steps = _local_steps(survey, scenarios) if local else _action_step(survey, scenarios)
    lines = [
        *_HEAD.format(branch=json.dumps(survey.branch), minutes=MINUTES).splitlines(),
        *_only_with_secrets(survey),
        "    steps:",
        f"      - uses: {_CHECKOUT}",
        "        with:",
        "          persist-credentials: false",
        *steps,
        "      - name: Keep recordings and reports",
        "        if: always()",
        f"        uses: {_UPLOAD}",
        "        with:",
        f"          name: {RESULTS}",
        f"          path: {RESULTS}/",
    ]
    return "\n".join(lines) + "\n"


def _only_with_secrets(survey: Survey) -> Iterator[str]:
    if any(needed.is_secret for needed in survey.needed):
        yield "    # A fork's pull request gets no secrets, without which the bot cannot work."
        yield "    if: >-"
        yield "      github.event_name != 'pull_request' ||"
        yield "      github.event.pull_request.head.repo.full_name == github.repository"


def _action_step(survey: Survey, scenarios: str) -> Iterator[str]:
    yield "      # A release line. Put a commit in place of the tag if nobody is to move it."
    yield f"      - uses: {ACTION} # zizmor: ignore[unpinned-uses]"
    if scenarios != _DEFAULT_PATHS:
        yield "        with:"
        yield f"          paths: {json.dumps(scenarios, ensure_ascii=False)}"
    yield from _environment(survey)


def _local_steps(survey: Survey, scenarios: str) -> Iterator[str]:
    """Without a container: bot and tool are installed on the runner."""
    yield f"      - uses: {_SETUP_PYTHON}"
    yield "        with:"
    yield f'          python-version: "{PYTHON}"'
    for command in install_commands(survey):
        yield f"      - run: {command}"
    yield f"      - run: {run_command(scenarios)}"
    yield from _environment(survey)
    yield "      - name: Show the results"
    yield "        if: always()"
    yield f'        run: cat {RESULTS}/summary.md >> "$GITHUB_STEP_SUMMARY"'


def _environment(survey: Survey) -> Iterator[str]:
    if survey.needed:
        yield "        env:"
    for needed in survey.needed:
        context = "secrets" if needed.is_secret else "vars"
        yield f"          {needed.name}: ${{{{ {context}.{needed.name} }}}}"


def install_commands(survey: Survey) -> Iterator[str]:
    """What installs the bot's packages and the tool."""
    file = survey.requirements
    folder = shlex.quote(file.rpartition("/")[0] or ".")
    if file.endswith("uv.lock"):
        yield "pip install uv"
        yield "uv sync --locked" + ("" if folder == "." else f" --directory {folder}")
    elif file.endswith("requirements.txt"):
        yield f"pip install -r {shlex.quote(file)}"
    elif file:
        yield f"pip install {folder}"
    yield f'pip install "{TOOL}"'


def run_command(scenarios: str) -> str:
    """What calls the bot with the scenarios of a folder."""
    paths = "" if scenarios == _DEFAULT_PATHS else f" {shlex.quote(scenarios)}"
    return f"pipecat-voice-test run{paths}"


_HEAD = """\
# Phones the bot on every pull request, and fails when a caller would have hung up.
# How the bot is started says voice-test.yaml, beside the scenarios.
# Written by `pipecat-voice-test init`; it is yours to change.
name: Voice test

on:
  pull_request:
  push:
    branches: [{branch}]

permissions:
  contents: read

concurrency:
  group: ${{{{ github.workflow }}}}-${{{{ github.ref }}}}
  cancel-in-progress: true

jobs:
  voice-test:
    name: Voice test
    runs-on: ubuntu-latest
    timeout-minutes: {minutes}
"""
