"""The command line: what it takes, what it says, how it exits, and what it leaves on disk."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from again import until_judged
from click.testing import CliRunner, Result
from pipecat_voice_test import __version__
from pipecat_voice_test.cli import main
from pipecat_voice_test.voice.engines import find_engine

COMMAND = [sys.executable, "-m", "pipecat_voice_test"]
LISTEN = "name: Greeting\ntags: [smoke]\nturns:\n  - expect: [{event: response}]\n"
SKIPPED = "name: Persona\npersona: Jo\ngoal: a\nsuccess: b\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory and no settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("PVT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def scenario(name: str, text: str = LISTEN) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return name


def results(folder: str = "voice-test-results") -> tuple[dict[str, object], ET.Element]:
    """What was written, as data."""
    found: dict[str, object] = json.loads(Path(folder, "results.json").read_text())
    return found, ET.parse(Path(folder, "junit.xml")).getroot()


def errors(junit: ET.Element) -> list[str | None]:
    return [error.text for error in junit.iter("error")]


# --- help ---------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["demo", "-h"]])
def test_help_tells_the_exit_codes(arguments: list[str]) -> None:
    result = call(*arguments)

    assert result.exit_code == 0
    for line in (
        "  0  every scenario passed",
        "  1  a scenario failed (or is flaky)",
        "  2  interrupted; reports were written",
        "  3  internal error",
        "  4  usage, config or scenario file wrong; nothing was called",
        "  5  nothing selected",
        "  6  the bot could not be started or never listened",
        "  7  inconclusive: nothing failed, but some call could not be judged here",
        "Several apply: 2, 3, 1, 6, 7 in this order.",
    ):
        assert line in result.output


def test_help_begins_with_what_it_does_for_the_reader() -> None:
    lines = call("run", "--help").output.splitlines()

    assert lines[:3] == [
        "Usage: main run [OPTIONS] [PATHS]...",
        "",
        "  Phone a Pipecat bot and check how it listens.",
    ]


def test_the_version() -> None:
    assert call("--version").output == f"pipecat-voice-test, version {__version__}\n"


# --- usage errors -------------------------------------------------------------------------

NO_BOT = (
    "Error: no bot was given.\n"
    "  Fix: start yours with `--bot-image NAME`, `--bot-build DIR` or\n"
    "       `--bot-command 'python bot.py --port {port}'`, or name one that already runs with\n"
    "       `--bot-url ws://127.0.0.1:7860/ws`; `pipecat-voice-test demo` needs none.\n"
)
URL = ["--bot-url", "ws://127.0.0.1:1/ws"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["run"], NO_BOT, id="no-bot"),
        pytest.param(
            ["run", *URL, "--bot-command", "bot"],
            "Error: `--bot-command` and `--bot-url` were both given.\n"
            "  Fix: give exactly one of them.\n",
            id="two-bots",
        ),
        pytest.param(
            ["run", "--bot-image", "shop/bot", "--bot-command", "python bot.py"],
            "Error: `--bot-image` and `--bot-command` were both given.\n"
            "  Fix: give exactly one of them.\n"
            "       What a container runs in place of its image's CMD is `--bot-args`.\n",
            id="an-image-and-a-command",
        ),
        pytest.param(
            ["run", *URL],
            "Error: tests/voice does not exist.\n"
            "  Fix: give scenario files or folders; `pipecat-voice-test init` writes a first one\n",
            id="no-scenarios",
        ),
        pytest.param(
            ["run", "--bot-url", "http://127.0.0.1:1/ws"],
            "Error: `--bot-url http://127.0.0.1:1/ws` is not a WebSocket address.\n"
            "  Fix: say `ws://127.0.0.1:1/ws`.\n",
            id="no-websocket",
        ),
        pytest.param(
            ["run", *URL, "--repeat", "0"],
            "Error: `--repeat 0` is not a whole number from 1 to 10000.\n"
            "  Fix: give a whole number from 1 to 10000; without it, it is 1.\n",
            id="no-calls",
        ),
        pytest.param(
            ["run", "--bot-command", "bot", "--bot-port", "99999"],
            "Error: `--bot-port 99999` is not a whole number from 1 to 65535.\n"
            "  Fix: give a whole number from 1 to 65535; without it, it is 7860.\n",
            id="no-port",
        ),
        pytest.param(
            ["run", "--bot-command", "bot", "--bot-env", "NOT_SET_ANYWHERE"],
            "Error: `--bot-env NOT_SET_ANYWHERE` passes on a variable that is not set here.\n"
            "  Fix: set NOT_SET_ANYWHERE first, or say `--bot-env NOT_SET_ANYWHERE=VALUE`.\n",
            id="a-variable-that-is-not-set",
        ),
        pytest.param(
            ["run", "--bot-command", "bot", "--bot-env", "=hush"],
            "Error: a `--bot-env` has no name before its `=`.\n  Fix: say `--bot-env KEY=VALUE`.\n",
            id="a-variable-without-a-name",
        ),
        pytest.param(
            ["run", "-v", "-q"],
            "Error: `--verbose` and `--quiet` were both given.\n  Fix: give one of them.\n",
            id="loud-and-quiet",
        ),
        pytest.param(
            ["demo", "--fault", "rude"],
            "Error: there is no fault `rude`; --help lists them.\n"
            "  Fix: `--fault help` lists what there is.\n",
            id="a-fault-there-is-not",
        ),
    ],
)
def test_a_usage_error_says_what_to_do_and_is_in_the_reports(
    arguments: list[str], message: str
) -> None:
    result = call(*arguments)

    assert (result.stderr, result.exit_code) == (message, 4)
    found, junit = results()
    assert found["exit_code"] == 4
    assert found["scenarios"] == []
    assert [f"Error: {text}\n" for text in errors(junit)] == [message]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["run", "--repat", "2"],
            "Error: there is no option `--repat`.\n"
            "  Fix: did you mean `--repeat` or `--report-mb` or `--help`?\n",
            id="an-option-there-is-not",
        ),
        pytest.param(
            ["run", "--bot-url"],
            "Error: Option '--bot-url' requires an argument.\n"
            "  Fix: see `pipecat-voice-test COMMAND --help`.\n",
            id="an-option-without-its-value",
        ),
        pytest.param(
            ["rum"],
            "Error: there is no command `rum`.\n  Fix: did you mean `run`?\n",
            id="a-command-there-is-not",
        ),
    ],
)
def test_a_line_that_cannot_be_read_touches_no_results(
    arguments: list[str], message: str, folder: Path
) -> None:
    result = call(*arguments)

    assert (result.stderr, result.exit_code) == (message, 4)
    assert list(folder.iterdir()) == []


def test_without_a_command_there_is_help_and_an_error() -> None:
    result = call()

    assert result.exit_code == 4
    assert result.stderr.startswith("Usage: main [OPTIONS] [COMMAND] [ARGS]...\n")


def test_a_results_folder_that_is_a_file() -> None:
    Path("taken").write_text("")

    result = call("run", *URL, "--output-dir", "taken")

    assert result.exit_code == 4
    assert result.stderr == (
        "Error: taken is a file, so no results can be written into a folder of that name.\n"
        "  Fix: remove it, or choose another folder with `--output-dir`\n"
    )


def test_options_that_a_running_bot_has_no_use_for() -> None:
    result = call("run", *URL, "--bot-path", "/other")

    assert result.stderr.startswith(
        "Warning: `--bot-path` is not used: `--bot-url` calls a bot that already runs, as it is.\n"
    )


# --- scenarios ----------------------------------------------------------------------------


def test_a_broken_scenario_is_exit_4_and_an_error_case() -> None:
    path = scenario("tests/voice/bad.yaml", "name: x\nturns: [{user: No}]\n")

    result = call("run", *URL, "--output-dir", "out")

    message = (
        f"{path}:2: `user` must be a text, but YAML reads `No` as a yes or no\n"
        '  Fix: quote it: `user: "No"`'
    )
    assert (result.stderr, result.exit_code) == (f"Error: {message}\n", 4)
    assert errors(results("out")[1]) == [message]


def test_a_recording_without_speech_is_found_before_anybody_is_called() -> None:
    Path("a.wav").write_bytes(b"RIFF")
    scenario("a.yaml", "name: x\nturns: [{audio: a.wav}]\n")

    result = call("run", *URL, "a.yaml")

    assert result.exit_code == 4
    assert result.stderr.startswith("Error: a.yaml:2: ")
    found, junit = results()
    assert found["exit_code"] == 4
    assert len(errors(junit)) == 1
    not_run = [case for case in junit.iter("testcase") if case.find("skipped") is not None]
    assert [case.get("name") for case in not_run] == ["x"]


def test_nothing_selected_is_exit_5() -> None:
    scenario("tests/voice/a.yaml")

    result = call("run", *URL, "-k", "hours", "--tag", "smoke")

    assert result.exit_code == 5
    assert result.stderr == (
        "Error: none of 1 scenario fits -k 'hours' --tag smoke.\n"
        "  Fix: loosen it; `--list` alone shows names and tags.\n"
        "  There are:\n"
        "    Greeting [smoke]\n"
    )
    assert results()[0]["exit_code"] == 5


def test_everything_skipped_is_exit_5() -> None:
    scenario("tests/voice/a.yaml", SKIPPED)

    result = call("run", *URL)

    assert result.exit_code == 5
    assert result.stderr.startswith("Error: All 1 selected scenarios are skipped.\n")
    found, junit = results()
    assert found["exit_code"] == 5
    assert junit.find(".//skipped") is not None


def test_list_shows_what_would_run_and_writes_nothing(folder: Path) -> None:
    scenario("tests/voice/a.yaml")
    scenario("tests/voice/b.yaml", SKIPPED)
    before = sorted(folder.iterdir())

    result = call("run", "--list")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:2] == [
        "tests/voice/a.yaml:1: Greeting [smoke]",
        "tests/voice/b.yaml:1: Persona",
    ]
    assert lines[2].startswith("  skipped: ")
    assert lines[3:] == ["1 scenario would run, 1 would be skipped"]
    assert sorted(folder.iterdir()) == before


def test_list_of_the_demo() -> None:
    result = call("demo", "--list", "--tag", "smoke")

    assert result.exit_code == 0
    assert "Greeting and turn [smoke]\n1 scenario would run\n" in result.stdout


def test_validate_of_good_files() -> None:
    scenario("tests/voice/a.yaml")
    scenario("tests/voice/b.yaml", SKIPPED)

    result = call("validate")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("Warning: tests/voice/b.yaml:1: Persona is skipped: ")
    assert lines[1:] == ["2 scenarios in 2 files, all good"]


def test_validate_warns_of_checks_that_nobody_can_make() -> None:
    scenario("a.yaml", "name: x\nturns: [{expect: [{event: response, text_contains: nine}]}]\n")

    result = call("validate", "a.yaml")

    assert result.exit_code == 0
    assert result.stdout == (
        "Warning: a.yaml:2: text_contains is skipped: "
        "what the bot says is not transcribed by this version\n"
        "1 scenario in 1 file, all good\n"
    )


def test_validate_warns_of_barge_ins_that_always_come_too_soon() -> None:
    turns = "[{user: Stop it., send_after: {event: bot_started_speaking, delay_ms: 100}}]"
    scenario("a.yaml", f"name: x\nturns: {turns}\n")

    result = call("validate", "a.yaml")

    assert result.exit_code == 0
    assert result.stdout == (
        "Warning: a.yaml:2: this barge-in comes 100 ms after the bot began to speak, and none can "
        "be judged before 500 ms: its calls will be inconclusive. Fix: write "
        "`send_after: {event: bot_started_speaking, delay_ms: 1000}`\n"
        "1 scenario in 1 file, all good\n"
    )


def test_validate_warns_of_limits_that_nothing_decides() -> None:
    scenario("a.yaml", "name: x\nlimits: {stop_ms: 900}\nturns: [{user: Hello., expect: []}]\n")

    result = call("validate", "a.yaml")

    assert result.exit_code == 0
    assert result.stdout == (
        "Warning: a.yaml:2: `stop_ms.each` can never be decided: no turn interrupts the bot. "
        "Fix: write `stop_ms: none`\n"
        "1 scenario in 1 file, all good\n"
    )


def test_run_warns_of_limits_that_its_calls_cannot_decide() -> None:
    """M-24, before anybody is phoned."""
    text = "name: x\nlimits: {passed: {lower_bound: 0.8}}\nturns: [{dtmf: 1}]\n"
    scenario("a.yaml", text)

    result = call("run", "--bot-command", "false", "--repeat", "3", "a.yaml")

    assert result.exit_code == 6
    assert result.stderr.splitlines()[0] == (
        "Warning: a.yaml:2: `passed.lower_bound` needs 16 values, and 3 calls give 3 at most, "
        "so it will stay undecided. Fix: `--repeat 16`"
    )


def test_validate_shows_the_mistakes_of_every_file() -> None:
    scenario("tests/voice/a.yaml", "name: a\nturns: [{user: No}]\n")
    scenario("tests/voice/b.yaml", "name: b\nturns: [{usr: Hello}]\n")
    scenario("tests/voice/c.yaml")
    scenario("tests/voice/voice-test.yaml", "bot-comand: x\n")

    result = call("validate")

    assert result.exit_code == 4
    assert re.findall(r"^Error: (\S+)", result.stderr, re.MULTILINE) == [
        "tests/voice/a.yaml:2:",
        "tests/voice/b.yaml:2:",
        "tests/voice/voice-test.yaml:1:",
    ]
    assert result.stdout == "1 scenario in 1 file good, 3 files wrong\n"


def test_schema_is_json() -> None:
    result = call("schema")

    assert result.exit_code == 0
    assert json.loads(result.stdout)["title"] == "A scenario of pipecat-voice-test"


# --- settings -----------------------------------------------------------------------------


def test_the_file_in_the_scenarios_folder_names_the_bot() -> None:
    scenario("calls/deep/a.yaml")
    scenario("calls/voice-test.yaml", "bot-command: no-such-command\noutput-dir: out\n")

    result = call("run", "calls/deep/a.yaml")

    assert result.exit_code == 4
    assert result.stderr.startswith("Error: there is no command `no-such-command`")
    assert results("out")[0]["exit_code"] == 4


def test_the_environment_beats_that_file(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario("tests/voice/a.yaml")
    scenario("tests/voice/voice-test.yaml", "bot-command: from-the-file\n")
    monkeypatch.setenv("PVT_BOT_COMMAND", "from-the-environment")

    result = call("run")

    assert result.stderr.startswith("Error: there is no command `from-the-environment`")


def test_a_wrong_settings_file_is_exit_4_and_in_the_reports() -> None:
    scenario("tests/voice/a.yaml")
    scenario("tests/voice/voice-test.yaml", "bot-comand: x\n")

    result = call("run")

    message = (
        "tests/voice/voice-test.yaml:1: unknown option `bot-comand`\n"
        "  Fix: did you mean `bot-command`?"
    )
    assert (result.stderr, result.exit_code) == (f"Error: {message}\n", 4)
    assert errors(results()[1]) == [message]


# --- the bot ------------------------------------------------------------------------------


def test_a_bot_that_exits_is_exit_6() -> None:
    scenario("tests/voice/a.yaml")
    bot = f"{sys.executable} -c \"print('no key'); raise SystemExit(3)\""

    result = call("run", "--bot-command", bot)

    assert result.exit_code == 6
    assert "exited with code 3 before it listened" in result.stdout
    found, junit = results()
    assert found["exit_code"] == 6
    assert len(errors(junit)) == 1


def test_a_bot_that_never_listens_is_exit_6() -> None:
    scenario("tests/voice/a.yaml")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{unused.getsockname()[1]}/ws"

        result = call("run", "--bot-url", url, "--start-timeout", "0.1", "-q")

    assert result.exit_code == 6
    assert f"  {url} did not answer within 100 ms" in result.stdout
    assert "[00:00" not in result.stdout
    assert result.stdout.endswith(
        "Results: voice-test-results, JUnit: voice-test-results/junit.xml\n"
        "Page: voice-test-results/report.html\n"
    )


# --- real calls ---------------------------------------------------------------------------


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def start(started: list[subprocess.Popen[str]], *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    started.append(process)
    return process


def wait_for(process: subprocess.Popen[str], text: str) -> str:
    """Read its output up to a line with text that fits."""
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if re.search(text, line):
            return read
    raise AssertionError(f"{text!r} never came:\n{read}")


def bots() -> set[str]:
    """Demo bots that run in our working directory."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            if b"demo.bot" in words and (process / "cwd").readlink() == Path.cwd():
                found.add(process.name)
        except OSError:
            continue
    return found


@pytest.mark.realtime
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_before_a_run_has_begun_ends_the_command(name: str) -> None:
    # As pid 1 of a container nothing but SIGKILL would, were it not asked for.
    program = f"""
import os, signal, sys, time, types
from pipecat_voice_test.cli import main
def run(*_):
    os.kill(os.getpid(), signal.{name})
    time.sleep(30)
sys.modules["pipecat_voice_test.command.session"] = types.SimpleNamespace(run=run)
main(["run"])
"""
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stderr) == (2, "\nError: interrupted.\n")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_leaves_results_and_no_bot(
    name: str, started: list[subprocess.Popen[str]]
) -> None:
    def once() -> tuple[subprocess.Popen[str], str]:
        process = start(started, "demo", "-k", "greeting")
        return process, wait_for(process, "bot speaks|writing the reports")

    # On a machine too busy for a call there is none.
    process, _ = until_judged(once, lambda begun: "bot speaks" not in begun[1])
    process.send_signal(signal.Signals[name])
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 2
    assert f"the run was interrupted by {name}" in output
    found, junit = results()
    assert found["exit_code"] == 2
    assert len(list(junit.iter("testcase"))) >= 1
    assert Path("voice-test-results/greeting-and-turn/call-1/call.wav").stat().st_size > 1000
    assert bots() == set()


@pytest.mark.realtime
def test_a_second_sigint_does_not_wait_for_a_stubborn_bot(
    started: list[subprocess.Popen[str]],
) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    scenario("tests/voice/a.yaml")
    process = start(started, "run", "--bot-command", f"{sys.executable} -c '{stubborn}'")
    wait_for(process, "waiting for the bot")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    wait_for(process, "interrupted by SIGINT")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert process.returncode == 2
    found, _ = results()
    assert found["exit_code"] == 2


@pytest.mark.realtime
@pytest.mark.skipif(find_engine() is None, reason="no speech engine is installed here")
def test_a_signal_while_texts_are_spoken_calls_nobody(
    started: list[subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PVT_CACHE_DIR", "empty-cache")
    turns = "".join(f'  - user: "{"One more sentence. " * 20} {n}"\n' for n in range(30))
    scenario("tests/voice/a.yaml", f"name: Talkative\nturns:\n{turns}")
    process = start(started, "run", *URL)
    wait_for(process, "preparing 1 scenario")
    process.send_signal(signal.SIGTERM)
    output, complaints = process.communicate(timeout=30)

    assert process.returncode == 2
    assert "waiting for the bot" not in output
    assert complaints == "Error: the run was interrupted by SIGTERM.\n"
    found, junit = results()
    assert found["exit_code"] == 2
    assert [case.get("name") for case in junit.iter("testcase")] == ["Talkative"]


@pytest.mark.realtime
def test_a_faulty_demo_bot_fails_with_exit_1() -> None:
    arguments = ("demo", "-k", "keypad", "--fault", "no-greeting", "--output-dir", "out")
    result = until_judged(lambda: call(*arguments), lambda result: result.exit_code == 7)

    assert result.exit_code == 1, result.output
    assert re.search(
        r"\] Keypad menu #1: failed after \d+\.\d s: turn 1 \(line \d+\): ", result.stdout
    )
    found, junit = results("out")
    assert found["verdict"] == "failed"
    assert junit.find(".//failure") is not None


@pytest.mark.realtime
def test_a_reader_who_goes_away_ends_no_run(started: list[subprocess.Popen[str]]) -> None:
    def once() -> int:
        process = start(started, "demo", "-k", "keypad")
        wait_for(process, "calling")
        assert process.stdout is not None
        process.stdout.close()
        return process.wait(timeout=60)

    assert until_judged(once, lambda code: code == 7) == 0
    assert results()[0]["exit_code"] == 0
