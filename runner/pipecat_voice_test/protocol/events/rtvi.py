"""RTVI, the events that Pipecat bots tell their clients of (PROTOCOL 9.8), as JSON texts.

A bot says when it hears somebody speak, speaks itself, calls a function. Arrival times of such
words are those of its own clock and network, so they explain results and are never measured.

Keys have a message of their own since version 2.1.0; PROTOCOL 9.8 does not name it.

Source: https://docs.pipecat.ai/client/rtvi-standard
"""

import json
from collections.abc import Mapping
from typing import Any

from pipecat_voice_test import __version__
from pipecat_voice_test.protocol.untrusted import Unreadable, printable, read_json, storable
from pipecat_voice_test.protocol.wire import Complaint, Observed, Rejected
from pipecat_voice_test.timeline import Severity

LABEL = "rtvi-ai"
VERSION = "2.1.0"  # The first in which keys are a list.
SIGNALLING = "signalling"
BOT_READY = "bot-ready"
NAME_CHARACTERS = 60
DETAIL_CHARACTERS = 200
_FIELDS_SHOWN = 10
# Where the events carry what a reader wants to see first, in order of preference.
_TELLING = ("text", "function_name", "error", "message", "version")


def client_ready(number: int) -> str:
    """The caller is there and understands events; a bot answers `bot-ready`."""
    about = {"library": "pipecat-voice-test", "library_version": __version__}
    return _message("client-ready", number, {"version": VERSION, "about": about})


def key_pressed(digit: str, number: int) -> str:
    """One key of the telephone, one of `0-9 * #`."""
    return _message("dtmf", number, {"buttons": [digit]})


def read_event(text: str) -> Observed | Rejected:
    """What a text of the bot tells; it need not be RTVI, for bots have words of their own.

    Never raises.
    """
    try:
        fields = read_json(text, to_repeat=True)
    except Unreadable:
        fields = None
    if not isinstance(fields, dict):
        return Observed("text", _safe(text, DETAIL_CHARACTERS))
    if (signal := signal_of(fields)) is not None:
        return Observed(_safe(signal, NAME_CHARACTERS), SIGNALLING)
    if fields.get("label") != LABEL:
        return Observed("message", _safe(text, DETAIL_CHARACTERS))
    name = fields.get("type")
    if not isinstance(name, str) or not name:
        return Rejected("message", (_without_type(),))
    return Observed(_safe(name, NAME_CHARACTERS), _detail(fields.get("data")))


def signal_of(fields: Any) -> str | None:
    """What a message of the WebRTC transport itself says, `peerLeft` for one; else None."""
    inner = fields.get("message") if isinstance(fields, dict) else None
    if isinstance(inner, dict) and fields.get("type") == SIGNALLING:
        kind = inner.get("type")
        return kind if isinstance(kind, str) else None
    return None


def _without_type() -> Complaint:
    return Complaint(
        "invalid_message",
        "event_without_type",
        'an event labelled "rtvi-ai" has no "type", so every client passes it over. '
        'Fix: give it one, a string, beside "label" and "data".',
        severity=Severity.NOTE,
    )


def _detail(data: Any) -> str:
    if not isinstance(data, Mapping):
        return ""
    for name in _TELLING:
        if isinstance(data.get(name), str):
            return _safe(data[name], DETAIL_CHARACTERS)
    plain = [
        f"{name}: {said}" for name, said in data.items() if isinstance(said, str | int | float)
    ]
    return _safe(", ".join(plain[:_FIELDS_SHOWN]), DETAIL_CHARACTERS)


def _safe(text: str, limit_characters: int) -> str:
    return printable(storable(text, limit_characters))


def _message(name: str, number: int, data: dict[str, Any]) -> str:
    message = {"label": LABEL, "type": name, "id": str(number), "data": data}
    return json.dumps(message, separators=(",", ":"))
