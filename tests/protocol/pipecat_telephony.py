"""Run by a Python that has Pipecat: what its own runner and serializers make of our messages.

Takes one JSON object: by name, lists of our messages in the order in which a bot gets them; gives
for each what the runner took it for, what it read out of the start, what became of each later
message, and what its serializer writes for a tone in pieces of 40 ms and for an interruption.
"""

# mypy: disable-error-code="import-not-found"

import asyncio
import audioop
import json
import math
import os
import struct
import sys
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
)
from pipecat.runner import utils
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams

HEARD_BY_RUNNER = 2  # Messages it reads before there is a serializer.
RATE_HZ = 8000
PIECE_SAMPLES = 320

for name in ("TELNYX_API_KEY", "PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN"):
    os.environ[name] = "dummy"


class Line:
    """A WebSocket on which our messages arrive."""

    def __init__(self, messages: list[str]) -> None:
        self._messages = iter(messages)

    async def iter_text(self) -> AsyncIterator[str]:
        for message in self._messages:
            yield message


def told(frame: Frame | None) -> Any:
    match frame:
        case InputAudioRawFrame():
            level = audioop.rms(frame.audio, 2)
            return ["audio", frame.sample_rate, len(frame.audio) // 2, level]
        case InputDTMFFrame():
            return ["key", frame.button.value]
        case None:
            return None
        case _:
            return [type(frame).__name__]


def tone() -> list[bytes]:
    at = [round(8000 * math.sin(2 * math.pi * 440 * n / RATE_HZ)) for n in range(5 * PIECE_SAMPLES)]
    pcm = struct.pack(f"<{len(at)}h", *at)
    return [pcm[first : first + 2 * PIECE_SAMPLES] for first in range(0, len(pcm), 640)]


async def bot(messages: list[str]) -> dict[str, Any]:
    line: Any = Line(messages)
    kind, call_data = await utils.parse_telephony_websocket(line)
    params = FastAPIWebsocketParams()
    await utils._create_telephony_transport(line, params, kind, call_data)
    serializer = params.serializer
    assert serializer is not None
    setup: Any = SimpleNamespace(audio_in_sample_rate=RATE_HZ)
    await serializer.setup(setup)
    audio = [OutputAudioRawFrame(piece, RATE_HZ, 1) for piece in tone()]
    return {
        "kind": kind,
        "call": {key: call_data.get(key) for key in ("stream_id", "call_id", "from", "to", "body")},
        "read": [told(await serializer.deserialize(one)) for one in messages[HEARD_BY_RUNNER:]],
        "written": [await serializer.serialize(frame) for frame in [*audio, InterruptionFrame()]],
    }


async def main() -> None:
    given = json.load(sys.stdin)
    json.dump({name: await bot(messages) for name, messages in given.items()}, sys.stdout)


logger.remove()
asyncio.run(main())
