"""Calls to be watched, played by hand, and what came of them."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from fakes import FakeClock
from pipecat_voice_test.audio.line import line_sound
from pipecat_voice_test.call.heartbeat import Heartbeat
from pipecat_voice_test.measurement.results import CallResult, Check, Verdict
from pipecat_voice_test.one_call import OneCall, Prepared
from pipecat_voice_test.scenario.model import EventName, Expectation, Scenario, Turn, TurnKind
from pipecat_voice_test.timeline import FRAME_MS, Heard, Timeline

LOUD = b"\xa0\x20" * 80
QUIET = b"\xff" * 160
ANSWER = (Expectation(0, 5, EventName.RESPONSE, "response"),)


def scenario(name: str = "Greeting") -> Scenario:
    turns = (
        Turn(0, 4, TurnKind.LISTEN, expect=ANSWER),
        Turn(1, 7, TurnKind.DTMF, dtmf="5", expect=ANSWER),
    )
    return Scenario(name, Path("a.yaml"), 1, turns)


class Phone:
    """One call, played frame by frame without a bot, on a clock that jumps."""

    def __init__(self, name: str = "Greeting", number: int = 1, of: Scenario | None = None) -> None:
        heartbeat = Heartbeat(cast(asyncio.AbstractEventLoop, SimpleNamespace()))
        prepared = Prepared(of or scenario(name), {}, line_sound(0, None))
        self.call = OneCall(prepared, number, seed=0, clock=FakeClock(), heartbeat=heartbeat)
        self.at_ms = 0
        self.call.caller.next_frame(0, Heard())

    def hear(self, for_ms: int, frame: bytes = QUIET, heard: Heard | None = None) -> None:
        for _ in range(for_ms // FRAME_MS):
            self.at_ms += FRAME_MS
            self.call.caller.next_frame(self.at_ms, heard or Heard(frame))


def result(verdict: Verdict = Verdict.PASSED, *checks: Check, error: str = "") -> CallResult:
    return CallResult(1, verdict, Timeline(duration_ms=12_340), checks=checks, error=error)


def check(verdict: Verdict, message: str) -> Check:
    return Check("turns[1].expect[0]", "response_ms", verdict, message, turn=1, line=8)


LATE = check(Verdict.FAILED, "response was 2210 ms, limit 1500")
DEAF = check(Verdict.FAILED, "the bot did not yield")
GOOD = check(Verdict.PASSED, "response was 800 ms, limit 1500")
