"""Twilio's end of a media stream: the messages it writes and those it reads (PROTOCOL 2, 4).

Numbers that count or time things are strings on this wire; `sampleRate` and `channels` are
numbers. Everything written is plain ASCII.

Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages
"""

import binascii
from collections.abc import Mapping

from pipecat_voice_test.audio.headers import file_header
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.findings.messages import (
    EVENT_CHARACTERS,
    Understood,
    check_key,
    json_text,
    read_message,
    read_payload,
)
from pipecat_voice_test.protocol.findings.twilio import TWILIO
from pipecat_voice_test.protocol.identity import CallIdentity
from pipecat_voice_test.protocol.wire import (
    BotMessage,
    Clear,
    Complaint,
    Mark,
    Media,
    OpeningMessage,
    Rejected,
    Trouble,
)
from pipecat_voice_test.timeline import FRAME_MS, SAMPLE_RATE_HZ

DEFAULT_FIRST_TIMESTAMP_MS = 20  # P-14: real streams begin somewhere between 5 and 200.
PARAMETER_CHARACTERS = 500  # P-13: name and value together must stay below.


class TwilioWire:
    """The messages of one call, numbered as they are written (P-11).

    Args:
        identity: What the network calls this call.
        parameters: `start.customParameters` (P-13).
        first_timestamp_ms: Presentation time of the first frame (P-14).

    Raises:
        UsageError: A parameter is too long for the network.
    """

    def __init__(
        self,
        identity: CallIdentity,
        parameters: Mapping[str, str],
        first_timestamp_ms: int = DEFAULT_FIRST_TIMESTAMP_MS,
    ) -> None:
        check_parameters(parameters)
        self._identity = identity
        self._parameters = dict(parameters)
        self._stream_sid = identity.stream_sid
        self._sequence = 0
        self._chunk = 0
        self._timestamp_ms = first_timestamp_ms - FRAME_MS

    @property
    def sequence(self) -> int:
        return self._sequence

    @property
    def marks_survive_clear(self) -> bool:
        return True

    def opening(self) -> list[OpeningMessage]:
        connected = {"event": "connected", "protocol": "Call", "version": "1.0.0"}
        start = {
            "event": "start",
            "sequenceNumber": self._next_sequence(),
            "start": {
                "accountSid": self._identity.account_sid,
                "streamSid": self._stream_sid,
                "callSid": self._identity.call_sid,
                "tracks": ["inbound"],
                "mediaFormat": {
                    "encoding": "audio/x-mulaw",
                    "sampleRate": SAMPLE_RATE_HZ,
                    "channels": 1,
                },
                "customParameters": self._parameters,
            },
            "streamSid": self._stream_sid,
        }
        return [
            OpeningMessage("connected", json_text(connected), None),
            OpeningMessage("start", json_text(start), self._sequence),
        ]

    def media(self, ulaw: bytes) -> str:
        # Written by hand: a call needs this 50 times a second, and `json.dumps` takes as long
        # as all the rest of a frame.
        self._sequence += 1
        self._chunk += 1
        self._timestamp_ms += FRAME_MS
        payload = binascii.b2a_base64(ulaw, newline=False).decode("ascii")
        return (
            f'{{"event":"media","sequenceNumber":"{self._sequence}",'
            f'"media":{{"track":"inbound","chunk":"{self._chunk}",'
            f'"timestamp":"{self._timestamp_ms}","payload":"{payload}"}},'
            f'"streamSid":"{self._stream_sid}"}}'
        )

    def dtmf(self, digit: str) -> str:
        """The message for one key (P-16).

        Raises:
            ValueError: There is no such key.
        """
        check_key(digit)
        message = {
            "event": "dtmf",
            "streamSid": self._stream_sid,
            "sequenceNumber": self._next_sequence(),
            # Spelled differently from the track of media messages, as on the real wire.
            "dtmf": {"track": "inbound_track", "digit": digit},
        }
        return json_text(message)

    def mark(self, name: str) -> str:
        message = {
            "event": "mark",
            "sequenceNumber": self._next_sequence(),
            "streamSid": self._stream_sid,
            "mark": {"name": name},
        }
        return json_text(message)

    def stop(self) -> str:
        message = {
            "event": "stop",
            "sequenceNumber": self._next_sequence(),
            "stop": {
                "accountSid": self._identity.account_sid,
                "callSid": self._identity.call_sid,
            },
            "streamSid": self._stream_sid,
        }
        return json_text(message)

    def cleared(self) -> None:
        return None

    def objection(self, complaint: Complaint) -> None:
        return None

    def complain(self, trouble: Trouble, detail: str) -> Complaint:
        return TWILIO.trouble(trouble, detail)

    def parse(self, message: str | bytes) -> BotMessage:
        match read_message(message, TWILIO, self._stream_sid):
            case Understood("media") as understood:
                return _media(understood)
            case Understood("mark", fields, notes):
                return Mark(fields["name"], notes)
            case Understood(_, _, notes):
                return Clear(notes)
            case Rejected() as rejected:
                return rejected

    def _next_sequence(self) -> str:
        self._sequence += 1
        return str(self._sequence)


def check_parameters(parameters: Mapping[str, str]) -> None:
    """Refuse parameters the network would not carry (P-13).

    Raises:
        UsageError: Name and value of one together have 500 characters or more.
    """
    for name, value in parameters.items():
        if len(name) + len(value) >= PARAMETER_CHARACTERS:
            raise UsageError(
                f"The call parameter `{name[:EVENT_CHARACTERS]}` has {len(name) + len(value)} "
                f"characters, name and value together; the network carries fewer than "
                f"{PARAMETER_CHARACTERS}.",
                fix="shorten it, or pass an id by which the bot can look the rest up.",
            )


def _media(understood: Understood) -> BotMessage:
    ulaw = read_payload(TWILIO, understood)
    if isinstance(ulaw, Complaint):
        return Rejected(understood.event, (ulaw,))
    notes = understood.notes
    if (header := file_header(ulaw)) is not None:
        notes = (TWILIO.file_header(header), *notes)
    return Media(ulaw, notes)
