"""Tests in which the runner itself is a container."""

import os
from collections.abc import Iterator
from pathlib import Path

import dind
import pytest
from images import built

ROOT = Path(__file__).parents[2]
RUNNER_IMAGE = "pvt-test-runner"
FAULTY_BOT = "pvt-test-faulty-bot"


@pytest.fixture(scope="session")
def runner_image(engine: None) -> str:
    """The runner's image, built from this checkout; `PVT_RUNNER_IMAGE` names one to use instead."""
    if named := os.environ.get("PVT_RUNNER_IMAGE"):
        return named
    built(f"{RUNNER_IMAGE}-packages", ROOT, "--target", "build")
    return built(RUNNER_IMAGE, ROOT)


@pytest.fixture(scope="session")
def faulty_bot(runner_image: str) -> str:
    """The image of `faulty_bot/bot.py`; with `-unwell` behind its name, its health check fails."""
    for target, name in (("bot", FAULTY_BOT), ("unwell", f"{FAULTY_BOT}-unwell")):
        options = ("--target", target, "--build-arg", f"RUNNER={runner_image}")
        built(name, Path(__file__).parent / "faulty_bot", *options)
    return FAULTY_BOT


@pytest.fixture(scope="session")
def other_engine(faulty_bot: str) -> Iterator[dind.OtherEngine]:
    """An engine that is not the one of this machine, and has the image of `faulty_bot`."""
    with dind.running(faulty_bot) as engine:
        yield engine
