"""An open line over a real socket: what arrives, when, and how it ends."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.call.socket import Arrival, Broken, Closed, Message, Ping
from pipecat_voice_test.call.websocket import MAX_UNREAD_MESSAGES, READ_BYTES, WebSocketLine, dial
from websockets.asyncio.server import ServerConnection, serve

from call.servers import (
    BINARY,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Handler,
    Peer,
    close_frame,
    frame,
    serving,
)


async def closing(line: WebSocketLine) -> list[Arrival]:
    """Everything that comes in until the bot's side is gone."""
    clock = SystemClock()
    arrivals: list[Arrival] = []
    deadline_ms = clock.now_ms() + 10_000
    while not (arrivals and isinstance(arrivals[-1], Closed)):
        assert clock.now_ms() < deadline_ms, f"never closed; {arrivals}"
        await clock.sleep_until_ms(deadline_ms, line.bell)
        arrivals += line.received()
    return arrivals


def arrivals_from(handler: Handler, **options: Any) -> list[Arrival]:
    async def run() -> list[Arrival]:
        async with serving(handler) as url:
            line = (await dial(url, SystemClock(), **options)).socket
            try:
                return await closing(line)
            finally:
                line.abort()

    return asyncio.run(run())


def saying(*raw: bytes, between: Callable[[], Awaitable[None]] | None = None) -> Handler:
    """A bot that accepts, sends these bytes, and waits until the caller is gone."""

    async def handler(peer: Peer) -> None:
        await peer.accept()
        for chunk in raw:
            await peer.send(chunk)
            if between is not None:
                await between()
        await peer.reader.read()

    return handler


def stop_reading(peer: Peer) -> None:
    transport = peer.writer.transport
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()


def kinds(arrivals: Iterable[Arrival]) -> list[tuple[Any, ...]]:
    """Arrivals without their times."""
    found: list[tuple[Any, ...]] = []
    for arrival in arrivals:
        match arrival:
            case Message(data=data):
                found.append(("message", data))
            case Ping(payload=payload):
                found.append(("ping", payload))
            case Broken(kind=kind, detail=detail):
                found.append((kind, detail))
            case Closed(code=code, reason=reason):
                found.append(("closed", code, reason))
    return found


GOODBYE = close_frame(1000)


@pytest.mark.parametrize(
    ("raw", "arrived"),
    [
        pytest.param([frame(TEXT, b"hi")], [("message", "hi")], id="text"),
        pytest.param([frame(BINARY, b"\x00\xff")], [("message", b"\x00\xff")], id="binary"),
        pytest.param([frame(TEXT, "é".encode())], [("message", "é")], id="utf-8"),
        pytest.param(
            [frame(TEXT, b"h", fin=False), frame(CONTINUATION, b"i")],
            [("message", "hi")],
            id="11.7-fragments-are-put-together",
        ),
        pytest.param(
            [frame(TEXT, "é".encode()[:1], fin=False), frame(CONTINUATION, "é".encode()[1:])],
            [("message", "é")],
            id="fragments-cut-inside-a-character",
        ),
        pytest.param(
            [frame(TEXT, b"h", fin=False), frame(PING, b"p"), frame(CONTINUATION, b"i")],
            [("ping", b"p"), ("message", "hi")],
            id="P-44-a-ping-between-fragments",
        ),
        pytest.param(
            [
                frame(BINARY, b"", fin=False),
                frame(CONTINUATION, b"", fin=False) * 9,
                frame(CONTINUATION, b"x"),
            ],
            [("message", b"x")],
            id="empty-fragments",
        ),
        pytest.param([frame(TEXT, b"a") + frame(TEXT, b"b")], [("message", "a"), ("message", "b")],
                     id="two-in-one-packet"),
        pytest.param([frame(TEXT, b"x" * 200_000)], [("message", "x" * 200_000)], id="long"),
    ],
)  # fmt: skip
def test_what_arrives(raw: list[bytes], arrived: list[tuple[Any, ...]]) -> None:
    assert kinds(arrivals_from(saying(*raw, GOODBYE))) == [*arrived, ("closed", 1000, "")]


@pytest.mark.parametrize(
    ("raw", "code", "reason"),
    [
        pytest.param(close_frame(1000, "bye"), 1000, "bye", id="1000"),
        pytest.param(close_frame(1001), 1001, "", id="1001"),
        pytest.param(frame(0x8), 1005, "", id="1005-no-code-given"),
        pytest.param(close_frame(1011, "oops"), 1011, "oops", id="1011"),
        pytest.param(close_frame(4003, "ö"), 4003, "ö", id="4003"),
    ],
)
def test_the_bots_close_is_reported_and_answered(raw: bytes, code: int, reason: str) -> None:
    """P-40."""
    echoed: list[tuple[int, bytes]] = []

    async def handler(peer: Peer) -> None:
        await peer.accept()
        await peer.send(raw)
        echoed.append(await peer.read_frame())

    assert kinds(arrivals_from(handler)) == [("closed", code, reason)]
    assert echoed == [(0x8, raw[2:])]


async def vanish(peer: Peer) -> None:
    await peer.accept()


async def reset(peer: Peer) -> None:
    await peer.accept()
    raw = peer.writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.writer.transport.abort()


async def half_a_frame(peer: Peer) -> None:
    await peer.accept()
    await peer.send(frame(TEXT, b"half a message")[:5])


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param(vanish, id="tcp-close"),
        pytest.param(reset, id="tcp-reset"),
        pytest.param(half_a_frame, id="in-the-middle-of-a-frame"),
    ],
)
def test_a_socket_that_vanishes_is_1006(handler: Handler) -> None:
    """P-40."""
    assert kinds(arrivals_from(handler)) == [("closed", 1006, "")]


def test_a_bot_that_neither_reads_nor_writes_any_more_is_gone_at_once() -> None:
    """Its half of the connection is closed while ours is still full of unsent audio."""
    noticed = asyncio.Event()

    async def handler(peer: Peer) -> None:
        await peer.accept()
        stop_reading(peer)
        peer.writer.write_eof()
        await noticed.wait()
        peer.writer.transport.abort()

    async def run() -> list[Arrival]:
        async with serving(handler) as url:
            line = (await dial(url, SystemClock())).socket
            for _ in range(200):
                line.send("x" * 60_000)
            arrivals = await closing(line)
            noticed.set()
            line.abort()
            return arrivals

    assert kinds(asyncio.run(run())) == [("closed", 1006, "")]


@pytest.mark.parametrize(
    ("raw", "kind", "detail", "code"),
    [
        pytest.param(frame(TEXT, b"ab\xff"), "protocol_error", "invalid UTF-8 at byte 2", 1007,
                     id="bad-utf-8"),
        pytest.param(frame(TEXT, b"x", reserved=4), "protocol_error", "reserved bits must be 0",
                     1002, id="reserved-bits"),
        pytest.param(frame(PING, b"x", fin=False), "protocol_error", "fragmented control frame",
                     1002, id="a-fragmented-control-frame"),
        pytest.param(frame(CONTINUATION, b"x"), "protocol_error",
                     "unexpected continuation frame", 1002, id="a-fragment-of-nothing"),
        pytest.param(frame(0x3, b"x"), "protocol_error", "invalid opcode", 1002, id="opcode"),
        pytest.param(b"\x81\x81abcdx", "protocol_error", "incorrect masking", 1002, id="masked"),
        pytest.param(close_frame(999), "protocol_error", "invalid status code", 1002,
                     id="a-close-code-that-does-not-exist"),
        pytest.param(frame(TEXT, b"x" * 1001), "message_too_big", "1000 bytes", 1009,
                     id="over-the-limit"),
        pytest.param(frame(TEXT, b"x" * 600, fin=False) + frame(CONTINUATION, b"x" * 600),
                     "message_too_big", "1000 bytes", 1009, id="over-the-limit-in-fragments"),
    ],
)  # fmt: skip
def test_a_bot_that_breaks_the_rules_is_closed_with_the_matching_code(
    raw: bytes, kind: str, detail: str, code: int
) -> None:
    """PROTOCOL 4.2. What comes behind it in the same packet is not looked at."""
    closes: list[tuple[int, str]] = []

    async def handler(peer: Peer) -> None:
        await peer.accept()
        await peer.send(frame(TEXT, b"before") + raw + frame(TEXT, b"behind"))
        closes.append(await peer.read_close())

    arrived = kinds(arrivals_from(handler, max_message_bytes=1000))

    assert arrived == [("message", "before"), (kind, detail), ("closed", 1006, "")]
    assert [closed for closed, _ in closes] == [code]


def test_pings_are_answered() -> None:
    """P-44."""
    answers: list[tuple[int, bytes]] = []

    async def handler(peer: Peer) -> None:
        await peer.accept()
        await peer.send(frame(PING, b"are you there"))
        answers.append(await peer.read_frame())
        await peer.send(GOODBYE)
        await peer.reader.read()

    assert kinds(arrivals_from(handler))[0] == ("ping", b"are you there")
    assert answers == [(PONG, b"are you there")]


def test_an_arrival_is_stamped_when_it_arrives_not_when_it_is_asked_for() -> None:
    async def run() -> tuple[float, float, float]:
        async with serving(saying(frame(TEXT, b"hi"))) as url:
            clock = SystemClock()
            line = (await dial(url, clock)).socket
            await clock.sleep_until_ms(clock.now_ms() + 5000, line.bell)
            rung_ms = clock.now_ms()
            await asyncio.sleep(0.1)
            asked_ms = clock.now_ms()
            (arrival,) = line.received()
            line.abort()
            return arrival.at_ms, rung_ms, asked_ms

    at_ms, rung_ms, asked_ms = asyncio.run(run())

    assert at_ms <= rung_ms < asked_ms


def test_after_the_close_nothing_more_is_sent() -> None:
    """P-43."""
    got: list[Any] = []

    async def bot(connection: ServerConnection) -> None:
        got.extend([message async for message in connection])

    async def run() -> list[Arrival]:
        async with serve(bot, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            line = (await dial(f"ws://127.0.0.1:{port}/", SystemClock())).socket
            line.send("stop")
            line.close()
            line.send("late")
            line.close()
            arrivals = await closing(line)
            line.abort()
            line.abort()
            line.send("later")
            return arrivals

    assert kinds(asyncio.run(run())) == [("closed", 1000, "")]
    assert got == ["stop"]


def test_unsent_bytes_grow_when_the_bot_stops_reading() -> None:
    """P-25: sending goes on without waiting."""

    async def handler(peer: Peer) -> None:
        await peer.accept()
        stop_reading(peer)
        await gone.wait()

    async def run() -> tuple[int, int, int]:
        async with serving(handler) as url:
            line = (await dial(url, SystemClock())).socket
            await asyncio.sleep(0.1)
            before = line.unsent_bytes()
            for _ in range(20_000):
                line.send("x" * 380)
            full = line.unsent_bytes()
            line.abort()
            gone.set()
            await asyncio.sleep(0.05)
            return before, full, line.unsent_bytes()

    gone = asyncio.Event()
    before, full, after = asyncio.run(run())

    assert before == after == 0
    assert full > 1_000_000


def test_nothing_is_unsent_to_a_bot_that_reads() -> None:
    async def handler(peer: Peer) -> None:
        await peer.accept()
        await peer.reader.read()

    async def run() -> int:
        async with serving(handler) as url:
            line = (await dial(url, SystemClock())).socket
            for _ in range(50):
                line.send("x" * 380)
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.2)
            unsent_bytes = line.unsent_bytes()
            line.abort()
            return unsent_bytes

    assert asyncio.run(run()) == 0


def test_a_flood_waits_in_front_of_the_door_and_none_of_it_is_lost() -> None:
    """What nobody asks for is not read without bound; asking for it lets the next in."""
    flood = frame(TEXT, b"x" * 100) * 1000
    messages = 60_000

    async def handler(peer: Peer) -> None:
        await peer.accept()
        for _ in range(messages // 1000):
            await peer.send(flood)
        await peer.send(GOODBYE)
        await peer.reader.read()

    async def run() -> tuple[int, int]:
        async with serving(handler) as url:
            line = (await dial(url, SystemClock())).socket
            await asyncio.sleep(0.5)
            first = line.received()
            rest = await closing(line)
            line.abort()
            return len(first), len(first) + len(rest) - 1

    at_once, together = asyncio.run(run())

    assert at_once <= MAX_UNREAD_MESSAGES + READ_BYTES
    assert together == messages
