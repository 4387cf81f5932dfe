"""Messages in JSON: those of a bot are read as a network reads them, ours are written.

Everything written is plain ASCII, so its length is its size.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipecat_voice_test.protocol.findings.network import Network, Shape
from pipecat_voice_test.protocol.untrusted import (
    RepeatedKeys,
    Unreadable,
    printable,
    read_base64,
    read_json,
    storable,
)
from pipecat_voice_test.protocol.wire import Complaint, Rejected

KEYS = frozenset("0123456789*#")
EVENT_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Understood:
    """A message with all that its event needs.

    Attributes:
        fields: Those of its part, or of the message itself where it has none.
        notes: What is odd about it.
    """

    event: str
    fields: Mapping[str, Any]
    notes: tuple[Complaint, ...] = ()


def read_message(message: str | bytes, network: Network, stream_id: str) -> Understood | Rejected:
    """Read one message of a bot. Never raises.

    Args:
        message: As it came; bytes are a binary frame.
        network: What it is read by.
        stream_id: This call's.
    """
    if not isinstance(message, str):
        return Rejected("binary", (network.binary_frame(len(message)),))
    try:
        fields = read_json(message)
    except Unreadable as unreadable:
        return Rejected("unreadable", (network.not_json(str(unreadable)),))
    if not isinstance(fields, dict):
        return Rejected("unreadable", (network.not_an_object(fields),))
    event = fields.get("event")
    if not isinstance(event, str):
        return Rejected("unreadable", (_field_complaint(network, "", fields, "event", str),))
    shape = network.shapes.get(event)
    if shape is None:
        name = printable(storable(event, EVENT_CHARACTERS))
        return Rejected(name, (network.unknown_event(event),))
    complaint = _stream_complaint(network, event, fields, stream_id)
    if complaint is None:
        complaint = _part_complaint(network, event, shape, fields)
    if complaint is not None:
        return Rejected(event, (complaint,))
    part: dict[str, Any] = fields[shape.part] if shape.part else fields
    return Understood(event, part, _notes(network, event, shape, fields, part))


def read_payload(
    network: Network, understood: Understood, *, most_bytes: int | None = None, limit: str = ""
) -> bytes | Complaint:
    """The audio of a message; or why there is none, which leaves nothing to be heard.

    Args:
        network: What it is read by.
        understood: A message with a `payload`.
        most_bytes: The longest payload the network takes; None for any.
        limit: The same in words.
    """
    event, text = understood.event, understood.fields["payload"]
    name = f"{network.shapes[event].part}.payload"
    if not text:
        return network.empty_payload(event, name)
    if most_bytes is not None and len(text) > (most_bytes + 2) // 3 * 4:
        return network.too_long(event, limit)
    try:
        payload = read_base64(text)
    except Unreadable as unreadable:
        return network.not_base64(event, name, str(unreadable))
    if most_bytes is not None and len(payload) > most_bytes:
        return network.too_long(event, limit)
    return payload


def json_text(message: Mapping[str, Any]) -> str:
    """One of our messages."""
    return json.dumps(message, separators=(",", ":"))


def iso_8601(unix_ms: int) -> str:
    """A moment, milliseconds since 1970, as networks write it: `2026-11-22T23:50:00.120Z`."""
    return f"{np.datetime64(unix_ms, 'ms')}Z"


def check_key(digit: str) -> None:
    """Refuse what no telephone has (P-16).

    Raises:
        ValueError: There is no such key.
    """
    if digit not in KEYS:
        raise ValueError(f"{digit!r} is not a key of a telephone")


def _stream_complaint(
    network: Network, event: str, fields: dict[str, Any], expected_id: str
) -> Complaint | None:
    name = network.stream_field
    if name not in fields and not network.shapes[event].needs_stream:
        return None
    stream_id = fields.get(name)
    if stream_id == expected_id:
        return None
    if isinstance(stream_id, str):
        return network.foreign_stream(event, stream_id, expected_id)
    return _field_complaint(network, event, fields, name, str)


def _part_complaint(
    network: Network, event: str, shape: Shape, fields: dict[str, Any]
) -> Complaint | None:
    part: Any = fields
    path = ""
    if shape.part:
        part, path = fields.get(shape.part), f"{shape.part}."
        if not isinstance(part, dict):
            return _field_complaint(network, event, fields, shape.part, dict)
    for name, wanted in shape.fields.items():
        if not isinstance(part.get(name), wanted):
            return _field_complaint(network, event, part, name, wanted, path)
    return None


def _field_complaint(
    network: Network,
    event: str,
    fields: Mapping[str, Any],
    name: str,
    wanted: type,
    path: str = "",
) -> Complaint:
    if name in fields:
        return network.wrong_type(event, path + name, fields[name], wanted)
    return network.missing_field(event, path + name)


def _notes(
    network: Network, event: str, shape: Shape, fields: dict[str, Any], part: dict[str, Any]
) -> tuple[Complaint, ...]:
    """What is odd about a message that is accepted; its required fields are all there."""
    known = {"event", network.stream_field, *([shape.part] if shape.part else shape.fields)}
    extra = [name for name in fields if name not in known]
    if shape.part:
        extra += [f"{shape.part}.{name}" for name in part if name not in shape.fields]
    notes = (network.extra_fields(event, extra),) if extra else ()
    if isinstance(fields, RepeatedKeys) or isinstance(part, RepeatedKeys):
        notes = (*notes, network.repeated_keys(event))
    return notes
