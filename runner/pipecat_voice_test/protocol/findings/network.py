"""What a network that speaks JSON understands, and its words for what it does not (PROTOCOL 4.2).

A `Network` says what sets one of them apart: its name, its messages, its own errors. The
sentences are the same for all, so that an author who changes the provider reads nothing new.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pipecat_voice_test.audio.headers import FILE_HEADERS
from pipecat_voice_test.protocol.untrusted import json_type, quoted
from pipecat_voice_test.protocol.wire import Complaint, Trouble
from pipecat_voice_test.timeline import Severity

NAMED_FIELDS = 5
TEXT, NUMBER = str, float  # Fields of messages; all numbers come as float out of `read_json`.
_WANTED = {TEXT: "a string", NUMBER: "a number"}


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of message that a bot may send.

    Attributes:
        part: The object that holds `fields`, or "" if they lie beside `event`.
        fields: What must be there, and its type.
        needs_stream: Whether the stream's id must be given; it always may be.
    """

    part: str = ""
    fields: Mapping[str, type] = field(default_factory=dict)
    needs_stream: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as a network calls it; `code` is None where it has no numbers."""

    kind: str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """One network, and what it holds against a message.

    Attributes:
        name: As a sentence begins with it.
        stream_field: The field that names the stream.
        shapes: What a bot may send, by its `event`.
        audio: What payloads must be, in words.
        coding: As what every byte of a payload is played.
        no_message: Its error for what is not even a message.
        invalid: Its error for a message it cannot use.
        invalid_media: Its error for audio it cannot use.
        early: Its error for what comes before the stream has begun.
        too_many: Its error for more marks than it keeps.
        discarded: Its error for more audio than it keeps.
        framing: Its error for broken WebSocket framing.
        answers: Whether it tells the bot of these errors; else it is silent.
    """

    name: str
    stream_field: str
    shapes: Mapping[str, Shape]
    audio: str = "8 kHz μ-law"
    coding: str = "μ-law"
    no_message: Fault = Fault("malformed_message")
    invalid: Fault = Fault("invalid_message")
    invalid_media: Fault = Fault("invalid_message")
    early: Fault = Fault("invalid_message")
    too_many: Fault = Fault("invalid_message")
    discarded: Fault = Fault("media_discarded")
    framing: Fault = Fault("protocol_error")
    answers: bool = False

    # --- what is no message, or none of these ---------------------------------------------

    def binary_frame(self, size_bytes: int) -> Complaint:
        error = f", answers error {self.no_message.code}" if self.answers else ""
        message = (
            f"The bot sent a binary frame of {size_bytes} bytes. {self.name} reads text frames "
            f"only{error} and ignores it. Fix: send the JSON as text, not as bytes."
        )
        return Complaint(self.no_message.kind, "binary_frame", message, self.no_message.code)

    def not_json(self, fault: str) -> Complaint:
        what = f"The bot sent a message that {fault}"
        return self.ignored("not_json", what, "send one complete JSON object per message.")

    def not_an_object(self, value: object) -> Complaint:
        what = f"The bot sent JSON that is {json_type(value)}, not an object"
        event = next(iter(self.shapes))
        fix = f'send an object with an `event`, such as {{"event": "{event}", …}}.'
        return self.ignored("not_an_object", what, fix)

    def unknown_event(self, name: str) -> Complaint:
        what = f"The bot sent the event {quoted(name)}, which does not exist"
        fix = f"a bot may send {self._events('and')}, spelled like this."
        return self.ignored("unknown_event", what, fix)

    # --- its fields -----------------------------------------------------------------------

    def missing_field(self, event: str, name: str) -> Complaint:
        what = f"The bot sent {_message(event)} without `{name}`"
        return self.ignored("missing_field", what, self._hint(event), self._fault_of(event, name))

    def wrong_type(self, event: str, name: str, value: object, wanted: type) -> Complaint:
        is_not = f"is {json_type(value)}, not {_WANTED.get(wanted, 'an object')}"
        what = f"The bot sent {_message(event)} whose `{name}` {is_not}"
        return self.ignored("wrong_type", what, self._hint(event), self._fault_of(event, name))

    def foreign_stream(self, event: str, stream_id: str, expected_id: str) -> Complaint:
        return self.ignored(
            "foreign_stream",
            f"The bot sent {_message(event)} for the stream {quoted(stream_id)}, but this call's "
            f"is {quoted(expected_id)}",
            f"take `{self.stream_field}` from the `start` message of the same connection, anew "
            "for each call.",
        )

    def extra_fields(self, event: str, names: Collection[str]) -> Complaint:
        shown = ", ".join(quoted(name) for name in list(names)[:NAMED_FIELDS])
        more = f" and {len(names) - NAMED_FIELDS} more" if len(names) > NAMED_FIELDS else ""
        what = f"The bot sent {_message(event)} with fields nobody asked for: {shown}{more}"
        return self.accepted("extra_field", what, "leave them out.")

    def repeated_keys(self, event: str) -> Complaint:
        what = f"The bot sent {_message(event)} in which a key comes twice; the last one counts"
        return self.accepted("repeated_key", what, "write each key once.")

    # --- its audio ------------------------------------------------------------------------

    def empty_payload(self, event: str, name: str) -> Complaint:
        what = f"The bot sent {_message(event)} with an empty `{name}`"
        fix = "send no message when there is no audio."
        return self.ignored("empty_payload", what, fix, self.invalid_media)

    def not_base64(self, event: str, name: str, fault: str) -> Complaint:
        what = f"The bot sent {_message(event)} whose `{name}` is not base64: it {fault}"
        fix = "use standard base64 with padding on one line (Python: `base64.b64encode`)."
        return self.ignored("not_base64", what, fix, self.invalid_media)

    def too_long(self, event: str, limit: str) -> Complaint:
        what = f"The bot sent {_message(event)} with more than {limit} of audio"
        fix = "send audio in messages of at most a few seconds."
        return self.ignored("too_long", what, fix, self.invalid_media)

    def file_header(self, header: bytes) -> Complaint:
        message = (
            f"The bot sent audio that begins like a {FILE_HEADERS[header]} file. {self.name} "
            f"plays every byte as {self.coding}, so the caller hears noise. "
            f"Fix: send raw {self.audio} without a file header."
        )
        return Complaint("payload_has_file_header", "file_header", message)

    # --- what is not in one message -------------------------------------------------------

    def trouble(self, kind: Trouble, detail: str) -> Complaint:
        """The complaint for what is not in one message's content; see `Wire.complain`."""
        match kind:
            case Trouble.TOO_EARLY:
                what = "The bot sent a message before it could know the stream"
                fix = f"wait for the `start` message; it carries the `{self.stream_field}`."
                return self.ignored(kind, what, fix, self.early)
            case Trouble.TOO_MANY_MARKS:
                what = f"The bot sent a mark while {detail} marks waited to be reached"
                fix = "send one mark at the end of an utterance, with a short name."
                return self.ignored(kind, what, fix, self.too_many)
            case Trouble.MEDIA_DISCARDED:
                message = (
                    "The bot sent audio while 600 s of it were waiting to be heard. "
                    f"{self.name} dropped {detail}. "
                    "Fix: send audio at the speed at which it is spoken."
                )
                return Complaint(self.discarded.kind, kind, message, self.discarded.code)
            case Trouble.PROTOCOL_ERROR:
                message = (
                    f"The bot broke the WebSocket protocol: {detail}. {self.name} ends the call. "
                    "Fix: leave framing to a WebSocket library, and check what is between it and "
                    "us."
                )
                return Complaint(self.framing.kind, kind, message, self.framing.code)
            case Trouble.MESSAGE_TOO_BIG:
                message = (
                    f"The bot sent a message of more than {detail}. The call is closed with 1009. "
                    "Fix: send audio in messages of at most a few seconds."
                )
                return Complaint("message_too_big", kind, message)

    # --- what becomes of it ---------------------------------------------------------------

    def ignored(self, case: str, what: str, fix: str, fault: Fault | None = None) -> Complaint:
        """A complaint about a message that is dropped.

        Args:
            case: One word for machines.
            what: What the bot did, as a sentence without its full stop.
            fix: What to do instead, with its full stop.
            fault: The network's error, if it is not that of any invalid message.
        """
        fault = fault or self.invalid
        answers = f"answers error {fault.code} and " if self.answers else ""
        message = f"{what}. {self.name} {answers}ignores the message. Fix: {fix}"
        return Complaint(fault.kind, case, message, fault.code)

    def accepted(self, case: str, what: str, fix: str, fault: Fault | None = None) -> Complaint:
        """A complaint about a message that has its effect all the same."""
        fault = fault or self.invalid
        message = f"{what}. {self.name} accepts the message. Fix: {fix}"
        return Complaint(fault.kind, case, message, fault.code, Severity.NOTE)

    def _fault_of(self, event: str, name: str) -> Fault:
        """The error for a field: one of audio, if that is missing or of another type."""
        shape = self.shapes.get(event)
        is_media = shape is not None and "payload" in shape.fields
        return self.invalid_media if is_media and name != self.stream_field else self.invalid

    def _events(self, last: str) -> str:
        *first, end = (f"`{event}`" for event in self.shapes)
        return f"{', '.join(first)} {last} {end}"

    def _hint(self, event: str) -> str:
        shape = self.shapes.get(event)
        if shape is None:
            return f"every message needs an `event`: {self._events('or')}."
        fields = ", ".join(f'"{name}"' for name in shape.fields)
        given = ['"event"']
        given += [f'"{self.stream_field}"'] if shape.needs_stream else []
        given += [f'"{shape.part}": {{{fields}}}'] if shape.part else [fields] if fields else []
        return f"{_message(event)} is {{{', '.join(given)}}}."


def _message(event: str) -> str:
    return f"a `{event}` message" if event else "a message"
