"""The component is what GitLab can read, in all its shapes, and asks for nothing we do not have."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipecat_voice_test.asked.options import RUN_SETTINGS

from gitlab.pipelines import COMPONENT, TEMPLATE, Project, hold_to_schema

HEADER, _, BODY = TEMPLATE.read_text().partition("\n---\n")
INPUTS: dict[str, dict[str, Any]] = yaml.safe_load(HEADER)["spec"]["inputs"]
VARIABLES = {variable for setting in RUN_SETTINGS for variable in setting.variables}
SHAPES = INPUTS["shape"]["options"]


def _expanded(tool: Path, folder: Path, **inputs: object) -> dict[str, Any]:
    """What becomes of our job."""
    folder.mkdir(exist_ok=True)
    inputs = {"image": "runner:1", "bot-image": "shop/bot:ci", **inputs}
    include = {"include": [{"component": COMPONENT, "inputs": inputs}]}
    return Project(tool, folder, yaml.safe_dump(include)).expanded()


@pytest.mark.parametrize("name", INPUTS)
def test_every_input_is_described_and_used(name: str) -> None:
    assert 0 < len(INPUTS[name]["description"]) <= 255
    assert f"$[[ inputs.{name} ]]" in BODY


def test_no_input_is_used_that_there_is_not() -> None:
    assert set(re.findall(r"\$\[\[ inputs\.([\w-]+) ]]", BODY)) == set(INPUTS)


def test_only_the_image_must_be_given() -> None:
    assert [name for name, about in INPUTS.items() if "default" not in about] == ["image"]


def test_every_variable_of_ours_is_an_option() -> None:
    assert set(re.findall(r"PVT_\w+", HEADER + BODY)) <= VARIABLES


@pytest.mark.parametrize("name", ["bot-port", "bot-path", "output-dir"])
def test_an_input_has_the_default_of_the_option(name: str) -> None:
    (setting,) = [setting for setting in RUN_SETTINGS if setting.name == name]

    assert str(INPUTS[name]["default"]) == setting.default


def test_header_follows_the_schema_of_gitlab(check_jsonschema: str, tmp_path: Path) -> None:
    (tmp_path / "header.yml").write_text(HEADER)

    hold_to_schema(check_jsonschema, tmp_path / "header.yml")


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_follows_the_schema_of_gitlab(
    gitlab_ci_local: Path, check_jsonschema: str, tmp_path: Path, shape: str
) -> None:
    pipeline = _expanded(gitlab_ci_local, tmp_path / "project", shape=shape, parallel=3)
    (tmp_path / "expanded.yml").write_text(yaml.safe_dump(pipeline))

    hold_to_schema(check_jsonschema, tmp_path / "expanded.yml")


def test_service_is_called_under_its_alias(gitlab_ci_local: Path, tmp_path: Path) -> None:
    inputs = {"bot-port": 8765, "bot-path": "/media"}
    job = _expanded(gitlab_ci_local, tmp_path / "project", **inputs)["voice-test"]

    assert job["services"] == [{"name": "shop/bot:ci", "alias": "bot"}]
    assert job["variables"] == {
        "PVT_BOT_URL": "ws://bot:8765/media",
        "PVT_OUTPUT_DIR": "voice-test-results",
    }


@pytest.mark.parametrize(
    ("shape", "engine"),
    [
        pytest.param(
            "dind", {"DOCKER_HOST": "tcp://docker:2375", "DOCKER_TLS_CERTDIR": ""}, id="dind"
        ),
        pytest.param(
            "dind-tls",
            {
                "DOCKER_HOST": "tcp://docker:2376",
                "DOCKER_TLS_CERTDIR": "/certs",
                "DOCKER_TLS_VERIFY": "1",
                "DOCKER_CERT_PATH": "/certs/client",
            },
            id="dind-tls",
        ),
    ],
)
def test_an_engine_is_told_what_to_start(
    gitlab_ci_local: Path, tmp_path: Path, shape: str, engine: dict[str, str]
) -> None:
    inputs = {"shape": shape, "bot-env": "GREETING=Good day\nMODE=test\n"}
    job = _expanded(gitlab_ci_local, tmp_path / "project", **inputs)["voice-test"]

    assert [service["alias"] for service in job["services"]] == ["docker"]
    assert job["variables"] == {
        **engine,
        "PVT_BOT_IMAGE": "shop/bot:ci",
        "PVT_BOT_BUILD": "",
        "PVT_BOT_PORT": "7860",
        "PVT_BOT_PATH": "/ws",
        "PVT_BOT_ENV": "GREETING=Good day\nMODE=test\n",
        "PVT_OUTPUT_DIR": "voice-test-results",
    }


def test_what_is_left_is_what_gitlab_shows(gitlab_ci_local: Path, tmp_path: Path) -> None:
    inputs = {"output-dir": "out", "job-name": "phone", "stage": "deploy"}
    pipeline = _expanded(gitlab_ci_local, tmp_path / "project", **inputs)

    assert set(pipeline) - {"stages"} == {"phone"}
    assert pipeline["phone"]["stage"] == "deploy"
    assert pipeline["phone"]["artifacts"] == {
        "when": "always",
        "expire_in": "30 days",
        "paths": ["out/"],
        "reports": {"junit": "out/junit.xml"},
    }


def test_scenarios_and_options_reach_the_command_line(
    gitlab_ci_local: Path, tmp_path: Path
) -> None:
    inputs = {"paths": "calls 'more calls'", "args": '-k "hours and not noise" --repeat 3'}
    job = _expanded(gitlab_ci_local, tmp_path / "project", **inputs)["voice-test"]

    assert job["script"] == [
        "pipecat-voice-test run calls 'more calls' -k \"hours and not noise\" --repeat 3"
    ]
    assert job["image"] == {"name": "runner:1", "entrypoint": [""]}


LOGIN = {
    "CI_REGISTRY": "registry.example.com",
    "CI_REGISTRY_USER": "gitlab-ci-token",
    "CI_REGISTRY_PASSWORD": "s3cret",
}


@pytest.mark.parametrize(
    ("variables", "config"),
    [
        pytest.param({}, None, id="no-registry"),
        pytest.param(
            LOGIN,
            {"auths": {"registry.example.com": {"auth": "Z2l0bGFiLWNpLXRva2VuOnMzY3JldA=="}}},
            id="the-registry-of-the-project",
        ),
        pytest.param(
            {**LOGIN, "DOCKER_AUTH_CONFIG": '{"auths": {"other": {"auth": "eDp5"}}}'},
            {"auths": {"other": {"auth": "eDp5"}}},
            id="what-the-user-said-himself",
        ),
    ],
)
def test_an_engine_is_given_what_it_may_pull_with(
    tmp_path: Path, variables: dict[str, str], config: object
) -> None:
    before = yaml.safe_load(BODY)[".$[[ inputs.job-name ]]:engine"]["before_script"]
    shown = 'echo "$DOCKER_CONFIG"; cat "$DOCKER_CONFIG/config.json" 2>/dev/null || echo null'
    script = "\n".join(["set -eo pipefail", *before[:2], shown])
    done = subprocess.run(
        ["bash", "-c", script],
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    folder, _, text = done.stdout.partition("\n")

    assert folder.startswith(str(tmp_path))
    assert json.loads(text) == config
    assert done.stderr == ""
