"""A bot on 127.0.0.1 that does what a test tells it, and keeps what it gets."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pipecat_voice_test.audio.codec import Pcm, decode_ulaw
from pipecat_voice_test.library.chunk import AudioChunk
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

LOUD_RMS = 300.0


@dataclass
class TestBot:
    """One call that it takes.

    Attributes:
        got: Every message, in order.
        frames: The sound in them.
        close_code: With which the caller closed.
    """

    __test__ = False

    socket: ServerConnection
    got: list[dict[str, Any]] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    close_code: int | None = None

    @property
    def stream_sid(self) -> str:
        return str(self.of("start")[0]["streamSid"])

    @property
    def events(self) -> list[str]:
        return [str(message["event"]) for message in self.got]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [message for message in self.got if message["event"] == event]

    @property
    def heard(self) -> Pcm:
        """All that the caller has sent."""
        return decode_ulaw(b"".join(self.frames))

    @property
    def loud(self) -> list[int]:
        """Numbers of the frames in which the caller spoke, from 0."""
        return [number for number, frame in enumerate(self.frames) if is_loud(frame)]

    async def say(self, ulaw: bytes) -> None:
        """Send it in one message."""
        payload = base64.b64encode(ulaw).decode()
        await self.send({"event": "media", "media": {"payload": payload}})

    async def send(self, message: dict[str, Any]) -> None:
        await self.socket.send(json.dumps({"streamSid": self.stream_sid} | message))


WhenGot = Callable[[TestBot, dict[str, Any]], Awaitable[None]]


class Bots:
    """The calls of one address, in order."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.calls: list[TestBot] = []

    @property
    def last(self) -> TestBot:
        return self.calls[-1]


@asynccontextmanager
async def bots(when_got: WhenGot | None = None) -> AsyncIterator[Bots]:
    """Take calls until the end; `when_got` is told of every message."""
    taken = Bots("")

    async def take(socket: ServerConnection) -> None:
        bot = TestBot(socket)
        taken.calls.append(bot)
        try:
            async for text in socket:
                message = json.loads(text)
                bot.got.append(message)
                if message["event"] == "media":
                    bot.frames.append(base64.b64decode(message["media"]["payload"]))
                if when_got is not None:
                    await when_got(bot, message)
        except ConnectionClosed:
            pass
        received = socket.protocol.close_rcvd
        bot.close_code = None if received is None else int(received.code)

    async with serve(take, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        taken.url = f"ws://127.0.0.1:{port}/ws"
        yield taken


def is_loud(frame: bytes) -> bool:
    return float(np.sqrt(np.mean(decode_ulaw(frame).astype(np.float64) ** 2))) > LOUD_RMS


def tone(duration_s: float, hz: float = 440.0) -> AudioChunk:
    """A steady tone; no frame of it is quiet."""
    t = np.arange(round(24_000 * duration_s)) / 24_000
    return AudioChunk(np.rint(6000 * np.sin(2 * np.pi * hz * t)).astype("<i2").tobytes())


def strongest_hz(frame: bytes) -> float:
    """The tone in a frame, to 50 Hz."""
    spectrum = np.abs(np.fft.rfft(decode_ulaw(frame).astype(np.float64)))
    return float(np.argmax(spectrum) * 50)
