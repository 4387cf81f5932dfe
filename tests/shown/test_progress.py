"""What people see of a run where there is no terminal: a line per event."""

import asyncio
import io
from dataclasses import replace

import pytest
from pipecat_voice_test.bot.url import UrlBot
from pipecat_voice_test.measurement.results import CallResult, Verdict
from pipecat_voice_test.run import Plan
from pipecat_voice_test.shown.progress import Loudness, Progress, clock
from pipecat_voice_test.timeline import Heard, PlaybackCleared, Timeline

from shown.phones import DEAF, GOOD, LATE, LOUD, QUIET, Phone, result, scenario


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
    error = "too slow here\n  Fix: more CPU"
    late = CallResult(1, Verdict.INCONCLUSIVE, Timeline(), replaced=True, error=error)
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


# --- how far it is ------------------------------------------------------------------------


def test_every_step_that_takes_a_while_is_named() -> None:
    shown = Shown()
    bot = UrlBot("ws://bot.test/ws")
    shown.preparing([scenario()])
    shown.speaking(12)
    shown.bot_starting(bot)
    shown.bot_ready(bot)
    shown.control_calling()
    shown.bot_stopping(bot)
    shown.writing()
    shown.calls_planned([scenario()], Plan(()))
    shown.writing_page()

    assert [line.partition("] ")[2] for line in shown.lines] == [
        "preparing 1 scenario",
        "speaking 12 texts",
        "waiting for the bot: ws://bot.test/ws",
        "the bot listens after 0 ms",
        "calling the control bot, whose times are known",
        "stopping the bot",
        "writing the reports",
        "writing the page",
    ]


def test_in_a_long_run_it_is_told_now_and_then_how_far_it_is() -> None:
    shown, one = Shown(), scenario()
    phones = [Phone(number=number, of=one) for number in (1, 2, 3)]
    shown.calls_planned([one], Plan((), repeat=20, workers=2))
    shown.call_began(phones[0].call)
    shown.call_began(phones[1].call)
    for second in range(1, 71):
        shown.look(second)
        if second == 20:
            shown.call_ended(phones[0].call, result())
            shown.call_began(phones[2].call)

    assert [line for line in shown.lines if " done" in line] == [
        "[00:30.0] 1 of 20 calls done, 1 passed; 0:30 so far, about 3 min left",
        "[01:00.0] 1 of 20 calls done, 1 passed; 1:00 so far, about 3 min left",
    ]


def test_where_nothing_happens_for_long_it_is_told_that_it_goes_on() -> None:
    shown = Shown()
    shown.bot_starting(UrlBot("ws://bot.test/ws"))
    for second in range(1, 41):
        shown.look(second)
    shown.bot_doing("pulling the image: 3 of 7 layers")
    for second in range(41, 101):
        shown.look(second)

    assert shown.lines == [
        "[00:00.0] waiting for the bot: ws://bot.test/ws",
        "[00:30.0] still waiting for the bot: ws://bot.test/ws",
        "[00:40.0] pulling the image: 3 of 7 layers",
        "[01:30.0] still pulling the image: 3 of 7 layers",
    ]


@pytest.mark.parametrize(("max_time_s", "warned"), [(60.0, True), (1800.0, False)])
def test_who_asks_for_more_than_there_is_time_for_is_warned(
    max_time_s: float, warned: bool
) -> None:
    shown = Shown()
    shown.calls_planned([scenario()], Plan((), repeat=100, workers=4, max_time_s=max_time_s))

    text = (
        "[00:00.0] warning: 100 calls take about 5 min, and `--max-time 60` ends the run before. "
        "Fix: raise it, or make more calls at once with `--workers`, or divide them with "
        "`--shard`"
    )
    assert shown.lines == [text] * warned


def test_a_log_that_may_have_colour_gets_nothing_else() -> None:
    out = io.StringIO()
    shown = Progress(out, Loudness.NORMAL, lambda: 0.0, colour=True)
    shown.call_ended(Phone().call, result())

    assert out.getvalue() == "\x1b[32m[00:00.0] Greeting #1: passed after 12.3 s\x1b[0m\n"
