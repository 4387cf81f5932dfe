"""What GitLab jobs need: the tool that runs them, and images for what they start."""

import os
from pathlib import Path

import containers.conftest
import pytest
from images import built

HERE = Path(__file__).parent
runner_image = containers.conftest.runner_image


@pytest.fixture(scope="session")
def gitlab_ci_local() -> Path:
    """The program; `.ci/run` installs it."""
    tool = os.environ.get("PVT_GITLAB_CI_LOCAL", "")
    if not tool:
        pytest.skip("PVT_GITLAB_CI_LOCAL names no gitlab-ci-local (see .ci/run)")
    return Path(tool)


@pytest.fixture(scope="session")
def check_jsonschema() -> str:
    """The program; `.ci/run` installs it."""
    tool = os.environ.get("PVT_CHECK_JSONSCHEMA", "")
    if not tool:
        pytest.skip("PVT_CHECK_JSONSCHEMA names no check-jsonschema (see .ci/run)")
    return tool


@pytest.fixture(scope="session")
def helper_image(engine: None) -> str:
    return built("pvt-test-helper", HERE / "helper")


@pytest.fixture(scope="session")
def bot_image(runner_image: str) -> str:
    return built("pvt-test-bot", HERE / "bot", "--build-arg", f"RUNNER={runner_image}")
