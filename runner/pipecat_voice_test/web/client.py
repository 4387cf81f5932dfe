"""One question over HTTP, and what came back.

Who answers is not trusted: the whole exchange has one time limit, however slowly the answer drips
in, and one size limit; no redirect is followed, no cookie kept, nothing unpacked. What can go
wrong is a closed set, `Trouble`, so that whoever asked can say it in his own words.
"""

import asyncio
import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from urllib.parse import SplitResult, unquote, urlsplit

import h11

MAX_HEAD_BYTES = 16 * 1024
MAX_HEAD_LINES = 200
MAX_INTERIM = 8  # Answers such as `100 Continue` before the real one.
# Between two looks at the clock and at other calls; a stranger can pack some 80 chunks into them.
READ_BYTES = 512
_DETAIL_CHARACTERS = 200
_PORTS = {"http": 80, "https": 443}


class Trouble(StrEnum):
    """Why there is no reply."""

    BAD_ADDRESS = "bad_address"
    NO_CONNECTION = "no_connection"
    UNTRUSTED = "untrusted"  # Its certificate is not valid.
    TIMED_OUT = "timed_out"
    CUT_OFF = "cut_off"  # The connection was closed before the answer was complete.
    NOT_HTTP = "not_http"
    TOO_BIG = "too_big"


class AskFailed(Exception):
    """There is no reply.

    Attributes:
        trouble: Why.
        says: The same as the rest of a sentence that begins with the address; safe to print.
    """

    def __init__(self, trouble: Trouble, says: str) -> None:
        super().__init__(says)
        self.trouble = trouble
        self.says = says


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, whatever its status.

    Attributes:
        reason: The words beside the status, as they came.
        headers: Names in lower case, as often and in the order they came.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The first value of a header, empty if there is none."""
        return next((value for known, value in self.headers if known == name.lower()), "")

    @property
    def is_ok(self) -> bool:
        """Whether the status is one of 2xx."""
        return 200 <= self.status < 300


async def ask(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout_s: float,
    max_bytes: int,
    tls: ssl.SSLContext | None = None,
) -> Reply:
    """Send one request and wait for the whole answer.

    Args:
        method: Such as `POST`.
        url: `http://…` or `https://…`; a user and password in it are sent as Basic credentials.
        body: Sent with its length unless it is empty and the method is `GET`.
        headers: Besides `Host`, `Connection` and the body's length, which are set here.
        timeout_s: From the first look at the address to the last byte of the answer.
        max_bytes: How long the answer's body may be.
        tls: What an `https://` server is held to; None for the authorities of this machine.

    Raises:
        AskFailed: There is no whole answer.
    """
    address = _Address.of(url)
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
    request = _request(connection, method, address, body, headers or {})
    context = (tls or _verifying()) if address.is_secure else None
    progress = _Progress()
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(
                address.host, address.port, ssl=context, limit=READ_BYTES
            )
            progress.connected = True
            writer.write(request)
            return await _reply(connection, reader, max_bytes, progress)
    except TimeoutError as error:
        raise AskFailed(Trouble.TIMED_OUT, progress.late(timeout_s)) from error
    except ssl.SSLCertVerificationError as error:
        says = f"has no valid certificate ({error.verify_message})"
        raise AskFailed(Trouble.UNTRUSTED, says) from error
    except UnicodeError as error:  # A host name that DNS cannot hold.
        raise _no_address() from error
    except OSError as error:
        if progress.connected:
            raise AskFailed(Trouble.CUT_OFF, progress.cut_off()) from error
        says = f"took no connection: {_harmless(str(error))}"
        raise AskFailed(Trouble.NO_CONNECTION, says) from error
    finally:
        if writer is not None:
            # Nobody waits for a stranger's farewell.
            writer.transport.abort()


@cache
def _verifying() -> ssl.SSLContext:
    """Made once, because reading the certificates stalls every call of the process."""
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class _Address:
    host: str
    port: int
    authority: str  # As the `Host` header has it.
    target: str  # Path and query.
    credentials: str  # For Basic, or empty.
    is_secure: bool

    @classmethod
    def of(cls, url: str) -> "_Address":
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS.get(parts.scheme, 0)
            is_web = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
            plain = url.isascii() and url.isprintable() and " " not in url
        except ValueError:
            is_web = plain = False
        if not (is_web and plain):
            raise _no_address()
        host = parts.hostname or ""
        name = f"[{host}]" if ":" in host else host
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        authority = name if port == _PORTS[parts.scheme] else f"{name}:{port}"
        return cls(host, port, authority, target, _credentials(parts), parts.scheme == "https")


def _credentials(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return base64.b64encode(pair.encode()).decode()


def _request(
    connection: h11.Connection,
    method: str,
    address: _Address,
    body: bytes,
    headers: Mapping[str, str],
) -> bytes:
    lines = [("Host", address.authority), *headers.items(), ("Connection", "close")]
    if address.credentials:
        lines.append(("Authorization", f"Basic {address.credentials}"))
    if body or method != "GET":
        lines.append(("Content-Length", str(len(body))))
    request = h11.Request(method=method, target=address.target, headers=lines)
    parts = [connection.send(request)]
    if body:
        parts.append(connection.send(h11.Data(data=body)))
    parts.append(connection.send(h11.EndOfMessage()))
    return b"".join(part for part in parts if part)


@dataclass
class _Progress:
    """How far it came, for the words when it comes no further."""

    connected: bool = False
    answered: bool = False
    body_bytes: int = 0

    def late(self, timeout_s: float) -> str:
        limit = f"within {timeout_s * 1000:.0f} ms"
        if not self.connected:
            return f"took no connection {limit}"
        if not self.answered:
            return f"did not answer {limit}"
        return f"did not finish its answer {limit} ({self.body_bytes} bytes of it came)"

    def cut_off(self) -> str:
        if not self.answered:
            return "closed the connection without an answer"
        return f"closed the connection after {self.body_bytes} bytes of its answer"


async def _reply(
    connection: h11.Connection, reader: asyncio.StreamReader, max_bytes: int, progress: _Progress
) -> Reply:
    response: h11.Response | None = None
    body = bytearray()
    lines = interim = 0
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            raise _broken(error, connection, progress) from error
        match event:
            case h11.NEED_DATA:
                data = await reader.read(READ_BYTES)
                lines += data.count(b"\n") if response is None else 0
                if lines > MAX_HEAD_LINES:
                    raise _too_big(f"a head of more than {MAX_HEAD_LINES} lines")
                connection.receive_data(data)
                await asyncio.sleep(0)  # What waits already is read without letting others run.
            case h11.InformationalResponse():
                interim += 1
                if interim > MAX_INTERIM:
                    raise _too_big(f"more than {MAX_INTERIM} interim answers")
            case h11.Response():
                response, progress.answered = event, True
                _check_length(event, max_bytes)
            case h11.Data():
                body += event.data
                progress.body_bytes = len(body)
                if len(body) > max_bytes:
                    raise _too_big(f"more than {max_bytes} bytes")
            case h11.EndOfMessage() if response is not None:
                return _whole(response, bytes(body))
            case _:
                raise AskFailed(Trouble.CUT_OFF, progress.cut_off())


def _check_length(response: h11.Response, max_bytes: int) -> None:
    length = next((value for name, value in response.headers if name == b"content-length"), b"0")
    if int(length) > max_bytes:
        raise _too_big(f"more than {max_bytes} bytes ({int(length)} announced)")


def _whole(response: h11.Response, body: bytes) -> Reply:
    headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers)
    return Reply(response.status_code, response.reason.decode("latin-1"), headers, body)


def _broken(
    error: h11.RemoteProtocolError, connection: h11.Connection, progress: _Progress
) -> AskFailed:
    if error.error_status_hint == 431:
        return _too_big(f"a head of more than {MAX_HEAD_BYTES} bytes")
    waiting, closed = connection.trailing_data
    if closed and (progress.answered or b"HTTP/".startswith(waiting[:5])):
        return AskFailed(Trouble.CUT_OFF, progress.cut_off())
    return AskFailed(Trouble.NOT_HTTP, f"did not answer in HTTP: {_harmless(str(error))}")


def _no_address() -> AskFailed:
    return AskFailed(Trouble.BAD_ADDRESS, "is no http:// or https:// address")


def _too_big(what: str) -> AskFailed:
    return AskFailed(Trouble.TOO_BIG, f"answered with {what}")


def _harmless(text: str) -> str:
    """A stranger may be quoted in it: short, on one line."""
    shown = "".join(char if char.isprintable() else "?" for char in text[:_DETAIL_CHARACTERS])
    return shown + ("…" if len(text) > _DETAIL_CHARACTERS else "")
