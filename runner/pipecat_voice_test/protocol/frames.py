"""A client's end of Pipecat's own framing: one protobuf `Frame` in each binary message.

The bot's audio is linear PCM at whatever rate each message states; an `interruption` empties the
queue as a `clear` does. There are no marks, and keys are told as events (PROTOCOL 9.6, 9.8).

The schema is put together here at import, so that neither a compiler nor generated code is needed.
Source: `frames.proto` of pipecat-ai 1.14.
"""

from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.headers import wav_samples
from pipecat_voice_test.audio.l16 import SAMPLE_BYTES, LinearEar, LinearMouth, read_l16
from pipecat_voice_test.audio.level import to_pcm
from pipecat_voice_test.protocol.events import rtvi
from pipecat_voice_test.protocol.findings import linear
from pipecat_voice_test.protocol.findings.coding import CodingGuess
from pipecat_voice_test.protocol.findings.messages import check_key
from pipecat_voice_test.protocol.findings.network import Network
from pipecat_voice_test.protocol.untrusted import printable, storable
from pipecat_voice_test.protocol.wire import (
    BotMessage,
    Clear,
    Complaint,
    Data,
    Media,
    Observed,
    OpeningMessage,
    Rejected,
    Trouble,
)

RATES_HZ = 16_000, 8000, 24_000, 48_000
# What a bot may state. Beyond this no bot speaks, and one message could take seconds to convert.
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 8000, 192_000
MOST_CHANNELS = 2
TEXT_CHARACTERS = 200
# Beyond this an event is not even read: it would keep the call waiting.
LONGEST_EVENT_CHARACTERS = 1 << 18

_CLIENT = Network("The client", "", {})
_Field = descriptor_pb2.FieldDescriptorProto
_STRING, _BYTES = _Field.TYPE_STRING, _Field.TYPE_BYTES
_UINT32, _UINT64 = _Field.TYPE_UINT32, _Field.TYPE_UINT64
# The number of a field is its place in its row. `pts` is optional there, which is the same on
# the wire.
_MESSAGES = {
    "TextFrame": (("id", _UINT64), ("name", _STRING), ("text", _STRING)),
    "AudioRawFrame": (
        *(("id", _UINT64), ("name", _STRING), ("audio", _BYTES)),
        *(("sample_rate", _UINT32), ("num_channels", _UINT32), ("pts", _UINT64)),
    ),
    "TranscriptionFrame": (
        *(("id", _UINT64), ("name", _STRING), ("text", _STRING)),
        *(("user_id", _STRING), ("timestamp", _STRING)),
    ),
    "MessageFrame": (("data", _STRING),),
    "InterruptionFrame": (("id", _UINT64), ("name", _STRING)),
}
_ONE_OF = {
    "text": "TextFrame",
    "audio": "AudioRawFrame",
    "transcription": "TranscriptionFrame",
    "message": "MessageFrame",
    "interruption": "InterruptionFrame",
}


def _frame_class() -> Any:
    """The class of `pipecat.Frame`, in a pool of its own: the bot's may be loaded as well."""
    file = descriptor_pb2.FileDescriptorProto(
        name="pipecat_voice_test/frames.proto", package="pipecat", syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields, start=1):
            message.field.add(name=field, number=number, type=kind, label=_Field.LABEL_OPTIONAL)
    frame = file.message_type.add(name="Frame")
    frame.oneof_decl.add(name="frame")
    for number, (field, name) in enumerate(_ONE_OF.items(), start=1):
        frame.field.add(
            name=field,
            number=number,
            type=_Field.TYPE_MESSAGE,
            type_name=f".pipecat.{name}",
            label=_Field.LABEL_OPTIONAL,
            oneof_index=0,
        )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("pipecat.Frame"))


Frame = _frame_class()


class FramesWire:
    """The messages of one call.

    Args:
        rate_hz: Of the caller's audio, one of `RATES_HZ`; the bot's pipeline must take it in at
            this rate, which is Pipecat's `audio_in_sample_rate`, usually 16000.
    """

    def __init__(self, rate_hz: int = RATES_HZ[0]) -> None:
        self._rate_hz = rate_hz
        self._mouth = LinearMouth(rate_hz)
        self._ear: LinearEar | None = None
        self._guess = CodingGuess(_CLIENT)
        self._events = 0

    @property
    def sequence(self) -> None:
        return None

    @property
    def marks_survive_clear(self) -> bool:
        return True

    def opening(self) -> list[OpeningMessage]:
        ready = _message(rtvi.client_ready(self._next_number()))
        return [OpeningMessage("client-ready", ready, None)]

    def media(self, ulaw: bytes) -> bytes:
        audio = {"audio": self._mouth(ulaw), "sample_rate": self._rate_hz, "num_channels": 1}
        return _bytes(Frame(audio=audio))

    def dtmf(self, digit: str) -> bytes:
        """The event for one key.

        Raises:
            ValueError: There is no such key.
        """
        check_key(digit)
        return _message(rtvi.key_pressed(digit, self._next_number()))

    def mark(self, name: str) -> None:
        return None

    def cleared(self) -> None:
        return None

    def objection(self, complaint: Complaint) -> None:
        return None

    def stop(self) -> None:
        return None

    def complain(self, trouble: Trouble, detail: str) -> Complaint:
        if trouble is Trouble.TOO_EARLY:
            what = "The bot sent a message before the call began"
            return _CLIENT.ignored(trouble, what, "wait until the client has connected.")
        return _CLIENT.trouble(trouble, detail)

    def parse(self, message: Data) -> BotMessage:
        if isinstance(message, str):
            complaint = _CLIENT.ignored(
                "text_frame",
                f"The bot sent a text frame of {len(message)} characters, where frames are binary",
                "give its transport `ProtobufFrameSerializer`.",
            )
            return Rejected("text", (complaint,))
        try:
            frame = Frame.FromString(message)
        except DecodeError:
            what = f"The bot sent {len(message)} bytes that are no protobuf `Frame`"
            return _unreadable("not_protobuf", what)
        match frame.WhichOneof("frame"):
            case "audio":
                return self._audio(frame.audio)
            case "interruption":
                if self._ear is not None:
                    self._ear.clear()
                return Clear()
            case "message":
                event = frame.message.data
                if len(event) > LONGEST_EVENT_CHARACTERS:
                    return Observed("message", f"{len(event)} characters")
                return rtvi.read_event(event)
            case "text" | "transcription" as kind:
                text = printable(storable(getattr(frame, kind).text, TEXT_CHARACTERS))
                return Observed(kind, text)
            case _:
                return _unreadable("no_frame", "The bot sent a `Frame` of no kind that is known")

    def _audio(self, audio: Any) -> BotMessage:
        rate_hz, channels = audio.sample_rate, audio.num_channels
        if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
            what = f"The bot sent audio of {rate_hz} samples a second"
            fix = f"state a `sample_rate` of {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ}."
            return Rejected("audio", (_CLIENT.ignored("sample_rate", what, fix),))
        if not 1 <= channels <= MOST_CHANNELS:
            what = f"The bot sent audio of {channels} channels"
            fix = "state `num_channels` as it is, 1 or 2."
            return Rejected("audio", (_CLIENT.ignored("num_channels", what, fix),))
        samples = wav_samples(audio.audio)
        data: bytes = audio.audio if samples is None else samples
        sample_bytes = SAMPLE_BYTES * channels
        if len(data) < sample_bytes:
            return Rejected("audio", (linear.nothing_in_it(_CLIENT, len(data), "a frame"),))
        complaints = linear.begins_like_a_file(_CLIENT, data)
        if len(data) % sample_bytes:
            complaints += (linear.half_a_sample(_CLIENT, len(data), sample_bytes),)
        if channels == 1:
            complaints += self._guess.listen(data)
        pcm = _mono(read_l16(data), channels)
        if self._ear is None or self._ear.rate_hz != rate_hz:
            self._ear = LinearEar(rate_hz)
        return Media(self._ear(pcm), complaints)

    def _next_number(self) -> int:
        self._events += 1
        return self._events


def _mono(pcm: Pcm, channels: int) -> Pcm:
    """The mean of both channels; a sample of one alone is left out."""
    if channels == 1:
        return pcm
    pairs = pcm[: len(pcm) - len(pcm) % channels].reshape(-1, channels)
    return to_pcm(pairs.mean(axis=1, dtype=np.float32))


def _message(event: str) -> bytes:
    return _bytes(Frame(message={"data": event}))


def _bytes(frame: Any) -> bytes:
    written: bytes = frame.SerializeToString()
    return written


def _unreadable(case: str, what: str) -> Rejected:
    fix = "send each frame whole, as `ProtobufFrameSerializer` writes it."
    return Rejected("unreadable", (_CLIENT.ignored(case, what, fix),))
