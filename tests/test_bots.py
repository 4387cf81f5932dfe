"""Who gets which bot, and that all of them are stopped."""

import asyncio
import socket
from collections.abc import Callable

import pytest
from pipecat_voice_test.bot.base import StoppedOnExit
from pipecat_voice_test.bot.log import Printed
from pipecat_voice_test.bots import Bots
from pipecat_voice_test.call_api.api import CallApi
from pipecat_voice_test.errors import BotNotReady
from pipecat_voice_test.protocol.requests.call_api import Credentials
from pipecat_voice_test.protocol.requests.twilio_api import TwilioApi
from pipecat_voice_test.web.client import ask


class FakeBot(StoppedOnExit):
    """Writes down what is done to it."""

    launcher, name, url = "image", "shop/bot", "ws://127.0.0.1:1/ws"

    def __init__(self, number: int, done: list[str], *, starts: bool = True) -> None:
        self.ready_ms = 100.0 * number
        self._number, self._done, self._starts = number, done, starts

    def _did(self, what: str) -> None:
        self._done.append(f"{what} {self._number}")

    async def start(self) -> None:
        self._did("start")
        self.tell("pulling")
        if not self._starts:
            raise BotNotReady("it did not listen.", fix="mend it.")

    async def stop(self) -> None:
        self._did("stop")

    def kill_now(self) -> None:
        self._did("kill")

    def exited(self) -> str | None:
        return None

    def log_position(self) -> int:
        return 0

    def log_since(self, position: int) -> str:
        return f"log of {self._number}"

    def printed_since(self, position: int) -> Printed:
        return Printed(((0, b"log of it"),))


class FakeWatcher:
    def __init__(self, done: list[str]) -> None:
        self._done = done

    def bot_starting(self, bot: object) -> None:
        self._done.append("starting")

    def bot_doing(self, text: str) -> None:
        self._done.append(text)

    def bot_ready(self, bot: object) -> None:
        self._done.append("ready")

    def bot_stopping(self, bot: object) -> None:
        self._done.append("stopping")


@pytest.fixture
def done() -> list[str]:
    return []


def maker(done: list[str], *, starts: bool = True) -> Callable[[], FakeBot]:
    made = iter(range(1, 10))
    return lambda: FakeBot(next(made), done, starts=starts)


async def two_calls(bots: Bots, done: list[str]) -> None:
    async with bots.opened(FakeWatcher(done)):
        for _ in range(2):
            bot = bots.for_call()
            async with bots.ready(bot):
                done.append(f"call {bot.log_since(0)}")


@pytest.mark.parametrize(
    ("fresh", "story"),
    [
        pytest.param(
            False,
            "starting, start 1, pulling, ready, call log of 1, call log of 1, stopping, stop 1, "
            "cleared up",
            id="one-bot-for-all-calls",
        ),
        pytest.param(
            True,
            "starting, start 1, pulling, ready, call log of 1, stopping, stop 1, "
            "starting, start 2, pulling, ready, call log of 2, stopping, stop 2, cleared up",
            id="a-fresh-bot-for-each-call",
        ),
    ],
)
def test_who_is_called(fresh: bool, story: str, done: list[str]) -> None:
    bots = Bots(maker(done), fresh=fresh, clear_up=lambda: done.append("cleared up"))

    asyncio.run(two_calls(bots, done))

    assert ", ".join(done) == story
    assert bots.ready_ms == (200.0 if fresh else 100.0)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_bot_that_does_not_start_is_stopped(fresh: bool, done: list[str]) -> None:
    bots = Bots(maker(done, starts=False), fresh=fresh, clear_up=lambda: done.append("cleared up"))

    with pytest.raises(BotNotReady, match="it did not listen"):
        asyncio.run(two_calls(bots, done))

    assert done[-2:] == ["stop 1", "cleared up"]


@pytest.mark.parametrize("fresh", [False, True])
def test_only_bots_that_run_are_killed(fresh: bool, done: list[str]) -> None:
    bots = Bots(maker(done), fresh=fresh)

    async def hold() -> None:
        async with bots.opened(FakeWatcher(done)), bots.ready(bots.for_call()):
            bots.kill_now()

    bots.kill_now()
    asyncio.run(hold())
    bots.kill_now()

    assert [what for what in done if what.startswith("kill")] == ["kill 1"]


def test_the_log_of_a_fresh_bot_is_its_calls_own(done: list[str]) -> None:
    assert Bots(maker(done)).log_since(0) == "log of 1"
    assert Bots(maker(done), fresh=True).log_since(0) == ""


@pytest.mark.parametrize("starts", [True, False])
def test_what_bots_hang_up_at_is_there_before_them_and_gone_with_them(starts: bool) -> None:
    """PROTOCOL 6, DESIGN 2.4: also when the bot does not start."""
    done: list[str] = []
    api = CallApi(TwilioApi(Credentials("AC1", "secret")))
    bots = Bots(lambda: FakeBot(1, done, starts=starts), call_api=api)
    port = api.listen("127.0.0.1")

    async def run() -> int:
        async with bots.opened(FakeWatcher(done)):
            url = f"http://127.0.0.1:{port}/"
            return (await ask("GET", url, timeout_s=5, max_bytes=1000)).status

    if starts:
        assert asyncio.run(run()) == 404
    else:
        with pytest.raises(BotNotReady):
            asyncio.run(run())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
