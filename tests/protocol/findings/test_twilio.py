"""What the network drops or dislikes is told in words an author can look up (PROTOCOL 4.2)."""

import base64
import json
from typing import Any

import pytest
from pipecat_voice_test.protocol.wire import Clear, Complaint, Mark, Media, Rejected, Trouble
from pipecat_voice_test.timeline import Severity

from protocol.wires import SID, clear, mark, media, wire

IGNORED = "The network ignores the message. Fix: "
ACCEPTED = "The network accepts the message. Fix: leave them out."
MEDIA_SHAPE = 'a `media` message is {"event", "streamSid", "media": {"payload"}}.'
MARK_SHAPE = 'a `mark` message is {"event", "streamSid", "mark": {"name"}}.'
CLEAR_SHAPE = 'a `clear` message is {"event", "streamSid"}.'
NO_EVENT = "every message needs an `event`: `media`, `mark` or `clear`."
ONE_OBJECT = "send one complete JSON object per message."
EVENTS = "a bot may send `media`, `mark` and `clear`, spelled like this."
BASE64 = "use standard base64 with padding on one line (Python: `base64.b64encode`)."
OWN_SID = "take `streamSid` from the `start` message of the same connection, anew for each call."
EARLIER_SID = "MZ" + "0" * 32


def text(**fields: Any) -> str:
    return json.dumps(fields)


def payload(value: Any) -> str:
    return text(event="media", streamSid=SID, media={"payload": value})


def ignored(what: str, fix: str) -> str:
    return f"{what}. {IGNORED}{fix}"


def not_base64(what: str) -> str:
    return ignored(
        f"The bot sent a `media` message whose `media.payload` is not base64: it {what}", BASE64
    )


INVALID = [
    pytest.param(
        "{",
        "not_json",
        ignored("The bot sent a message that is not JSON (from character 2 on)", ONE_OBJECT),
        id="truncated-json",
    ),
    pytest.param(
        "",
        "not_json",
        ignored("The bot sent a message that is not JSON (from character 1 on)", ONE_OBJECT),
        id="an-empty-message",
    ),
    pytest.param(
        clear() + clear(),
        "not_json",
        ignored(
            f"The bot sent a message that is not JSON (from character {len(clear()) + 1} on)",
            ONE_OBJECT,
        ),
        id="two-objects-in-one-message",
    ),
    pytest.param(
        clear(extra=float("nan")),
        "not_json",
        ignored("The bot sent a message that is not JSON (NaN does not exist there)", ONE_OBJECT),
        id="nan",
    ),
    pytest.param(
        "[" * 200_000,
        "not_json",
        ignored("The bot sent a message that holds more than 10000 values", ONE_OBJECT),
        id="endless-nesting",
    ),
    pytest.param(
        "[" + "{}," * 30_000 + "{}]",
        "not_json",
        ignored("The bot sent a message that holds more than 10000 values", ONE_OBJECT),
        id="json-that-would-fill-the-memory",
    ),
    pytest.param(
        "[1]",
        "not_an_object",
        ignored(
            "The bot sent JSON that is a list, not an object",
            'send an object with an `event`, such as {"event": "media", …}.',
        ),
        id="a-list",
    ),
    pytest.param(
        "null",
        "not_an_object",
        ignored(
            "The bot sent JSON that is null, not an object",
            'send an object with an `event`, such as {"event": "media", …}.',
        ),
        id="null",
    ),
    pytest.param(
        text(streamSid=SID),
        "missing_field",
        ignored("The bot sent a message without `event`", NO_EVENT),
        id="no-event",
    ),
    pytest.param(
        text(event=5, streamSid=SID),
        "wrong_type",
        ignored("The bot sent a message whose `event` is a number, not a string", NO_EVENT),
        id="an-event-that-is-a-number",
    ),
    pytest.param(
        text(event=["media"], streamSid=SID),
        "wrong_type",
        ignored("The bot sent a message whose `event` is a list, not a string", NO_EVENT),
        id="an-event-that-is-a-list",
    ),
    pytest.param(
        text(event="Media", streamSid=SID),
        "unknown_event",
        ignored('The bot sent the event "Media", which does not exist', EVENTS),
        id="a-misspelt-event",
    ),
    pytest.param(
        text(event="x\n::error::\x1b\ud800", streamSid=SID),
        "unknown_event",
        ignored('The bot sent the event "x\\n::error::\\x1b\\ud800", which does not exist', EVENTS),
        id="an-event-that-speaks-to-the-log",
    ),
    pytest.param(
        text(event="x" * 1000, streamSid=SID),
        "unknown_event",
        ignored(f'The bot sent the event "{"x" * 60}…", which does not exist', EVENTS),
        id="an-event-with-a-long-name",
    ),
    pytest.param(
        text(event="media", media={"payload": "AAAA"}),
        "missing_field",
        ignored("The bot sent a `media` message without `streamSid`", MEDIA_SHAPE),
        id="no-stream-sid",
    ),
    pytest.param(
        text(event="mark", streamSid=None, mark={"name": "a"}),
        "wrong_type",
        ignored(
            "The bot sent a `mark` message whose `streamSid` is null, not a string", MARK_SHAPE
        ),
        id="a-stream-sid-of-null",
    ),
    pytest.param(
        text(event="clear", streamSid=[SID]),
        "wrong_type",
        ignored(
            "The bot sent a `clear` message whose `streamSid` is a list, not a string", CLEAR_SHAPE
        ),
        id="a-stream-sid-in-a-list",
    ),
    pytest.param(
        media(b"\x00", streamSid=EARLIER_SID),
        "foreign_stream",
        ignored(
            f'The bot sent a `media` message for the stream "{EARLIER_SID}", but this call\'s '
            f'is "{SID}"',
            OWN_SID,
        ),
        id="the-stream-of-an-earlier-call",
    ),
    pytest.param(
        clear(streamSid=SID.upper()),
        "foreign_stream",
        ignored(
            f'The bot sent a `clear` message for the stream "{SID.upper()}", but this call\'s '
            f'is "{SID}"',
            OWN_SID,
        ),
        id="a-stream-sid-in-upper-case",
    ),
    pytest.param(
        text(event="media", streamSid=SID),
        "missing_field",
        ignored("The bot sent a `media` message without `media`", MEDIA_SHAPE),
        id="no-media",
    ),
    pytest.param(
        text(event="media", streamSid=SID, media="x"),
        "wrong_type",
        ignored(
            "The bot sent a `media` message whose `media` is a string, not an object", MEDIA_SHAPE
        ),
        id="media-that-is-a-string",
    ),
    pytest.param(
        text(event="media", streamSid=SID, media={}),
        "missing_field",
        ignored("The bot sent a `media` message without `media.payload`", MEDIA_SHAPE),
        id="no-payload",
    ),
    pytest.param(
        payload([255, 255]),
        "wrong_type",
        ignored(
            "The bot sent a `media` message whose `media.payload` is a list, not a string",
            MEDIA_SHAPE,
        ),
        id="a-payload-that-is-a-list",
    ),
    pytest.param(
        payload(True),
        "wrong_type",
        ignored(
            "The bot sent a `media` message whose `media.payload` is true or false, not a string",
            MEDIA_SHAPE,
        ),
        id="a-payload-that-is-true",
    ),
    pytest.param(
        payload(""),
        "empty_payload",
        ignored(
            "The bot sent a `media` message with an empty `media.payload`",
            "send no message when there is no audio.",
        ),
        id="an-empty-payload",
    ),
    pytest.param(
        payload("AAA"),
        "not_base64",
        not_base64("ends with 0 `=` where 1 belong there"),
        id="no-padding",
    ),
    pytest.param(
        payload("AA="),
        "not_base64",
        not_base64("ends with 1 `=` where 2 belong there"),
        id="half-the-padding",
    ),
    pytest.param(
        payload("AAAA="),
        "not_base64",
        not_base64("ends with 1 `=` where 0 belong there"),
        id="too-much-padding",
    ),
    pytest.param(
        payload("AAAAA"),
        "not_base64",
        not_base64("is cut off: 5 characters before the padding stand for no bytes"),
        id="base64-cut-off",
    ),
    pytest.param(
        payload("===="),
        "not_base64",
        not_base64("is cut off: 0 characters before the padding stand for no bytes"),
        id="only-padding",
    ),
    pytest.param(
        payload("AA==AAAA"),
        "not_base64",
        not_base64("has `=` padding in its middle, at character 3: several base64 texts in one?"),
        id="padding-in-the-middle",
    ),
    pytest.param(
        payload("AA-_"),
        "not_base64",
        not_base64('uses the URL-safe alphabet ("-" at character 3)'),
        id="url-safe-base64",
    ),
    pytest.param(
        payload("AAAA\nAAAA\n"),
        "not_base64",
        not_base64('has a line break or white space in it ("\\n" at character 5)'),
        id="base64-with-line-breaks",
    ),
    pytest.param(
        payload("data:audio/basic;base64,AAAA"),
        "not_base64",
        not_base64("begins with a `data:` prefix"),
        id="a-data-url",
    ),
    pytest.param(
        payload("\\x7f\\xff"),
        "not_base64",
        not_base64('has "\\" in it, at character 1'),
        id="a-python-repr",
    ),
    pytest.param(
        payload("AAAé"),
        "not_base64",
        not_base64('has "é" in it, at character 4'),
        id="a-letter-with-an-accent",
    ),
    pytest.param(
        text(event="mark", streamSid=SID),
        "missing_field",
        ignored("The bot sent a `mark` message without `mark`", MARK_SHAPE),
        id="no-mark",
    ),
    pytest.param(
        text(event="mark", streamSid=SID, mark="a"),
        "wrong_type",
        ignored(
            "The bot sent a `mark` message whose `mark` is a string, not an object", MARK_SHAPE
        ),
        id="a-mark-that-is-a-string",
    ),
    pytest.param(
        text(event="mark", streamSid=SID, mark={"name": 7}),
        "wrong_type",
        ignored(
            "The bot sent a `mark` message whose `mark.name` is a number, not a string", MARK_SHAPE
        ),
        id="a-mark-name-that-is-a-number",
    ),
]


@pytest.mark.parametrize(("message", "case", "told"), INVALID)
def test_31951_invalid_message_is_ignored_and_explained(message: str, case: str, told: str) -> None:
    parsed = wire().parse(message)

    assert isinstance(parsed, Rejected)
    assert parsed.complaints == (Complaint("invalid_message", case, told, 31951),)


def test_nesting_that_is_just_too_deep_is_ignored_too() -> None:
    parsed = wire().parse("[" * 60_000)

    assert isinstance(parsed, Rejected)
    assert parsed.complaints[0].code == 31951


def test_31950_a_binary_frame_is_ignored_whatever_is_in_it() -> None:
    parsed = wire().parse(clear().encode())

    assert parsed == Rejected(
        "binary",
        (
            Complaint(
                "malformed_message",
                "binary_frame",
                f"The bot sent a binary frame of {len(clear())} bytes. The network reads text "
                "frames only and ignores it. Fix: send the JSON as text, not as bytes.",
                31950,
            ),
        ),
    )


@pytest.mark.parametrize(
    ("message", "parsed", "case", "told"),
    [
        pytest.param(
            media(b"\x00", media={"payload": "AA==", "track": "outbound"}),
            Media(b"\x00"),
            "extra_field",
            'The bot sent a `media` message with fields nobody asked for: "media.track". '
            + ACCEPTED,
            id="media-track",
        ),
        pytest.param(
            mark("a", sequenceNumber="1", n=0)[:-2] + "9" * 5000 + "}",
            Mark("a"),
            "extra_field",
            'The bot sent a `mark` message with fields nobody asked for: "sequenceNumber", "n". '
            + ACCEPTED,
            id="a-sequence-number-and-a-huge-one",
        ),
        pytest.param(
            clear(clear={}),
            Clear(),
            "extra_field",
            'The bot sent a `clear` message with fields nobody asked for: "clear". ' + ACCEPTED,
            id="a-body-of-clear",
        ),
        pytest.param(
            clear(**{f"f{number}": 1 for number in range(8)}),
            Clear(),
            "extra_field",
            "The bot sent a `clear` message with fields nobody asked for: "
            '"f0", "f1", "f2", "f3", "f4" and 3 more. ' + ACCEPTED,
            id="many-of-them",
        ),
        pytest.param(
            '{"event":"clear",' + mark("a")[1:],
            Mark("a"),
            "repeated_key",
            "The bot sent a `mark` message in which a key comes twice; the last one counts. "
            "The network accepts the message. Fix: write each key once.",
            id="a-key-given-twice",
        ),
    ],
)
def test_31951_as_a_note_for_what_is_accepted_all_the_same(
    message: str, parsed: Media | Mark | Clear, case: str, told: str
) -> None:
    got = wire().parse(message)

    assert got.complaints == (Complaint("invalid_message", case, told, 31951, Severity.NOTE),)
    match got, parsed:
        case (Media(ulaw), Media(expected)):
            assert ulaw == expected
        case (Mark(name), Mark(expected_name)):
            assert name == expected_name
        case _:
            assert type(got) is type(parsed)


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (b"RIFF", "WAV (`RIFF`)"),
        (b"ID3", "MP3 (`ID3`)"),
        (b"OggS", "Ogg (`OggS`)"),
        (b"fLaC", "FLAC (`fLaC`)"),
        (b".snd", "AU (`.snd`)"),
    ],
)
def test_payload_with_a_file_header_is_played_as_it_is(header: bytes, named: str) -> None:
    parsed = wire().parse(media(header + b"\x00" * 40))

    told = (
        f"The bot sent audio that begins like a {named} file. The network plays every byte as "
        "μ-law, so the caller hears noise. Fix: send raw 8 kHz μ-law without a file header."
    )
    assert parsed == Media(
        header + b"\x00" * 40, (Complaint("payload_has_file_header", "file_header", told),)
    )


@pytest.mark.parametrize(
    ("trouble", "detail", "kind", "code", "told"),
    [
        pytest.param(
            Trouble.TOO_EARLY,
            "",
            "invalid_message",
            31951,
            ignored(
                "The bot sent a message before it could know the stream",
                "wait for the `start` message; it carries the `streamSid`.",
            ),
            id="before-start",
        ),
        pytest.param(
            Trouble.TOO_MANY_MARKS,
            "10000",
            "invalid_message",
            31951,
            ignored(
                "The bot sent a mark while 10000 marks waited to be reached",
                "send one mark at the end of an utterance, with a short name.",
            ),
            id="marks-without-end",
        ),
        pytest.param(
            Trouble.MEDIA_DISCARDED,
            "500 ms",
            "media_discarded",
            31931,
            "The bot sent audio while 600 s of it were waiting to be heard. The network dropped "
            "500 ms. Fix: send audio at the speed at which it is spoken.",
            id="ten-minutes-queued",
        ),
        pytest.param(
            Trouble.PROTOCOL_ERROR,
            "reserved bits set",
            "protocol_error",
            31924,
            "The bot broke the WebSocket protocol: reserved bits set. The network ends the call. "
            "Fix: leave framing to a WebSocket library, and check what is between it and us.",
            id="broken-framing",
        ),
        pytest.param(
            Trouble.MESSAGE_TOO_BIG,
            "16 MiB",
            "message_too_big",
            None,
            "The bot sent a message of more than 16 MiB. The call is closed with 1009. "
            "Fix: send audio in messages of at most a few seconds.",
            id="a-giant-message",
        ),
    ],
)
def test_trouble_is_told_under_the_networks_own_number(
    trouble: Trouble, detail: str, kind: str, code: int | None, told: str
) -> None:
    assert wire().complain(trouble, detail) == Complaint(kind, trouble, told, code)


def test_every_byte_survives_base64() -> None:
    every = bytes(range(256))

    assert wire().parse(payload(base64.b64encode(every).decode())) == Media(every)
