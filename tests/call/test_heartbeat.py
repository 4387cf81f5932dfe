"""A loop that stood still shows, in the calls that were going on and in no other."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from pipecat_voice_test.call.heartbeat import Heartbeat


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


def beating(*late_ms: float) -> tuple[Heartbeat, FakeLoop]:
    loop = FakeLoop()
    heart = Heartbeat(cast(asyncio.AbstractEventLoop, loop))
    heart.start()
    for one in late_ms:
        loop.beat(one)
    return heart, loop


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
    assert len(heart._stalls) == 2


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
