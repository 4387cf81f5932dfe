"""The networks whose messages are JSON, and how a bot speaks to each of them."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipecat_voice_test.audio.alaw import ulaw_to_alaw
from pipecat_voice_test.audio.codec import decode_ulaw
from pipecat_voice_test.audio.l16 import write_l16
from pipecat_voice_test.protocol.exotel import ExotelWire
from pipecat_voice_test.protocol.identity import call_identity
from pipecat_voice_test.protocol.plivo import PlivoWire
from pipecat_voice_test.protocol.telnyx import TelnyxWire
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.protocol.wire import Data, Wire

from protocol import wires

TELNYX = call_identity(0, "greeting", 1, "telnyx")
PLIVO = call_identity(0, "greeting", 1, "plivo")
EXOTEL = call_identity(0, "greeting", 1, "exotel")
FROM, TO = "+15551230001", "+15551230002"
OPENED_MS = 1_795_391_517_120  # 2026-11-22T23:51:57.120Z


def opened_ms() -> int:
    return OPENED_MS


def telnyx(**options: Any) -> TelnyxWire:
    return TelnyxWire(TELNYX, FROM, TO, **{"parameters": {}, "unix_ms": opened_ms, **options})


def plivo(**options: Any) -> PlivoWire:
    return PlivoWire(PLIVO, **{"parameters": {}, "unix_ms": opened_ms, **options})


def exotel(**options: Any) -> ExotelWire:
    return ExotelWire(EXOTEL, FROM, TO, **{"parameters": {}, **options})


def same(ulaw: bytes) -> bytes:
    return ulaw


def linear(ulaw: bytes) -> bytes:
    return write_l16(decode_ulaw(ulaw))


@dataclass(frozen=True)
class Tongue:
    """How a bot speaks to one network.

    Attributes:
        make: Makes the network's end of a call.
        media_message, mark_message, clear_message: Without payload and name.
        encode: μ-law as this network carries it.
        echo: The `event` in which names come back, and the path to the name.
        forgets_marks: A `clear` returns none.
    """

    network: str
    make: Callable[[], Wire]
    media_message: dict[str, Any]
    mark_message: dict[str, Any]
    clear_message: dict[str, Any]
    encode: Callable[[bytes], bytes] = same
    echo: tuple[str, ...] = ("mark", "mark", "name")
    forgets_marks: bool = False

    def call(self, **options: Any) -> VirtualCall:
        """A call whose opening messages have been sent."""
        call = VirtualCall(self.make(), **options)
        call.start()
        call.messages_to_send()
        return call

    def media(self, ulaw: bytes) -> str:
        return self.payload(base64.b64encode(self.encode(ulaw)).decode())

    def payload(self, payload: Any) -> str:
        return json.dumps(
            self.media_message | {"media": self.media_message["media"] | {"payload": payload}}
        )

    def mark(self, name: str) -> str:
        if "mark" in self.mark_message:
            return json.dumps(self.mark_message | {"mark": {"name": name}})
        return json.dumps(self.mark_message | {"name": name})

    def clear(self) -> str:
        return json.dumps(self.clear_message)

    def marks_in(self, texts: Sequence[Data]) -> list[str]:
        """The names that came back among messages to the bot, in order."""
        event, *path = self.echo
        found = []
        for message in (json.loads(text) for text in texts):
            if message["event"] == event:
                for step in path:
                    message = message[step]
                found.append(message)
        return found


TWILIO_TONGUE = Tongue(
    "twilio",
    wires.wire,
    {"event": "media", "streamSid": wires.SID, "media": {}},
    {"event": "mark", "streamSid": wires.SID, "mark": {}},
    {"event": "clear", "streamSid": wires.SID},
)
TELNYX_TONGUE = Tongue(
    "telnyx", telnyx, {"event": "media", "media": {}}, {"event": "mark", "mark": {}},
    {"event": "clear"},
)  # fmt: skip
ALAW_TONGUE = Tongue(
    "telnyx in A-law",
    lambda: telnyx(alaw=True),
    TELNYX_TONGUE.media_message,
    TELNYX_TONGUE.mark_message,
    TELNYX_TONGUE.clear_message,
    ulaw_to_alaw,
)
PLIVO_TONGUE = Tongue(
    "plivo",
    plivo,
    {
        "event": "playAudio",
        "media": {"contentType": "audio/x-mulaw", "sampleRate": 8000},
        "streamId": PLIVO.stream_sid,
    },
    {"event": "checkpoint", "streamId": PLIVO.stream_sid},
    {"event": "clearAudio", "streamId": PLIVO.stream_sid},
    echo=("playedStream", "name"),
    forgets_marks=True,
)
EXOTEL_TONGUE = Tongue(
    "exotel",
    exotel,
    {"event": "media", "stream_sid": EXOTEL.stream_sid, "media": {}},
    {"event": "mark", "stream_sid": EXOTEL.stream_sid, "mark": {}},
    {"event": "clear", "stream_sid": EXOTEL.stream_sid},
    linear,
)
TONGUES = (TWILIO_TONGUE, TELNYX_TONGUE, ALAW_TONGUE, PLIVO_TONGUE, EXOTEL_TONGUE)
