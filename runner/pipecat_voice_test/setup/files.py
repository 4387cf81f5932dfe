"""The files that a repository is given: a first scenario, a config, and a job for its CI.

Each is text to be read by people: it says what it is for, and where its figures come from.
"""

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipecat_voice_test.setup import pipeline, workflow
from pipecat_voice_test.setup.repository import joined
from pipecat_voice_test.setup.survey import Ci, Survey

FOLDER = "tests/voice"
SCENARIO_NAME = "greeting.yaml"
CONFIG_NAME = "voice-test.yaml"
_PLAIN = re.compile(r"[A-Za-z/][\w./-]*")
_COLUMN = 44
_NOT_PLAIN = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be written, unless there is one of its name."""

    path: str
    text: str


def scenarios_folder(base: str) -> str:
    """Where the scenarios of the bot in `base` lie, seen from the repository."""
    return joined(base, FOLDER)


def new_files(survey: Survey, systems: Sequence[Ci], files: Sequence[str]) -> list[NewFile]:
    """What is to be written, given the files there are."""
    folder = scenarios_folder(survey.base)
    own = f"{folder}/{CONFIG_NAME}"
    scenarios = [
        path
        for path in files
        if path.startswith(f"{folder}/") and path.endswith((".yaml", ".yml")) and path != own
    ]
    first = f"{folder}/{SCENARIO_NAME}"
    found: list[NewFile] = []
    if not scenarios or first in scenarios:
        found.append(NewFile(first, _SCENARIO))
    found.append(NewFile(own, config_text(survey)))
    if "github" in systems:
        path = survey.jobs.get("github", workflow.PATH)
        found.append(NewFile(path, workflow.workflow_text(survey, folder)))
    if "gitlab" in systems:
        beside = pipeline.PATH_BESIDE if pipeline.PATH in files else pipeline.PATH
        path = survey.jobs.get("gitlab", beside)
        found.append(NewFile(path, pipeline.pipeline_text(survey, folder)))
    return found


def config_text(survey: Survey) -> str:
    """`voice-test.yaml`: the options of `run` that fit this repository."""
    lines = [*_CONFIG_HEAD.splitlines(), ""]
    settings = [*_launch_settings(survey), *_listening_settings(survey)]
    lines += _commented(settings)
    if survey.needed:
        lines += ["", "# Passed on to the bot; values come from your environment, and in CI from"]
        lines += ["# its secrets. Take out what the bot can do without.", "bot-env:"]
        lines += _commented([(f"  - {needed.name}", needed.where) for needed in survey.needed])
    lines += ["", "# start-timeout: 120  # seconds until it must listen, if it loads models first"]
    return "\n".join(lines) + "\n"


def _commented(settings: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Settings with their comments in a column, but for those that are too long for it."""
    lengths = [len(setting) for setting, _ in settings]
    width = max((length for length in lengths if length <= _COLUMN), default=0)
    yield from (f"{setting:{width}}  # {comment}" for setting, comment in settings)


def _launch_settings(survey: Survey) -> Iterator[tuple[str, str]]:
    launch = survey.launch
    container, service = launch.container, launch.service
    if launch.way == "build" and container is not None:
        yield f"bot-build: {scalar(launch.folder or '.')}", f"the folder of {launch.file}"
        usual = joined(container.context, "Dockerfile")
        if container.path != usual:
            name = posixpath.relpath(container.path, container.context or ".")
            yield f"bot-dockerfile: {scalar(name)}", "seen from that folder"
        if survey.listening.arguments is not None:
            arguments = survey.listening.arguments
            yield f"bot-args: {scalar(arguments.value)}", f"because {arguments.where}"
    elif launch.way == "compose" and service is not None:
        yield f"bot-compose: {scalar(launch.compose_file)}", "the bot needs what is beside it"
        yield f"bot-service: {scalar(service.name)}", f"line {service.line}"
    elif launch.way == "command":
        yield f"bot-command: {scalar(command_of(survey))}", "as it is, without a container"
    else:
        port, path = survey.listening.port.value, survey.listening.path.value
        url = f"ws://127.0.0.1:{port}{path}"
        yield f"bot-url: {scalar(url)}", "a bot that you have started yourself"
        yield "# bot-build: .", "in place of bot-url, once there is a Dockerfile"


def _listening_settings(survey: Survey) -> Iterator[tuple[str, str]]:
    launch, listening = survey.launch, survey.listening
    if launch.way == "url":
        return
    if "{port}" not in command_of(survey):
        yield f"bot-port: {listening.port.value}", listening.port.where
    yield f"bot-path: {scalar(listening.path.value)}", listening.path.where


def command_of(survey: Survey) -> str:
    """The local command that starts the bot; empty if it is not started that way."""
    launch = survey.launch
    if launch.way != "command":
        return ""
    folder, script = posixpath.split(launch.script)
    python = "python"
    if survey.requirements.endswith("uv.lock"):
        python, folder = "uv run", posixpath.dirname(survey.requirements)
        script = posixpath.relpath(launch.script, folder or ".")
    code = launch.code
    runner = code is not None and code.is_runner and not code.servings
    options = " -t twilio --port {port}" if runner else ""
    command = f"{python} {shlex.quote(script)}{options}"
    if folder:  # Many a bot reads files that lie beside it.
        return shlex.join(["sh", "-c", f"cd {shlex.quote(folder)} && exec {command}"])
    return command


def scalar(text: str) -> str:
    """A text as YAML writes it, in quotes where it needs them."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_PLAIN:
        return text
    return json.dumps(text, ensure_ascii=False)


_CONFIG_HEAD = """\
# How the bot of these scenarios is started: options of `pipecat-voice-test run`, without their
# dashes. What stands on the command line or in the environment (PVT_BOT_PORT) counts more.
# Paths count from the folder the tests are run in, which is the top of the repository.
# Written by `pipecat-voice-test init`; it is yours to change."""

_SCENARIO = """\
# A caller listens to the greeting, asks something, and asks again.
# A good bot greets at once and answers within 800 ms; callers bear 1500 ms.
# The limits here leave room for a busy CI machine; tighten them once you know your bot.
name: Greeting and two questions
tags: [smoke]

turns:
  - name: greeting                     # nothing to say: the caller listens
    expect:                            # take this turn out if your bot lets the caller begin
      - {event: response, within_ms: 6000}

  - name: first question               # spoken by the speech engine: say what your callers say
    user: "What can you help me with today?"
    expect:
      - {event: response, within_ms: 4000}

  - name: second question
    user: "Could you say that once more please?"
    expect:
      - {event: response, within_ms: 4000}

# Next, a caller who does not wait for the end of the answer. It needs an answer that lasts
# for some seconds; put such a question here, and take the signs away.
#
#  - name: a long answer
#    user: "What are your opening hours?"
#
#  - name: interrupt it
#    user: "I only need to know about Saturday."
#    send_after: {event: bot_started_speaking, delay_ms: 1000}
#    expect:
#      - {event: bot_interrupted, within_ms: 1500}   # callers bear 600 ms
#      - {event: response, within_ms: 4000}
#
# `pipecat-voice-test schema` describes every key.
"""
