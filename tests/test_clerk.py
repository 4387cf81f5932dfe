"""Who judges and writes has what he needs before the first call ends; nothing fails by it."""

import asyncio

from pipecat_voice_test.clerk import Clerk


def test_what_comes_first_is_done_before_all_else() -> None:
    done: list[str] = []

    async def run() -> None:
        with Clerk(lambda: done.append("first")) as clerk:
            await clerk.do(lambda: done.append("asked for"))

    asyncio.run(run())

    assert done == ["first", "asked for"]


def test_what_comes_first_may_fail() -> None:
    with Clerk(lambda: 1 / 0) as clerk:
        assert clerk.do_now(lambda: "done") == "done"
