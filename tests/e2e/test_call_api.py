"""A bot ends calls over HTTP: the whole tool, a bot in a process of its own, real time.

What the real Pipecat bot does at each door is in test_doors.py; here are the ways to ask wrongly.
"""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from again import until_judged

pytestmark = pytest.mark.realtime

BOT = """
import asyncio, base64, json, os, sys, urllib.error, urllib.request
from websockets.asyncio.server import serve

ACCOUNT, TOKEN = os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"]

def ask(call, body, token=TOKEN, path="/2010-04-01/Accounts/{0}/Calls/{1}.json"):
    request = urllib.request.Request(
        os.environ["PVT_CALL_API_URL"] + path.format(ACCOUNT, call), data=body)
    pair = base64.b64encode(f"{ACCOUNT}:{token}".encode()).decode()
    request.add_header("Authorization", "Basic " + pair)
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            print(call, reply.status, flush=True)
    except urllib.error.HTTPError as error:
        print(call, error.code, flush=True)

async def act(websocket, call, do):
    await asyncio.sleep(0.3)
    if do == "hang up":
        await asyncio.to_thread(ask, call, b"Status=completed")
    elif do == "transfer":
        twiml = b"Twiml=%3CResponse%3E%3CSay%3Egoodbye%3C%2FSay%3E%3CHangup%2F%3E%3C%2FResponse%3E"
        await asyncio.to_thread(ask, call, twiml)
    elif do == "wrongly":
        await asyncio.to_thread(ask, call, b"Status=completed", "another")
        await asyncio.to_thread(ask, call, b"", TOKEN, "/v1/Services")
        await websocket.close()

async def talk(websocket):
    async for message in websocket:
        event = json.loads(message)
        if event["event"] == "start":
            call, do = event["start"]["callSid"], event["start"]["customParameters"]["do"]
            acting = asyncio.ensure_future(act(websocket, call, do))
        elif event["event"] == "stop" and do == "when hung up on":
            ask(call, b"Status=completed")  # The loop waits: else the close is answered before.

async def main():
    async with serve(talk, "127.0.0.1", int(sys.argv[1])):
        await asyncio.Future()

asyncio.run(main())
"""

SCENARIOS = """
name: Ends
limits: none
scenarios:
  - name: hangs up
    call: {parameters: {do: "hang up"}}
    turns: [{expect: [{event: call_ended, within_ms: 9000}]}]
  - name: transfers
    call: {parameters: {do: "transfer"}}
    turns: [{expect: [{event: call_ended, within_ms: 9000}]}]
  - name: asks wrongly
    call: {parameters: {do: "wrongly"}}
    turns: [{expect: [{event: call_ended, within_ms: 9000}]}]
  - name: is hung up on
    call: {parameters: {do: "when hung up on"}}
    limits: {cut_in: 0}
    turns: [{wait_ms: 300}, {hangup: true}]
"""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """All four; again, if the bot printed what it was answered after its call's log was closed.

    Its socket answers the close for it, which may be before it has asked.
    """
    return until_judged(
        lambda: hold(tmp_path_factory.mktemp("call_api")),
        lambda found: not found["is hung up on"]["log"],
    )


def hold(folder: Path) -> dict[str, dict[str, Any]]:
    """One after the other because what names no call is put down to the only one."""
    (folder / "bot.py").write_text(BOT)
    (folder / "ends.yaml").write_text(SCENARIOS)
    bot = shlex.join([sys.executable, str(folder / "bot.py"), "{port}"])
    words = ["run", str(folder / "ends.yaml"), "--bot-command", bot, "--output-dir", "out"]
    done = subprocess.run(
        [sys.executable, "-m", "pipecat_voice_test", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    results = json.loads((folder / "out" / "results.json").read_text())
    found = {one["name"].rpartition("/")[2]: one["calls"][-1] for one in results["scenarios"]}
    for call in found.values():
        for name in ("events", "log"):
            call[name] = (folder / "out" / call["files"][name]).read_text()
        call["told"] = done.stdout + done.stderr
    return found


def failed(call: dict[str, Any]) -> list[str]:
    """What fails on any machine, however busy it is."""
    return [check["message"] for check in call["checks"] if check["verdict"] == "failed"]


def notes(call: dict[str, Any]) -> list[str]:
    lines = [json.loads(line) for line in call["events"].splitlines()]
    return [line["text"] for line in lines if line["event"] == "note"]


@pytest.mark.parametrize(
    ("name", "ended", "answers"),
    [
        ("hangs up", ("bot", "call_api"), ["200"]),
        ("transfers", ("bot", "new_instructions"), ["200"]),
        ("asks wrongly", ("bot", "socket"), ["401", "404"]),
        ("is hung up on", ("caller", "script"), ["404"]),
    ],
)
def test_who_ended_the_call_and_how(
    calls: dict[str, dict[str, Any]], name: str, ended: tuple[str, str], answers: list[str]
) -> None:
    """PROTOCOL 5, P-50."""
    call = calls[name]

    assert (call["ended_by"], call["ended_how"]) == ended, call["told"]
    asked = [line.split() for line in call["log"].splitlines()]
    assert asked == [[call["call_sid"], answer] for answer in answers]


def test_a_bot_that_hangs_up_over_http_has_done_no_wrong(calls: dict[str, dict[str, Any]]) -> None:
    call = calls["hangs up"]

    assert (call["protocol"], call["close_code"]) == ([], 1000)
    assert failed(call) == []


def test_new_instructions_run_when_the_stream_has_ended(calls: dict[str, dict[str, Any]]) -> None:
    """P-50, PROTOCOL 8."""
    assert notes(calls["transfers"]) == [
        'Call instructions: `Say` "goodbye", which is not heard here.',
        "Call instructions: `Hangup` ends the call.",
    ]


def test_what_was_asked_wrongly_is_recorded_and_fails_the_protocol_check(
    calls: dict[str, dict[str, Any]],
) -> None:
    """P-30, P-50, P-51."""
    call = calls["asks wrongly"]

    assert [(one["kind"], one["code"], one["severity"]) for one in call["protocol"]] == [
        ("call_api_unauthorized", 20003, "warning"),
        ("call_api_unknown_path", 20404, "note"),
    ]
    assert call["metrics"]["protocol"] == [1]


def test_hanging_up_on_a_caller_who_is_gone_is_no_mistake(
    calls: dict[str, dict[str, Any]],
) -> None:
    """A stock Pipecat bot does so at the end of every call."""
    call = calls["is hung up on"]

    assert call["protocol"] == []
    assert failed(call) == []
