"""A caller's end of a WebRTC call to a Pipecat bot (PROTOCOL 9.7), without I/O.

Text goes over the data channel; bytes are audio, and begin with one that tells whose they are:
what the bot says is linear PCM at 48000 Hz, as Opus gives it, what the caller says is 8000 Hz,
which Opus takes as it is. A binary message on the data channel has a byte of its own.

There are no marks and no `clear`: the bot sends what is to be heard now, in real time, and ceases.
"""

import json

import numpy as np

from pipecat_voice_test.audio.codec import Pcm, decode_ulaw, encode_ulaw
from pipecat_voice_test.audio.resample import Resampler
from pipecat_voice_test.protocol.events import rtvi
from pipecat_voice_test.protocol.findings.messages import check_key
from pipecat_voice_test.protocol.wire import (
    BotMessage,
    Complaint,
    Media,
    Observed,
    OpeningMessage,
    Rejected,
    Trouble,
)
from pipecat_voice_test.timeline import SAMPLE_RATE_HZ

HEARD_HZ = 48_000  # Opus gives all its audio at this rate, whatever the bot's own.
AUDIO = b"\x01"
BINARY = b"\x02"
AUDIO_TRACK = 0  # Which transceiver it is; those of camera and screen would follow.

_TROUBLES = {
    Trouble.TOO_EARLY: "came before the call began, so nobody heard it",
    Trouble.TOO_MANY_MARKS: "asks for marks, which WebRTC does not have",
    Trouble.MEDIA_DISCARDED: "sent so far ahead of time that this much could not be queued",
    Trouble.PROTOCOL_ERROR: "broke the rules of WebRTC, so the connection was dropped",
    Trouble.MESSAGE_TOO_BIG: "sent a message over the limit, so the connection was dropped",
}


def audio_message(pcm: Pcm) -> bytes:
    """What the bot said, as `WebRtcWire.parse` takes it.

    Args:
        pcm: Mono, 48000 Hz.
    """
    return AUDIO + pcm.tobytes()


class WebRtcWire:
    """The messages of one call.

    Attributes:
        keys: How many were pressed.
        is_understood: The bot has answered `client-ready`, so it knows events, keys among them.
    """

    def __init__(self) -> None:
        self.keys = 0
        self.is_understood = False
        self._numbered = 0
        self._to_ear = Resampler(HEARD_HZ, SAMPLE_RATE_HZ)

    @property
    def sequence(self) -> None:
        return None

    @property
    def marks_survive_clear(self) -> bool:
        return True

    def opening(self) -> list[OpeningMessage]:
        status = {"type": "trackStatus", "receiver_index": AUDIO_TRACK, "enabled": True}
        signal = json.dumps({"type": "signalling", "message": status}, separators=(",", ":"))
        return [
            OpeningMessage("trackStatus", signal, None),
            OpeningMessage("client-ready", rtvi.client_ready(self._next_number()), None),
        ]

    def media(self, ulaw: bytes) -> bytes:
        return decode_ulaw(ulaw).tobytes()

    def dtmf(self, digit: str) -> str:
        """The event for one key.

        Raises:
            ValueError: There is no such key.
        """
        check_key(digit)
        self.keys += 1
        return rtvi.key_pressed(digit, self._next_number())

    def mark(self, name: str) -> None:
        return None

    def cleared(self) -> None:
        return None

    def objection(self, complaint: Complaint) -> None:
        return None

    def stop(self) -> None:
        return None

    def parse(self, message: str | bytes) -> BotMessage:
        if isinstance(message, str):
            read = rtvi.read_event(message)
            self.is_understood |= isinstance(read, Observed) and read.event == rtvi.BOT_READY
            return read
        if message[:1] == AUDIO and len(message) % 2:
            return Media(encode_ulaw(self._to_ear(np.frombuffer(message, "<i2", offset=1))))
        if message[:1] == BINARY:
            return Observed("binary", f"{len(message) - 1} bytes")
        return Rejected("unreadable", (self.complain(Trouble.PROTOCOL_ERROR, "no audio"),))

    def complain(self, trouble: Trouble, detail: str) -> Complaint:
        more = f" ({detail})" if detail else ""
        return Complaint(trouble.value, trouble.value, f"the bot {_TROUBLES[trouble]}{more}")

    def _next_number(self) -> int:
        self._numbered += 1
        return self._numbered
