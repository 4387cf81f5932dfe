"""The component that joins shards fits the one that divides, and asks for nothing unknown."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipecat_voice_test.asked.options import MERGE_SETTINGS
from pipecat_voice_test.cli import main

from gitlab.pipelines import COMPONENT, TEMPLATES, Project, hold_to_schema

TEMPLATE = TEMPLATES / "voice-test-merge.yml"
HEADER, _, BODY = TEMPLATE.read_text().partition("\n---\n")
INPUTS: dict[str, dict[str, Any]] = yaml.safe_load(HEADER)["spec"]["inputs"]
OF_SHARDS = yaml.safe_load((TEMPLATES / "voice-test.yml").read_text().partition("\n---\n")[0])
VARIABLES = {variable for setting in MERGE_SETTINGS for variable in setting.variables}
MERGE = COMPONENT.replace("voice-test@", "voice-test-merge@")
SHARDS = "voice-test-shards/$CI_NODE_INDEX"


@pytest.fixture
def pipeline(gitlab_ci_local: Path, tmp_path: Path) -> dict[str, Any]:
    """Both components as the file says, expanded."""
    divided = {"image": "runner:1", "bot-image": "shop/bot:ci", "parallel": 3}
    include = [
        {"component": COMPONENT, "inputs": {**divided, "output-dir": SHARDS}},
        {"component": MERGE, "inputs": {"image": "runner:1", "args": "--report-mb 5"}},
    ]
    return Project(gitlab_ci_local, tmp_path, yaml.safe_dump({"include": include})).expanded()


@pytest.mark.parametrize("name", INPUTS)
def test_every_input_is_described_and_used(name: str) -> None:
    assert 0 < len(INPUTS[name]["description"]) <= 255
    assert f"$[[ inputs.{name} ]]" in BODY


def test_no_input_is_used_that_there_is_not() -> None:
    assert set(re.findall(r"\$\[\[ inputs\.([\w-]+) ]]", BODY)) == set(INPUTS)


def test_only_the_image_must_be_given() -> None:
    assert [name for name, about in INPUTS.items() if "default" not in about] == ["image"]


def test_every_variable_and_command_of_ours_is_one() -> None:
    assert set(re.findall(r"PVT_\w+", HEADER + BODY)) <= VARIABLES
    assert set(re.findall(r"- pipecat-voice-test (\w+)", BODY)) <= set(main.commands)


def test_defaults_fit_those_of_the_job_that_is_divided() -> None:
    shards = OF_SHARDS["spec"]["inputs"]

    assert INPUTS["of"]["default"] == shards["job-name"]["default"]
    assert INPUTS["output-dir"]["default"] == shards["output-dir"]["default"]
    assert f"output-dir: {SHARDS}" in HEADER
    assert SHARDS.startswith(INPUTS["shards"]["default"])


def test_it_runs_whenever_the_shards_do_also_if_one_failed() -> None:
    """A job that needs another is left out otherwise when that one fails."""
    of_shards = OF_SHARDS["spec"]["inputs"]["rules"]["default"]
    rules = INPUTS["rules"]["default"]

    assert [rule["if"] for rule in rules] == [rule["if"] for rule in of_shards]
    assert [rule["when"] for rule in rules] == [rule.get("when", "always") for rule in of_shards]


def test_header_follows_the_schema_of_gitlab(check_jsonschema: str, tmp_path: Path) -> None:
    (tmp_path / "header.yml").write_text(HEADER)

    hold_to_schema(check_jsonschema, tmp_path / "header.yml")


def test_both_together_follow_the_schema_of_gitlab(
    check_jsonschema: str, pipeline: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "expanded.yml").write_text(yaml.safe_dump(pipeline))

    hold_to_schema(check_jsonschema, tmp_path / "expanded.yml")


def test_each_shard_leaves_its_results_where_all_of_them_are_joined(
    pipeline: dict[str, Any],
) -> None:
    shard, merge = pipeline["voice-test"], pipeline["voice-test-merge"]

    assert shard["artifacts"]["paths"] == [f"{SHARDS}/"]
    assert [one["job"] for one in merge["needs"]] == ["voice-test"]
    assert merge["script"] == ["pipecat-voice-test merge voice-test-shards --report-mb 5"]
    assert merge["artifacts"]["reports"] == {"junit": "voice-test-results/junit.xml"}
