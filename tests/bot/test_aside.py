"""Blocking work is done beside the loop, and nobody has to wait for it."""

import asyncio
import subprocess
import sys
import threading
import time

import pytest
from pipecat_voice_test.bot.aside import aside


def test_what_the_work_returns_comes_back() -> None:
    assert asyncio.run(aside(lambda: 6 * 7)) == 42


def test_what_the_work_raises_comes_back() -> None:
    def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(aside(work))


def test_the_loop_goes_on_meanwhile() -> None:
    go = threading.Event()

    async def both() -> bool:
        working = asyncio.create_task(aside(lambda: go.wait(10)))
        await asyncio.sleep(0)
        go.set()
        return await working

    assert asyncio.run(both())


def test_who_is_cancelled_waits_no_longer() -> None:
    go = threading.Event()

    async def give_up() -> None:
        async with asyncio.timeout(0.05):
            await aside(lambda: go.wait(60))

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(give_up())

    assert time.monotonic() - began < 30
    go.set()


def test_work_that_is_left_behind_does_not_hold_up_the_end() -> None:
    code = (
        "import asyncio, time\nfrom pipecat_voice_test.bot.aside import aside\n"
        "async def main():\n"
        "    asyncio.create_task(aside(lambda: time.sleep(600)))\n"
        "    await asyncio.sleep(0.05)\n"
        "asyncio.run(main())\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
