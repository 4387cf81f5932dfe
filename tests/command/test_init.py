"""`init` writes what a repository needs, says where it knows it from, and changes nothing."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from again import until_judged
from click.testing import CliRunner
from pipecat_voice_test.cli import main
from pipecat_voice_test.command.init import init
from pipecat_voice_test.errors import UsageError
from setup.repositories import DOCKERFILE, RUNNER_BOT, STOCK

EXAMPLE = Path(__file__).parents[2] / "examples" / "pipecat-bot"
DEMO_BOT = f"{sys.executable} -m pipecat_voice_test.demo.bot --host 127.0.0.1 --port {{port}}"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("PVT_BOT")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    for path, text in STOCK.items():
        (tmp_path / path).write_text(text)
    return tmp_path


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


FOUND = """\
Found the bot: Dockerfile, built from the top of the repository
  port:        7860 (Dockerfile:5)
  media path:  /ws (Pipecat's default)
  Pipecat:     requirements.txt:1
  secret:      OPENAI_API_KEY (bot.py:6)
"""
NEXT = """\

Next:
  pipecat-voice-test run
Add to .gitignore: voice-test-results/
"""


def test_what_it_says(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert init(repository, None, {}) == 0

    assert capsys.readouterr().out == (
        f"{FOUND}"
        "  tested by:   GitHub (assumed; else give --ci)\n"
        "Wrote: tests/voice/greeting.yaml\n"
        "Wrote: tests/voice/voice-test.yaml\n"
        "Wrote: .github/workflows/voice-test.yml\n"
        f"{NEXT}"
        "Give the repository these secrets for Actions: OPENAI_API_KEY\n"
    )


def test_a_second_time_changes_nothing(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    init(repository, "both", {})
    before = snapshot(repository)
    capsys.readouterr()

    assert init(repository, "both", {}) == 0

    assert snapshot(repository) == before
    assert capsys.readouterr().out == (
        f"{FOUND}"
        "Already there: tests/voice/greeting.yaml\n"
        "Already there: tests/voice/voice-test.yaml\n"
        "Already there: .github/workflows/voice-test.yml\n"
        "Already there: .gitlab-ci.yml\n"
        f"{NEXT}"
    )


def test_a_file_that_is_there_is_left_and_the_others_are_written(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "tests" / "voice").mkdir(parents=True)
    (repository / "tests" / "voice" / "voice-test.yaml").write_text("bot-url: ws://mine/ws\n")
    (repository / ".gitlab-ci.yml").write_text("stages: [test]\n")

    assert init(repository, None, {}) == 0

    assert (repository / "tests/voice/voice-test.yaml").read_text() == "bot-url: ws://mine/ws\n"
    assert (repository / ".gitlab-ci.yml").read_text() == "stages: [test]\n"
    assert capsys.readouterr().out.endswith(
        "  tested by:   GitLab (.gitlab-ci.yml)\n"
        "Wrote: tests/voice/greeting.yaml\n"
        "Already there: tests/voice/voice-test.yaml\n"
        "Wrote: .gitlab/voice-test.yml\n"
        f"{NEXT}"
        "Add to .gitlab-ci.yml:\n"
        "  include:\n"
        "    - local: .gitlab/voice-test.yml\n"
    )


def test_a_pipeline_of_ours_is_not_given_twice(repository: Path) -> None:
    init(repository, "gitlab", {})
    init(repository, "gitlab", {})

    assert not (repository / ".gitlab").exists()


def test_a_warning_says_what_to_do(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "Dockerfile").write_text(DOCKERFILE.replace(', "--host", "0.0.0.0"', ""))

    assert init(repository, "none", {}) == 0

    assert (
        "Warning: Dockerfile:5: the bot listens on localhost, which nobody outside of its "
        "container can reach.\n"
        "  Fix: say `--host 0.0.0.0` in Dockerfile:5; until then `bot-args` in voice-test.yaml "
        "says it.\n"
    ) in capsys.readouterr().out
    assert "bot-args: " in (repository / "tests" / "voice" / "voice-test.yaml").read_text()


def test_nothing_to_be_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert init(tmp_path, "none", {}) == 0

    assert capsys.readouterr().out == (
        "Found the bot: not found\n"
        "  port:        7860 (Pipecat's default)\n"
        "  media path:  /ws (Pipecat's default)\n"
        "Warning: nothing in this repository says how the bot is started: there is no Dockerfile,"
        " and no Python file that begins to listen.\n"
        "  Fix: add a Dockerfile, then say `bot-build: .` in voice-test.yaml;\n"
        "       until then start the bot yourself before the run.\n"
        "Wrote: tests/voice/greeting.yaml\n"
        "Wrote: tests/voice/voice-test.yaml\n"
        f"\nNext:\n  cd {tmp_path}\n  pipecat-voice-test run\n"
        "Add to .gitignore: voice-test-results/\n"
    )


def test_a_bot_in_a_folder_of_a_repository(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(EXAMPLE, repository / "bots" / "one", ignore=shutil.ignore_patterns("venv"))

    assert init(repository / "bots" / "one", "github", {}) == 0

    printed = capsys.readouterr().out
    assert printed.startswith("Found the bot: bots/one/Dockerfile, built from bots/one\n")
    assert "Wrote: bots/one/tests/voice/greeting.yaml\n" in printed
    assert "  pipecat-voice-test run bots/one/tests/voice\n" in printed
    assert (repository / ".github" / "workflows" / "voice-test.yml").is_file()


@pytest.mark.parametrize(
    ("name", "what"), [("missing", "does not exist"), ("bot.py", "is not a folder")]
)
def test_no_such_folder(repository: Path, name: str, what: str) -> None:
    with pytest.raises(UsageError) as refused:
        init(repository / name, None, {})

    assert str(refused.value) == (
        f"{repository / name} {what}.\n  Fix: name the folder of your bot with `--dir`."
    )


def test_a_folder_that_nobody_may_write_into(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A file in place of each folder stops root as well.
    (repository / "tests").write_text("")
    (repository / ".github").write_text("")

    assert init(repository, None, {}) == 4

    fix = f"  Fix: let this user write into {repository}, or name another folder with `--dir`.\n"
    assert capsys.readouterr().err == "".join(
        f"Error: {path} could not be written: {reason}.\n{fix}"
        for path, reason in (
            ("tests/voice/greeting.yaml", "Not a directory"),
            ("tests/voice/voice-test.yaml", "Not a directory"),
            (".github/workflows/voice-test.yml", "Not a directory"),
        )
    )


def test_hostile_files_end_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (repository / "Dockerfile").open("r+b") as file:
        file.truncate(100 * 1024 * 1024)
    (repository / "compose.yaml").write_bytes(b"\xff\xfe\x00")
    (repository / "docker-compose.yml").write_text("a: [" * 5000)
    (repository / "bot.py").write_text("(" * 100_000)
    (repository / "loop").symlink_to(repository)
    (repository / "pyproject.toml").write_bytes(b"\x80")

    assert init(repository, None, {}) == 0

    printed = capsys.readouterr().out
    assert printed.startswith("Found the bot: not found\n")
    assert "Warning: Dockerfile was left out: it has more than 1024 KiB.\n" in printed
    assert "Warning: compose.yaml was left out: it is no text in UTF-8.\n" in printed
    assert "Warning: pyproject.toml was left out: it is no text in UTF-8.\n" in printed


@pytest.mark.realtime
def test_the_first_scenario_passes_against_a_good_bot(repository: Path) -> None:
    init(repository, "none", {})

    result = until_judged(
        lambda: CliRunner().invoke(
            main, ["run", "--bot-command", DEMO_BOT], env={"OPENAI_API_KEY": "x"}
        ),
        lambda result: result.exit_code == 7,
    )

    assert result.exit_code == 0, result.output


def test_the_example_bot_has_all_it_needs(repository: Path) -> None:
    for path in EXAMPLE.glob("*"):
        if path.is_file():
            shutil.copy(path, repository)
    (repository / "compose.yaml").unlink(missing_ok=True)

    init(repository, "github", {})

    config = (repository / "tests" / "voice" / "voice-test.yaml").read_text().splitlines()
    settings = [line.partition("  #")[0].rstrip() for line in config if not line.startswith("#")]
    assert [setting for setting in settings if setting] == [
        'bot-build: "."',
        "bot-port: 7860",
        "bot-path: /ws",
    ]


def test_code_is_looked_at_and_never_run(repository: Path) -> None:
    (repository / "bot.py").write_text(f"open('ran', 'w').close()\n{RUNNER_BOT}")

    init(repository, None, {})

    assert not (repository / "ran").exists()


def test_results_that_git_leaves_out_already(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / ".gitignore").write_text(".venv/\n/voice-test-results\n")

    init(repository, None, {})

    assert ".gitignore" not in capsys.readouterr().out
