"""A WebRTC bot on this machine, with aiortc at its end, too: real ICE, real DTLS, real RTP.

It answers one offer after the other, hears its callers, and says tones.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np
from aiortc import RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from call.servers import Peer

RATE_HZ = 48_000
PACKET_MS = 20
SAMPLES = RATE_HZ * PACKET_MS // 1000
_TIME = np.arange(SAMPLES) / RATE_HZ
TONE = (8000 * np.sin(2 * np.pi * 500 * _TIME)).astype(np.int16)  # Fits ten times into a packet.


class Voice(MediaStreamTrack):
    """Silence in real time, and tones when it is told to."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.tones = 0  # Packets still to be said.
        self.spoke_ms: list[float] = []  # When each tone went out.
        self.is_mute = False
        self._number = 0
        self._began_s = 0.0

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        self._began_s = self._began_s or loop.time()
        while True:
            await asyncio.sleep(self._began_s + self._number * PACKET_MS / 1000 - loop.time())
            self._number += 1
            if self.readyState != "live":
                raise MediaStreamError
            if not self.is_mute:
                break
        samples = np.zeros(SAMPLES, np.int16)
        if self.tones:
            self.tones -= 1
            self.spoke_ms.append(loop.time() * 1000)
            samples = TONE
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], layout="mono")
        frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
        frame.pts = (self._number - 1) * SAMPLES
        return frame


@dataclass
class Caller:
    """What the bot knows of one caller."""

    peer: RTCPeerConnection
    voice: Voice = field(default_factory=Voice)
    texts: list[str] = field(default_factory=list)
    heard: list[np.ndarray[Any, np.dtype[np.int16]]] = field(default_factory=list)
    channel: RTCDataChannel | None = None
    is_gone: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, message: dict[str, Any]) -> None:
        assert self.channel is not None
        self.channel.send(json.dumps(message))


class Bot:
    """Answers offers at `/api/offer`; what is to happen when somebody calls is a coroutine."""

    def __init__(self, acts: Callable[[Caller], Awaitable[None]] | None = None) -> None:
        self.url = ""
        self.callers: list[Caller] = []
        self.requests: list[tuple[str, dict[str, Any]]] = []
        # In place of an answer: status and body.
        self.replies: dict[str, tuple[int, bytes]] = {}
        self.spoils: Callable[[str], str] = lambda sdp: sdp
        self._acts = acts
        self._tasks: list[asyncio.Task[None]] = []

    async def serve(self, peer: Peer) -> None:
        await peer.read_request()
        target = peer.request.split()[1]
        length = int(peer.request.lower().split("content-length:")[1].split()[0])
        fields = json.loads(await peer.reader.readexactly(length))
        self.requests.append((target, fields))
        status, body = self.replies.get(target) or (200, await self._answer(fields))
        head = f"HTTP/1.1 {status} So\r\nContent-Length: {len(body)}\r\n\r\n"
        await peer.send(head.encode() + body)

    async def _answer(self, fields: dict[str, Any]) -> bytes:
        connection = RTCPeerConnection()
        caller = Caller(connection)
        self.callers.append(caller)
        connection.on("track", lambda track: self._tasks.append(_kept(_listen(track, caller))))
        connection.on("datachannel", lambda channel: self._opened(channel, caller))
        connection.on("connectionstatechange", lambda: _state(caller))
        connection.addTrack(caller.voice)
        await connection.setRemoteDescription(RTCSessionDescription(fields["sdp"], "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        sdp = self.spoils(connection.localDescription.sdp)
        return json.dumps({"sdp": sdp, "type": "answer", "pc_id": "1"}).encode()

    def _opened(self, channel: RTCDataChannel, caller: Caller) -> None:
        caller.channel = channel
        channel.on("message", caller.texts.append)
        if self._acts is not None:
            self._tasks.append(_kept(self._acts(caller)))

    async def stop(self) -> None:
        for caller in self.callers:
            await caller.peer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def answering(
    acts: Callable[[Caller], Awaitable[None]] | None = None,
) -> AsyncIterator[Bot]:
    """A bot that can be called at its `url`; what it does may not fail."""
    bot = Bot(acts)
    errors: list[BaseException] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await bot.serve(Peer(reader, writer))
        except Exception as error:
            errors.append(error)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    bot.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield bot
    finally:
        server.close()
        await bot.stop()
    assert errors == []


def _kept(work: Any) -> asyncio.Task[None]:
    task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
    return task


async def _listen(track: MediaStreamTrack, caller: Caller) -> None:
    try:
        while True:
            frame = await track.recv()
            assert isinstance(frame, av.AudioFrame)
            caller.heard.append(np.asarray(frame.to_ndarray(), np.int16).reshape(-1, 2)[:, 0])
    except MediaStreamError:
        pass


def _state(caller: Caller) -> None:
    if caller.peer.connectionState in ("closed", "failed"):
        caller.is_gone.set()
