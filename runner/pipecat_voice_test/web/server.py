"""A small server that answers strangers over HTTP.

It shares its event loop with calls in real time, and who asks is not trusted: connections, the
size and the lines of a head, the size of a body and the time for all of it are bounded. Whatever
all strangers together send, no more than one piece of it is read between two looks at the calls.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import h11

MAX_CONNECTIONS = 64
MAX_HEAD_BYTES = 16 * 1024
MAX_HEAD_LINES = 100
MAX_BODY_BYTES = 64 * 1024
REQUEST_S = 10.0  # From the first byte of a request to the last of its answer.
IDLE_S = 60.0  # How long a connection may stay between two requests.
PART_S = 1.0  # How long is listened to somebody who was refused in mid-sentence.
READ_BYTES = 2048
# asyncio takes so many new connections in one go, with no look at the calls in between; those
# that wait for it meanwhile are the system's.
_TAKEN_AT_ONCE = 8
_WAITING = 128
_TLS_HELLO = b"\x16\x03"
_DETAIL_CHARACTERS = 200
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request.

    Attributes:
        target: Path and query as they came; ASCII.
        headers: Names in lower case, as often and in the order they came.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """The first value of a header, empty if there is none."""
        return next((value for known, value in self.headers if known == name.lower()), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered; no body where the status has none, or to `HEAD`."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


class _Refused(Exception):
    """A request that is not heard to its end."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def listening(host: str, port: int = 0) -> socket.socket:
    """A socket at which connections wait to be taken from now on; may be made in any thread.

    Args:
        host: An address of this machine, IPv4 or IPv6.
        port: 0 for a free one.

    Raises:
        OSError: It is no address of this machine, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_WAITING)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


class HttpServer:
    """Answers one request after the other on each connection, kept open where the client does."""

    def __init__(
        self, answer: Callable[[Request], Answer], refused: Callable[[str], None] = lambda why: None
    ) -> None:
        """Nothing is served yet.

        Args:
            answer: Called in the event loop for each whole request; must be quick.
            refused: Told why something that came in was no request, as a sentence without its
                full stop that says what the client did.
        """
        self._answer = answer
        self._refused = refused
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    async def serve(self, listener: socket.socket) -> None:
        """Take what arrives at a socket made by `listening`, which is closed with the server."""
        server = await asyncio.start_server(
            self._connected,
            sock=listener,
            backlog=_TAKEN_AT_ONCE,
            limit=READ_BYTES,
            start_serving=False,
        )
        # Before the loop watches the socket: who is cancelled now must leave none in it that is
        # closed, on which `select` would fail.
        self._servers.append(server)
        await server.start_serving()
        with suppress(OSError):  # asyncio made the system's queue as short as its own.
            listener.listen(_WAITING)

    async def close(self) -> None:
        """Close everything at once, whatever is under way. May be called twice."""
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= MAX_CONNECTIONS:
            writer.write(_FULL)
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = _Talk(reader, writer, self._turn)
        try:
            while (request := await talk.request()) is not None:
                async with asyncio.timeout(REQUEST_S):
                    if not await talk.reply(self._answered(request), request.method):
                        break
        except _Refused as error:
            self._refused(str(error))
            with suppress(OSError, TimeoutError):
                await talk.refuse(error.status)
        except (OSError, TimeoutError):
            pass  # Gone, or as good as gone.
        finally:
            writer.transport.abort()

    def _answered(self, request: Request) -> Answer:
        try:
            return self._answer(request)
        except Exception:
            log.exception("%s %s", request.method, request.target)
            return Answer(500)


class _Talk:
    """One connection, seen from the server."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, turn: asyncio.Lock
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = turn
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._first = b""  # Bytes of the connection.
        self._lines = 0  # Since the last request.

    async def request(self) -> Request | None:
        """The next request; None if nobody asks any more.

        Raises:
            _Refused: It is no request, or too much of one, or it takes too long.
            OSError, TimeoutError: There is nobody to be told.
        """
        self._lines = 0
        begun = False
        try:
            async with asyncio.timeout(IDLE_S) as limit:
                if not self._http.trailing_data[0] and not await self._read():
                    return None
                begun = True
                limit.reschedule(asyncio.get_running_loop().time() + REQUEST_S)
                return await self._whole_request()
        except TimeoutError:
            if begun:
                raise _too_slow() from None
            return None

    async def reply(self, answer: Answer, method: str) -> bool:
        """Answer; whether there may be a next request on this connection."""
        bodiless = answer.status in (204, 304)
        headers = [*answer.headers] if not bodiless else []
        if not bodiless:
            headers.append(("Content-Length", str(len(answer.body))))
        reason = HTTPStatus(answer.status).phrase
        self._send(h11.Response(status_code=answer.status, headers=headers, reason=reason))
        if answer.body and not bodiless and method != "HEAD":
            self._send(h11.Data(data=answer.body))
        self._send(h11.EndOfMessage())
        await self._writer.drain()
        if self._http.states != {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
            await self._part()
            return False
        self._http.start_next_cycle()
        return True

    async def refuse(self, status: int) -> None:
        """Answer something that was no request, and listen no more."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        headers = [("Content-Length", "0"), ("Connection", "close")]
        async with asyncio.timeout(REQUEST_S):
            reason = HTTPStatus(status).phrase
            self._send(h11.Response(status_code=status, headers=headers, reason=reason))
            self._send(h11.EndOfMessage())
            await self._writer.drain()
            await self._part()

    async def _whole_request(self) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = await self._next_event()
            match event:
                case h11.Request():
                    head = event
                    _check_length(event)
                    if self._http.they_are_waiting_for_100_continue:
                        self._send(h11.InformationalResponse(status_code=100, headers=[]))
                case h11.Data():
                    body += event.data
                    if len(body) > MAX_BODY_BYTES:
                        raise _too_long()
                case h11.EndOfMessage() if head is not None:
                    return _request(head, bytes(body))
                case h11.NEED_DATA:
                    if head is None and self._lines > MAX_HEAD_LINES:
                        raise _too_many_lines()
                    await self._read()
                case _:
                    return None  # The client closed, between two requests or within one.

    async def _next_event(self) -> object:
        """What came next; the calls have their turn after each, whoever else is asking."""
        async with self._turn:
            try:
                return self._http.next_event()
            except h11.RemoteProtocolError as error:
                raise self._not_http(error) from error
            finally:
                await asyncio.sleep(0)

    async def _read(self) -> bytes:
        data = await self._reader.read(READ_BYTES)
        self._first += data[: len(_TLS_HELLO) - len(self._first)]
        self._lines += data.count(b"\n")
        self._http.receive_data(data)
        return data

    def _not_http(self, error: h11.RemoteProtocolError) -> Exception:
        if self._http.trailing_data[1]:
            return ConnectionResetError("closed within a request")
        if self._first == _TLS_HELLO:
            return _Refused(400, "asked by https:// where http:// is spoken")
        if error.error_status_hint == 431:
            return _Refused(431, f"sent a request with a head of more than {MAX_HEAD_BYTES} bytes")
        why = f"sent what is no HTTP/1.1: {str(error)[:_DETAIL_CHARACTERS]}"
        return _Refused(error.error_status_hint, why)

    def _send(self, event: h11.Event) -> None:
        if data := self._http.send(event):
            self._writer.write(data)

    async def _part(self) -> None:
        """Say that nothing more comes, and let the client find out before the line is cut."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PART_S):
                if self._writer.can_write_eof():
                    self._writer.write_eof()
                while True:
                    if not await self._reader.read(READ_BYTES):
                        return
                    await asyncio.sleep(0)


def _request(head: h11.Request, body: bytes) -> Request:
    headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in head.headers)
    return Request(head.method.decode("ascii"), head.target.decode("latin-1"), headers, body)


def _check_length(head: h11.Request) -> None:
    length = next((value for name, value in head.headers if name == b"content-length"), b"0")
    if int(length) > MAX_BODY_BYTES:
        raise _too_long()


def _too_long() -> _Refused:
    return _Refused(413, f"sent a request with more than {MAX_BODY_BYTES} bytes of body")


def _too_many_lines() -> _Refused:
    return _Refused(431, f"sent a request with more than {MAX_HEAD_LINES} header lines")


def _too_slow() -> _Refused:
    return _Refused(408, f"did not finish its request within {REQUEST_S * 1000:.0f} ms")
