"""A user's own pytest, with the fixture `voice_call`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from again import until_judged

GREETING = """
name: Greeting
turns:
  - expect: [{event: response, within_ms: 5000}]
  - hangup: true
    send_after: {event: bot_started_speaking, delay_ms: 1500}
"""
TESTS = '''
import asyncio

import pytest

URL = "{url}"
SCENARIO = """
name: {{name}}
limits: {{{{greeting_ms: {{ms}}}}}}
turns:
  - expect: [{{{{event: response}}}}]
  - hangup: true
    send_after: {{{{event: bot_started_speaking, delay_ms: 1500}}}}
"""


def test_plain(voice_call):
    result = voice_call("greeting.yaml", URL)
    assert result.passed, result.story
    assert result.recording.exists()


def test_in_a_coroutine(voice_call):
    async def call():
        return await voice_call(SCENARIO.format(name="coroutine", ms=5000), URL)

    assert asyncio.run(call()).passed


def test_that_fails(voice_call):
    result = voice_call(SCENARIO.format(name="impatient", ms=5), URL)
    assert result.passed, result.story


def test_that_is_skipped(voice_call):
    voice_call("name: x\\npersona: Jo\\ngoal: a\\nsuccess: b\\n", URL)


def test_without():
    pass
'''


Ran = tuple[Path, str]


def run(url: str, folders: pytest.TempPathFactory) -> Ran:
    """The folder in which it has run against a bot, and what it printed."""
    return until_judged(
        lambda: run_pytest(folders.mktemp("user"), url), lambda ran: "inconclusive" in ran[1]
    )


def run_pytest(folder: Path, url: str) -> Ran:
    """As users run it who turn every warning into an error."""
    tests = folder / "tests"
    tests.mkdir()
    (tests / "test_bot.py").write_text(TESTS.format(url=url))
    (tests / "greeting.yaml").write_text(GREETING)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pipecat_voice_test.library.plugin",
         "-p", "no:cacheprovider", "--junit-xml", "junit.xml", "-o", "junit_logging=all",
         "-W", "error", "tests"],
        cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {"PVT_OUTPUT_DIR": "results", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    return folder, done.stdout + done.stderr
