"""The image of the runner: small, quick to start, and at home under any user.

Its Dockerfile has to build with the classic builder and with BuildKit.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from again import until_judged
from docker_engine import BASE_IMAGE, docker

ROOT = Path(__file__).parents[2]
MEGABYTE = 1_000_000
HARDENED = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"]
HARDENED += ["--security-opt", "no-new-privileges"]
SHORT_SCENARIO = "hangs"
SPOKEN = """
name: Spoken
turns:
  - expect: [{event: response, within_ms: 4000}]
  - user: "Goodbye."
  - hangup: true
"""
DEMO_BOT = "python -m pipecat_voice_test.demo.bot --host 127.0.0.1 --port {port}"

STEPS = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())


@pytest.mark.parametrize(
    "unknown_to_one_builder",
    [
        pytest.param(r"^#\s*(syntax|escape)\s*=", id="a-syntax-line"),
        pytest.param(r"<<-?\s*['\"]?\w", id="a-heredoc"),
        pytest.param(r"^RUN\s+--", id="an-option-of-run"),
        pytest.param(r"^(COPY|ADD)\s+--(?!from=|chown=)", id="an-option-of-copy"),
    ],
)
def test_dockerfile_needs_nothing_that_only_one_builder_knows(unknown_to_one_builder: str) -> None:
    assert not re.findall(unknown_to_one_builder, STEPS, re.MULTILINE)


def test_base_can_be_chosen_and_is_the_slim_one() -> None:
    assert re.findall(r"^(?:ARG|FROM) .*", STEPS, re.MULTILINE) == [
        f"ARG BASE={BASE_IMAGE}",
        "FROM ${BASE} AS build",
        'ARG EXTRAS=""',
        "FROM ${BASE}",
        "ARG BASE",
    ]


def test_everything_from_the_package_index_is_held_to_its_hash() -> None:
    installs = [part for part in re.split(r"&&|\n", STEPS) if re.search(r"\bpip\b.* install", part)]

    assert installs
    assert all("--require-hashes" in part or "--no-deps dist/" in part for part in installs)


@pytest.mark.docker
def test_only_what_the_image_needs_is_sent_to_the_builder(engine: None, tmp_path: Path) -> None:
    look = tmp_path / "Dockerfile"
    look.write_text(f"FROM {BASE_IMAGE}\nCOPY . /sent\nRUN cd /sent && find . -type f > /files\n")
    name = f"pvt-test-context-{os.getpid()}"
    docker("build", "--quiet", "--tag", name, "--file", str(look), str(ROOT))
    try:
        files = docker("run", "--rm", name, "cat", "/files").splitlines()
    finally:
        docker("image", "rm", name)

    known = r"\./(LICENSE|README\.md|pyproject\.toml|requirements/\w+\.txt|tools/precompile)"
    folders = r"\./(runner/pipecat_voice_test|examples/scenarios)/.*"
    # Docker itself adds these two; they never get into a layer of the runner.
    own = r"\./(Dockerfile|\.dockerignore)"
    assert [f for f in files if not re.fullmatch(f"{known}|{folders}|{own}", f)] == []
    assert [f for f in files if f.endswith(".pyc")] == []


@pytest.mark.docker
def test_image_has_at_most_350_megabytes(runner_image: str) -> None:
    assert int(docker("image", "inspect", "--format", "{{.Size}}", runner_image)) <= 350 * MEGABYTE


@pytest.mark.docker
def test_help_begins_within_a_second_and_a_half(runner_image: str) -> None:
    command = ["docker", "run", "--rm", runner_image, "--help"]
    waits_s = []
    for _ in range(5):
        began = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            first = process.stdout.read(1)
            waits_s.append(time.monotonic() - began)
            assert (first + process.stdout.read()).startswith(b"Usage: pipecat-voice-test ")
        assert process.returncode == 0

    # What the image takes; the others also hold what else this machine does.
    assert min(waits_s) < 1.5


@pytest.mark.docker
def test_what_the_image_says_about_itself(runner_image: str) -> None:
    config: dict[str, Any] = json.loads(
        docker("image", "inspect", "--format", "{{json .Config}}", runner_image)
    )
    environ = dict(pair.split("=", 1) for pair in config["Env"])

    assert config["Entrypoint"] == ["/opt/pvt/bin/pipecat-voice-test"]
    # Not the base's, which would be taken for our arguments.
    assert not config.get("Cmd")
    assert not config.get("User")
    assert environ["ORT_DISABLE_TELEMETRY"] == "1"
    assert environ["PVT_CACHE_DIR"] == "/tmp/pipecat-voice-test"
    assert environ["PYTHONUNBUFFERED"] == "1"
    assert {key: value for key, value in config["Labels"].items() if "opencontainers" in key} == {
        "org.opencontainers.image.base.name": BASE_IMAGE,
        "org.opencontainers.image.description": (
            "Phones your Pipecat bot in CI, talks over it, and measures what a caller would "
            "have heard."
        ),
        "org.opencontainers.image.licenses": "Apache-2.0 AND MIT AND BSD-3-Clause",
        "org.opencontainers.image.title": "pipecat-voice-test",
    }


@pytest.mark.docker
@pytest.mark.parametrize(
    "left_over",
    [
        pytest.param("find /var/lib/apt/lists /var/cache/apt -type f", id="of-apt"),
        pytest.param("find / -xdev -path '*/.cache/*'", id="of-pip"),
        pytest.param("find /tmp /build /dist -mindepth 1", id="of-the-build"),
        pytest.param("find / -xdev -name 'hatchling*'", id="of-what-builds-the-package"),
        pytest.param("find /opt -type d -name tests", id="of-the-libraries-tests"),
        pytest.param("find / -xdev -name '__editable__*' -o -name '_editable_*'", id="editable"),
    ],
)
def test_nothing_is_left_over(left_over: str, runner_image: str) -> None:
    found = docker("run", "--rm", "--entrypoint", "sh", runner_image, "-c", f"{left_over} 2>&1;:")

    assert [line for line in found.splitlines() if "No such file" not in line] == []


@pytest.mark.docker
def test_compose_is_inside(runner_image: str) -> None:
    compose = "/usr/libexec/docker/cli-plugins/docker-compose"
    version = docker("run", "--rm", "--entrypoint", compose, runner_image, "version", "--short")

    # `!reset` in our override came with 2.24.
    assert tuple(int(n) for n in re.findall(r"\d+", version)[:2]) >= (2, 24)


@pytest.mark.docker
@pytest.mark.realtime
@pytest.mark.side_by_side(2)
@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="as-it-is"),
        pytest.param([*HARDENED, "--user", "1000:1000"], id="hardened-as-a-user"),
        pytest.param([*HARDENED, "--user", "54321:0", "-e", "HOME="], id="hardened-and-homeless"),
    ],
)
def test_demo_needs_nothing_else(options: Sequence[str], runner_image: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    mounted = ["-v", f"{tmp_path}:/repo"]
    words = [*options, *mounted, runner_image, "demo", "-q", "-k", SHORT_SCENARIO]

    assert _passed(words, tmp_path) == ["The bot hangs up"]


@pytest.mark.docker
@pytest.mark.realtime
@pytest.mark.side_by_side(2)
def test_texts_are_spoken_by_the_engine_inside(runner_image: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    (tmp_path / "spoken.yaml").write_text(SPOKEN)
    arguments = ["run", "spoken.yaml", "-q", "--bot-command", DEMO_BOT]
    # The only engine that needs no network and no home; without it this is an error.
    options = [*HARDENED, "--network", "none", "--user", "1000:1000", "-v", f"{tmp_path}:/repo"]

    assert _passed([*options, runner_image, *arguments], tmp_path) == ["Spoken"]


def _passed(words: Sequence[str], folder: Path) -> list[str]:
    """The scenarios that passed of a run in a container, as `results.json` has it."""

    def once() -> dict[str, Any]:
        docker("run", "--rm", *words, check=False)
        found: dict[str, Any] = json.loads(
            (folder / "voice-test-results" / "results.json").read_text()
        )
        return found

    results = until_judged(once, lambda found: found["exit_code"] == 7)
    return [item["name"] for item in results["scenarios"] if item["verdict"] == "passed"]
