"""Calls by webhook and start endpoint, from the first request to results on disk.

Bots are sites in this process. Nobody speaks: what is tested is the way to the call and on from
it, whether or not this machine has the time to judge what is between them.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from doors.site import Answer, Site, connect, reply, serving, twiml
from pipecat_voice_test.bot.url import UrlBot
from pipecat_voice_test.bots import Bots
from pipecat_voice_test.call.loop import punctual_loop
from pipecat_voice_test.doors.entrance import Entrance
from pipecat_voice_test.measurement.results import RunResult, Verdict
from pipecat_voice_test.protocol.requests.signature import signature
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.run import Plan, Run
from pipecat_voice_test.scenario.load import load_paths
from pipecat_voice_test.voice.cache import SpeechCache
from pipecat_voice_test.voice.speaker import Speaker

from e2e.harness import Silent

pytestmark = pytest.mark.realtime

TOKEN = "eyJleHAiOjF9.0123456789abcdef0123456789abcdef0123456789abcdef"
SECRET = "hush-hush-hush"
ACTION = ' action="https://public.example.test/after"'
STREAM = connect("wss://public.example.test/ws?agent=7", '<Parameter name="a" value="b"/>', ACTION)
# The caller waits, and either side hangs up; nobody has to speak.
SCENARIO = """
name: Quiet
call: {from: "+15550001", parameters: {customer: "42"}}
turns:
  - ENDING
"""
HANGS_UP = SCENARIO.replace("ENDING", "wait_ms: 200\n  - hangup: true")
WAITS = SCENARIO.replace("ENDING", "expect: [{event: call_ended, within_ms: 5000}]")


@dataclass(frozen=True)
class Case:
    answers: dict[str, Answer]
    entrance: Entrance
    scenario: str = HANGS_UP
    refuses: bytes = b""
    hangs_up_after: int = 0


BY_WEBHOOK = Entrance(webhook="/voice", auth_token=SECRET, sign_upgrade=True)
START = reply(200, json.dumps({"wsUrl": "wss://None/ws", "token": TOKEN}))
CASES: Mapping[str, Case] = {
    "by-webhook": Case(
        {"/voice": twiml(STREAM), "/after": twiml("<Say>Bye.</Say>")},
        BY_WEBHOOK,
        WAITS,
        hangs_up_after=20,
    ),
    "after-it-fails": Case({"/voice": twiml(STREAM), "/after": reply(500)}, BY_WEBHOOK),
    "refused": Case({"/voice": reply(503, "busy")}, BY_WEBHOOK),
    "by-start": Case({"/start": START}, Entrance(start="/start")),
    "token-refused": Case({"/start": START}, Entrance(start="/start"), refuses=reply(403)),
}


@dataclass(frozen=True)
class Held:
    run: RunResult
    site: Site
    folder: Path

    @property
    def results(self) -> dict[str, Any]:
        results: dict[str, Any] = json.loads((self.folder / "results.json").read_text())
        return results

    @property
    def call(self) -> dict[str, Any]:
        call: dict[str, Any] = self.results["scenarios"][0]["calls"][0]
        return call

    @property
    def events(self) -> list[dict[str, Any]]:
        lines = (self.folder / self.call["files"]["events"]).read_text().splitlines()
        return [json.loads(line) for line in lines]

    @property
    def notes(self) -> list[str]:
        shown = [one["text"] for one in self.events if one["event"] == "note"]
        return [text.replace(self.site.authority, "SITE").partition(" in ")[0] for text in shown]


async def hold(case: Case, file: Path) -> Held:
    site, home = Site(case.answers, case.refuses, case.hangs_up_after), file.parent
    async with serving(site):
        bots = Bots(lambda: UrlBot(site.bot_url))
        plan = Plan(tuple(load_paths([file], cwd=home)), control=False, entrance=case.entrance)
        results = ResultsFolder(home / "results", working=home)
        run = Run(plan, bots, results, Speaker(None, SpeechCache(None)), Silent())
        result, _ = await run.hold()
    return Held(result, site, home / "results")


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Held]:
    folder = tmp_path_factory.mktemp("calls")

    async def all_at_once() -> list[Held]:
        return await asyncio.gather(
            *(hold(case, folder / name / "scenario.yaml") for name, case in CASES.items())
        )

    for name, case in CASES.items():
        (folder / name).mkdir()
        (folder / name / "scenario.yaml").write_text(case.scenario)
    with asyncio.Runner(loop_factory=partial(punctual_loop, len(CASES))) as runner:
        return dict(zip(CASES, runner.run(all_at_once()), strict=True))


def test_a_call_by_webhook_is_held_and_goes_on_after_the_stream(held: Mapping[str, Held]) -> None:
    call = held["by-webhook"]

    assert call.call["ended_by"] == "bot"
    assert [(one.path, one.fields["CallStatus"]) for one in call.site.asked if one.body][:2] == [
        ("/voice", "ringing"),
        ("/after", "in-progress"),
    ]
    upgrade = call.site.upgrades[0]
    assert upgrade.path == "/ws"
    assert upgrade.headers["x-twilio-signature"] == signature(
        SECRET, "wss://public.example.test/ws"
    )
    start = next(json.loads(text) for text in call.site.texts if b'"start"' in text)
    assert start["start"]["customParameters"] == {"customer": "42", "a": "b"}
    assert call.notes == [
        "Asked POST http://SITE/voice for call instructions: 200",
        "Call instructions: `Connect` to wss://public.example.test/ws, which is reached at "
        "ws://SITE/ws; its query was removed.",
        "Asked POST http://SITE/after for call instructions: 200",
        'Call instructions: `Say` "Bye.", which is not heard here.',
    ]


def test_p42_what_runs_after_the_stream_comes_after_the_stream(held: Mapping[str, Held]) -> None:
    call = held["by-webhook"]
    notes = [one["t"] for one in call.events if one["event"] == "note"]

    assert notes[:2] == [0.0, 0.0]
    assert all(at_ms >= call.call["duration_ms"] - 20 for at_ms in notes[2:])


def test_p2_a_removed_query_is_a_warning_that_fails_nothing(held: Mapping[str, Held]) -> None:
    call = held["by-webhook"]

    (found,) = call.call["protocol"]
    assert (found["kind"], found["severity"], found["count"]) == ("query_removed", "warning", 1)
    assert [check for check in call.call["checks"] if check["verdict"] == "failed"] == []


def test_p60_failing_instructions_after_the_stream_fail_the_call(held: Mapping[str, Held]) -> None:
    call = held["after-it-fails"]

    kinds = [found["kind"] for found in call.call["protocol"]]
    (check,) = [check for check in call.call["checks"] if check["metric"] == "protocol"]
    assert kinds == ["query_removed", "webhook_reply"]
    assert "answered a request for call instructions with 500" in call.call["protocol"][1]["first"]
    assert (check["value"], check["limit"]) == (1, 0)


def test_p60_a_webhook_that_refuses_fails_the_call_and_tells_the_way_it_went(
    held: Mapping[str, Held],
) -> None:
    call = held["refused"]

    assert (call.run.exit_code, call.run.scenarios[0].verdict) == (1, Verdict.FAILED)
    assert call.results["errors"] == []
    (check,) = call.call["checks"]
    assert (check["id"], check["metric"]) == ("webhook_reply", "webhook_reply")
    assert "with 503" in check["message"]
    assert call.notes == ["Asked POST http://SITE/voice for call instructions: 503"]


@pytest.mark.parametrize("case", ["by-start", "token-refused"])
def test_p70_no_file_shows_the_token(case: str, held: Mapping[str, Held]) -> None:
    call = held[case]
    written = [path for path in call.folder.rglob("*") if path.is_file()]

    assert {one.path for one in call.site.upgrades} == {f"/ws/{TOKEN}"}
    assert call.notes == [
        "Asked POST http://SITE/start where to call: 200",
        "It said to call ws://SITE/ws/***, with a token.",
    ]
    assert [path for path in written if TOKEN.encode() in path.read_bytes()] == []


def test_p70_no_file_shows_the_auth_token(held: Mapping[str, Held]) -> None:
    written = [path for path in held["by-webhook"].folder.rglob("*") if path.is_file()]

    assert [path for path in written if SECRET.encode() in path.read_bytes()] == []
