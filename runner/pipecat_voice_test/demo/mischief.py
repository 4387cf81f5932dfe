"""Faults of the wire and of the process: what a bot does that has nothing to do with talking."""

import asyncio
import base64
import json
import os
import socket
import struct
from collections.abc import Mapping

from websockets.asyncio.server import ServerConnection

HELD_S = 8.0
EXIT_CODE = 3
PING_S = 0.2
WIRE_MISCHIEF_S = 1.0
FLOOD_SHARE = 50  # Marks in a row.
HUGE_BYTES = 17 * 1024 * 1024
SMALL_BUFFER_BYTES = 4096  # Whoever does not read should not hide it in the kernel's buffers.


class StubbornConnection(ServerConnection):
    """Does not answer the caller's close for `HELD_S`."""

    _holding = False

    def send_data(self) -> None:
        if self.protocol.close_rcvd is None:
            super().send_data()
        elif not self._holding:
            self._holding = True
            self.loop.call_later(HELD_S, super().send_data)


def die() -> None:
    """The process ends as if it had crashed."""
    os._exit(EXIT_CODE)


async def make_mischief(
    connection: ServerConnection, stream_sid: str, faults: Mapping[str, float]
) -> None:
    """Do to one call what the faults ask for. Call it when the call begins."""
    loop = asyncio.get_running_loop()
    if "dies-in-call" in faults:
        loop.call_later(faults["dies-in-call"] / 1000, die)
    if "malformed" in faults:
        for message in _malformed(stream_sid):
            await connection.send(message)
    ends_ms = min(faults.get("reset", 1e12), faults.get("crash", 1e12))
    ends = loop.create_task(_vanish(connection, ends_ms / 1000, reset="reset" in faults))
    try:
        if "pings" in faults:
            await _ping_forever(connection)
        await asyncio.sleep(WIRE_MISCHIEF_S)
        if "huge-message" in faults:
            payload = base64.b64encode(bytes(HUGE_BYTES * 3 // 4)).decode()
            await connection.send(_message("media", stream_sid, media={"payload": payload}))
        for number in range(int(faults.get("marks-flood", 0))):
            await connection.send(_message("mark", stream_sid, mark={"name": f"flood-{number}"}))
            if number % FLOOD_SHARE == 0:
                await asyncio.sleep(0)  # Its voice goes on meanwhile.
        await ends
    finally:
        ends.cancel()


async def _ping_forever(connection: ServerConnection) -> None:
    while True:
        await connection.ping()
        await asyncio.sleep(PING_S)


async def _vanish(connection: ServerConnection, after_s: float, *, reset: bool) -> None:
    """End the TCP connection without a close frame."""
    await asyncio.sleep(after_s)
    if reset:
        # Lingering for no time at all makes the kernel send RST in place of FIN.
        peer = connection.transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.transport.abort()


def _malformed(stream_sid: str) -> list[str | bytes]:
    return [
        b"\x00\x01binary",
        '{"event": "media", ',
        _message("applause", stream_sid),
        _message("media", stream_sid, media={}),
        _message("media", stream_sid, media={"payload": "not*base64"}),
    ]


def _message(event: str, stream_sid: str, **parts: object) -> str:
    return json.dumps({"event": event, "streamSid": stream_sid, **parts})
