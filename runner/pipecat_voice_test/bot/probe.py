"""Is somebody there who speaks HTTP?

Rule P-3: an open TCP port is not readiness: the proxy in front of a container accepts connections
before the program behind it does. A WebSocket upgrade would start a session in most bots.
So the question is a plain `GET`, and any well-formed HTTP answer will do, whatever its status.
"""

import asyncio
import contextlib
import re
import ssl
from dataclasses import dataclass
from enum import Enum

POLL_S = 0.25  # P-4
PROBE_S = 2.0  # One question; a bot that is busy loading models is asked again.
HEAD_BYTES = 64 * 1024

_STATUS_LINE = re.compile(rb"HTTP/\d\.\d [1-5]\d\d(?: [^\r\n]*)?\r?\n")


class Answer(Enum):
    """What came back."""

    HTTP = "answered HTTP"
    REFUSED = "refused the connection"
    SILENT = "accepted the connection but never answered an HTTP request"
    NOT_HTTP = "accepted the connection but did not answer in HTTP"
    UNREACHABLE = "could not be reached"
    UNTRUSTED = "has no valid certificate"


@dataclass(frozen=True, slots=True)
class Address:
    """Where to ask. `tls` stands for `wss://`."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    @property
    def authority(self) -> str:
        """`host:port` as it is written in addresses."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Probe:
    """One question's outcome; `detail` is the system's own words, or empty."""

    answer: Answer
    detail: str = ""


async def probe(address: Address, *, timeout_s: float = PROBE_S) -> Probe:
    """Ask `GET /` once. Raises nothing: whatever goes wrong is an answer too."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(
                address.host, address.port, ssl=address.tls, limit=HEAD_BYTES
            )
            writer.write(
                b"GET / HTTP/1.1\r\nHost: %b\r\nUser-Agent: pipecat-voice-test\r\n"
                b"Accept: */*\r\nConnection: close\r\n\r\n" % address.authority.encode()
            )
            head = await _read_head(reader)
        return Probe(Answer.HTTP if _STATUS_LINE.match(head) else Answer.NOT_HTTP)
    except TimeoutError:
        return Probe(Answer.UNREACHABLE if writer is None else Answer.SILENT)
    except ConnectionRefusedError:
        return Probe(Answer.REFUSED)
    except ssl.SSLCertVerificationError as error:
        return Probe(Answer.UNTRUSTED, error.verify_message)
    except (OSError, UnicodeError) as error:
        return Probe(Answer.NOT_HTTP if writer else Answer.UNREACHABLE, str(error))
    finally:
        if writer is not None:
            with contextlib.suppress(Exception):
                writer.transport.abort()


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    """The answer up to the blank line, its end, or `HEAD_BYTES`."""
    head = b""
    while len(head) < HEAD_BYTES and b"\r\n\r\n" not in head and b"\n\n" not in head:
        data = await reader.read(HEAD_BYTES)
        if not data:
            break
        head += data
    return head
