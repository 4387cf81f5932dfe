"""Telnyx, Plivo and Exotel are named, and their messages shown, where a bot goes wrong."""

import json
from typing import Any

import pytest
from pipecat_voice_test.protocol.wire import Complaint, Rejected, Trouble
from pipecat_voice_test.timeline import Severity

from protocol.tongues import (
    EXOTEL,
    EXOTEL_TONGUE,
    PLIVO,
    PLIVO_TONGUE,
    TELNYX,
    TELNYX_TONGUE,
    Tongue,
)

ONE_OBJECT = "send one complete JSON object per message."
BASE64 = "use standard base64 with padding on one line (Python: `base64.b64encode`)."
TELNYX_MEDIA = 'a `media` message is {"event", "media": {"payload"}}.'
PLAY_AUDIO = (
    'a `playAudio` message is {"event", "media": {"contentType", "sampleRate", "payload"}}.'
)


def text(**fields: Any) -> str:
    return json.dumps(fields)


def play(**media: Any) -> str:
    return text(event="playAudio", media=media)


TELNYX_INVALID = [
    pytest.param(
        "{", 100003, "malformed_frame", "not_json",
        "The bot sent a message that is not JSON (from character 2 on)", ONE_OBJECT,
        id="truncated-json",
    ),
    pytest.param(
        text(event="playAudio"), 100003, "malformed_frame", "unknown_event",
        'The bot sent the event "playAudio", which does not exist',
        "a bot may send `media`, `mark` and `clear`, spelled like this.",
        id="the-event-of-another-network",
    ),
    pytest.param(
        text(event="mark", mark={}), 100003, "malformed_frame", "missing_field",
        "The bot sent a `mark` message without `mark.name`",
        'a `mark` message is {"event", "mark": {"name"}}.',
        id="no-name",
    ),
    pytest.param(
        text(event="clear", stream_id="x"), 100003, "malformed_frame", "foreign_stream",
        'The bot sent a `clear` message for the stream "x", but this call\'s is '
        f'"{TELNYX.stream_sid}"',
        "take `stream_id` from the `start` message of the same connection, anew for each call.",
        id="a-foreign-stream",
    ),
    pytest.param(
        text(event="media", media={"payload": ""}), 100004, "invalid_media", "empty_payload",
        "The bot sent a `media` message with an empty `media.payload`",
        "send no message when there is no audio.",
        id="an-empty-payload",
    ),
    pytest.param(
        text(event="media", media={"payload": [1]}), 100004, "invalid_media", "wrong_type",
        "The bot sent a `media` message whose `media.payload` is a list, not a string",
        TELNYX_MEDIA,
        id="a-payload-that-is-a-list",
    ),
    pytest.param(
        text(event="media", media={"payload": "AAA"}), 100004, "invalid_media", "not_base64",
        "The bot sent a `media` message whose `media.payload` is not base64: it ends with 0 `=` "
        "where 1 belong there", BASE64,
        id="no-padding",
    ),
    pytest.param(
        TELNYX_TONGUE.media(b"\xff" * 240_001), 100004, "invalid_media", "too_long",
        "The bot sent a `media` message with more than 30 seconds of audio",
        "send audio in messages of at most a few seconds.",
        id="more-than-thirty-seconds",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("message", "code", "kind", "case", "what", "fix"), TELNYX_INVALID)
def test_telnyx_answers_under_its_own_number(
    message: str, code: int, kind: str, case: str, what: str, fix: str
) -> None:
    parsed = TELNYX_TONGUE.make().parse(message)

    told = f"{what}. Telnyx answers error {code} and ignores the message. Fix: {fix}"
    assert isinstance(parsed, Rejected)
    assert parsed.complaints == (Complaint(kind, case, told, code),)


def test_telnyx_answers_a_binary_frame_too() -> None:
    parsed = TELNYX_TONGUE.make().parse(b"\x00\x01")

    told = (
        "The bot sent a binary frame of 2 bytes. Telnyx reads text frames only, answers error "
        "100003 and ignores it. Fix: send the JSON as text, not as bytes."
    )
    assert parsed == Rejected(
        "binary", (Complaint("malformed_frame", "binary_frame", told, 100003),)
    )


def test_telnyx_takes_short_media_with_a_note() -> None:
    parsed = TELNYX_TONGUE.make().parse(TELNYX_TONGUE.media(b"\xff" * 84))

    told = (
        "The bot sent a `media` message of 10.5 ms; 20 ms are the least. Telnyx accepts the "
        "message. Fix: send at least 160 bytes in each message."
    )
    assert parsed.complaints == (
        Complaint("invalid_media", "too_short", told, 100004, Severity.NOTE),
    )


PLIVO_INVALID = [
    pytest.param(
        text(event="media", media={"payload": "AAAA"}), "unknown_event",
        'The bot sent the event "media", which does not exist',
        "a bot may send `playAudio`, `checkpoint` and `clearAudio`, spelled like this.",
        id="the-event-of-another-network",
    ),
    pytest.param(
        text(event="clearAudio"), "missing_field",
        "The bot sent a `clearAudio` message without `streamId`",
        'a `clearAudio` message is {"event", "streamId"}.',
        id="a-clear-without-a-stream-id",
    ),
    pytest.param(
        text(event="checkpoint", streamId=PLIVO.stream_sid), "missing_field",
        "The bot sent a `checkpoint` message without `name`",
        'a `checkpoint` message is {"event", "streamId", "name"}.',
        id="a-checkpoint-without-a-name",
    ),
    pytest.param(
        play(payload="AAAA"), "missing_field",
        "The bot sent a `playAudio` message without `media.contentType`", PLAY_AUDIO,
        id="no-content-type",
    ),
    pytest.param(
        play(contentType="audio/x-mulaw", sampleRate="8000", payload="AAAA"), "wrong_type",
        "The bot sent a `playAudio` message whose `media.sampleRate` is a string, not a number",
        PLAY_AUDIO,
        id="a-rate-that-is-a-string",
    ),
    pytest.param(
        play(contentType="audio/x-l16", sampleRate=8000, payload="AAAA"), "other_type",
        'The bot sent a `playAudio` message of the type "audio/x-l16", but the stream is '
        '"audio/x-mulaw"',
        "send what `mediaFormat` of the `start` message says.",
        id="another-type",
    ),
    pytest.param(
        play(contentType="audio/x-mulaw", sampleRate=16000, payload="AAAA"), "other_rate",
        "The bot sent a `playAudio` message of 16000 Hz, but the stream has 8000 Hz",
        "send what `mediaFormat` of the `start` message says.",
        id="another-rate",
    ),
    pytest.param(
        play(contentType="audio/x-mulaw", sampleRate=8000, payload=""), "empty_payload",
        "The bot sent a `playAudio` message with an empty `media.payload`",
        "send no message when there is no audio.",
        id="an-empty-payload",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("message", "case", "what", "fix"), PLIVO_INVALID)
def test_plivo_drops_without_a_number(message: str, case: str, what: str, fix: str) -> None:
    parsed = PLIVO_TONGUE.make().parse(message)

    told = f"{what}. Plivo ignores the message. Fix: {fix}"
    assert isinstance(parsed, Rejected)
    assert parsed.complaints == (Complaint("invalid_message", case, told),)


EXOTEL_INVALID = [
    pytest.param(
        text(event="clear"), "missing_field",
        "The bot sent a `clear` message without `stream_sid`",
        'a `clear` message is {"event", "stream_sid"}.',
        id="no-stream-sid",
    ),
    pytest.param(
        text(event="media", streamSid=EXOTEL.stream_sid, media={"payload": "AAAA"}),
        "missing_field", "The bot sent a `media` message without `stream_sid`",
        'a `media` message is {"event", "stream_sid", "media": {"payload"}}.',
        id="the-stream-sid-as-twilio-spells-it",
    ),
    pytest.param(
        EXOTEL_TONGUE.payload("AA=="), "empty_payload",
        "The bot sent a `media` message with 1 bytes of audio, which is no sample",
        "send no message when there is no audio.",
        id="half-a-sample",
    ),
    pytest.param(
        EXOTEL_TONGUE.media(b"\xff" * 50_001), "too_long",
        "The bot sent a `media` message with more than 100000 bytes of audio",
        "send audio in messages of at most a few seconds.",
        id="more-than-100-kB",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("message", "case", "what", "fix"), EXOTEL_INVALID)
def test_exotel_drops_without_a_number(message: str, case: str, what: str, fix: str) -> None:
    parsed = EXOTEL_TONGUE.make().parse(message)

    told = f"{what}. Exotel ignores the message. Fix: {fix}"
    assert isinstance(parsed, Rejected)
    assert parsed.complaints == (Complaint("invalid_message", case, told),)


def test_exotel_notes_sizes_that_make_gaps() -> None:
    parsed = EXOTEL_TONGUE.make().parse(EXOTEL_TONGUE.media(b"\xff" * 50))

    assert [complaint.message for complaint in parsed.complaints] == [
        "The bot sent a `media` message of 100 bytes; 3200 bytes are the least: this makes gaps. "
        "Exotel accepts the message. Fix: gather 3200 bytes or more.",
        "The bot sent a `media` message of 100 bytes, which is no multiple of 320: this makes "
        "gaps. Exotel accepts the message. Fix: send multiples of 320 bytes.",
    ]
    assert {complaint.severity for complaint in parsed.complaints} == {Severity.NOTE}


@pytest.mark.parametrize(
    ("tongue", "audio", "coding"),
    [
        pytest.param(TELNYX_TONGUE, "8 kHz μ-law", "μ-law", id="telnyx"),
        pytest.param(PLIVO_TONGUE, "8 kHz μ-law", "μ-law", id="plivo"),
    ],
)
def test_a_file_header_is_played_by_the_network(tongue: Tongue, audio: str, coding: str) -> None:
    parsed = tongue.make().parse(tongue.media(b"RIFF" + b"\x00" * 316))

    told = (
        f"The bot sent audio that begins like a WAV (`RIFF`) file. {tongue.network.capitalize()} "
        f"plays every byte as {coding}, so the caller hears noise. "
        f"Fix: send raw {audio} without a file header."
    )
    assert parsed.complaints == (Complaint("payload_has_file_header", "file_header", told),)


@pytest.mark.parametrize(
    ("tongue", "stream_field"),
    [(TELNYX_TONGUE, "stream_id"), (PLIVO_TONGUE, "streamId"), (EXOTEL_TONGUE, "stream_sid")],
    ids=lambda value: getattr(value, "network", value),
)
def test_trouble_names_the_network_and_its_field(tongue: Tongue, stream_field: str) -> None:
    wire, name = tongue.make(), tongue.network.capitalize()

    early = wire.complain(Trouble.TOO_EARLY, "").message
    assert early.endswith(f"Fix: wait for the `start` message; it carries the `{stream_field}`.")
    assert f". {name} " in early
    dropped = wire.complain(Trouble.MEDIA_DISCARDED, "500 ms").message
    assert f"{name} dropped 500 ms." in dropped
    assert f"{name} ends the call." in wire.complain(Trouble.PROTOCOL_ERROR, "x").message
