"""A step of a job: what it was given, what it prints, and what it leaves for others."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from again import until_judged
from github.runner import Command, obeyed
from pipecat_voice_test.command.action import action

LISTEN = "name: {name}\nturns:\n  - expect: [{{event: response}}]\n"
SOMEBODY = 4711
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
DEMO_BOT = f"{sys.executable} -m pipecat_voice_test.demo.bot --host 127.0.0.1 --port {{port}}"


@dataclass
class Step:
    """One step with the files and variables that GitHub sets up for it."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "commands").mkdir()
        self.workspace.mkdir()
        self.output_file.touch()
        self.summary_file.touch()
        self.environ |= {
            "CI": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_OUTPUT": str(self.output_file),
            "GITHUB_STEP_SUMMARY": str(self.summary_file),
        }

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def output_file(self) -> Path:
        return self.folder / "commands" / "output"

    @property
    def summary_file(self) -> Path:
        return self.folder / "commands" / "summary"

    @property
    def outputs(self) -> dict[str, str]:
        found = re.findall(
            r"^(.+)<<(ghadelimiter_.+)\n(.*)\n\2$", self.output_file.read_text(), re.MULTILINE
        )
        return {name: value for name, _, value in found}

    def scenario(self, file: str = "tests/voice/a.yaml", text: str = "", name: str = "Hi") -> None:
        path = self.workspace / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or LISTEN.format(name=json.dumps(name)))

    def take(self, **inputs: str) -> int:
        """As GitHub would; inputs are named with underscores here."""
        return action(self.environ | variables(inputs))

    def started(self, **inputs: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "pipecat_voice_test", "action"],
            env={**os.environ, **self.environ, **variables(inputs)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def variables(inputs: dict[str, str]) -> dict[str, str]:
    return {f"INPUT_{name.upper().replace('_', '-')}": value for name, value in inputs.items()}


def ours(log: str) -> list[Command]:
    """What GitHub obeys, without the tokens between which it obeys nothing."""
    found = obeyed(log)
    assert found[0].name == "stop-commands"
    assert found[1].name == found[0].text
    return found[2:]


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Step:
    for name in [name for name in os.environ if name.startswith(("PVT_", "INPUT_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("RUNNER_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)
    return Step(tmp_path)


NO_OUTPUTS = {
    "result": "error",
    "total": "0",
    "passed": "0",
    "failed": "0",
    "flaky": "0",
    "inconclusive": "0",
    "junit-file": "voice-test-results/junit.xml",
    "report-file": "voice-test-results/report.html",
    "output-dir": "voice-test-results",
    "response-median-ms": "",
    "stop-max-ms": "",
}


# --- runs that call nobody ----------------------------------------------------------------


def test_a_step_without_a_bot(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    step.scenario()

    assert step.take() == 4
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "\nError: no bot was given.\n" in captured.out
    (note,) = ours(captured.out)
    assert (note.name, note.properties) == ("error", {"title": "usage"})
    assert note.text.startswith("no bot was given.\nFix: start yours with ")
    assert step.outputs == {**NO_OUTPUTS, "exit-code": "4"}
    assert step.summary_file.read_text().startswith("# pipecat-voice-test: error\n")
    assert (step.workspace / "voice-test-results" / "junit.xml").is_file()


def test_a_wrong_scenario_is_noted_on_its_own_line(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.scenario("calls/a, b.yaml", "name: x\nturns: [{usr: Hello}]\n")

    assert step.take(paths="calls\n", bot_url="ws://127.0.0.1:1/ws") == 4
    (note,) = ours(capsys.readouterr().out)
    assert note.properties == {"file": "calls/a, b.yaml", "line": "2", "title": "scenario file"}
    assert note.text.startswith("unknown key `usr`")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        pytest.param(
            {"repeat": "0"},
            "the input `repeat: 0` is not a whole number from 1 to 10000.\n"
            "  Fix: give a whole number from 1 to 10000; without it, it is 1.\n",
            id="a-value-that-is-none",
        ),
        pytest.param(
            {"fail_fast": "perhaps"},
            "the input `fail-fast: perhaps` is not one of: true, false.\n"
            "  Fix: give one of: true, false.\n",
            id="neither-yes-nor-no",
        ),
        pytest.param(
            {"output_dir": "../elsewhere"},
            "the input `output-dir: ../elsewhere` leads out of the workspace, "
            "where later steps cannot see it.\n"
            "  Fix: name a folder inside, such as `voice-test-results`.\n",
            id="results-outside-of-the-workspace",
        ),
        pytest.param(
            {"output_dir": "/results"},
            "the input `output-dir: /results` leads out of the workspace, "
            "where later steps cannot see it.\n"
            "  Fix: name a folder inside, such as `voice-test-results`.\n",
            id="results-at-the-root",
        ),
    ],
)
def test_an_input_is_quoted_as_the_workflow_wrote_it(
    step: Step, capsys: pytest.CaptureFixture[str], inputs: dict[str, str], message: str
) -> None:
    step.scenario()

    assert step.take(bot_url="ws://127.0.0.1:1/ws", **inputs) == 4
    assert f"\nError: {message}" in capsys.readouterr().out
    assert step.outputs["exit-code"] == "4"


def test_results_do_not_leave_the_workspace_through_a_link(step: Step) -> None:
    step.scenario()
    (step.workspace / "out").symlink_to(step.folder)

    assert step.take(bot_url="ws://127.0.0.1:1/ws", output_dir="out/results") == 4
    assert not (step.folder / "results").exists()
    assert (step.outputs["junit-file"], step.outputs["output-dir"]) == ("", "")


def test_a_misspelt_input_is_a_warning(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    step.scenario()

    assert step.take(list="true", bot_imgae="x", somebody_elses="y") == 0
    log = capsys.readouterr().out
    text = "there is no input `bot-imgae`; did you mean `bot-image`?"
    assert f"\nWarning: {text}\n" in log
    assert ours(log) == [Command("warning", text, {"title": "pipecat-voice-test"})]


def test_list_calls_nobody_and_writes_no_results(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.scenario()

    assert step.take(list="true") == 0
    assert "\ntests/voice/a.yaml:1: Hi\n1 scenario would run\n" in capsys.readouterr().out
    assert (step.outputs["result"], step.outputs["junit-file"]) == ("passed", "")
    assert step.summary_file.read_text() == ""
    assert [path.name for path in step.workspace.iterdir()] == ["tests"]


@pytest.mark.parametrize(
    ("inputs", "environ", "config", "command"),
    [
        pytest.param({}, {}, "from-the-file", "from-the-file", id="the-file"),
        pytest.param(
            {}, {"PVT_BOT_COMMAND": "from-env"}, "from-the-file", "from-env", id="the-environment"
        ),
        pytest.param(
            {"bot_command": "from-input"},
            {"PVT_BOT_COMMAND": "from-env"},
            "from-the-file",
            "from-input",
            id="the-input",
        ),
        pytest.param(
            {"bot_command": "", "bot_port": "7860", "repeat": "1"},
            {},
            "from-the-file",
            "from-the-file",
            id="what-GitHub-sets-for-inputs-that-were-left-out",
        ),
    ],
)
def test_who_counts_most(
    step: Step,
    capsys: pytest.CaptureFixture[str],
    inputs: dict[str, str],
    environ: dict[str, str],
    config: str,
    command: str,
) -> None:
    step.scenario()
    step.scenario("tests/voice/voice-test.yaml", f"bot-command: {config}\n")
    step.environ |= environ

    assert step.take(**inputs) == 4
    assert f"Error: there is no command `{command}`" in capsys.readouterr().out


def test_the_file_in_the_scenarios_folder_cannot_send_results_elsewhere(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.scenario()
    step.scenario("tests/voice/voice-test.yaml", "output-dir: /elsewhere\n")

    assert step.take(bot_url="ws://127.0.0.1:1/ws") == 4
    assert (
        "Error: tests/voice/voice-test.yaml: `output-dir: /elsewhere` leads out of the workspace"
        in capsys.readouterr().out
    )


# --- files that GitHub reads --------------------------------------------------------------


def test_what_other_commands_wrote_stays(step: Step) -> None:
    step.scenario()
    step.output_file.write_text("other=1\n")
    step.summary_file.write_text("# Build\nfine")

    step.take()

    assert step.output_file.read_text().startswith("other=1\nresult<<ghadelimiter_")
    assert step.summary_file.read_text().startswith("# Build\nfine\n\n# pipecat-voice-test: ")


@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_a_file_that_cannot_be_written_is_a_warning(
    step: Step, capsys: pytest.CaptureFixture[str], variable: str
) -> None:
    step.scenario()
    step.environ[variable] = str(step.folder / "nowhere" / "file")

    assert step.take() == 4
    assert ours(capsys.readouterr().out)[-1] == Command(
        "warning",
        f"the file of {variable} could not be written: No such file or directory",
        {"title": "pipecat-voice-test"},
    )


def test_outside_of_a_job_there_is_nothing_to_write_to(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.scenario()
    del step.environ["GITHUB_OUTPUT"]

    assert step.take(list="true") == 0
    (note,) = ours(capsys.readouterr().out)
    assert note.text == "GITHUB_OUTPUT is not set, so what would go there is not written"


def test_a_full_summary_is_left_alone(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    step.scenario()
    full = "x" * (1024 * 1024)
    step.summary_file.write_text(full)

    assert step.take() == 4
    assert step.summary_file.read_text() == full
    assert ours(capsys.readouterr().out)[-1].text == (
        "the job summary is full, so nothing was added to it"
    )


# --- who owns the results -----------------------------------------------------------------


@AS_ROOT
def test_results_belong_to_the_workspaces_owner(step: Step) -> None:
    step.scenario()
    (step.workspace / "out").mkdir()
    os.chown(step.workspace, SOMEBODY, SOMEBODY)

    step.take(output_dir="out/of/voice")

    given = {path.relative_to(step.workspace).as_posix() for path in owned(step.workspace)}
    assert given == {
        ".",
        "out/of",
        "out/of/voice",
        "out/of/voice/ctrf.json",
        "out/of/voice/junit.xml",
        "out/of/voice/report.html",
        "out/of/voice/results.json",
        "out/of/voice/summary.md",
    }


@AS_ROOT
def test_a_link_among_the_results_gives_nothing_else_away(step: Step) -> None:
    step.scenario()
    os.chown(step.workspace, SOMEBODY, SOMEBODY)
    secret = step.folder / "secret"
    secret.mkdir()
    (secret / "file").touch()
    results = step.workspace / "voice-test-results"
    results.mkdir()
    (results / "folder").symlink_to(secret)
    (results / "file").symlink_to(secret / "file")

    step.take()

    assert list(owned(secret)) == []
    assert (results / "folder").lstat().st_uid == SOMEBODY


def owned(folder: Path) -> Iterator[Path]:
    return (path for path in (folder, *folder.rglob("*")) if path.stat().st_uid == SOMEBODY)


# --- foreign text -------------------------------------------------------------------------

HOSTILE = (
    "::error::boo\\r::warning::boo\\n \\u00a0::set-output name=result::passed\\n"
    "a ##[error]boo\\n\\x1b[2J::stop-commands::mine\\n::mine::\\n::endgroup::\\n"
    "##\\x1b[0m[group]x\\n"
)


def hostile_bot(tmp_path: Path) -> str:
    (tmp_path / "bot.py").write_text(
        "import os, sys\n"
        f'print("{HOSTILE}", flush=True)\n'
        f'print("{HOSTILE}", file=sys.stderr)\n'
        "print(*(name for name in os.environ if name.startswith(('INPUT_', 'GITHUB_'))))\n"
        "raise SystemExit(3)\n"
    )
    return f"{sys.executable} {tmp_path / 'bot.py'}"


def test_neither_a_bot_nor_a_scenario_speaks_to_github(step: Step) -> None:
    step.scenario("tests/voice/::error::x.yaml", name="::error::x ##[error]y")

    process = step.started(bot_command=hostile_bot(step.folder), verbose="true")
    log, errors = process.communicate(timeout=60)

    assert (process.returncode, errors) == (6, "")
    (stop, resume, note, group, stop_again, resume_again, end) = obeyed(log)
    assert (stop.name, stop_again.name) == ("stop-commands", "stop-commands")
    assert (resume.name, resume_again.name) == (stop.text, stop_again.text)
    assert stop.text != stop_again.text
    assert (note.name, note.properties["title"]) == ("error", "bot exited")
    assert group.text.startswith("Bot log of ")
    assert end.name == "endgroup"
    assert step.outputs["result"] == "error"
    assert "\x1b" not in log


def test_a_bot_has_no_business_with_the_files_that_speak_to_github(step: Step) -> None:
    step.scenario()

    process = step.started(bot_command=hostile_bot(step.folder))
    log, _ = process.communicate(timeout=60)

    inherited = re.search(r"^GITHUB_.*$", log, re.MULTILINE)
    assert inherited is not None
    assert inherited[0].split() == ["GITHUB_WORKSPACE"]


def test_a_quiet_step_shows_no_log_of_the_bot(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.scenario()

    assert step.take(bot_command=hostile_bot(step.folder), quiet="true") == 6
    assert "::group::" not in capsys.readouterr().out


def test_debug_logging_shows_everything(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    step.scenario()
    step.environ["RUNNER_DEBUG"] = "1"

    assert step.take(bot_command=hostile_bot(step.folder), quiet="true") == 6
    log = capsys.readouterr().out
    assert "waiting for the bot" in log
    assert "::group::Bot log of " in log


# --- real calls ---------------------------------------------------------------------------


@pytest.mark.realtime
def test_a_bot_that_fails_is_noted_on_the_line_of_the_check(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.scenario(text="name: Greeting\nturns:\n  - expect: [{event: response, within_ms: 500}]\n")

    def once() -> int:
        capsys.readouterr()
        return step.take(bot_command=f"{DEMO_BOT} --fault no-greeting")

    assert until_judged(once, lambda code: code == 7) == 1
    first = ours(capsys.readouterr().out)[0]
    assert first.properties["file"] == "tests/voice/a.yaml"
    assert first.properties["line"] == "3"
    assert first.text.startswith("turn 1 (line 3): ")
    assert "hear it" in first.text
    assert (step.outputs["result"], step.outputs["failed"]) == ("failed", "1")
    assert "failed" in step.summary_file.read_text()


@pytest.mark.realtime
def test_an_interrupted_step_leaves_everything_it_would_have_left(step: Step) -> None:
    step.scenario()
    if os.geteuid() == 0:
        os.chown(step.workspace, SOMEBODY, SOMEBODY)
    process = step.started(bot_command=DEMO_BOT)
    assert process.stdout is not None
    log = ""
    for line in process.stdout:
        log += line
        if "bot speaks" in line:
            break
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    rest, errors = process.communicate(timeout=60)

    assert (process.returncode, errors) == (2, "")
    assert (step.outputs["result"], step.outputs["exit-code"]) == ("error", "2")
    recording = step.workspace / "voice-test-results" / "hi" / "call-1" / "call.wav"
    assert recording.stat().st_size > 1000
    assert recording.stat().st_uid == (SOMEBODY if os.geteuid() == 0 else os.geteuid())
    names = [found.name for found in ours(log + rest)]
    assert (names[:2], names[3:]) == (["group", "stop-commands"], ["endgroup"])
