"""Exotel's end of a media stream (PROTOCOL 9.3).

Audio is linear 16-bit little-endian PCM, and five frames go into one message, so the bot hears
the caller up to 80 ms later than on other networks. Numbers are strings on this wire, those of
`media_format` too.

Source: https://developer.exotel.com/docs/agentstream/websocket-protocol
"""

import binascii
from collections.abc import Mapping

from pipecat_voice_test.audio.l16 import SAMPLE_BYTES, LinearEar, LinearMouth, read_l16
from pipecat_voice_test.protocol.findings import exotel as findings
from pipecat_voice_test.protocol.findings import linear
from pipecat_voice_test.protocol.findings.coding import CodingGuess
from pipecat_voice_test.protocol.findings.messages import (
    Understood,
    check_key,
    json_text,
    read_message,
    read_payload,
)
from pipecat_voice_test.protocol.identity import CallIdentity
from pipecat_voice_test.protocol.wire import (
    BotMessage,
    Clear,
    Complaint,
    Gathered,
    Mark,
    Media,
    OpeningMessage,
    Rejected,
    Trouble,
)
from pipecat_voice_test.timeline import FRAME_MS, SAMPLE_RATE_HZ

FRAMES_PER_MESSAGE = 5
KEY_MS = 100  # P-16: how long a key is pressed, for all that the bot is told.


class ExotelWire:
    """The messages of one call, numbered as they are written.

    The last frames are not sent if they fill no message when somebody hangs up.

    Args:
        identity: What Exotel calls this call.
        from_number, to_number: Who calls whom.
        parameters: `start.custom_parameters`.
        rate_hz: Sample rate of the stream in both directions.
    """

    def __init__(
        self,
        identity: CallIdentity,
        from_number: str,
        to_number: str,
        parameters: Mapping[str, str],
        rate_hz: int = SAMPLE_RATE_HZ,
    ) -> None:
        self._identity = identity
        self._numbers = (from_number, to_number)
        self._parameters = dict(parameters)
        self._rate_hz = rate_hz
        self._network = findings.exotel(rate_hz)
        self._mouth = LinearMouth(rate_hz)
        self._ear = LinearEar(rate_hz)
        self._guess = CodingGuess(self._network)
        self._stream_sid = identity.stream_sid
        self._gathered: list[bytes] = []
        self._sequence = 0
        self._chunk = 0

    @property
    def sequence(self) -> int:
        return self._sequence

    @property
    def marks_survive_clear(self) -> bool:
        return True

    def opening(self) -> list[OpeningMessage]:
        message = {
            "event": "start",
            "sequence_number": self._next_sequence(),
            "stream_sid": self._stream_sid,
            "start": {
                "stream_sid": self._stream_sid,
                "call_sid": self._identity.call_sid,
                "account_sid": self._identity.account_sid,
                "from": self._numbers[0],
                "to": self._numbers[1],
                "custom_parameters": self._parameters,
                "media_format": {
                    "encoding": "audio/x-raw",
                    "sample_rate": str(self._rate_hz),
                    "bit_rate": "16",
                },
            },
        }
        return [
            OpeningMessage("connected", json_text({"event": "connected"}), None),
            OpeningMessage("start", json_text(message), self._sequence),
        ]

    def media(self, ulaw: bytes) -> str | None:
        self._gathered.append(ulaw)
        if len(self._gathered) < FRAMES_PER_MESSAGE:
            return None
        l16 = self._mouth(b"".join(self._gathered))
        self._gathered.clear()
        self._chunk += 1
        message = {
            "event": "media",
            "sequence_number": self._next_sequence(),
            "stream_sid": self._stream_sid,
            "media": {
                "chunk": str(self._chunk),
                "timestamp": str(self._chunk * FRAMES_PER_MESSAGE * FRAME_MS),
                "payload": binascii.b2a_base64(l16, newline=False).decode("ascii"),
            },
        }
        last = self._chunk * FRAMES_PER_MESSAGE
        return Gathered(json_text(message), range(last - FRAMES_PER_MESSAGE, last))

    def dtmf(self, digit: str) -> str:
        """The message for one key (P-16).

        Raises:
            ValueError: There is no such key.
        """
        check_key(digit)
        message = {
            "event": "dtmf",
            "sequence_number": self._next_sequence(),
            "stream_sid": self._stream_sid,
            "dtmf": {"digit": digit, "duration": str(KEY_MS)},
        }
        return json_text(message)

    def mark(self, name: str) -> str:
        message = {
            "event": "mark",
            "sequence_number": self._next_sequence(),
            "stream_sid": self._stream_sid,
            "mark": {"name": name},
        }
        return json_text(message)

    def stop(self) -> str:
        message = {
            "event": "stop",
            "sequence_number": self._next_sequence(),
            "stream_sid": self._stream_sid,
            "stop": {
                "call_sid": self._identity.call_sid,
                "account_sid": self._identity.account_sid,
                "reason": "callended",
            },
        }
        return json_text(message)

    def cleared(self) -> None:
        return None

    def objection(self, complaint: Complaint) -> None:
        return None

    def complain(self, trouble: Trouble, detail: str) -> Complaint:
        return self._network.trouble(trouble, detail)

    def parse(self, message: str | bytes) -> BotMessage:
        match read_message(message, self._network, self._stream_sid):
            case Understood("media") as understood:
                return self._read_media(understood)
            case Understood("mark", fields, notes):
                return Mark(fields["name"], notes)
            case Understood(_, _, notes):
                self._ear.clear()
                return Clear(notes)
            case Rejected() as rejected:
                return rejected

    def _read_media(self, understood: Understood) -> BotMessage:
        payload = read_payload(
            self._network,
            understood,
            most_bytes=findings.MOST_BYTES,
            limit=f"{findings.MOST_BYTES} bytes",
        )
        if isinstance(payload, Complaint):
            return Rejected(understood.event, (payload,))
        if len(payload) < SAMPLE_BYTES:
            nothing = linear.nothing_in_it(self._network, len(payload), "a `media` message")
            return Rejected(understood.event, (nothing,))
        header = linear.begins_like_a_file(self._network, payload)
        coding = self._guess.listen(payload)
        notes = (*header, *coding, *findings.sizes(len(payload)), *understood.notes)
        return Media(self._ear(read_l16(payload)), notes)

    def _next_sequence(self) -> str:
        self._sequence += 1
        return str(self._sequence)
