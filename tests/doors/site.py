"""A web server and phone bot on 127.0.0.1 that answers exactly what a test wants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from call.servers import CLOSE, Peer, accepting, close_frame, frame

XML = "Content-Type: text/xml\r\n"


@dataclass
class Asked:
    """One request: `fields` of a form, `url` as the server would write it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def url(self) -> str:
        return f"http://{self.headers['host']}{self.path}"

    @property
    def fields(self) -> dict[str, str]:
        text = self.body.decode() if self.method == "POST" else self.path.partition("?")[2]
        return {name: values[0] for name, values in parse_qs(text, True).items()}


Answer = bytes | Callable[[Asked, Peer], Awaitable[bytes]]


@dataclass
class Site:
    """What is answered, by path without query, and what was asked.

    Attributes:
        refuses: What an upgrade is answered with, instead of being accepted.
        hangs_up_after: After so many messages the bot closes; 0 for never.
        texts: What came in on streams, frame by frame.
    """

    answers: dict[str, Answer]
    refuses: bytes = b""
    hangs_up_after: int = 0
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    upgrades: list[Asked] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)

    @property
    def bot_url(self) -> str:
        return self.url.replace("http:", "ws:") + "/ws"

    @property
    def authority(self) -> str:
        return self.url.removeprefix("http://")

    async def serve(self, peer: Peer) -> None:
        await peer.read_request()
        line, *rest = peer.request.split("\r\n\r\n")[0].split("\r\n")
        method, path, _ = line.split(" ")
        headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in rest)}
        if headers.get("upgrade") == "websocket":
            self.upgrades.append(Asked(method, path, headers, b""))
            await self._stream(peer)
            return
        body = await peer.reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(method, path, headers, body)
        self.asked.append(asked)
        answer = self.answers.get(path.partition("?")[0], reply(404, "nothing here"))
        await peer.send(answer if isinstance(answer, bytes) else await answer(asked, peer))

    async def _stream(self, peer: Peer) -> None:
        if self.refuses:
            await peer.send(self.refuses)
            return
        await peer.send(accepting(peer.request))
        hears_until = len(self.texts) + (self.hangs_up_after or 1_000_000)
        while len(self.texts) < hears_until:
            try:
                opcode, payload = await peer.read_frame()
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            if opcode == CLOSE:
                await peer.send(frame(CLOSE, payload))
                return
            self.texts.append(payload)
        await peer.send(close_frame(1000))
        await peer.read_close()


def reply(status: int, body: str | bytes = "", headers: str = "") -> bytes:
    raw = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status} Some reason\r\n{headers}Content-Length: {len(raw)}\r\n\r\n"
    return head.encode() + raw


def twiml(inside: str) -> bytes:
    return reply(200, f'<?xml version="1.0"?>\n<Response>{inside}</Response>', XML)


def connect(url: str, inside: str = "", more: str = "") -> str:
    return f'<Connect{more}><Stream url="{url}">{inside}</Stream></Connect>'


@asynccontextmanager
async def serving(site: Site) -> AsyncIterator[Site]:
    """Serve until the test is done with it."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await site.serve(Peer(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    site.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield site
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        server.close()
