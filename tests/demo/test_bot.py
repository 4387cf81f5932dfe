"""The demo bot on a real socket: HTTP, handshake, messages, log, and faults of the wire.

How it times what it says is tested without a socket in `test_brain`.
"""

import asyncio
import base64
import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from demo.phone import LOUD, QUIET

pytestmark = pytest.mark.realtime

SID = "MZ" + "1" * 32
CALL_SID = "CA" + "2" * 32


@contextlib.contextmanager
def bot(*options: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A demo bot on a free port: its address, and its process."""
    arguments = [sys.executable, "-m", "pipecat_voice_test.demo.bot", "--port", "0", *options]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1], process
        finally:
            process.kill()


class Phone:
    """Sends a frame every 20 ms and keeps what comes back, with its time in milliseconds."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.got: list[tuple[float, dict[str, Any] | bytes | str]] = []
        self.zero = time.monotonic()
        self.says: list[tuple[int, int]] = []
        self._news = asyncio.Event()

    async def talk(self) -> None:
        for frame in range(1, 10_000):
            await asyncio.sleep(self.zero + frame * 0.02 - time.monotonic())
            audio = b"".join(
                LOUD if any(start <= at < end for start, end in self.says) else QUIET
                for at in range(frame * 20 - 20, frame * 20)
            )
            payload = base64.b64encode(audio).decode()
            await self.send({"event": "media", "media": {"payload": payload}, "streamSid": SID})

    async def listen(self) -> None:
        async for data in self.socket:
            at_ms = (time.monotonic() - self.zero) * 1000
            try:
                message: dict[str, Any] | bytes | str = json.loads(data)
            except ValueError:
                message = data
            self.got.append((at_ms, message))
            self._news.set()
            if isinstance(message, dict) and message.get("event") == "mark":
                await self.send(message)

    async def send(self, message: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(message))

    def events(self) -> list[str]:
        return [m["event"] for _, m in self.got if isinstance(m, dict)]

    async def until(self, event: str, number: int = 1) -> dict[str, Any]:
        """Wait until there are so many of these messages; the first of them."""
        while self.events().count(event) < number:
            self._news.clear()
            await self._news.wait()
        return next(m for _, m in self.got if isinstance(m, dict) and m["event"] == event)


@contextlib.asynccontextmanager
async def calling(url: str, says: list[tuple[int, int]] | None = None) -> AsyncIterator[Phone]:
    async with asyncio.timeout(60):
        socket = await connect(url, compression=None, max_size=None)
        phone = Phone(socket)
        phone.says = says or []
        await phone.send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        start = {"streamSid": SID, "callSid": CALL_SID}
        await phone.send({"event": "start", "start": start, "streamSid": SID})
        tasks = [asyncio.create_task(phone.talk()), asyncio.create_task(phone.listen())]
        try:
            yield phone
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await socket.close()


def log_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("send", ["20", "137.5", "all"])
def test_a_call_and_its_log(send: str, tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def call(url: str) -> Phone:
        async with calling(url, says=[(400, 700), (1700, 2100)]) as phone:
            await phone.until("clear")
            await phone.send({"event": "stop", "streamSid": SID})
            await phone.socket.wait_closed()
            return phone

    options = ("--voice", "steady", "--fault", "no-greeting", "--send", send, "--log", str(log))
    with bot(*options) as (url, _):
        phone = asyncio.run(call(url))

    answer = next(entry for entry in log_of(log) if entry["event"] == "answer")
    stopped = next(entry for entry in log_of(log) if entry["event"] == "stopped")
    sent_ms = next(at for at, m in phone.got if isinstance(m, dict) and m["event"] == "media")
    assert (answer["caller_onset_ms"], answer["caller_end_ms"]) == (400, 700)
    assert answer["at_ms"] - answer["caller_end_ms"] >= 700
    assert answer["at_ns"] / 1e6 <= phone.zero * 1000 + sent_ms + 1
    assert stopped["caller_onset_ms"] == 1700
    assert stopped["at_ms"] - stopped["caller_onset_ms"] >= 300 - 0.5  # Found in steps of it.
    assert {entry["call_sid"] for entry in log_of(log)} == {CALL_SID}
    assert log_of(log)[-1]["event"] == "closed"


def test_it_ends_the_call_when_the_goodbye_was_heard_and_tells_of_it() -> None:
    async def call(url: str) -> tuple[list[str], int | None]:
        async with calling(url) as phone:
            await phone.send({"event": "dtmf", "dtmf": {"digit": "9"}, "streamSid": SID})
            await phone.socket.wait_closed()
            return phone.events(), phone.socket.close_code

    options = ("--voice", "steady", "--fault", "no-greeting", "--send", "all", "--tell")
    with bot(*options) as (url, process):
        events, code = asyncio.run(call(url))
        process.terminate()
        assert process.stdout is not None
        told = process.stdout.read().splitlines()

    assert events == ["media", "mark"]
    assert code == 1000
    assert [line.partition(",")[0] for line in told] == [
        "CA222222 the call begins",
        "CA222222 answers: clip goodbye",
        "CA222222 was told that this was heard: mark goodbye-1",
        "CA222222 the call is over: code 1000",
    ]


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/health", 404), ("/ws", 404)])
def test_plain_http_is_answered(path: str, status: int) -> None:
    with bot() as (url, _):
        address = url.replace("ws://", "http://").removesuffix("/ws") + path
        try:
            got = urllib.request.urlopen(address).status
        except urllib.error.HTTPError as error:
            got = error.code
            error.close()

    assert got == status


@pytest.mark.parametrize(
    ("fault", "path", "status"),
    [
        pytest.param("", "/other", 403, id="unknown-path"),
        *(
            pytest.param(f"refuse={status}", "/ws", status, id=f"refuse-{status}")
            for status in (403, 404, 426, 500)
        ),
    ],
)
def test_a_refused_upgrade(fault: str, path: str, status: int) -> None:
    async def call(url: str) -> int:
        with pytest.raises(InvalidStatus) as caught:
            await connect(url.removesuffix("/ws") + path)
        return caught.value.response.status_code

    with bot(*(["--fault", fault] if fault else [])) as (url, _):
        assert asyncio.run(call(url)) == status


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param("hangs-up-after=100", 1000, id="hangs-up"),
        pytest.param("close-code=4003", 4003, id="close-code"),
        pytest.param("reset=100", 1006, id="reset"),
        pytest.param("crash=100", 1006, id="crash"),
        pytest.param("dies-in-call=100", 1006, id="dies-in-call"),
    ],
)
def test_ways_to_end(fault: str, code: int) -> None:
    async def call(url: str) -> int | None:
        async with calling(url) as phone:
            await phone.socket.wait_closed()
            return phone.socket.close_code

    with bot("--voice", "steady", "--fault", fault, "--fault", "hangs-up-after=200") as (url, _):
        assert asyncio.run(call(url)) == code


def test_its_process_can_die() -> None:
    with bot("--fault", "exit-after=0.1") as (_, process):
        assert process.wait(timeout=60) == 3


@pytest.mark.parametrize("fault", ["pings", "never-reads", "keeps-socket"])
def test_sigterm_ends_it_also_in_mid_call(fault: str) -> None:
    async def call(url: str, process: "subprocess.Popen[str]") -> int:
        async with calling(url):
            process.send_signal(signal.SIGTERM)
            return await asyncio.to_thread(process.wait, 60)

    with bot("--fault", fault) as (url, process):
        assert asyncio.run(call(url, process)) == 0


def test_a_hung_upgrade_stays_hung_while_http_is_answered() -> None:
    async def call(url: str) -> None:
        with pytest.raises(TimeoutError):
            await connect(url, open_timeout=0.3)

    with bot("--fault", "hang-upgrade") as (url, _):
        asyncio.run(call(url))
        address = url.replace("ws://", "http://").removesuffix("/ws")

        assert urllib.request.urlopen(address).status == 200


def test_d6_after_the_greeting_it_sends_under_another_stream() -> None:
    async def call(url: str) -> list[str]:
        async with calling(url, says=[(2500, 3000)]) as phone:
            await phone.until("mark", 2)
            return [m["streamSid"] for _, m in phone.got if isinstance(m, dict)]

    options = ("--voice", "steady", "--send", "all", "--fault", "foreign-stream-sid")
    with bot(*options) as (url, _):
        sids = asyncio.run(call(url))

    assert sids == [SID, SID, "MZ" + "f" * 32, "MZ" + "f" * 32]


def test_malformed_messages_come_once_and_then_it_behaves() -> None:
    async def call(url: str) -> list[object]:
        async with calling(url) as phone:
            await phone.until("mark")
            return [message for _, message in phone.got]

    with bot("--voice", "steady", "--send", "all", "--fault", "malformed") as (url, _):
        got = asyncio.run(call(url))

    assert got[:5] == [
        b"\x00\x01binary",
        '{"event": "media", ',
        {"event": "applause", "streamSid": SID},
        {"event": "media", "streamSid": SID, "media": {}},
        {"event": "media", "streamSid": SID, "media": {"payload": "not*base64"}},
    ]
    assert len(got) == 7


@pytest.mark.parametrize("fault", ["wav-header", "fragments", "pings", "marks-flood=50"])
def test_mischief_on_the_wire_leaves_the_greeting_alone(fault: str) -> None:
    async def call(url: str) -> tuple[bytes, int]:
        async with calling(url) as phone:
            message = await phone.until("media")
            if fault.startswith("marks"):
                await phone.until("mark", 50)
            return base64.b64decode(message["media"]["payload"]), phone.events().count("mark")

    with bot("--voice", "steady", "--fault", fault) as (url, _):
        payload, marks = asyncio.run(call(url))

    assert payload.startswith(b"RIFF") == (fault == "wav-header")
    assert marks >= (50 if fault.startswith("marks") else 0)


@pytest.mark.parametrize(
    ("faults", "hears"),
    [pytest.param((), False, id="healthy"), pytest.param(("crosses-calls",), True, id="crossed")],
)
def test_whether_the_second_of_two_callers_hears_the_first(
    faults: tuple[str, ...], hears: bool
) -> None:
    async def call(url: str) -> tuple[int, int]:
        async with calling(url, says=[(100, 400)]) as first, calling(url) as second:
            await first.until("mark")
            await asyncio.sleep(0.1)
            return first.events().count("media"), second.events().count("media")

    options = ("--voice", "steady", "--send", "all", "--fault", "no-greeting")
    with bot(*options, *(word for fault in faults for word in ("--fault", fault))) as (url, _):
        assert asyncio.run(call(url)) == (1, int(hears))


def test_with_a_background_it_streams_though_it_says_nothing() -> None:
    async def call(url: str) -> set[str]:
        async with calling(url) as phone:
            await phone.until("media", 50)
            return set(phone.events())

    with bot("--background", "music", "--fault", "silent") as (url, _):
        assert asyncio.run(call(url)) == {"media"}


def test_a_huge_message_is_huge() -> None:
    async def call(url: str) -> int:
        async with calling(url) as phone:
            return len(json.dumps(await phone.until("media")))

    with bot("--fault", "silent", "--fault", "huge-message") as (url, _):
        assert asyncio.run(call(url)) > 17 * 1024 * 1024


def test_a_bot_that_keeps_the_socket_does_not_answer_the_close() -> None:
    async def call(url: str) -> None:
        async with connect(url, close_timeout=0.5) as socket:
            await socket.send(json.dumps({"event": "connected"}))
            await socket.send(json.dumps({"event": "start", "start": {"streamSid": SID}}))
            await socket.send(json.dumps({"event": "stop"}))
            await socket.close()
            with pytest.raises(ConnectionClosed) as caught:
                await socket.recv()
            # The bot's own close frame never came.
            assert caught.value.rcvd is None

    with bot("--fault", "keeps-socket", "--fault", "silent") as (url, _):
        asyncio.run(call(url))


async def flood(socket: ClientConnection) -> None:
    while True:
        await socket.send("x" * 65536)


def test_a_bot_that_never_reads_lets_messages_pile_up() -> None:
    async def call(url: str) -> None:
        socket = await connect(url, compression=None)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(flood(socket), 1)
        socket.transport.abort()

    with bot("--fault", "never-reads") as (url, _):
        asyncio.run(call(url))


def test_it_needs_two_messages_like_the_framework() -> None:
    async def call(url: str) -> None:
        async with connect(url) as socket:
            await socket.send(json.dumps({"event": "start", "start": {"streamSid": SID}}))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.6):
                    await socket.recv()
            await socket.send(json.dumps({"event": "connected"}))
            assert json.loads(await socket.recv())["event"] == "media"

    with bot("--voice", "steady") as (url, _):
        asyncio.run(call(url))
