"""A control call is measured right, and a machine that measures it wrong is found out."""

import asyncio
import time

import pytest
from pipecat_voice_test.call.heartbeat import Heartbeat
from pipecat_voice_test.control.call import Tried, call_control, judged
from pipecat_voice_test.measurement.results import Control
from pipecat_voice_test.timeline import Rig, Timeline

FIT = Timeline(rig=Rig(late_p99_ms=1.0))
SLOW = Timeline(rig=Rig(late_p99_ms=41.0))
SAYS_SLOW = "this machine was too slow to judge the bot: late_p99 was 41 ms, limit 20"


@pytest.mark.parametrize(
    ("control", "timeline", "wrong"),
    [
        (Control(0.4, -0.3), FIT, ""),
        (Control(20.0, -20.0), FIT, ""),
        # What is late is known to be late (M-2), so only what comes out counts.
        (Control(0.4, -0.3), SLOW, ""),
        (Control(20.1, 0.0), FIT, "the control bot's answer was measured 20.1 ms too late, "
         "limit 20"),
        (Control(0.0, -150.0), FIT, "the control bot's stop was measured 150 ms too early, "
         "limit 20"),
        (Control(150.0, 0.0), SLOW, "the control bot's answer was measured 150 ms too late, "
         f"limit 20; {SAYS_SLOW}"),
        (Control(), FIT, "the control bot's stop was not heard"),
        (Control(None, 1.0), FIT, "the control bot's answer was not heard"),
    ],
)  # fmt: skip
def test_which_machine_is_exact(control: Control, timeline: Timeline, wrong: str) -> None:
    """METRICS 7: differ by more than 20 ms."""
    assert judged(control, timeline) == Tried(control, wrong)


@pytest.mark.parametrize(
    ("control", "error_ms"),
    [
        (Control(0.4, -3.0), 3.0),
        (Control(4.0, -3.0), 4.0),
        (Control(4.0, None), 4.0),
        (Control(), None),
    ],
)
def test_the_worse_of_the_two_is_told(control: Control, error_ms: float | None) -> None:
    assert control.error_ms == error_ms


async def called(stall: bool = False) -> Tried:
    heart = Heartbeat()
    heart.start()
    if stall:
        # The answer is due about 0.6 s after the call began.
        asyncio.get_running_loop().call_later(0.35, time.sleep, 0.6)
    try:
        return await call_control(heart)
    finally:
        heart.stop()


@pytest.mark.realtime
def test_a_real_control_call_is_measured_as_it_was() -> None:
    """One of several: this may be a busy machine."""
    tried = [asyncio.run(called()) for _ in range(3)]

    assert "" in [one.wrong for one in tried], tried


@pytest.mark.realtime
def test_a_loop_that_stands_still_is_found_out() -> None:
    """The control bot lives in a process of its own, so it does not stand still with us."""
    tried = asyncio.run(called(stall=True))

    assert tried.wrong
    assert tried.control.error_ms is None or tried.control.error_ms > 20


def test_a_control_bot_that_cannot_be_started_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")

    assert asyncio.run(called()).wrong.startswith(
        "the control bot could not be called: FileNotFoundError("
    )
