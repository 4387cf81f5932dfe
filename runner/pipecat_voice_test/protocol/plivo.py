"""Plivo's end of an audio stream (PROTOCOL 9.2).

Counters are numbers on this wire, times are strings of Unix milliseconds. There is no message
before `start`, and none at the end: the socket is closed. A cleared checkpoint never comes back.

Source: https://www.plivo.com/docs/voice/audio-streaming/audio-streaming
"""

import binascii
import json
from collections.abc import Callable, Mapping

from pipecat_voice_test.audio.headers import file_header
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.findings import plivo as findings
from pipecat_voice_test.protocol.findings.messages import (
    EVENT_CHARACTERS,
    Understood,
    check_key,
    json_text,
    read_message,
    read_payload,
)
from pipecat_voice_test.protocol.findings.plivo import PLIVO
from pipecat_voice_test.protocol.identity import CallIdentity
from pipecat_voice_test.protocol.untrusted import printable
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

CONTENT_TYPE = "audio/x-mulaw"
HEADERS_BYTES = 512


class PlivoWire:
    """The messages of one call, numbered as they are written.

    Args:
        identity: What Plivo calls this call.
        parameters: They become `extra_headers`.
        unix_ms: Tells the time of day; asked once, when the call opens.

    Raises:
        UsageError: `extra_headers` cannot carry the parameters.
    """

    def __init__(
        self, identity: CallIdentity, parameters: Mapping[str, str], unix_ms: Callable[[], int]
    ) -> None:
        self._identity = identity
        self._extra_headers = extra_headers(parameters)
        self._headers_json = json.dumps(self._extra_headers)
        self._unix_ms = unix_ms
        self._stream_id = identity.stream_sid
        self._sequence = 0
        self._chunk = 0
        self._began_ms = 0

    @property
    def sequence(self) -> int:
        return self._sequence

    @property
    def marks_survive_clear(self) -> bool:
        return False

    def opening(self) -> list[OpeningMessage]:
        self._began_ms = self._unix_ms()
        message = {
            "event": "start",
            "sequenceNumber": self._next_sequence(),
            "start": {
                "callId": self._identity.call_sid,
                "streamId": self._stream_id,
                "accountId": self._identity.account_sid,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": CONTENT_TYPE, "sampleRate": SAMPLE_RATE_HZ},
            },
            "extra_headers": self._extra_headers,
        }
        return [OpeningMessage("start", json_text(message), self._sequence)]

    def media(self, ulaw: bytes) -> str:
        self._sequence += 1
        self._chunk += 1
        # Written by hand, as it is needed 50 times a second.
        payload = binascii.b2a_base64(ulaw, newline=False).decode("ascii")
        return (
            f'{{"event":"media","sequenceNumber":{self._sequence},'
            f'"streamId":"{self._stream_id}",'
            f'"media":{{"track":"inbound","timestamp":"{self._now_ms()}",'
            f'"chunk":{self._chunk},"payload":"{payload}"}},'
            f'"extra_headers":{self._headers_json}}}'
        )

    def dtmf(self, digit: str) -> str:
        """The message for one key (P-16).

        Raises:
            ValueError: There is no such key.
        """
        check_key(digit)
        message = {
            "event": "dtmf",
            "sequenceNumber": self._next_sequence(),
            "streamId": self._stream_id,
            "dtmf": {"track": "inbound", "digit": digit, "timestamp": str(self._now_ms())},
            "extra_headers": self._extra_headers,
        }
        return json_text(message)

    def mark(self, name: str) -> str:
        message = {
            "event": "playedStream",
            "sequenceNumber": self._next_sequence(),
            "streamId": self._stream_id,
            "name": name,
        }
        return json_text(message)

    def cleared(self) -> str:
        message = {
            "event": "clearedAudio",
            "sequenceNumber": self._next_sequence(),
            "streamId": self._stream_id,
        }
        return json_text(message)

    def stop(self) -> None:
        return None

    def objection(self, complaint: Complaint) -> None:
        return None

    def complain(self, trouble: Trouble, detail: str) -> Complaint:
        return PLIVO.trouble(trouble, detail)

    def parse(self, message: str | bytes) -> BotMessage:
        match read_message(message, PLIVO, self._stream_id):
            case Understood("playAudio") as understood:
                return _audio(understood)
            case Understood("checkpoint", fields, notes):
                return Mark(fields["name"], notes)
            case Understood(_, _, notes):
                return Clear(notes)
            case Rejected() as rejected:
                return rejected

    def _now_ms(self) -> int:
        return self._began_ms + self._chunk * FRAME_MS

    def _next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence


def extra_headers(parameters: Mapping[str, str]) -> str:
    """Parameters as Plivo passes them on: `name=value;name=value`.

    Raises:
        UsageError: They could not be told apart, or are too long.
    """
    for name, value in parameters.items():
        if set(name) & set("=;") or ";" in value:
            shown = printable(name[:EVENT_CHARACTERS])
            raise UsageError(
                f"The call parameter `{shown}` has `;` or `=` in it, and Plivo "
                "passes parameters on as `name=value;name=value`.",
                fix="leave them out, or pass an id by which the bot can look the rest up.",
            )
    headers = ";".join(f"{name}={value}" for name, value in parameters.items())
    size_bytes = len(headers.encode("utf-8", "surrogatepass"))
    if size_bytes > HEADERS_BYTES:
        raise UsageError(
            f"The call parameters have {size_bytes} bytes, written as `name=value;name=value`; "
            f"Plivo carries at most {HEADERS_BYTES}.",
            fix="shorten them, or pass an id by which the bot can look the rest up.",
        )
    return headers


def _audio(understood: Understood) -> BotMessage:
    event, fields = understood.event, understood.fields
    if fields["contentType"] != CONTENT_TYPE:
        return Rejected(event, (findings.other_type(fields["contentType"], CONTENT_TYPE),))
    if fields["sampleRate"] != SAMPLE_RATE_HZ:
        return Rejected(event, (findings.other_rate(fields["sampleRate"], SAMPLE_RATE_HZ),))
    ulaw = read_payload(PLIVO, understood)
    if isinstance(ulaw, Complaint):
        return Rejected(event, (ulaw,))
    notes = understood.notes
    if (header := file_header(ulaw)) is not None:
        notes = (PLIVO.file_header(header), *notes)
    return Media(ulaw, notes)
