"""What people see of a run: a line per event in logs, a line per call on a terminal."""

import asyncio
import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from fakes import FakeClock
from pipecat_voice_test.audio.line import line_sound
from pipecat_voice_test.bot.url import UrlBot
from pipecat_voice_test.call.heartbeat import Heartbeat
from pipecat_voice_test.measurement.results import CallResult, Check, Verdict
from pipecat_voice_test.one_call import OneCall, Prepared
from pipecat_voice_test.scenario.model import EventName, Expectation, Scenario, Turn, TurnKind
from pipecat_voice_test.shown.progress import (
    LiveProgress,
    Loudness,
    Progress,
    clock,
    progress,
)
from pipecat_voice_test.timeline import FRAME_MS, Heard, PlaybackCleared, Timeline
from rich.console import Console

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

    def __init__(self, name: str = "Greeting", number: int = 1) -> None:
        heartbeat = Heartbeat(cast(asyncio.AbstractEventLoop, SimpleNamespace()))
        prepared = Prepared(scenario(name), {}, line_sound(0, None))
        self.call = OneCall(prepared, number, seed=0, clock=FakeClock(), heartbeat=heartbeat)
        self.at_ms = 0
        self.call.caller.next_frame(0, Heard())

    def hear(self, for_ms: int, frame: bytes = QUIET, heard: Heard | None = None) -> None:
        for _ in range(for_ms // FRAME_MS):
            self.at_ms += FRAME_MS
            self.call.caller.next_frame(self.at_ms, heard or Heard(frame))


class Shown(Progress):
    """A plain display whose looks are taken by hand, at times given by hand."""

    def __init__(self, loudness: Loudness = Loudness.NORMAL) -> None:
        self.out = io.StringIO()
        self.now_s = 100.0
        super().__init__(self.out, loudness, lambda: self.now_s)

    def _look_soon(self) -> None:
        """Nobody looks by himself."""

    def look(self, at_s: float) -> None:
        self.now_s = 100.0 + at_s
        self._look()

    @property
    def lines(self) -> list[str]:
        return self.out.getvalue().splitlines()


def result(verdict: Verdict = Verdict.PASSED, *checks: Check, error: str = "") -> CallResult:
    return CallResult(1, verdict, Timeline(duration_ms=12_340), checks=checks, error=error)


def check(verdict: Verdict, message: str) -> Check:
    return Check("turns[1].expect[0]", "response_ms", verdict, message, turn=1, line=8)


LATE = check(Verdict.FAILED, "response was 2210 ms, limit 1500")
DEAF = check(Verdict.FAILED, "the bot did not yield")
GOOD = check(Verdict.PASSED, "response was 800 ms, limit 1500")


# --- a line per event ---------------------------------------------------------------------


def test_what_no_call_can_judge_is_told_before_the_first() -> None:
    shown = Shown()
    doubtful = replace(scenario(), doubts=("a.yaml:3: it comes too soon. Fix: later",))

    shown.preparing([doubtful, replace(doubtful, skip_reason="it has a persona")])

    assert shown.lines == [
        "[00:00.0] preparing 2 scenarios",
        "[00:00.0] warning: a.yaml:3: it comes too soon. Fix: later",
    ]


def test_a_run_is_told_event_by_event() -> None:
    shown, phone = Shown(), Phone()
    shown.preparing([scenario()])
    shown.bot_starting(UrlBot("ws://me:secret@bot.test/ws"))
    shown.now_s += 1.5
    shown.call_began(phone.call)
    phone.hear(500, LOUD)
    shown.look(2)
    phone.hear(1300)
    shown.look(3.5)
    phone.hear(40)
    shown.look(3.5)
    phone.hear(400, heard=Heard(LOUD, (PlaybackCleared(at_ms=1900, discarded_ms=100),)))
    shown.look(4.25)
    shown.call_ended(phone.call, result(Verdict.FAILED, LATE, GOOD, DEAF))

    assert shown.lines == [
        "[00:00.0] preparing 1 scenario",
        "[00:00.0] waiting for the bot: ws://bot.test/ws",
        "[00:01.5] Greeting #1: calling",
        "[00:02.0] Greeting #1: bot speaks",
        "[00:03.5] Greeting #1: bot stops",
        "[00:03.5] Greeting #1: caller presses 5 (turn 2, line 7)",
        "[00:04.2] Greeting #1: bot speaks",
        "[00:04.2] Greeting #1: bot clears what it had sent (20 times)",
        "[00:04.2] Greeting #1: failed after 12.3 s: "
        "turn 2 (line 8): response was 2210 ms, limit 1500 (and 1 more)",
    ]


def test_a_breath_is_no_end() -> None:
    shown, phone = Shown(), Phone()
    shown.call_began(phone.call)
    for at_s in (1.0, 2.0, 3.0):
        phone.hear(500, LOUD)
        shown.look(at_s)
        phone.hear(500)
        shown.look(at_s + 0.5)

    assert shown.lines[1:] == ["[00:01.0] Greeting #1: bot speaks"]


def test_nothing_is_told_twice() -> None:
    shown, phone = Shown(), Phone()
    shown.call_began(phone.call)
    phone.hear(40, heard=Heard(QUIET, (PlaybackCleared(at_ms=20, discarded_ms=0),)))
    shown.look(1)
    before = shown.lines
    shown.look(2)

    assert shown.lines == before


@pytest.mark.parametrize(
    ("name", "error", "line"),
    [
        pytest.param(
            "a\x1b[2Jb\n::error::c",
            "",
            "[00:00.0] ab : :error::c #1: error after 12.3 s",
            id="a-name",
        ),
        pytest.param(
            "x",
            "the bot said \x1b]0;me\x07\n::stop-commands::x token=abc",
            "[00:00.0] x #1: error after 12.3 s: the bot said : :stop-commands::x token=***",
            id="an-error",
        ),
    ],
)
def test_nothing_speaks_to_the_terminal_or_the_ci_system(name: str, error: str, line: str) -> None:
    shown = Shown()
    shown.call_ended(Phone(name).call, result(Verdict.ERROR, error=error))

    assert shown.lines == [line]


def test_verbose_adds_every_check() -> None:
    shown = Shown(Loudness.VERBOSE)
    shown.call_ended(Phone().call, result(Verdict.FAILED, GOOD, LATE))

    assert shown.lines[1:] == [
        "[00:00.0] Greeting #1:   passed: turn 2 (line 8): response was 800 ms, limit 1500",
        "[00:00.0] Greeting #1:   failed: turn 2 (line 8): response was 2210 ms, limit 1500",
    ]


def test_quiet_says_only_what_is_said_at_the_end() -> None:
    shown, phone = Shown(Loudness.QUIET), Phone()
    shown.preparing([scenario()])
    shown.call_began(phone.call)
    phone.hear(500, LOUD)
    shown.call_ended(phone.call, result(Verdict.FAILED, LATE))
    shown.say("1 failed")

    assert shown.lines == ["1 failed"]


def test_a_call_that_is_repeated_says_so() -> None:
    shown = Shown()
    late = CallResult(1, Verdict.INCONCLUSIVE, Timeline(), replaced=True, error="too slow here")
    shown.call_ended(Phone().call, late)

    assert shown.lines == [
        "[00:00.0] Greeting #1: inconclusive after 0.0 s, will be repeated: too slow here"
    ]


def test_a_display_that_breaks_is_silent() -> None:
    out = io.StringIO()
    shown = Progress(out, Loudness.NORMAL)
    out.close()

    shown.say("anything")

    assert out.closed


@pytest.mark.parametrize(
    ("elapsed_s", "text"),
    [(0, "00:00.0"), (3.29, "00:03.2"), (61.0, "01:01.0"), (6000.5, "100:00.5")],
)
def test_clock(elapsed_s: float, text: str) -> None:
    assert clock(elapsed_s) == text


def test_calls_are_looked_at_by_themselves_while_they_go_on() -> None:
    out = io.StringIO()
    phone = Phone()

    async def watch() -> None:
        with Progress(out, Loudness.NORMAL) as shown:
            shown.call_began(phone.call)
            phone.hear(500, LOUD)
            while "bot speaks" not in out.getvalue():  # noqa: ASYNC110 - that is the question
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(watch(), 10))

    assert "Greeting #1: bot speaks\n" in out.getvalue()


# --- a line per call ----------------------------------------------------------------------


def live(out: io.StringIO | None = None, *, width: int = 80, height: int = 24) -> LiveProgress:
    console = Console(
        file=io.StringIO() if out is None else out,
        force_terminal=True,
        width=width,
        height=height,
        color_system=None,
    )
    return LiveProgress(console, Loudness.NORMAL, lambda: 100.0)


def begin(shown: LiveProgress, *phones: Phone) -> None:
    async def all_of_them() -> None:
        for phone in phones:
            shown.call_began(phone.call)

    asyncio.run(all_of_them())


def test_a_terminal_shows_who_speaks_and_what_is_waited_for() -> None:
    shown = live()
    listening, hearing = Phone("A"), Phone("The second", 2)
    begin(shown, listening, hearing)
    hearing.hear(500, LOUD)

    assert shown.lines() == [
        "   0.0 s  A #1           nobody speaks  waits for response",
        "   0.0 s  The second #2  bot speaks     waits for the bot to finish",
    ]


def test_a_terminal_shows_no_more_than_a_screen() -> None:
    shown = live(width=30, height=7)
    begin(shown, *(Phone(number=number) for number in range(1, 51)))

    lines = shown.lines()

    assert [line.split("#")[0] for line in lines[:4]] == ["   0.0 s  Greeting "] * 4
    assert lines[4:] == ["… and 46 more calls"]
    assert max(map(len, lines)) < 30


def test_on_a_terminal_too_it_is_told_what_no_call_can_judge() -> None:
    out = io.StringIO()
    with live(out) as shown:
        shown.preparing([replace(scenario(), doubts=("a.yaml:3: it comes too soon. Fix: later",))])

    assert "warning: a.yaml:3: it comes too soon. Fix: later\n" in out.getvalue()


def test_results_stand_above_the_calls_that_go_on() -> None:
    out = io.StringIO()
    with live(out) as shown:
        shown.call_ended(Phone().call, result(Verdict.FAILED, LATE))

    line = "Greeting #1: failed after 12.3 s: turn 2 (line 8): response was 2210 ms, limit 1500\n"
    assert line in out.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("out", "environ", "loudness", "kind"),
    [
        pytest.param(Terminal(), {"TERM": "xterm"}, 1, LiveProgress, id="a-terminal"),
        pytest.param(io.StringIO(), {"TERM": "xterm"}, 1, Progress, id="a-pipe"),
        pytest.param(Terminal(), {"TERM": "xterm", "CI": "true"}, 1, Progress, id="ci"),
        pytest.param(
            Terminal(), {"TERM": "xterm", "CI": "false"}, 1, LiveProgress, id="ci-that-is-none"
        ),
        pytest.param(Terminal(), {"TERM": "dumb"}, 1, Progress, id="a-dumb-terminal"),
        pytest.param(Terminal(), {"TERM": "xterm"}, 0, Progress, id="quiet"),
    ],
)
def test_which_display_fits(
    out: io.StringIO, environ: dict[str, str], loudness: int, kind: type[Progress]
) -> None:
    assert type(progress(Loudness(loudness), out, environ)) is kind


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_no_color_is_respected(
    no_color: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm-256color")
    out = Terminal()
    with progress(Loudness.NORMAL, out, {"TERM": "xterm-256color"}) as shown:
        shown.call_ended(Phone().call, result())

    assert ("\x1b[32m" in out.getvalue()) is coloured
