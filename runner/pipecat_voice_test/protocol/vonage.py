"""Vonage's end of a WebSocket: linear PCM in binary messages, everything else as JSON text.

What it tells carries an `event`, what it is told an `action`; nothing is numbered, and nothing is
said at the end of a call (PROTOCOL 9.4).

Source: https://developer.vonage.com/en/voice/voice-api/guides/websockets
"""

import json
from collections.abc import Mapping
from typing import Any

from pipecat_voice_test.audio.l16 import SAMPLE_BYTES, LinearEar, LinearMouth, read_l16
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.findings import linear
from pipecat_voice_test.protocol.findings.coding import CodingGuess
from pipecat_voice_test.protocol.findings.messages import check_key, json_text
from pipecat_voice_test.protocol.findings.network import Network
from pipecat_voice_test.protocol.untrusted import (
    Unreadable,
    json_type,
    printable,
    quoted,
    read_json,
    storable,
)
from pipecat_voice_test.protocol.wire import (
    BotMessage,
    Clear,
    Complaint,
    Data,
    Mark,
    Media,
    OpeningMessage,
    Rejected,
    Trouble,
)

RATES_HZ = 16_000, 8000, 24_000
KEY_MS = 260  # How long a key is held.
ACTION_CHARACTERS = 40
# Beyond this a text is not even tried: it would keep the call waiting.
LONGEST_TEXT_CHARACTERS = 1 << 18

_OWN_FIELDS = "event", "content-type"
_VONAGE = Network("Vonage", "", {})
_SHAPES = 'a message is {"action": "clear"} or {"action": "notify", "payload": {…}}.'


class VonageWire:
    """The messages of one call.

    Args:
        parameters: The custom headers, which come beside the first event's own fields.
        rate_hz: Of the audio in both directions, one of `RATES_HZ`.

    Raises:
        UsageError: A custom header has the name of a field of the first event.
    """

    def __init__(self, parameters: Mapping[str, str], rate_hz: int = RATES_HZ[0]) -> None:
        for name in _OWN_FIELDS:
            if name in parameters:
                raise UsageError(
                    f"The call parameter `{name}` cannot be sent: Vonage's first event has a field "
                    "of that name.",
                    fix="give it another name.",
                )
        self._parameters = dict(parameters)
        self._rate_hz = rate_hz
        self._mouth = LinearMouth(rate_hz)
        self._ear = LinearEar(rate_hz)
        self._guess = CodingGuess(_VONAGE)

    @property
    def sequence(self) -> None:
        return None

    @property
    def marks_survive_clear(self) -> bool:
        return True

    def opening(self) -> list[OpeningMessage]:
        connected = {
            "event": "websocket:connected",
            "content-type": f"audio/l16;rate={self._rate_hz}",
            **self._parameters,
        }
        return [OpeningMessage("websocket:connected", json_text(connected), None)]

    def media(self, ulaw: bytes) -> bytes:
        return self._mouth(ulaw)

    def dtmf(self, digit: str) -> str:
        """The message for one key.

        Raises:
            ValueError: There is no such key.
        """
        check_key(digit)
        return json_text({"event": "websocket:dtmf", "digit": digit, "duration": KEY_MS})

    def mark(self, name: str) -> str:
        return f'{{"event":"websocket:notify","payload":{name}}}'

    def cleared(self) -> str:
        return json_text({"event": "websocket:cleared"})

    def objection(self, complaint: Complaint) -> None:
        return None

    def stop(self) -> None:
        return None

    def complain(self, trouble: Trouble, detail: str) -> Complaint:
        if trouble is Trouble.TOO_EARLY:
            what = "The bot sent a message before it could know the call"
            return _VONAGE.ignored(trouble, what, "wait for `websocket:connected`.")
        return _VONAGE.trouble(trouble, detail)

    def parse(self, message: Data) -> BotMessage:
        if isinstance(message, bytes):
            return self._audio(message)
        if len(message) > LONGEST_TEXT_CHARACTERS:
            what = f"The bot sent a text message of {len(message)} characters"
            fix = f"keep a `payload` below {LONGEST_TEXT_CHARACTERS} characters."
            return Rejected("unreadable", (_VONAGE.ignored("too_long", what, fix),))
        try:
            fields = read_json(message, to_repeat=True)
        except Unreadable as unreadable:
            return Rejected("unreadable", (_VONAGE.not_json(str(unreadable)),))
        if not isinstance(fields, dict):
            what = f"The bot sent JSON that is {json_type(fields)}, not an object"
            return Rejected("unreadable", (_VONAGE.ignored("not_an_object", what, _SHAPES),))
        match fields.get("action"):
            case "clear":
                self._ear.clear()
                return Clear()
            case "notify":
                return _notify(fields)
            case str() as action:
                what = f"The bot sent the action {quoted(action)}, which does not exist"
                name = printable(storable(action, ACTION_CHARACTERS))
                return Rejected(name, (_VONAGE.ignored("unknown_action", what, _SHAPES),))
            case _:
                return Rejected("unreadable", (_field_complaint("a message", fields, "action"),))

    def _audio(self, l16: bytes) -> BotMessage:
        if len(l16) < SAMPLE_BYTES:
            complaint = linear.nothing_in_it(_VONAGE, len(l16), "a binary message")
            return Rejected("media", (complaint,))
        complaints = linear.begins_like_a_file(_VONAGE, l16)
        if len(l16) % SAMPLE_BYTES:
            complaints += (linear.half_a_sample(_VONAGE, len(l16), SAMPLE_BYTES),)
        complaints += self._guess.listen(l16)
        return Media(self._ear(read_l16(l16)), complaints)


def _notify(fields: dict[str, Any]) -> BotMessage:
    """A mark whose name is what the bot wants back, as JSON."""
    payload = fields.get("payload")
    if not isinstance(payload, dict):
        return Rejected("notify", (_field_complaint("a `notify`", fields, "payload"),))
    try:
        return Mark(json.dumps(payload, separators=(",", ":"), allow_nan=False))
    except (ValueError, RecursionError):
        what = "The bot sent a `notify` whose `payload` holds a number or nesting beyond all bounds"
        return Rejected("notify", (_VONAGE.ignored("wrong_type", what, _SHAPES),))


def _field_complaint(where: str, fields: dict[str, Any], field: str) -> Complaint:
    if field not in fields:
        what = f"The bot sent {where} without `{field}`"
        return _VONAGE.ignored("missing_field", what, _SHAPES)
    wanted = "an object" if field == "payload" else "a string"
    what = f"The bot sent {where} whose `{field}` is {json_type(fields[field])}, not {wanted}"
    return _VONAGE.ignored("wrong_type", what, _SHAPES)
