"""`call_bot` plays a scenario for a program's own test: DESIGN 9."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pipecat_voice_test
import pytest
from pipecat_voice_test import (
    CallResult,
    Scenario,
    Verdict,
    assert_passed,
    call_bot,
    load_scenarios,
)
from pipecat_voice_test.errors import BotNotReady, ScenarioError, UsageError
from pipecat_voice_test.library.scenarios import one_scenario

from library.calls import GREETING, Calls
from library.conftest import Held

KEPT = {"call.wav", "bot_raw.wav", "events.jsonl", "timeline.png", "bot.log"}


@pytest.fixture
def held(held_meanwhile: Held) -> Calls:
    return held_meanwhile.calls


@pytest.mark.realtime
def test_a_result_is_a_call_result_and_says_whether_it_passed(held: Calls) -> None:
    good, _, alone = held

    assert isinstance(good, CallResult)
    assert [one.verdict for one in held] == [Verdict.PASSED, Verdict.FAILED, Verdict.PASSED]
    assert [one.passed for one in held] == [True, False, True]
    assert len({one.timeline.call_sid for one in held}) == 3, "P-12"
    assert alone.folder is None
    assert alone.recording is None
    assert str(good) == "\n".join(
        ["<text>:2: Greeting: passed", f"  all of it: {good.folder.parents[1] / 'report.html'}"]
        if good.folder
        else []
    )


@pytest.mark.realtime
def test_an_assertion_tells_what_failed_where_and_where_to_hear_it(held: Calls) -> None:
    _, bad, _ = held

    with pytest.raises(AssertionError) as raised:
        assert_passed(bad)

    lines = str(raised.value).splitlines()
    assert lines[0] == "<text>:2: Impatient: failed"
    assert lines[1].startswith("  turn 1 (line 5): greeting was ")
    assert lines[1].endswith("limit 5")
    assert any(line.endswith(str(bad.recording)) and "hear it" in line for line in lines)
    assert f"<HeldCall: {raised.value}>" == repr(bad)


@pytest.mark.realtime
def test_everything_a_run_leaves_lies_where_it_was_asked_for(held: Calls) -> None:
    good, bad, _ = held
    assert good.folder is not None
    assert bad.folder is not None
    output = good.folder.parents[1]

    assert {path.name for path in good.folder.iterdir()} == KEPT
    assert {path.name for path in bad.folder.iterdir()} == KEPT
    results = json.loads((output / "results.json").read_text())
    assert {one["name"]: one["verdict"] for one in results["scenarios"]} == {
        "Greeting": "passed",
        "Impatient": "failed",
    }
    suite = ET.parse(output / "junit.xml").getroot()
    assert {case.get("name") for case in suite.iter("testcase")} >= {"Greeting", "Impatient"}
    assert "Impatient" in (output / "report.html").read_text()


def test_a_scenario_that_no_phone_line_can_play_calls_nobody() -> None:
    text = "name: Persona\npersona: Jo\ngoal: a\nsuccess: b\n"

    result = asyncio.run(call_bot(text, "ws://127.0.0.1:1/ws"))

    assert result.verdict is Verdict.SKIPPED
    assert result.error
    assert not result.passed
    assert result.error in str(result)


def test_a_bot_that_is_not_there_is_no_result_but_leaves_one(tmp_path: Path) -> None:
    with pytest.raises(BotNotReady):
        asyncio.run(call_bot(GREETING, "ws://127.0.0.1:1/ws", output_dir=tmp_path))

    results = json.loads((tmp_path / "results.json").read_text())
    assert results["scenarios"][0]["calls"][0]["verdict"] == "error"


def test_what_is_no_provider_is_told() -> None:
    with pytest.raises(UsageError, match=r"^There is no provider `pigeon`\."):
        asyncio.run(call_bot(GREETING, "ws://127.0.0.1:1/ws", provider="pigeon"))


# --- scenarios ------------------------------------------------------------------------------


def test_scenarios_come_from_files_folders_and_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.yaml").write_text(GREETING)
    (tmp_path / "two.yaml").write_text(GREETING.replace("Greeting", "Other"))

    assert [one.name for one in load_scenarios(tmp_path)] == ["Greeting", "Other"]
    assert [one.name for one in load_scenarios("two.yaml", tmp_path / "one.yaml")] == [
        "Other",
        "Greeting",
    ]
    by_path, by_text = one_scenario("one.yaml"), one_scenario(GREETING)
    assert isinstance(by_path, Scenario)
    assert (by_path.turns, by_path.name) == (by_text.turns, by_text.name)
    assert one_scenario(by_text) is by_text


def test_one_call_plays_one_scenario() -> None:
    text = "name: Both\nturns: [{wait_ms: 1}]\nscenarios:\n  - name: a\n  - name: b\n"

    with pytest.raises(UsageError) as raised:
        one_scenario(text)

    assert str(raised.value) == (
        "This text holds 2 scenarios (`Both/a`, `Both/b`), and one call plays one.\n"
        "  Fix: take them apart with `load_scenarios(path)`, and call the bot with each."
    )


def test_a_mistake_in_a_text_has_its_line() -> None:
    with pytest.raises(ScenarioError, match=r"^<text>:3: unknown event `respond`"):
        one_scenario("name: x\nturns:\n  - expect: [{event: respond}]\n")


def test_audio_of_a_text_counts_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hello.wav").write_bytes(b"RIFF")

    scenario = one_scenario("name: x\nturns:\n  - audio: hello.wav\n")

    assert scenario.turns[0].audio == (tmp_path / "hello.wav").resolve()


# --- the package ----------------------------------------------------------------------------


def test_everything_the_package_names_is_there() -> None:
    assert set(pipecat_voice_test.__all__) <= set(dir(pipecat_voice_test))
    assert all(hasattr(pipecat_voice_test, name) for name in pipecat_voice_test.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = pipecat_voice_test.nothing


@pytest.mark.parametrize("module", ["pipecat_voice_test", "pipecat_voice_test.library.plugin"])
def test_nothing_heavy_is_loaded_before_it_is_used(module: str) -> None:
    """Every run of pytest loads the plugin, and every command the package."""
    code = f"import sys, pytest; before = set(sys.modules); import {module}; "
    code += "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert set(loaded.stdout.split()) <= {"pipecat_voice_test"}


def test_types_come_along() -> None:
    assert (Path(pipecat_voice_test.__file__).parent / "py.typed").exists()
