"""Twilio's end of a media stream: the messages it writes and those it reads (PROTOCOL 2, 4).

Numbers that count or time things are strings on this wire; `sampleRate` and `channels` are
numbers. Everything written is plain ASCII.

Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages
"""

import binascii
import json
from collections.abc import Mapping
from typing import Any

from pipecat_voice_test.audio.headers import file_header
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.findings import twilio as findings
from pipecat_voice_test.protocol.identity import CallIdentity
from pipecat_voice_test.protocol.untrusted import (
    RepeatedKeys,
    Unreadable,
    printable,
    read_base64,
    read_json,
    storable,
)
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
KEYS = frozenset("0123456789*#")
EVENT_CHARACTERS = 40

_EXPECTED = {
    "media": ("event", "streamSid", "media"),
    "mark": ("event", "streamSid", "mark"),
    "clear": ("event", "streamSid"),
}


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
            OpeningMessage("connected", _json(connected), None),
            OpeningMessage("start", _json(start), self._sequence),
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
        if digit not in KEYS:
            raise ValueError(f"{digit!r} is not a key of a telephone")
        message = {
            "event": "dtmf",
            "streamSid": self._stream_sid,
            "sequenceNumber": self._next_sequence(),
            # Spelled differently from the track of media messages, as on the real wire.
            "dtmf": {"track": "inbound_track", "digit": digit},
        }
        return _json(message)

    def mark(self, name: str) -> str:
        message = {
            "event": "mark",
            "sequenceNumber": self._next_sequence(),
            "streamSid": self._stream_sid,
            "mark": {"name": name},
        }
        return _json(message)

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
        return _json(message)

    def cleared(self) -> None:
        return None

    def objection(self, complaint: Complaint) -> None:
        return None

    def complain(self, trouble: Trouble, detail: str) -> Complaint:
        return findings.trouble(trouble, detail)

    def parse(self, message: str | bytes) -> BotMessage:
        if not isinstance(message, str):
            return Rejected("binary", (findings.binary_frame(len(message)),))
        try:
            fields = read_json(message)
        except Unreadable as unreadable:
            return Rejected("unreadable", (findings.not_json(str(unreadable)),))
        if not isinstance(fields, dict):
            return Rejected("unreadable", (findings.not_an_object(fields),))
        event = fields.get("event")
        if not isinstance(event, str):
            return Rejected("unreadable", (_field_complaint("", fields, "event", "a string"),))
        if event not in _EXPECTED:
            name = printable(storable(event, EVENT_CHARACTERS))
            return Rejected(name, (findings.unknown_event(event),))
        if fields.get("streamSid") != self._stream_sid:
            return Rejected(event, (self._stream_complaint(event, fields),))
        if event == "clear":
            return Clear(_notes(event, fields, {}))
        return _with_body(event, fields)

    def _stream_complaint(self, event: str, fields: dict[str, Any]) -> Complaint:
        stream_sid = fields.get("streamSid")
        if isinstance(stream_sid, str):
            return findings.foreign_stream(event, stream_sid, self._stream_sid)
        return _field_complaint(event, fields, "streamSid", "a string")

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


def _with_body(event: str, fields: dict[str, Any]) -> BotMessage:
    """Read the part of a `media` or `mark` message that carries its name."""
    body = fields.get(event)
    if not isinstance(body, dict):
        return Rejected(event, (_field_complaint(event, fields, event, "an object"),))
    key = "payload" if event == "media" else "name"
    text = body.get(key)
    if not isinstance(text, str):
        complaint = _field_complaint(event, body, key, "a string", f"{event}.")
        return Rejected(event, (complaint,))
    if event == "mark":
        return Mark(text, _notes(event, fields, body))
    if not text:
        return Rejected(event, (findings.empty_payload(),))
    try:
        ulaw = read_base64(text)
    except Unreadable as unreadable:
        return Rejected(event, (findings.not_base64(str(unreadable)),))
    notes = _notes(event, fields, body)
    if (header := file_header(ulaw)) is not None:
        notes = (findings.file_header(header), *notes)
    return Media(ulaw, notes)


def _field_complaint(
    event: str, fields: dict[str, Any], field: str, wanted: str, path: str = ""
) -> Complaint:
    if field in fields:
        return findings.wrong_type(event, path + field, fields[field], wanted)
    return findings.missing_field(event, path + field)


def _notes(event: str, fields: dict[str, Any], body: dict[str, Any]) -> tuple[Complaint, ...]:
    """What is odd about a message that is accepted; its required fields are all there."""
    expected = _EXPECTED[event]
    repeated = isinstance(fields, RepeatedKeys) or isinstance(body, RepeatedKeys)
    if len(fields) == len(expected) and len(body) <= 1 and not repeated:
        return ()
    notes: tuple[Complaint, ...] = ()
    extra = [name for name in fields if name not in expected]
    wanted = "payload" if event == "media" else "name"
    extra += [f"{event}.{name}" for name in body if name != wanted]
    if extra:
        notes = (findings.extra_fields(event, extra),)
    return (*notes, findings.repeated_keys(event)) if repeated else notes


def _json(message: dict[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))
