"""action.yml, `--help` and the README say the same, and action.yml decides nothing."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipecat_voice_test.asked.kinds import FLAG
from pipecat_voice_test.asked.options import DEFAULT_PATH, RUN_SETTINGS, Setting
from pipecat_voice_test.cli import main
from pipecat_voice_test.command.action import INPUTS, PATHS
from pipecat_voice_test.github.outputs import outputs_of
from report.runs import ONE_OF_EACH, place_of

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
SETTINGS = pytest.mark.parametrize("setting", RUN_SETTINGS, ids=lambda setting: setting.name)


def described(setting: Setting[Any]) -> str:
    """What `--help` says, in the words of a workflow file."""
    text = re.sub(r"--(?=[a-z])", "", setting.help).replace("Repeatable.", "One a line.")
    return f"{text} true or false." if setting.kind is FLAG else text


def test_inputs_are_the_paths_and_the_options_of_run_in_the_order_of_help() -> None:
    assert list(ACTION["inputs"]) == ["paths", *(setting.name for setting in RUN_SETTINGS)]
    assert list(ACTION["inputs"]) == [one.name for one in INPUTS]


@SETTINGS
def test_an_input_has_the_default_of_its_option(setting: Setting[Any]) -> None:
    assert ACTION["inputs"][setting.name]["default"] == (setting.default or "")


@SETTINGS
def test_an_input_is_described_as_its_option(setting: Setting[Any]) -> None:
    assert ACTION["inputs"][setting.name]["description"] == described(setting)


def test_no_input_is_required_for_there_are_other_ways_to_say_it() -> None:
    assert {key for one in ACTION["inputs"].values() for key in one} == {"description", "default"}


def test_paths_have_the_default_of_the_command() -> None:
    assert ACTION["inputs"]["paths"]["default"] == PATHS.default == DEFAULT_PATH


def test_outputs_are_those_that_are_written() -> None:
    written = outputs_of(ONE_OF_EACH, place_of(ONE_OF_EACH), 1, bool)

    assert list(ACTION["outputs"]) == list(written)
    assert all(one["description"].endswith(".") for one in ACTION["outputs"].values())


@SETTINGS
def test_an_input_is_in_the_readme(setting: Setting[Any]) -> None:
    assert re.search(rf"^\| .*`--{setting.name}[ `]", README, re.MULTILINE)


@pytest.mark.parametrize("name", ACTION["outputs"])
def test_an_output_is_in_the_readme(name: str) -> None:
    assert f"\n| `{name}` |" in README


def test_the_action_runs_our_image_with_our_command() -> None:
    assert ACTION["runs"] == {"using": "docker", "image": "Dockerfile", "args": ["action"]}
    assert "action" in main.commands
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.search(r'^ENTRYPOINT \["/.*/pipecat-voice-test"\]$', dockerfile, re.MULTILINE)
    # The workspace belongs to somebody else.
    assert not re.search(r"^USER ", dockerfile, re.MULTILINE)


def test_the_marketplace_can_show_it() -> None:
    assert ACTION["branding"] == {"icon": "phone-call", "color": "blue"}
    assert len(ACTION["description"]) <= 125
