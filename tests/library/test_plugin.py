"""The fixture `voice_call`, as a user's pytest finds it; issue 6."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from again import until_judged

pytestmark = pytest.mark.realtime

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


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A folder in which a user's pytest has run against the demo bot, and what it printed."""
    command = [sys.executable, "-m", "pipecat_voice_test.demo.bot", "--port", "0"]
    command += ["--reply-ms", "500"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as bot:
        assert bot.stdout is not None
        url = bot.stdout.readline().split()[-1]
        found = until_judged(
            lambda: run_pytest(tmp_path_factory.mktemp("user"), url),
            lambda ran: "inconclusive" in ran[1],
        )
        bot.terminate()
    return found


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


def test_each_test_calls_the_bot_and_comes_out_as_it_should(ran: Ran) -> None:
    folder, printed = ran
    cases = {
        case.get("name"): {child.tag for child in case}
        for case in ET.parse(folder / "junit.xml").getroot().iter("testcase")
    }

    assert not cases["test_plain"] & {"failure", "error", "skipped"}, printed
    assert not cases["test_in_a_coroutine"] & {"failure", "error", "skipped"}, printed
    assert "failure" in cases["test_that_fails"], printed
    assert "skipped" in cases["test_that_is_skipped"], printed
    assert "properties" not in cases["test_without"]
    assert "turn 1 (line 5): greeting was " in printed
    assert "limit 5" in printed


def test_recordings_lie_in_the_folder_of_the_test_and_are_attached(ran: Ran) -> None:
    folder, printed = ran
    (case,) = (
        case
        for case in ET.parse(folder / "junit.xml").getroot().iter("testcase")
        if case.get("name") == "test_that_fails"
    )

    (recording,) = (p.get("value") for p in case.iter("property") if p.get("name") == "recording")
    assert recording == ("results/tests-test_bot.py-test_that_fails/impatient/call-1/call.wav"), (
        printed
    )
    assert (folder / recording).stat().st_size > 8000
    assert f"[[ATTACHMENT|{recording}]]" in (case.findtext("system-out") or "")
    assert (folder / recording).parents[2].joinpath("report.html").exists()
