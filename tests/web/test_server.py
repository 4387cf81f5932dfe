"""Strangers who ask are answered one after the other, in bounds, and never at a call's cost."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import h11
import pytest
from pipecat_voice_test.call.loop import punctual_loop
from pipecat_voice_test.web import server
from pipecat_voice_test.web.client import ask
from pipecat_voice_test.web.server import Answer, HttpServer, Request, listening

GET = b"GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
TLS_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


def echo(request: Request) -> Answer:
    """Says back what was asked."""
    said = f"{request.method} {request.target} {len(request.body)}".encode()
    return Answer(200, said, (("Content-Type", "text/plain"),))


class Served:
    """A server on a free port, and what it refused to hear."""

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self.refused: list[str] = []
        self.server = HttpServer(answer, self.refused.append)
        self.port = 0
        self._talks: list[Talk] = []

    async def open(self) -> "Talk":
        talk = Talk(*await asyncio.open_connection("127.0.0.1", self.port))
        self._talks.append(talk)
        return talk

    async def close(self) -> None:
        await self.server.close()
        for talk in self._talks:
            talk.writer.transport.abort()
        await asyncio.sleep(0)


class Talk:
    """The client's side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        with suppress(ConnectionError):
            await self.writer.drain()

    async def answer(self) -> bytes:
        """The next one, whose body says its length."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        return head + await self.reader.readexactly(int(length[1]) if length else 0)

    async def answers(self) -> bytes:
        """Everything that comes until the server closes."""
        with suppress(ConnectionError):
            async with asyncio.timeout(5):
                return await self.reader.read(-1)
        return b""


@asynccontextmanager
async def serving(answer: Callable[[Request], Answer] = echo) -> AsyncIterator[Served]:
    served = Served(answer)
    listener = listening("127.0.0.1")
    served.port = listener.getsockname()[1]
    await served.server.serve(listener)
    try:
        yield served
    finally:
        await served.close()


def said_to(*pieces: bytes, answer: Callable[[Request], Answer] = echo) -> tuple[bytes, list[str]]:
    """What is answered to these bytes, and what was refused; the client then sends no more."""

    async def run() -> tuple[bytes, list[str]]:
        async with serving(answer) as served:
            talk = await served.open()
            for piece in pieces:
                await talk.say(piece)
                await asyncio.sleep(0)
            talk.writer.write_eof()
            return await talk.answers(), served.refused

    return asyncio.run(run())


def statuses(answers: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", answers)]


def post(body: bytes, *headers: bytes) -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"POST /p HTTP/1.1", b"Host: x", length, *headers, b"", body])


@pytest.mark.parametrize(
    ("pieces", "bodies"),
    [
        pytest.param([GET], [b"GET /a?b 0"], id="one"),
        pytest.param([GET[:7], GET[7:]], [b"GET /a?b 0"], id="one-in-pieces"),
        pytest.param([GET + GET], [b"GET /a?b 0"] * 2, id="two-at-once"),
        pytest.param([post(b"x" * 65_536)], [b"POST /p 65536"], id="as-much-body-as-is-taken"),
        pytest.param(
            [CHUNKED, b"2\r\nab\r\n0\r\n\r\n"],
            [b"POST / 2"],
            id="in-chunks",
        ),
        pytest.param([b"GET / HTTP/1.0\r\n\r\n"], [b"GET / 0"], id="an-old-client"),
        pytest.param(
            [GET.replace(b"Host", b"Upgrade: websocket\r\nConnection: Upgrade\r\nHost")],
            [b"GET /a?b 0"],
            id="an-upgrade-is-passed-over",
        ),
    ],
)  # fmt: skip
def test_whole_requests_are_answered(pieces: list[bytes], bodies: list[bytes]) -> None:
    answers, refused = said_to(*pieces)

    assert statuses(answers) == [200] * len(bodies)
    assert re.findall(rb"\r\n\r\n(.*?)(?=HTTP|$)", answers, re.DOTALL) == bodies
    assert refused == []


def test_a_head_is_answered_without_a_body() -> None:
    answers, _ = said_to(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")

    assert b"Content-Length: 8" in answers
    assert answers.endswith(b"\r\n\r\n")


def test_no_content_has_no_length() -> None:
    answers, _ = said_to(GET, answer=lambda request: Answer(204, b"ignored"))

    assert answers == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_whoever_waits_for_leave_to_send_gets_it() -> None:
    answers, _ = said_to(post(b"body", b"Expect: 100-continue"))

    assert statuses(answers) == [100, 200]


MANY_LINES = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 3000


@pytest.mark.parametrize(
    ("data", "status", "why"),
    [
        (b"hello\r\n\r\n", 400,
         "sent what is no HTTP/1.1: illegal request line: bytearray(b'hello')"),
        (b"GET / HTTP/1.1\r\n\r\n", 400,
         "sent what is no HTTP/1.1: Missing mandatory Host: header"),
        (TLS_HELLO, 400, "asked by https:// where http:// is spoken"),
        (MANY_LINES, 431, "sent a request with more than 100 header lines"),
        (GET[:-2] + b"a: " + b"x" * 20_000, 431,
         "sent a request with a head of more than 16384 bytes"),
        (post(b"")[:-2].replace(b": 0", b": 65537") + b"\r\n", 413,
         "sent a request with more than 65536 bytes of body"),
        (CHUNKED
         + (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 17, 413,
         "sent a request with more than 65536 bytes of body"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_with_the_reason(data: bytes, status: int, why: str) -> None:
    async def run() -> tuple[bytes, list[str]]:
        async with serving() as served:
            talk = await served.open()
            await talk.say(data)
            return await talk.answer(), served.refused

    head, refused = asyncio.run(run())

    assert statuses(head) == [status]
    assert b"Connection: close" in head
    assert refused == [why]


def test_a_client_that_goes_in_mid_request_is_nobodys_fault() -> None:
    assert said_to(GET[:9]) == (b"", [])


def test_a_request_that_drips_in_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REQUEST_S", 0.05)

    async def run() -> tuple[bytes, list[str]]:
        async with serving() as served:
            talk = await served.open()
            await talk.say(GET[:9])
            return await talk.answers(), served.refused

    answers, refused = asyncio.run(run())

    assert statuses(answers) == [408]
    assert refused == ["did not finish its request within 50 ms"]


def test_an_idle_connection_is_closed_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IDLE_S", 0.02)

    async def run() -> tuple[bytes, list[str]]:
        async with serving() as served:
            talk = await served.open()
            return await talk.answers(), served.refused

    assert asyncio.run(run()) == (b"", [])


def test_a_client_that_reads_nothing_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answers stop, and others have theirs."""
    monkeypatch.setattr(server, "REQUEST_S", 0.2)
    big = Answer(200, b"x" * 4_000_000)

    async def run() -> int:
        async with serving(lambda request: big if request.target == "/big" else echo(request)) as s:
            deaf = await s.open()
            await deaf.say(GET.replace(b"/a?b", b"/big"))
            reply = await ask("GET", f"http://127.0.0.1:{s.port}/", timeout_s=5, max_bytes=100)
            return reply.status

    assert asyncio.run(run()) == 200


def test_an_answer_that_cannot_be_made_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    def fails(request: Request) -> Answer:
        raise KeyError(request.target)

    answers, _ = said_to(GET, answer=fails)

    assert statuses(answers) == [500]
    assert "GET /a?b" in caplog.text


def test_more_connections_than_are_taken_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 1)

    async def run() -> tuple[list[int], list[int]]:
        async with serving() as served:
            first = await served.open()
            await first.say(GET)
            await first.answer()
            second = await served.open()
            sent_away = await second.answers()
            await first.say(GET)
            return statuses(sent_away), statuses(await first.answer())

    assert asyncio.run(run()) == ([503], [200])


def test_it_closes_at_once_whatever_is_under_way() -> None:
    """DESIGN 2.4: the end of a run waits for no stranger."""

    async def run() -> bytes:
        async with serving() as served:
            idle, half = await served.open(), await served.open()
            await half.say(post(b"body")[:-2])
            await idle.say(GET)
            await idle.answer()
            await served.server.close()
            with pytest.raises(ConnectionRefusedError):
                await served.open()
            return await half.answers()

    assert asyncio.run(run()) == b""


def test_what_arrives_before_it_serves_waits_for_it() -> None:
    """A bot is told the address before the server's loop has come round to it."""

    async def run() -> bytes:
        served = Served(echo)
        listener = listening("127.0.0.1")
        served.port = listener.getsockname()[1]
        talk = await served.open()
        await talk.say(GET)
        await served.server.serve(listener)
        try:
            return await talk.answer()
        finally:
            await served.close()

    assert statuses(asyncio.run(run())) == [200]


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param(GET * 4000, id="requests"),
        pytest.param(
            CHUNKED + b"1\r\nx\r\n" * 30_000,
            id="tiny-chunks",
        ),
        pytest.param((GET[:-2] + b"a: b\r\n" * 90 + b"\r\n") * 200, id="long-heads"),
    ],
)
def test_between_two_looks_at_the_calls_one_piece_is_read(
    flood: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ask at once; a piece is what the HTTP library makes one event of."""
    looks, read, most = 0, 0, 0
    next_event = h11.Connection.next_event

    def counted(self: h11.Connection) -> object:
        nonlocal read
        read += self.our_role is h11.SERVER
        return next_event(self)

    async def look() -> None:
        nonlocal looks, most
        while True:
            before = read
            await asyncio.sleep(0)
            looks, most = looks + 1, max(most, read - before)

    async def run() -> None:
        async with serving() as served:
            talks = [await served.open() for _ in range(20)]
            tasks: list[asyncio.Task[object]] = [asyncio.create_task(look())]
            for talk in talks:
                tasks += [asyncio.create_task(talk.say(flood))]
                tasks += [asyncio.create_task(talk.answers())]
            while read < 500:  # noqa: ASYNC110 - the loop is what is watched
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    monkeypatch.setattr(h11.Connection, "next_event", counted)
    asyncio.run(run())

    assert looks > 0
    assert most == 1


def test_who_is_cancelled_while_it_begins_leaves_nothing_for_the_loop_to_watch() -> None:
    """The loop of a run asks `select`, which fails for good on a socket that is closed."""

    async def begin_and_end(turns: int) -> None:
        listener = listening("127.0.0.1")
        http = HttpServer(echo)
        task = asyncio.create_task(http.serve(listener))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await http.close()
        listener.close()
        await asyncio.sleep(0.001)

    for turns in range(6):
        with asyncio.Runner(loop_factory=partial(punctual_loop, 1)) as runner:
            runner.run(begin_and_end(turns))
