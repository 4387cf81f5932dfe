"""The doors by which a caller can come in, each with Pipecat's own transport and serializer.

Pipecat's runner answers at most of them, whatever its `-t` says: at `/ws` Twilio, Telnyx, Plivo
and Exotel, told apart by their first messages, at `/ws-client` Pipecat's own framing, and at
`/api/offer` WebRTC. It ships a serializer for Vonage but no path; that is `/vonage` here.
"""

import os
import re
from collections.abc import Awaitable, Callable
from typing import Any

import call_api
import faulty
from background import Background
from fastapi import FastAPI, WebSocket
from faults import Fault
from pipecat.runner.types import RunnerArguments, WebSocketRunnerArguments
from pipecat.runner.utils import create_transport
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.serializers.plivo import PlivoFrameSerializer
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.serializers.telnyx import TelnyxFrameSerializer
from pipecat.serializers.vonage import VonageFrameSerializer
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.transports.websocket.fastapi import (
    FastAPIWebsocketParams,
    FastAPIWebsocketTransport,
)

PHONE_COMPANIES = ("twilio", "telnyx", "plivo", "exotel")
# Where nobody plays their call API, a serializer would ask the real one to hang up, and wait for
# an answer before it closes the socket: half a minute where the internet is walled off. A bot
# with a real number always hangs up.
HANGS_UP = bool(call_api.ADDRESS)


async def transport_of(runner_args: RunnerArguments, fault: Fault) -> BaseTransport:
    """The transport for one call, whichever door it came in by."""
    common = {
        "audio_in_enabled": True,
        "audio_out_enabled": True,
        "audio_out_10ms_chunks": fault.output_chunk_ms // 10,
        "audio_out_mixer": Background(fault.background) if fault.background else None,
    }
    if isinstance(runner_args, VonageRunnerArguments):
        return await _vonage_transport(runner_args.websocket, common)
    socket = FastAPIWebsocketParams(**common)
    transport = await create_transport(
        runner_args,
        {
            **dict.fromkeys(PHONE_COMPANIES, lambda: socket),
            "websocket": lambda: FastAPIWebsocketParams(
                serializer=ProtobufFrameSerializer(), **common
            ),
            "webrtc": lambda: TransportParams(**common),
        },
    )
    if isinstance(runner_args, WebSocketRunnerArguments):
        make = SERIALIZERS.get(runner_args.transport_type)
        socket.serializer = make(runner_args.call_data, fault) if make else socket.serializer
    return transport


# The runner's own serializers, except that they ask nobody to hang up where nobody is there.
SERIALIZERS: dict[str | None, Callable[[Any, Fault], FrameSerializer]] = {
    "twilio": lambda call, fault: faulty.make_serializer(
        fault,
        stream_sid=call["stream_id"],
        call_sid=call["call_id"],
        account_sid=os.getenv("TWILIO_ACCOUNT_SID", ""),
        auth_token=os.getenv("TWILIO_AUTH_TOKEN", ""),
        base_url=call_api.ADDRESS or None,
        params=faulty.TwilioFrameSerializer.InputParams(auto_hang_up=HANGS_UP),
    ),
    "telnyx": lambda call, _: TelnyxFrameSerializer(
        stream_id=call["stream_id"],
        call_control_id=call["call_id"],
        outbound_encoding=call["outbound_encoding"],
        inbound_encoding=call["outbound_encoding"],  # The same coding both ways.
        api_key=os.getenv("TELNYX_API_KEY", ""),
        params=TelnyxFrameSerializer.InputParams(auto_hang_up=HANGS_UP),
    ),
    "plivo": lambda call, _: PlivoFrameSerializer(
        stream_id=call["stream_id"],
        call_id=call["call_id"],
        auth_id=os.getenv("PLIVO_AUTH_ID", ""),
        auth_token=os.getenv("PLIVO_AUTH_TOKEN", ""),
        params=PlivoFrameSerializer.InputParams(auto_hang_up=HANGS_UP),
    ),
}


class VonageRunnerArguments(WebSocketRunnerArguments):
    """A call of Vonage's; the runner knows no such."""


def open_vonage_door(app: FastAPI, bot: Callable[[RunnerArguments], Awaitable[None]]) -> None:
    """Serve `/vonage` on the runner's own server."""

    @app.websocket("/vonage")
    async def vonage(websocket: WebSocket) -> None:
        await websocket.accept()
        await bot(VonageRunnerArguments(websocket=websocket, transport_type="vonage"))


async def _vonage_transport(websocket: WebSocket, common: dict[str, Any]) -> BaseTransport:
    """Vonage says in its first message at which rate it sends, and wants packets of 20 ms."""
    connected = await websocket.receive_json()
    rate = re.search(r"rate=(\d+)", connected["content-type"])
    rate_hz = int(rate[1]) if rate else 16000
    serializer = VonageFrameSerializer(
        VonageFrameSerializer.InputParams(vonage_sample_rate=rate_hz)
    )
    packet_bytes = rate_hz // 50 * 2
    params = FastAPIWebsocketParams(
        serializer=serializer, fixed_audio_packet_size=packet_bytes, **common
    )
    return FastAPIWebsocketTransport(websocket=websocket, params=params)
