"""Serializers with a fault: what was said well leaves, or comes in, wrongly."""

import asyncio
import json
import time

from pipecat.frames.frames import AudioRawFrame, Frame, InterruptionFrame
from pipecat.serializers.twilio import TwilioFrameSerializer
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame as WebSocketFrame

FOREIGN_STREAM_SID = "MZ" + "f" * 32


class NoClearSerializer(TwilioFrameSerializer):
    """Never tells Twilio to drop the audio that it has already been sent."""

    async def serialize(self, frame: Frame) -> str | bytes | None:
        return None if isinstance(frame, InterruptionFrame) else await super().serialize(frame)


class BreakingUpSerializer(TwilioFrameSerializer):
    """Loses `lost_ms` of every second of audio."""

    def __init__(self, lost_ms: int, **kwargs):
        super().__init__(**kwargs)
        self._lost_s = lost_ms / 1000

    async def serialize(self, frame: Frame) -> str | bytes | None:
        if isinstance(frame, AudioRawFrame) and time.monotonic() % 1 < self._lost_s:
            return None
        return await super().serialize(frame)


class ForeignStreamSerializer(TwilioFrameSerializer):
    """Addresses everything after the caller's first turn to a stream that is not this call's."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._caller_spoke = False

    async def serialize(self, frame: Frame) -> str | bytes | None:
        self._caller_spoke = self._caller_spoke or isinstance(frame, InterruptionFrame)
        text = await super().serialize(frame)
        if text and self._caller_spoke:
            return json.dumps(json.loads(text) | {"streamSid": FOREIGN_STREAM_SID})
        return text


class ClippingSerializer(TwilioFrameSerializer):
    """Loses the first `lost_ms` of the call's audio."""

    def __init__(self, lost_ms: int, **kwargs):
        super().__init__(**kwargs)
        self._left_ms = float(lost_ms)

    async def serialize(self, frame: Frame) -> str | bytes | None:
        if isinstance(frame, AudioRawFrame) and self._left_ms > 0:
            self._left_ms -= 1000 * frame.num_frames / frame.sample_rate
            return None
        return await super().serialize(frame)


def keep_socket(for_ms: int) -> None:
    """Let the server answer a caller who closes only after `for_ms`.

    Uvicorn answers by itself and at once, so that no bot could keep its socket by accident
    without a server or a proxy that does.
    """
    handle_close = WebSocketsSansIOProtocol.handle_close

    def handle_close_late(protocol: WebSocketsSansIOProtocol, event: WebSocketFrame) -> None:
        asyncio.get_running_loop().call_later(for_ms / 1000, handle_close, protocol, event)

    WebSocketsSansIOProtocol.handle_close = handle_close_late
