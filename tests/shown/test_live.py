"""What people see of a run at a terminal: a line per call, and how far it is."""

import asyncio
import io
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import IO, cast

import click
import pytest
from pipecat_voice_test.bot.url import UrlBot
from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.run import Plan
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.shown.live import LiveProgress, progress
from pipecat_voice_test.shown.progress import Loudness, Progress
from rich.console import Console

from shown.phones import LATE, LOUD, Phone, result, scenario
from shown.screen import Screen


def live(
    out: io.TextIOBase | None = None,
    *,
    width: int = 80,
    height: int = 24,
    now_s: Callable[[], float] = lambda: 100.0,
) -> LiveProgress:
    console = Console(
        file=io.StringIO() if out is None else cast(IO[str], out),
        force_terminal=True,
        width=width,
        height=height,
        color_system=None,
    )
    return LiveProgress(console, Loudness.NORMAL, now_s)


def seen(shown: LiveProgress) -> list[str]:
    return [line.plain for line in shown.lines()]


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

    assert seen(shown) == [
        "   0.0 s  A #1           nobody speaks  waits for response",
        "   0.0 s  The second #2  bot speaks     waits for the bot to finish",
    ]


def test_a_terminal_shows_no_more_than_a_screen() -> None:
    shown = live(width=30, height=7)
    begin(shown, *(Phone(number=number) for number in range(1, 51)))

    lines = seen(shown)

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
def test_no_color_is_respected(no_color: str, coloured: bool) -> None:
    out = Terminal()
    environ = {"TERM": "xterm-256color", "NO_COLOR": no_color}
    with progress(Loudness.NORMAL, out, environ) as shown:
        shown.call_ended(Phone().call, result())

    assert ("\x1b[32m" in out.getvalue()) is coloured
    assert ("m" in re.findall(r"\x1b\[[0-9;]*([a-zA-Z])", out.getvalue())) is coloured


# --- how far it is ------------------------------------------------------------------------

PLAN = Plan((), repeat=2, workers=2)


def under_way(
    shown: LiveProgress, *, ended: int = 3, names: Sequence[str] = ("A", "B", "C")
) -> list[Scenario]:
    """Two calls a scenario, of which two go on; the first one passes once and fails once."""
    scenarios = [scenario(name) for name in names]
    shown.calls_planned(scenarios, PLAN)
    phones = [Phone(number=number, of=one) for number in (1, 2) for one in scenarios]
    begin(shown, *phones[: ended + 2])
    verdicts = [Verdict.PASSED, Verdict.INCONCLUSIVE, Verdict.PASSED, Verdict.FAILED]
    for phone, verdict in zip(phones[:ended], verdicts, strict=False):
        shown.call_ended(phone.call, result(verdict))
    return scenarios


def test_it_is_told_how_far_the_run_is() -> None:
    now_s = 100.0
    shown = live(now_s=lambda: now_s)
    under_way(shown, ended=4)
    now_s = 130.0

    assert seen(shown)[-2:] == [
        "━━━━━━━━━━━━━─────── 4 of 6 calls done, about 5 s left, 0:30 so far",
        "2 passed, 1 failed, 1 inconclusive, 1 scenario flaky",
    ]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("height", [3, 6, 24])
def test_no_line_is_wider_than_the_screen_and_none_too_many(width: int, height: int) -> None:
    shown = live(width=width, height=height)
    one, *_ = under_way(shown, names=["電話をかける" * 20, "B", "C"])
    begin(shown, *(Phone(number=number, of=one) for number in range(50)))

    lines = shown.lines()

    assert max(line.cell_len for line in lines) < width
    assert len(lines) < height
    assert lines[-2].plain.startswith("3/6, about " if width < 60 else "━━━━━━━━━━──")


def test_a_terminal_without_utf_8_gets_no_signs_it_lacks() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    shown = live(out, height=8)
    one, *_ = under_way(shown)
    begin(shown, *(Phone(number=number, of=one) for number in range(50)))

    text = "\n".join(seen(shown))

    assert text.isascii()
    assert "##########---------- 3 of 6 calls" in text
    assert "... and 49 more calls" in text


@pytest.mark.parametrize(
    ("tell", "line"),
    [
        pytest.param(lambda shown: shown.preparing([scenario()]), "preparing 1 scenario", id="a"),
        pytest.param(lambda shown: shown.speaking(12), "speaking 12 texts", id="b"),
        pytest.param(
            lambda shown: shown.control_calling(),
            "calling the control bot, whose times are known",
            id="c",
        ),
        pytest.param(
            lambda shown: shown.bot_stopping(UrlBot("ws://bot.test/ws")), "stopping the bot", id="d"
        ),
        pytest.param(lambda shown: shown.writing(), "writing the reports", id="e"),
    ],
)
def test_what_takes_a_while_is_named(tell: Callable[[LiveProgress], None], line: str) -> None:
    shown = live()
    tell(shown)

    assert seen(shown) == [line]


# --- on a screen --------------------------------------------------------------------------


class OnScreen(io.StringIO):
    """A terminal that shows what is written to it."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self.screen = screen

    def write(self, text: str, /) -> int:
        self.screen.write(text)
        return len(text)


def test_nothing_of_the_live_view_is_left_when_it_is_over() -> None:
    screen = Screen(80)
    with live(OnScreen(screen)) as shown:
        under_way(shown)
        shown.writing()
    screen.write("the table\n")

    assert screen.lines() == [
        "A #1: passed after 12.3 s",
        "B #1: inconclusive after 12.3 s",
        "C #1: passed after 12.3 s",
        "the table",
    ]


@pytest.mark.parametrize("width", [60, 30, 200])
def test_a_screen_that_changes_its_width_shows_everything_once(
    width: int,
) -> None:
    screen = Screen(100)
    shown = live(OnScreen(screen), width=100)
    with shown:
        shown.say("what was said before")
        under_way(shown, ended=0)
        screen.resize(width)
        shown._console.width = width
        shown.writing()
        drawn, calls = screen.lines(), seen(shown)[:2]

    assert drawn[:3] == ["what was said before", *calls]
    assert drawn.count("writing the reports") == 1
    assert screen.lines() == ["what was said before"]


def test_calls_that_begin_at_one_moment_are_not_drawn_one_by_one() -> None:
    out = io.StringIO()
    with live(out) as shown:
        shown._redraw_s = 3600.0
        begin(shown, *(Phone(number=number) for number in range(1, 51)))
        drawn = out.getvalue().count("Greeting #1")

    assert drawn == 1


class OnTerminal(OnScreen):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("is_there", [False, True])
def test_what_others_write_stands_above_the_live_view_or_where_it_belongs(
    is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen(80)
    beside = OnTerminal(screen) if is_there else io.StringIO()
    monkeypatch.setattr(sys, "stderr", beside)
    with live(OnScreen(screen)) as shown:
        under_way(shown, ended=0)
        click.echo("Warning: of a library", err=True)
        drawn = screen.lines()

    assert drawn[-1] == "──────────────────── 0 of 6 calls done, about 35 s left, 0:00 so far"
    assert drawn.count("Warning: of a library") == is_there
    assert screen.lines() == ["Warning: of a library"] * is_there
    assert isinstance(beside, OnTerminal) or beside.getvalue() == "Warning: of a library\n"
