"""The caller's voice as an aiortc track: paced by the call's own loop, coded when it is said.

aiortc asks a track for its next piece as soon as it has sent the last one; pieces that are coded
already are put into RTP packets at once. So a packet leaves when the call hands its frame over, and
nobody else keeps time.
"""

import asyncio
from typing import Any

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from pipecat_voice_test.call.webrtc.opus import Speaking


class Mouth(MediaStreamTrack):
    """Says what it is given."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._speaking = Speaking()
        self._packets: asyncio.Queue[av.Packet[Any] | None] = asyncio.Queue()

    def say(self, pcm: bytes) -> None:
        """Send a frame of 16-bit samples at 8000 Hz now."""
        for packet in self._speaking(pcm):
            self._packets.put_nowait(packet)

    async def recv(self) -> "av.Packet[Any]":
        packet = await self._packets.get() if self.readyState == "live" else None
        if packet is None:
            raise MediaStreamError
        return packet

    def stop(self) -> None:
        super().stop()
        self._packets.put_nowait(None)  # For whoever waits.
