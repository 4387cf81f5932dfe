"""What Twilio holds against a message, in words an author can look up (PROTOCOL 4.2).

Numbers and names of the errors are Twilio's own.
Source: https://www.twilio.com/docs/api/errors (31924, 31931, 31950, 31951)
"""

from collections.abc import Collection

from pipecat_voice_test.audio.headers import FILE_HEADERS
from pipecat_voice_test.protocol.untrusted import json_type, quoted
from pipecat_voice_test.protocol.wire import Complaint, Trouble
from pipecat_voice_test.timeline import Severity

PROTOCOL_ERROR = 31924
MEDIA_DISCARDED = 31931
MALFORMED_MESSAGE = 31950
INVALID_MESSAGE = 31951

NAMED_FIELDS = 5


def binary_frame(size_bytes: int) -> Complaint:
    return Complaint(
        "malformed_message",
        "binary_frame",
        f"The bot sent a binary frame of {size_bytes} bytes. The network reads text frames "
        "only and ignores it. Fix: send the JSON as text, not as bytes.",
        MALFORMED_MESSAGE,
    )


def not_json(fault: str) -> Complaint:
    return _ignored(
        "not_json",
        f"The bot sent a message that {fault}",
        "send one complete JSON object per message.",
    )


def not_an_object(value: object) -> Complaint:
    return _ignored(
        "not_an_object",
        f"The bot sent JSON that is {json_type(value)}, not an object",
        'send an object with an `event`, such as {"event": "media", …}.',
    )


def unknown_event(name: str) -> Complaint:
    return _ignored(
        "unknown_event",
        f"The bot sent the event {quoted(name)}, which does not exist",
        "a bot may send `media`, `mark` and `clear`, spelled like this.",
    )


def missing_field(event: str, field: str) -> Complaint:
    where = f"a `{event}` message" if event else "a message"
    return _ignored("missing_field", f"The bot sent {where} without `{field}`", _shape_hint(event))


def wrong_type(event: str, field: str, value: object, wanted: str) -> Complaint:
    where = f"a `{event}` message" if event else "a message"
    return _ignored(
        "wrong_type",
        f"The bot sent {where} whose `{field}` is {json_type(value)}, not {wanted}",
        _shape_hint(event),
    )


def foreign_stream(event: str, stream_sid: str, expected_sid: str) -> Complaint:
    return _ignored(
        "foreign_stream",
        f"The bot sent a `{event}` message for the stream {quoted(stream_sid)}, but this call's "
        f"is {quoted(expected_sid)}",
        "take `streamSid` from the `start` message of the same connection, anew for each call.",
    )


def empty_payload() -> Complaint:
    return _ignored(
        "empty_payload",
        "The bot sent a `media` message with an empty `media.payload`",
        "send no message when there is no audio.",
    )


def not_base64(fault: str) -> Complaint:
    return _ignored(
        "not_base64",
        f"The bot sent a `media` message whose `media.payload` is not base64: it {fault}",
        "use standard base64 with padding on one line (Python: `base64.b64encode`).",
    )


def extra_fields(event: str, names: Collection[str]) -> Complaint:
    shown = ", ".join(quoted(name) for name in list(names)[:NAMED_FIELDS])
    more = f" and {len(names) - NAMED_FIELDS} more" if len(names) > NAMED_FIELDS else ""
    return _accepted(
        "extra_field",
        f"The bot sent a `{event}` message with fields nobody asked for: {shown}{more}",
        "leave them out.",
    )


def repeated_keys(event: str) -> Complaint:
    return _accepted(
        "repeated_key",
        f"The bot sent a `{event}` message in which a key comes twice; the last one counts",
        "write each key once.",
    )


def file_header(header: bytes) -> Complaint:
    return Complaint(
        "payload_has_file_header",
        "file_header",
        f"The bot sent audio that begins like a {FILE_HEADERS[header]} file. The network plays "
        "every byte as μ-law, so the caller hears noise. "
        "Fix: send raw 8 kHz μ-law without a file header.",
    )


def trouble(kind: Trouble, detail: str) -> Complaint:
    """The complaint for what is not in one message's content; see `Wire.complain`."""
    match kind:
        case Trouble.TOO_EARLY:
            return _ignored(
                kind,
                "The bot sent a message before it could know the stream",
                "wait for the `start` message; it carries the `streamSid`.",
            )
        case Trouble.TOO_MANY_MARKS:
            return _ignored(
                kind,
                f"The bot sent a mark while {detail} marks waited to be reached",
                "send one mark at the end of an utterance, with a short name.",
            )
        case Trouble.MEDIA_DISCARDED:
            return Complaint(
                "media_discarded",
                kind,
                f"The bot sent audio while 600 s of it were waiting to be heard. The network "
                f"dropped {detail}. Fix: send audio at the speed at which it is spoken.",
                MEDIA_DISCARDED,
            )
        case Trouble.PROTOCOL_ERROR:
            return Complaint(
                "protocol_error",
                kind,
                f"The bot broke the WebSocket protocol: {detail}. The network ends the call. "
                "Fix: leave framing to a WebSocket library, and check what is between it and us.",
                PROTOCOL_ERROR,
            )
        case Trouble.MESSAGE_TOO_BIG:
            return Complaint(
                "message_too_big",
                kind,
                f"The bot sent a message of more than {detail}. The call is closed with 1009. "
                "Fix: send audio in messages of at most a few seconds.",
            )


def _shape_hint(event: str) -> str:
    match event:
        case "media":
            return 'a `media` message is {"event", "streamSid", "media": {"payload"}}.'
        case "mark":
            return 'a `mark` message is {"event", "streamSid", "mark": {"name"}}.'
        case "clear":
            return 'a `clear` message is {"event", "streamSid"}.'
        case _:
            return "every message needs an `event`: `media`, `mark` or `clear`."


def _ignored(case: str, what: str, fix: str) -> Complaint:
    message = f"{what}. The network ignores the message. Fix: {fix}"
    return Complaint("invalid_message", case, message, INVALID_MESSAGE)


def _accepted(case: str, what: str, fix: str) -> Complaint:
    message = f"{what}. The network accepts the message. Fix: {fix}"
    return Complaint("invalid_message", case, message, INVALID_MESSAGE, Severity.NOTE)
