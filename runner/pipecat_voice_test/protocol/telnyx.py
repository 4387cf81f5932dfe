"""Telnyx' end of a media stream (PROTOCOL 9.1).

Numbers that count or time things are strings on this wire. Unlike others it tells the bot what it
cannot use, by `error`. Messages may overtake each other on the way to the bot.

A stream in A-law says nothing of the way back: that has a codec of its own, which the bot's
application chose when it asked for the stream. So there the bot's audio is listened to, and played
in the law it is made in.

Source: https://developers.telnyx.com/api-reference/websockets/stream-call-media-over-websocket
"""

import binascii
from collections.abc import Callable, Mapping

from pipecat_voice_test.audio.alaw import LawGuess, alaw_to_ulaw, ulaw_to_alaw
from pipecat_voice_test.audio.headers import file_header
from pipecat_voice_test.protocol.findings import telnyx as findings
from pipecat_voice_test.protocol.findings.messages import (
    Understood,
    check_key,
    iso_8601,
    json_text,
    read_message,
    read_payload,
)
from pipecat_voice_test.protocol.identity import CallIdentity, session_id
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
from pipecat_voice_test.timeline import (
    FRAME_MS,
    FRAME_SAMPLES,
    SAMPLE_RATE_HZ,
    SAMPLES_PER_MS,
    Severity,
)

LONGEST_BYTES = 30 * SAMPLE_RATE_HZ
REORDERED_EVERY = 5  # Of so many frames one is overtaken by the next.
FRAMES_PER_SECOND = 1000 // FRAME_MS
# A bot that sends nothing but rubbish is told so, but not without end.
ERRORS_PER_SECOND = 50


class TelnyxWire:
    """The messages of one call, numbered as they are written.

    Args:
        identity: What Telnyx calls this call.
        from_number, to_number: Who calls whom.
        parameters: `start.custom_parameters`, which is left out without any.
        unix_ms: Tells the time of day; asked once, when the call opens.
        alaw: The stream to the bot is A-law, not μ-law.
        reorder: Now and then a frame overtakes the one before it. All are under way for 20 ms
            then, and the last one is lost when somebody hangs up.
    """

    def __init__(
        self,
        identity: CallIdentity,
        from_number: str,
        to_number: str,
        parameters: Mapping[str, str],
        unix_ms: Callable[[], int],
        *,
        alaw: bool = False,
        reorder: bool = False,
    ) -> None:
        self._identity = identity
        self._numbers = (from_number, to_number)
        self._parameters = dict(parameters)
        self._unix_ms = unix_ms
        self._network = findings.TELNYX_ALAW if alaw else findings.TELNYX
        self._guess = LawGuess() if alaw else None
        self._reorder = reorder
        self._stream_id = identity.stream_sid
        self._written = self._sent = 0  # Sequence numbers.
        self._under_way: list[tuple[int, Gathered]] = []
        self._chunk = 0
        self._began_ms = 0
        self._errors = 0
        self._errors_second = -1

    @property
    def sequence(self) -> int:
        return self._sent

    @property
    def marks_survive_clear(self) -> bool:
        return True

    def opening(self) -> list[OpeningMessage]:
        self._began_ms = self._unix_ms()
        start = {
            "user_id": self._identity.account_sid,
            "call_control_id": self._identity.call_sid,
            "call_session_id": session_id(self._identity),
            "from": self._numbers[0],
            "to": self._numbers[1],
            "tags": [],
            "client_state": "",
            "media_format": {
                "encoding": "PCMU" if self._guess is None else "PCMA",
                "sample_rate": SAMPLE_RATE_HZ,
                "channels": 1,
            },
        }
        if self._parameters:
            start["custom_parameters"] = self._parameters
        message = {
            "event": "start",
            "sequence_number": self._next_sequence(),
            "start": start,
            "stream_id": self._stream_id,
        }
        connected = {"event": "connected", "version": "1.0.0"}
        return [
            OpeningMessage("connected", json_text(connected), None),
            OpeningMessage("start", json_text(message), self._sent),
        ]

    def media(self, ulaw: bytes) -> str | None:
        payload = ulaw if self._guess is None else ulaw_to_alaw(ulaw)
        self._written += 1
        self._chunk += 1
        # Written by hand, as it is needed 50 times a second.
        text = (
            f'{{"event":"media","sequence_number":"{self._written}",'
            f'"media":{{"track":"inbound","chunk":"{self._chunk}",'
            f'"timestamp":"{self._chunk * FRAME_MS}","payload":"'
            f'{binascii.b2a_base64(payload, newline=False).decode("ascii")}"}},'
            f'"stream_id":"{self._stream_id}"}}'
        )
        if not self._reorder:
            self._sent = self._written
            return text
        frame = range(self._chunk - 1, self._chunk)
        self._under_way.append((self._written, Gathered(text, frame)))
        if len(self._under_way) < 2:
            return None
        overtakes = self._chunk % REORDERED_EVERY == 0
        self._sent, sent = self._under_way.pop(-1 if overtakes else 0)
        return sent

    def dtmf(self, digit: str) -> str:
        """The message for one key (P-16).

        Raises:
            ValueError: There is no such key.
        """
        check_key(digit)
        message = {
            "event": "dtmf",
            "stream_id": self._stream_id,
            "occurred_at": iso_8601(self._began_ms + self._chunk * FRAME_MS),
            "sequence_number": self._next_sequence(),
            "dtmf": {"digit": digit},
        }
        return json_text(message)

    def mark(self, name: str) -> str:
        message = {
            "event": "mark",
            "stream_id": self._stream_id,
            "sequence_number": self._next_sequence(),
            "mark": {"name": name},
        }
        return json_text(message)

    def stop(self) -> str:
        message = {
            "event": "stop",
            "sequence_number": self._next_sequence(),
            "stop": {
                "user_id": self._identity.account_sid,
                "call_control_id": self._identity.call_sid,
            },
            "stream_id": self._stream_id,
        }
        return json_text(message)

    def cleared(self) -> None:
        return None

    def objection(self, complaint: Complaint) -> str | None:
        """`error`, for what Telnyx does not use; so many in a second, then one more for that."""
        code = complaint.code or 0
        if complaint.severity is Severity.NOTE or code not in findings.ERRORS:
            return None
        second = self._chunk // FRAMES_PER_SECOND
        if second != self._errors_second:
            self._errors, self._errors_second = 0, second
        self._errors += 1
        if self._errors > ERRORS_PER_SECOND + 1:
            return None
        if self._errors > ERRORS_PER_SECOND:
            code = findings.TOO_MANY_ERRORS
        title, detail = findings.ERRORS[code]
        message = {
            "event": "error",
            "payload": {"code": code, "title": title, "detail": detail},
            "stream_id": self._stream_id,
        }
        return json_text(message)

    def complain(self, trouble: Trouble, detail: str) -> Complaint:
        return self._network.trouble(trouble, detail)

    def parse(self, message: str | bytes) -> BotMessage:
        match read_message(message, self._network, self._stream_id):
            case Understood("media") as understood:
                return self._read_media(understood)
            case Understood("mark", fields, notes):
                return Mark(fields["name"], notes)
            case Understood(_, _, notes):
                return Clear(notes)
            case Rejected() as rejected:
                return rejected

    def _read_media(self, understood: Understood) -> BotMessage:
        payload = read_payload(
            self._network, understood, most_bytes=LONGEST_BYTES, limit="30 seconds"
        )
        if isinstance(payload, Complaint):
            return Rejected(understood.event, (payload,))
        notes = understood.notes
        if len(payload) < FRAME_SAMPLES:
            notes = (findings.too_short(len(payload) / SAMPLES_PER_MS), *notes)
        if (header := file_header(payload)) is not None:
            notes = (self._network.file_header(header), *notes)
        if self._guess is not None:
            self._guess.listen(payload)
            if self._guess.is_alaw:
                return Media(alaw_to_ulaw(payload), notes)
            notes = (*notes, findings.other_law())
        return Media(payload, notes)

    def _next_sequence(self) -> str:
        self._written += 1
        self._sent = self._written
        return str(self._written)
