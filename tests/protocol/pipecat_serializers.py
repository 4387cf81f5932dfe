"""Run by a Python that has Pipecat: what its own serializers make of our messages, and write.

Takes one JSON object with `frames` and `vonage`, each a list of our messages as base64 (binary) or
text; gives one with `read`, what each became, and `written`, what those serializers send.
"""

# mypy: disable-error-code="import-not-found"

import asyncio
import base64
import json
import sys
from types import SimpleNamespace
from typing import Any

from loguru import logger
from pipecat.audio.utils import pcm_to_wav
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InputTransportMessageFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageUrgentFrame,
    TextFrame,
    TranscriptionFrame,
)
from pipecat.serializers.protobuf import (
    ProtobufFrameSerializer,
)
from pipecat.serializers.vonage import VonageFrameSerializer

PCM = bytes(range(256)) * 5  # 640 samples, 26.7 ms at 24000 Hz.


def coded(data: str | bytes | None) -> Any:
    return base64.b64encode(data).decode() if isinstance(data, bytes) else {"text": data}


def decoded(message: Any) -> Any:
    return message["text"] if isinstance(message, dict) else base64.b64decode(message)


def told(frame: Frame | None) -> Any:
    match frame:
        case InputAudioRawFrame():
            return ["audio", coded(frame.audio), frame.sample_rate, frame.num_channels]
        case InputDTMFFrame():
            return ["key", frame.button.value]
        case InputTransportMessageFrame():
            return ["message", frame.message]
        case None:
            return None
        case _:
            return [type(frame).__name__]


async def of(serializer: Any, messages: list[Any], frames: list[Frame]) -> dict[str, Any]:
    await serializer.setup(SimpleNamespace(audio_in_sample_rate=16_000))
    return {
        "read": [told(await serializer.deserialize(decoded(one))) for one in messages],
        "written": [coded(await serializer.serialize(frame)) for frame in frames],
    }


async def main() -> None:
    given = json.load(sys.stdin)
    event = {"label": "rtvi-ai", "type": "bot-started-speaking", "id": "1"}
    frames = [
        OutputAudioRawFrame(PCM, 24_000, 1),
        OutputAudioRawFrame(pcm_to_wav(PCM, 24_000, 1), 24_000, 1),
        OutputAudioRawFrame(PCM, 24_000, 2),
        InterruptionFrame(),
        OutputTransportMessageUrgentFrame(event),
        TextFrame("hello"),
        TranscriptionFrame("hello", "caller", "2026-01-01T00:00:00"),
    ]
    notify = OutputTransportMessageUrgentFrame({"action": "notify", "payload": {"turn": 1}})
    audio = OutputAudioRawFrame(PCM, 16_000, 1)
    answers = {
        "frames": await of(ProtobufFrameSerializer(), given["frames"], frames),
        "vonage": await of(
            VonageFrameSerializer(), given["vonage"], [audio, InterruptionFrame(), notify]
        ),
    }
    json.dump(answers, sys.stdout)


logger.remove()
asyncio.run(main())
