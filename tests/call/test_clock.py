"""The real clock: it waits without tasks, and a bell cuts the wait short."""

import asyncio

import pytest
from pipecat_voice_test.call.clock import Bell, SystemClock


def test_a_sleep_is_never_short() -> None:
    """P-21: nothing is early."""

    async def slept_ms() -> float:
        clock = SystemClock()
        began_ms = clock.now_ms()
        await clock.sleep_until_ms(began_ms + 25)
        return clock.now_ms() - began_ms

    assert asyncio.run(slept_ms()) >= 25


def test_a_deadline_that_has_passed_still_lets_others_run() -> None:
    async def run() -> list[str]:
        clock = SystemClock()
        done: list[str] = []
        asyncio.get_running_loop().call_soon(done.append, "other")
        await clock.sleep_until_ms(clock.now_ms() - 1000)
        return done

    assert asyncio.run(run()) == ["other"]


@pytest.mark.parametrize("before", [True, False], ids=["rung-before", "rung-while-asleep"])
def test_a_bell_ends_the_sleep(before: bool) -> None:
    async def run() -> float:
        clock = SystemClock()
        bell = Bell()
        began_ms = clock.now_ms()
        if before:
            bell.ring()
        else:
            asyncio.get_running_loop().call_later(0.01, bell.ring)
        await clock.sleep_until_ms(began_ms + 60_000, bell)
        assert not bell.take()
        return clock.now_ms() - began_ms

    assert asyncio.run(run()) < 60_000


def test_a_bell_that_nobody_sleeps_on_is_remembered_once() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()

    assert [bell.take(), bell.take()] == [True, False]


def test_a_cancelled_sleeper_leaves_nothing_behind() -> None:
    async def run() -> None:
        clock, bell = SystemClock(), Bell()
        task = asyncio.create_task(clock.sleep_until_ms(clock.now_ms() + 60_000, bell))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        bell.ring()
        assert bell.take()

    asyncio.run(run())
