"""What `init` writes is good: it can be read, validated, linted and copied as it is."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipecat_voice_test.asked.options import RUN_SETTINGS
from pipecat_voice_test.scenario.load import load_config, read_all
from pipecat_voice_test.setup.files import new_files, scalar
from pipecat_voice_test.setup.survey import Ci, survey

from setup.repositories import DOCKERFILE, PIPECAT, RUNNER_BOT, SERVER_BOT, STOCK, Written

KEYS = {"env.example": "OPENAI_API_KEY=\nDEEPGRAM_API_KEY=\n"}
COMPOSE = "services:\n  redis: {image: redis}\n  bot: {build: ., depends_on: [redis]}\n"
BOTS: dict[str, Mapping[str, str | None]] = {
    "image": STOCK,
    "secrets": {**STOCK, **KEYS},
    "local": {**STOCK, "Dockerfile": DOCKERFILE.replace(', "--host", "0.0.0.0"', "")},
    "compose": {**STOCK, "compose.yaml": COMPOSE},
    "odd": {"docker/Bot.Dockerfile": DOCKERFILE, "bot.py": RUNNER_BOT, "requirements.txt": PIPECAT},
    "command": {"bot.py": RUNNER_BOT, "requirements.txt": PIPECAT},
    "uv": {
        "server/bot.py": RUNNER_BOT,
        "server/uv.lock": "pipecat-ai",
        "server/pyproject.toml": "",
    },
    "server": {"app/main.py": SERVER_BOT, "pyproject.toml": 'dependencies = ["pipecat-ai"]'},
    "nothing": {},
}
SYSTEMS: tuple[Ci, ...] = ("github", "gitlab")


def files_of(bot: Mapping[str, str | None], base: str = "", branch: str = "main") -> dict[str, str]:
    repository = Written(bot, branch=branch)
    found = survey(repository, base)
    return {file.path: file.text for file in new_files(found, SYSTEMS, repository.files)}


def written(folder: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.fixture
def tool() -> Callable[[str, list[str], Path], None]:
    """Runs one of the linters that `.ci/run` installs."""

    def run(variable: str, words: list[str], folder: Path) -> None:
        program = os.environ.get(variable)
        if not program:
            pytest.skip(f"{variable} does not say where it is")
        done = subprocess.run(
            [program, *words], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_which_files_there_are() -> None:
    assert list(files_of(STOCK)) == [
        "tests/voice/greeting.yaml",
        "tests/voice/voice-test.yaml",
        ".github/workflows/voice-test.yml",
        ".gitlab-ci.yml",
    ]


def test_a_pipeline_that_is_there_gets_a_file_beside_it() -> None:
    assert list(files_of({**STOCK, ".gitlab-ci.yml": ""}))[-1] == ".gitlab/voice-test.yml"


@pytest.mark.parametrize(
    ("there", "is_written"),
    [
        pytest.param("tests/voice/greeting.yaml", True, id="the-same-is-told-to-be-there"),
        pytest.param("tests/voice/voice-test.yaml", True, id="a-config-is-no-scenario"),
        pytest.param("tests/voice/deep/hours.yml", False, id="who-has-scenarios-needs-no-first"),
    ],
)
def test_a_first_scenario_is_for_those_who_have_none(there: str, is_written: bool) -> None:
    files = files_of({**STOCK, there: "name: x"})

    assert ("tests/voice/greeting.yaml" in files) is is_written


@pytest.mark.parametrize(
    ("name", "config"),
    [
        (
            "image",
            {"bot-build": ".", "bot-port": 7860, "bot-path": "/ws", "bot-env": ["OPENAI_API_KEY"]},
        ),
        (
            "secrets",
            {
                "bot-build": ".",
                "bot-port": 7860,
                "bot-path": "/ws",
                "bot-env": ["OPENAI_API_KEY", "DEEPGRAM_API_KEY"],
            },
        ),
        (
            "local",
            {
                "bot-build": ".",
                "bot-args": "python bot.py -t twilio --port 7860 --host 0.0.0.0",
                "bot-port": 7860,
                "bot-path": "/ws",
                "bot-env": ["OPENAI_API_KEY"],
            },
        ),
        (
            "compose",
            {
                "bot-compose": "compose.yaml",
                "bot-service": "bot",
                "bot-port": 7860,
                "bot-path": "/ws",
                "bot-env": ["OPENAI_API_KEY"],
            },
        ),
        (
            "odd",
            {
                "bot-build": ".",
                "bot-dockerfile": "docker/Bot.Dockerfile",
                "bot-port": 7860,
                "bot-path": "/ws",
                "bot-env": ["OPENAI_API_KEY"],
            },
        ),
        (
            "command",
            {
                "bot-command": "python bot.py -t twilio --port {port}",
                "bot-path": "/ws",
                "bot-env": ["OPENAI_API_KEY"],
            },
        ),
        (
            "uv",
            {
                "bot-command": "sh -c 'cd server && exec uv run bot.py -t twilio --port {port}'",
                "bot-path": "/ws",
                "bot-env": ["OPENAI_API_KEY"],
            },
        ),
        (
            "server",
            {
                "bot-command": "sh -c 'cd app && exec python main.py'",
                "bot-port": 8765,
                "bot-path": "/media",
            },
        ),
        ("nothing", {"bot-url": "ws://127.0.0.1:7860/ws"}),
    ],
)
def test_the_config_is_what_run_reads(
    name: str, config: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(written(tmp_path, files_of(BOTS[name])))

    names = [setting.name for setting in RUN_SETTINGS]
    assert load_config(Path("tests/voice"), names) == config


def test_the_first_scenario_is_good(tmp_path: Path) -> None:
    written(tmp_path, files_of(STOCK))
    scenarios, errors = read_all([Path("tests/voice")], cwd=tmp_path)

    assert errors == []
    assert [scenario.name for scenario in scenarios] == ["Greeting and two questions"]
    assert scenarios[0].skip_reason == ""


def test_what_the_first_scenario_proposes_is_good_as_well(tmp_path: Path) -> None:
    files = files_of(STOCK)
    text = files["tests/voice/greeting.yaml"]
    before, proposed = text.split("# for some seconds; put such a question here")
    lines = proposed.splitlines()[2:-2]
    more = [line.replace("#  ", "  ", 1) for line in lines if line.strip("# ")]
    files["tests/voice/greeting.yaml"] = before + "\n" + "\n".join(more) + "\n"
    written(tmp_path, files)
    scenarios, errors = read_all([Path("tests/voice")], cwd=tmp_path)

    assert errors == []
    assert [turn.name for turn in scenarios[0].turns][-1] == "interrupt it"


@pytest.mark.parametrize("name", BOTS)
def test_the_workflow_passes_the_linters(
    name: str, tool: Callable[[str, list[str], Path], None], tmp_path: Path
) -> None:
    written(tmp_path, files_of(BOTS[name], branch="trunk/a"))

    workflow = ".github/workflows/voice-test.yml"
    tool("PVT_ZIZMOR", ["--offline", "--no-progress", workflow], tmp_path)
    words = ["--builtin-schema", "vendor.github-workflows", workflow]
    tool("PVT_CHECK_JSONSCHEMA", words, tmp_path)


@pytest.mark.parametrize("name", BOTS)
def test_the_pipeline_passes_the_linter(
    name: str, tool: Callable[[str, list[str], Path], None], tmp_path: Path
) -> None:
    written(tmp_path, files_of(BOTS[name]))

    words = ["--builtin-schema", "vendor.gitlab-ci", ".gitlab-ci.yml"]
    tool("PVT_CHECK_JSONSCHEMA", words, tmp_path)


def workflow_of(name: str, **more: str) -> dict[Any, Any]:
    workflow = yaml.safe_load(files_of(BOTS[name], **more)[".github/workflows/voice-test.yml"])
    assert isinstance(workflow, dict)
    return workflow


def steps_of(name: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = workflow_of(name)["jobs"]["voice-test"]["steps"]
    return steps


def test_forks_get_no_secrets() -> None:
    workflow = workflow_of("secrets", branch="trunk")

    # YAML 1.1 reads the key `on` as yes.
    assert workflow[True] == {"pull_request": None, "push": {"branches": ["trunk"]}}
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["jobs"]["voice-test"]["if"] == (
        "github.event_name != 'pull_request' ||"
        " github.event.pull_request.head.repo.full_name == github.repository"
    )
    assert "if" not in workflow_of("server")["jobs"]["voice-test"]


def test_each_secret_is_one_value_for_the_bot_alone() -> None:
    checkout, action, upload = steps_of("secrets")

    assert action["env"] == {
        "OPENAI_API_KEY": "${{ secrets.OPENAI_API_KEY }}",
        "DEEPGRAM_API_KEY": "${{ secrets.DEEPGRAM_API_KEY }}",
    }
    assert action["uses"] == "org/pipecat-voice-test@v1"
    assert checkout["with"] == {"persist-credentials": False}
    assert upload["if"] == "always()"


def test_actions_of_others_are_pinned_by_commit() -> None:
    used = [step["uses"] for step in steps_of("command") if "uses" in step]

    assert len(used) == 3
    for action in used:
        name, _, commit = action.partition("@")
        assert name.startswith("actions/")
        assert len(commit) == 40


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        (
            "command",
            [
                "pip install -r requirements.txt",
                'pip install "pipecat-voice-test[speech]"',
                "pipecat-voice-test run",
            ],
        ),
        (
            "uv",
            [
                "pip install uv",
                "uv sync --locked --directory server",
                'pip install "pipecat-voice-test[speech]"',
                "pipecat-voice-test run",
            ],
        ),
        (
            "server",
            [
                "pip install .",
                'pip install "pipecat-voice-test[speech]"',
                "pipecat-voice-test run",
            ],
        ),
    ],
)
def test_a_bot_without_a_container_is_installed_on_the_runner(
    name: str, commands: list[str]
) -> None:
    *ran, summary = [step["run"] for step in steps_of(name) if "run" in step]
    job = yaml.safe_load(files_of(BOTS[name])[".gitlab-ci.yml"])["voice-test"]

    assert ran == commands
    assert summary == 'cat voice-test-results/summary.md >> "$GITHUB_STEP_SUMMARY"'
    assert (job["script"], job["image"]) == (commands, "python:3.12")


def test_a_bot_in_a_folder_has_its_scenarios_there() -> None:
    bot = {f"bots/a b/{path}": text for path, text in STOCK.items()}
    files = files_of(bot, base="bots/a b")

    assert "bots/a b/tests/voice/greeting.yaml" in files
    assert yaml.safe_load(files["bots/a b/tests/voice/voice-test.yaml"])["bot-build"] == "bots/a b"
    steps = yaml.safe_load(files[".github/workflows/voice-test.yml"])["jobs"]["voice-test"]["steps"]
    assert steps[1]["with"] == {"paths": "bots/a b/tests/voice"}
    job = yaml.safe_load(files[".gitlab-ci.yml"])["voice-test"]
    assert job["script"] == ["pipecat-voice-test run 'bots/a b/tests/voice'"]


@pytest.mark.parametrize(
    ("stages", "stage"),
    [
        ("", None),
        ("stages: [build, test]", None),
        ("stages: [build, integration-tests, deploy]", "integration-tests"),
        ("stages: [build, deploy]", "build"),
    ],
)
def test_the_job_is_in_a_stage_that_exists(stages: str, stage: str | None) -> None:
    files = files_of({**STOCK, ".gitlab-ci.yml": stages})

    assert yaml.safe_load(files[".gitlab/voice-test.yml"])["voice-test"].get("stage") == stage


@pytest.mark.parametrize(
    "text", ["/ws", "a b", "yes", "No", "7860", "a: b", 'say "x"', "#a", "", "é", "{port}", "."]
)
def test_a_text_stays_a_text(text: str) -> None:
    assert yaml.safe_load(f"key: {scalar(text)}  # why") == {"key": text}


def test_seen_places_are_in_the_config() -> None:
    text = files_of(BOTS["local"])["tests/voice/voice-test.yaml"]

    (line,) = [line for line in text.splitlines() if line.startswith("bot-port")]
    assert line.split("  ")[0] == "bot-port: 7860"
    assert line.endswith("  # Dockerfile:5")
