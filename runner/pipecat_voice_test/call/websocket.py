"""A WebSocket connection to the bot, on `websockets`' own state machine.

The library's connection objects queue messages for a coroutine, so a message would be
stamped when that coroutine runs. Here bytes are stamped in the transport's callback, and
sending is a plain call that cannot wait for receiving (P-25).

A bot may flood the line: one callback reads a little, and past `MAX_UNREAD_BYTES` nothing more
is read until somebody has asked for what came in.

Rules kept: P-6 (headers), P-7 (no redirects, refusals in full), P-8 (time limits),
P-44 (pings), and the last rows of PROTOCOL 4.2.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidURI, PayloadTooBig
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from pipecat_voice_test.call.clock import Bell, Clock
from pipecat_voice_test.call.kernel import keep_send_buffer_small, unread_bytes, unsent_bytes
from pipecat_voice_test.call.reading import Reading
from pipecat_voice_test.call.refused import (
    BODY_BYTES,
    Refusal,
    cannot_connect,
    handshake_refused,
    handshake_timed_out,
    not_an_address,
    read_answer,
)
from pipecat_voice_test.call.socket import Arrival, Broken, Closed, Message, Ping
from pipecat_voice_test.protocol.untrusted import printable

USER_AGENT = "Twilio.TmeWs/1.0"
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
CONNECT_TIMEOUT_S = 5.0
UPGRADE_TIMEOUT_S = 10.0
READ_BYTES = 1024  # What one callback parses: 512 empty frames, 10 ms, at the very worst.
MAX_UNREAD_BYTES = 1024 * 1024
MAX_UNREAD_MESSAGES = 10_000
KEPT_ANSWER_BYTES = 64 * 1024  # Of what is answered to the upgrade.


@dataclass(frozen=True, slots=True)
class Dialled:
    """An open line and how long it took from TCP connect to status 101."""

    socket: "WebSocketLine"
    connect_ms: float


async def dial(
    url: str,
    clock: Clock,
    *,
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    max_message_bytes: int = MAX_MESSAGE_BYTES,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
    upgrade_timeout_s: float = UPGRADE_TIMEOUT_S,
) -> Dialled:
    """Open the WebSocket as the network would.

    Raises:
        BotNotReady: No connection in time.
        BotError: The upgrade was refused, or not answered in time.
        UsageError: `url` is no WebSocket address.
    """
    try:
        uri = parse_uri(url)
    except (InvalidURI, ValueError) as error:
        raise not_an_address(url) from error
    began_ms = clock.now_ms()
    line = WebSocketLine(ClientProtocol(uri, max_size=max_message_bytes), clock, headers or {})
    context = (tls or _verifying()) if uri.secure else None
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(connect_timeout_s):
            await loop.create_connection(lambda: line, uri.host, uri.port, ssl=context)
    except TimeoutError as error:
        raise cannot_connect(url, f"none within {connect_timeout_s * 1000:.0f} ms") from error
    except UnicodeError as error:  # A host name that DNS cannot hold.
        raise not_an_address(url) from error
    except OSError as error:
        raise cannot_connect(url, str(error)) from error
    try:
        async with asyncio.timeout(upgrade_timeout_s):
            refusal = await line.opened
    except TimeoutError as error:
        line.abort()
        answer = read_answer(line.answer)
        if answer is None or answer.status_code == 101:
            raise handshake_timed_out(url, upgrade_timeout_s) from error
        raise handshake_refused(url, Refusal(answer)) from error
    except BaseException:
        line.abort()
        raise
    if refusal is not None:
        line.abort()
        raise handshake_refused(url, refusal)
    return Dialled(line, clock.now_ms() - began_ms)


@cache
def _verifying() -> ssl.SSLContext:
    """Made once, because reading the certificates stalls every call of the process."""
    return ssl.create_default_context()


class WebSocketLine(asyncio.BufferedProtocol):
    """One connection; a `Socket` once `opened` has come out as None."""

    def __init__(self, protocol: ClientProtocol, clock: Clock, headers: Mapping[str, str]) -> None:
        self.bell = Bell()
        self.reading = Reading()
        self.opened: asyncio.Future[Refusal | None] = asyncio.get_running_loop().create_future()
        self._protocol = protocol
        self._clock = clock
        self._headers = headers
        self._arrivals: list[Arrival] = []
        self.answer = bytearray()  # The first of what came back to the upgrade.
        self._read_into = memoryview(bytearray(READ_BYTES))
        self._partial = bytearray()
        self._partial_opcode = Opcode.TEXT
        self._unread_bytes = 0
        self._is_paused = False
        self._gone = False
        self._transport: asyncio.Transport | None = None

    # --- Socket ---------------------------------------------------------------------------

    def received(self) -> list[Arrival]:
        if self._transport is not None:
            self.reading.looked(self._clock.now_ms(), unread_bytes(self._transport))
        arrivals, self._arrivals = self._arrivals, []
        self._unread_bytes = 0
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return arrivals

    def send(self, data: str | bytes) -> None:
        if self._protocol.state is State.OPEN:
            if isinstance(data, str):
                self._protocol.send_text(data.encode())
            else:
                self._protocol.send_binary(data)
            self._flush()

    def close(self) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            self._flush()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def unsent_bytes(self) -> int:
        return 0 if self._transport is None else unsent_bytes(self._transport)

    # --- asyncio.Protocol -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        keep_send_buffer_small(transport)
        request = self._protocol.connect()
        request.headers["User-Agent"] = USER_AGENT
        for name, value in self._headers.items():
            request.headers.pop(name, None)  # Else a second line of that name is added.
            request.headers[name] = value
        self._protocol.send_request(request)
        self._flush()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._read_into  # asyncio's TLS fills slices of it, so they must be no copies.

    def buffer_updated(self, nbytes: int) -> None:
        at_ms = self._clock.now_ms()
        assert self._transport is not None
        self.reading.looked(at_ms, unread_bytes(self._transport), nbytes)
        data = bytes(self._read_into[:nbytes])
        if not self.opened.done():
            self.answer += data[: KEPT_ANSWER_BYTES - len(self.answer)]
        self._protocol.receive_data(data)
        self._take_events(at_ms)
        if not self._arrivals:
            return  # Part of a message, which has a limit of its own.
        self._unread_bytes += nbytes
        too_many = len(self._arrivals) > MAX_UNREAD_MESSAGES
        if too_many or self._unread_bytes > MAX_UNREAD_BYTES:
            self._is_paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        at_ms = self._clock.now_ms()
        self._protocol.receive_eof()
        self._take_events(at_ms)
        # The transport stays until what is unsent has gone; the call does not wait for that.
        self._end(at_ms)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        at_ms = self._clock.now_ms()
        if self._protocol.state is not State.CLOSED:
            self._protocol.receive_eof()
            self._take_events(at_ms)
        self._end(at_ms)

    # --- inside ---------------------------------------------------------------------------

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if self._transport is None or self._transport.is_closing():
                return
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()

    def _take_events(self, at_ms: float) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._take_frame(event, at_ms)
            elif isinstance(event, Response) and not self.opened.done():
                refused = self._protocol.handshake_exc
                self.opened.set_result(Refusal(event, str(refused)) if refused else None)
        self._flush()
        if self._protocol.handshake_exc is not None and not self.opened.done():
            self._take_unreadable(self._protocol.handshake_exc)
        if self._protocol.parser_exc is not None:
            self._broken(self._protocol.parser_exc, at_ms)
        if self._arrivals:
            self.bell.ring()

    def _take_unreadable(self, refused: Exception) -> None:
        """The library found no HTTP/1.1; if it is HTTP all the same, wait for more of it."""
        answer = read_answer(self.answer)
        if answer is None or len(answer.body) >= BODY_BYTES:
            cause = refused.__cause__
            reason = f"{refused}: {cause}" if cause else str(refused)
            self.opened.set_result(Refusal(answer, printable(reason)))

    def _take_frame(self, frame: Frame, at_ms: float) -> None:
        if self._gone:
            return  # The connection was failed by a frame that came in the same bytes.
        if frame.opcode is Opcode.PING:
            self._arrivals.append(Ping(at_ms, bytes(frame.data)))
        elif frame.opcode is Opcode.CLOSE:
            self._end(at_ms)
        elif frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            if frame.opcode is not Opcode.CONT:
                self._partial_opcode = frame.opcode
            self._partial += frame.data
            if frame.fin:
                data = bytes(self._partial)
                self._partial.clear()
                self._take_message(data, at_ms)

    def _take_message(self, data: bytes, at_ms: float) -> None:
        if self._partial_opcode is Opcode.BINARY:
            self._arrivals.append(Message(at_ms, data))
            return
        try:
            self._arrivals.append(Message(at_ms, data.decode()))
        except UnicodeDecodeError as error:
            # The library leaves the check of text frames to its user.
            reason = f"invalid UTF-8 at byte {error.start}"
            self._protocol.fail(1007, reason)
            self._arrivals.append(Broken(at_ms, "protocol_error", reason))
            self._end(at_ms)

    def _broken(self, error: Exception, at_ms: float) -> None:
        if self._gone or isinstance(error, EOFError):
            return
        if isinstance(error, PayloadTooBig):
            detail = f"{self._protocol.max_message_size} bytes"
            self._arrivals.append(Broken(at_ms, "message_too_big", detail))
        else:
            self._arrivals.append(Broken(at_ms, "protocol_error", str(error)))
        self._end(at_ms)

    def _end(self, at_ms: float) -> None:
        if self._gone:
            return
        self._gone = True
        if not self.opened.done():
            reason = "the connection was closed without an answer"
            self.opened.set_result(Refusal(read_answer(self.answer), reason))
        received = self._protocol.close_rcvd
        code = 1006 if received is None else int(received.code)
        self._arrivals.append(Closed(at_ms, code, "" if received is None else received.reason))
        self.bell.ring()
