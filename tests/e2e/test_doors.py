"""Every door of the real Pipecat bot, by the commands that the README tells users.

Behind each of them are Pipecat's own runner, transport and serializer. Both calls of a door are
held at once.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from again import until_judged

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("PVT_PIPECAT_PYTHON", "")
TOOL = Path(sys.executable).with_name("pipecat-voice-test")
COMMAND = re.compile(r"^\| (\S[^|]*?) \| `(pipecat-voice-test run [^`]+)` \|$", re.MULTILINE)
COMMANDS: dict[str, str] = dict(COMMAND.findall((ROOT / "README.md").read_text()))
SPEECH, KEYS = "Caller/asks, interrupts and hangs up", "Caller/presses keys"
TELL_OF_THEMSELVES = ("frames", "webrtc")
WITHOUT_CALL_API = ("exotel", "vonage", "frames", "webrtc")
AT_ONCE = 2  # Doors; of each two calls. More would be too much for two processors.

pytestmark = [
    pytest.mark.pipecat,
    pytest.mark.realtime,
    pytest.mark.skipif(not PYTHON, reason="PVT_PIPECAT_PYTHON is not set"),
]


@dataclass(frozen=True)
class Outcome:
    """What a command left behind: verdicts, and the last call of each scenario."""

    exit_code: int
    output: str
    verdicts: dict[str, str]
    calls: dict[str, dict[str, Any]]
    events: dict[str, list[dict[str, Any]]]

    @property
    def is_void(self) -> bool:
        """Whether this machine was too busy to judge the bot, or had its voice stutter.

        A bot on WebRTC sends nothing ahead, so that it is heard when it gets no CPU for a moment.
        """
        failed = {
            check["metric"]
            for call in self.calls.values()
            for check in call["checks"]
            if check["verdict"] == "failed"
        }
        return self.exit_code == 7 or (bool(failed) and failed <= {"gap_share", "worst_gap_ms"})


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("doors")
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        done = pool.map(lambda door: run(COMMANDS[door], folder / door), COMMANDS)
        found = dict(zip(COMMANDS, done, strict=True))
    for door in [door for door, outcome in found.items() if outcome.is_void]:
        alone = partial(run, f"{COMMANDS[door]} --workers 1", folder / door)
        found[door] = until_judged(alone, lambda outcome: outcome.is_void)
    return found


def run(command: str, folder: Path) -> Outcome:
    """Type a command of the README, from the root of the repository."""
    command = command.replace("pipecat-voice-test", shlex.quote(str(TOOL)), 1)
    command = command.replace('"python ', f'"{PYTHON} ')
    command += f" --output-dir {shlex.quote(str(folder))}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    scenarios = json.loads((folder / "results.json").read_text())["scenarios"]
    calls = {one["name"]: one["calls"][-1] for one in scenarios if one["calls"]}
    return Outcome(
        done.returncode,
        f"{command}\n{done.stdout}{done.stderr}",
        {one["name"]: one["verdict"] for one in scenarios},
        calls,
        {name: events_of(folder / call["files"]["events"]) for name, call in calls.items()},
    )


def events_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_there_is_a_command_for_each_door() -> None:
    """PROTOCOL 9, and the ways to find the address of P-1."""
    told = " ".join(COMMANDS.values())

    for door in ("telnyx", "plivo", "exotel", "vonage", "frames"):
        assert f"--provider {door}" in told
    for way in ("--bot-transport webrtc", "--bot-webhook /", "--bot-start /start"):
        assert way in told


def speaks_of(door: str, words: tuple[str, ...]) -> bool:
    return any(word in COMMANDS[door] for word in words)


def test_the_page_of_the_doors_tells_the_same_commands() -> None:
    page = (ROOT / "examples/doors/README.md").read_text()

    assert dict(COMMAND.findall(page)) == COMMANDS


@pytest.mark.parametrize("door", COMMANDS)
def test_a_healthy_bot_passes(outcomes: dict[str, Outcome], door: str) -> None:
    """Greeting, answer, interruption and keys."""
    outcome = outcomes[door]

    assert outcome.exit_code == 0, outcome.output
    assert outcome.verdicts == {SPEECH: "passed", KEYS: "passed"}


@pytest.mark.parametrize("door", COMMANDS)
def test_each_side_hangs_up_as_it_does_at_this_door(
    outcomes: dict[str, Outcome], door: str
) -> None:
    """PROTOCOL 5, 6, 9.1 and 9.2: Pipecat ends calls over HTTP where its serializers know how."""
    by_bot = "socket" if speaks_of(door, WITHOUT_CALL_API) else "call_api"
    calls = outcomes[door].calls

    ended = {name: (call["ended_by"], call["ended_how"]) for name, call in calls.items()}
    assert ended == {SPEECH: ("caller", "script"), KEYS: ("bot", by_bot)}


@pytest.mark.parametrize("door", COMMANDS)
def test_nothing_is_held_against_what_pipecat_sends(
    outcomes: dict[str, Outcome], door: str
) -> None:
    for call in outcomes[door].calls.values():
        assert [one for one in call["protocol"] if one["severity"] != "note"] == []


@pytest.mark.parametrize("door", [name for name in COMMANDS if speaks_of(name, TELL_OF_THEMSELVES)])
def test_what_the_bot_tells_of_itself_is_kept_beside_the_call(
    outcomes: dict[str, Outcome], door: str
) -> None:
    """PROTOCOL 9.8."""
    told = {event["event"] for event in outcomes[door].events[SPEECH]}

    assert {"client-ready", "bot-ready", "user-started-speaking", "bot-stopped-speaking"} <= told


class Asked(BaseHTTPRequestHandler):
    """Keeps what was asked of it."""

    lines: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.lines.append(f"{self.requestline} {body.decode()}")
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


STOCK_BOT = """
import asyncio
import call_api
from pipecat.frames.frames import EndFrame
from pipecat.serializers.twilio import TwilioFrameSerializer

call_api.redirect_to_tester()
asyncio.run(TwilioFrameSerializer("MZ1", "CA1", "AC1", "secret").serialize(EndFrame()))
"""


def test_a_bot_that_copies_call_api_py_need_not_tell_its_serializer_anything() -> None:
    """Pipecat's runner makes the serializer itself, with Twilio's own address."""
    with HTTPServer(("127.0.0.1", 0), Asked) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        subprocess.run(
            [PYTHON, "-c", STOCK_BOT],
            cwd=ROOT / "examples/pipecat-bot",
            env={**os.environ, "PVT_CALL_API_URL": f"http://127.0.0.1:{server.server_port}"},
            check=True,
            timeout=60,
        )
        thread.join()

    assert Asked.lines == ["POST /2010-04-01/Accounts/AC1/Calls/CA1.json HTTP/1.1 Status=completed"]
