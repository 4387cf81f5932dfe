"""A loop that stood still shows, in the calls that were going on and in no other."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from pipecat_voice_test.call.heartbeat import KEPT, Heartbeat
from pipecat_voice_test.call.machine import Idle, Share


class FakeLoop:
    """A clock with one timer, which runs as late as a test wants."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.due_s = 0.0
        self._beat: Callable[[], None] = _nothing

    def time(self) -> float:
        return self.now_s

    def call_at(self, due_s: float, beat: Callable[[], None]) -> asyncio.TimerHandle:
        self.due_s, self._beat = due_s, beat
        return cast(asyncio.TimerHandle, self)

    def cancel(self) -> None:
        self._beat = _nothing

    def beat(self, late_ms: float = 0.0) -> None:
        self.now_s = self.due_s + late_ms / 1000
        self._beat()


def _nothing() -> None:
    pass


class FakeMachine:
    """Two CPUs, of which so many are free while a test says so."""

    def __init__(self, loop: FakeLoop) -> None:
        self.free = 2.0
        self.share = Share(1000, 0)
        self._loop = loop
        self._asked_s = loop.now_s
        self._idle_ticks = 0.0

    def idle(self) -> Idle:
        self._idle_ticks += 100 * self.free * (self._loop.now_s - self._asked_s)
        self._asked_s = self._loop.now_s
        return Idle(2, round(200 * self._loop.now_s), round(self._idle_ticks))


def beating(*late_ms: float) -> tuple[Heartbeat, FakeLoop]:
    loop = FakeLoop()
    heart, _ = on_machine(loop)
    for one in late_ms:
        loop.beat(one)
    return heart, loop


def on_machine(loop: FakeLoop) -> tuple[Heartbeat, FakeMachine]:
    here = FakeMachine(loop)
    event_loop = cast(asyncio.AbstractEventLoop, loop)
    heart = Heartbeat(event_loop, idle=here.idle, share=lambda: here.share)
    heart.start()
    return heart, here


@pytest.mark.parametrize(
    ("late_ms", "longest_ms"),
    [
        pytest.param([0, 0, 0], 0, id="on-time"),
        pytest.param([0, 4, 0], 0, id="a-little-late-is-nothing"),
        pytest.param([0, 130, 0, 40], 130, id="the-longest"),
        pytest.param([40, 130, 20, 60], 130, id="in-any-order"),
    ],
)
def test_the_longest_stall_is_known(late_ms: list[float], longest_ms: float) -> None:
    """METRICS 7, `loop_stall`."""
    heart, _ = beating(*late_ms)

    assert heart.longest_stall_ms(100_000.0) == pytest.approx(longest_ms)


def test_a_stall_before_the_call_is_not_held_against_it() -> None:
    heart, loop = beating(500)
    since_ms = loop.now_s * 1000 + 1
    loop.beat(30)

    assert heart.longest_stall_ms(since_ms) == pytest.approx(30)


def test_a_stall_that_goes_on_is_known() -> None:
    heart, loop = beating(0)
    loop.now_s = loop.due_s + 0.3

    assert heart.longest_stall_ms(0.0) == pytest.approx(300)


def test_hours_of_small_stalls_take_no_memory_and_hide_no_big_one() -> None:
    heart, loop = beating(250)
    for _ in range(20_000):
        loop.beat(7)

    assert heart.longest_stall_ms(0.0) == pytest.approx(250)
    assert len(heart._longest) == 2


def test_stalls_of_a_frame_and_more_are_told_on_the_calls_clock() -> None:
    """METRICS 7: a starvation gap that coincides with one is not charged to the bot.

    The loop was last known to run a beat before the one that was late.
    """
    heart, loop = beating(500)
    start_ms = loop.now_s * 1000 - 400
    for late_ms in (0, 19, 25, 0, 130):
        loop.beat(late_ms)
    rig = heart.rig_since(start_ms, Share())

    assert rig.loop_stall_ms == pytest.approx(500)
    assert [(round(begin), round(end)) for begin, end in rig.stalls] == [
        (0, 400),
        (439, 474),
        (484, 624),
    ]


def test_a_day_of_stalls_takes_little_memory() -> None:
    heart, loop = beating(250)
    for _ in range(KEPT + 10):
        loop.beat(30)

    assert len(heart.rig_since(0.0, Share()).stalls) == KEPT


def test_a_call_knows_when_no_cpu_was_free() -> None:
    """P-22: a bot that gets no CPU answers late, however punctual we are."""
    loop = FakeLoop()
    heart, here = on_machine(loop)
    start_ms = loop.now_s * 1000 + 1000
    for free in (0.0, 2.0, 0.05, 0.05, 0.2, 2.0):
        here.free = free
        for _ in range(50):
            loop.beat()
    rig = heart.rig_since(start_ms, Share())

    ((begin_ms, end_ms),) = rig.starvations
    assert (begin_ms, end_ms) == pytest.approx((0.0, 1000.0), abs=30)
    assert rig.starved == pytest.approx(0.5, abs=0.02)


def test_the_end_of_a_call_counts_as_well() -> None:
    loop = FakeLoop()
    heart, here = on_machine(loop)
    here.free = 0.0
    for _ in range(20):
        loop.beat()

    assert heart.rig_since(100_000.0, Share()).starved == pytest.approx(1.0)


def test_a_silent_system_says_nothing_of_its_cpus() -> None:
    loop = FakeLoop()
    event_loop = cast(asyncio.AbstractEventLoop, loop)
    heart = Heartbeat(event_loop, idle=Idle, share=Share)
    heart.start()
    for _ in range(100):
        loop.beat()
    rig = heart.rig_since(100_000.0, Share())

    assert (rig.starved, rig.stolen, rig.starvations) == (None, None, ())


def test_what_was_stolen_is_counted_from_the_start_of_the_call() -> None:
    loop = FakeLoop()
    heart, here = on_machine(loop)
    before = heart.share()
    here.share = Share(1200, 30)
    loop.beat()

    assert heart.rig_since(100_000.0, before).stolen == pytest.approx(0.15)


def test_a_blocked_loop_shows() -> None:
    async def run() -> float:
        heart = Heartbeat()
        heart.start()
        await asyncio.sleep(0.03)
        until_s = asyncio.get_running_loop().time() + 0.15
        while asyncio.get_running_loop().time() < until_s:
            pass
        await asyncio.sleep(0.03)
        heart.stop()
        return heart.longest_stall_ms(0.0)

    assert asyncio.run(run()) >= 130


def test_a_stopped_heart_counts_nothing() -> None:
    heart, loop = beating(0)
    heart.stop()
    loop.now_s += 60

    assert heart.longest_stall_ms(0.0) == 0.0
