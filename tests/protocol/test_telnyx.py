"""The messages on the wire are those of PROTOCOL 9.1, to the letter."""

import base64
import json
from collections.abc import Callable

import pytest
from pipecat_voice_test.audio.alaw import ulaw_to_alaw
from pipecat_voice_test.demo.clips import speaking_voice
from pipecat_voice_test.protocol.identity import session_id
from pipecat_voice_test.protocol.playout import MAX_WAITING_MARKS
from pipecat_voice_test.protocol.telnyx import ERRORS_PER_SECOND, TelnyxWire
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.protocol.wire import Clear, Complaint, Mark, Media, Trouble
from pipecat_voice_test.timeline import MessageSent

from protocol.tongues import ALAW_TONGUE, FROM, TELNYX, TELNYX_TONGUE, TO, telnyx

FRAME = bytes(range(96, 256))
ID = TELNYX.stream_sid


def start(encoding: str = "PCMU", extra: str = "") -> str:
    return (
        '{"event":"start","sequence_number":"1","start":{"user_id":"' + TELNYX.account_sid + '",'
        '"call_control_id":"' + TELNYX.call_sid + '",'
        '"call_session_id":"' + session_id(TELNYX) + '",'
        '"from":"' + FROM + '","to":"' + TO + '","tags":[],"client_state":"",'
        '"media_format":{"encoding":"' + encoding + '","sample_rate":8000,"channels":1}'
        + extra
        + '},"stream_id":"' + ID + '"}'
    )  # fmt: skip


def media(number: int, chunk: int, frame: bytes = FRAME) -> str:
    return (
        f'{{"event":"media","sequence_number":"{number}","media":{{"track":"inbound",'
        f'"chunk":"{chunk}","timestamp":"{20 * chunk}",'
        f'"payload":"{base64.b64encode(frame).decode()}"}},"stream_id":"{ID}"}}'
    )


def second_key(wire: TelnyxWire) -> str:
    wire.opening()
    for _ in range(50):
        wire.media(FRAME)
    return wire.dtmf("1")


@pytest.mark.parametrize(
    ("write", "text"),
    [
        pytest.param(
            lambda wire: wire.opening()[0].data,
            '{"event":"connected","version":"1.0.0"}',
            id="connected",
        ),
        pytest.param(lambda wire: wire.opening()[1].data, start(), id="start"),
        pytest.param(lambda wire: wire.media(FRAME), media(1, 1), id="media"),
        pytest.param(
            second_key,
            '{"event":"dtmf","stream_id":"' + ID + '","occurred_at":"2026-11-22T23:51:58.120Z",'
            '"sequence_number":"52","dtmf":{"digit":"1"}}',
            id="dtmf-a-second-into-the-call",
        ),
        pytest.param(
            lambda wire: wire.mark('end of "A"'),
            '{"event":"mark","stream_id":"' + ID + '","sequence_number":"1",'
            '"mark":{"name":"end of \\"A\\""}}',
            id="P-36-mark",
        ),
        pytest.param(
            lambda wire: wire.stop(),
            '{"event":"stop","sequence_number":"1","stop":{"user_id":"' + TELNYX.account_sid + '",'
            '"call_control_id":"' + TELNYX.call_sid + '"},"stream_id":"' + ID + '"}',
            id="P-43-stop",
        ),
        pytest.param(lambda wire: wire.cleared(), None, id="a-clear-is-answered-by-marks-alone"),
    ],
)
def test_message_is_written_exactly_as(write: Callable[[TelnyxWire], str], text: str) -> None:
    assert write(telnyx()) == text


def test_parameters_reach_the_start_message() -> None:
    opening = telnyx(parameters={"customer_id": "42"}).opening()

    assert opening[1].data == start(extra=',"custom_parameters":{"customer_id":"42"}')


def test_the_call_opens_with_connected_and_start_of_which_one_is_numbered() -> None:
    opening = telnyx().opening()

    assert [(message.event, message.sequence) for message in opening] == [
        ("connected", None),
        ("start", 1),
    ]


def test_one_counter_runs_through_messages_of_every_kind() -> None:
    one = telnyx()
    texts = [one.opening()[1].data, one.media(FRAME), one.mark("a"), one.dtmf("1")]
    texts += [one.media(FRAME), one.stop()]

    numbers = [json.loads(text)["sequence_number"] for text in texts if text is not None]
    assert numbers == ["1", "2", "3", "4", "5", "6"]
    assert one.sequence == 6


@pytest.mark.parametrize("key", ["", "a", "12", "٣"])
def test_p16_there_is_no_such_key_as(key: str) -> None:
    with pytest.raises(ValueError, match="is not a key of a telephone"):
        telnyx().dtmf(key)


def test_a_stream_in_a_law_says_so_and_carries_it() -> None:
    one = telnyx(alaw=True)

    assert one.opening()[1].data == start("PCMA")
    assert one.media(FRAME) == media(2, 1, ulaw_to_alaw(FRAME))


def test_reorder_lets_one_frame_in_five_be_overtaken_and_loses_none_but_the_last() -> None:
    one = telnyx(reorder=True)
    one.opening()
    sent = [one.media(FRAME) for _ in range(12)]

    frames = [json.loads(text) for text in sent if text is not None]
    assert sent[0] is None
    assert [int(frame["media"]["chunk"]) for frame in frames] == [1, 2, 3, 5, 4, 6, 7, 8, 10, 9, 11]
    for frame in frames:  # Each keeps its own place, by which it can be put back in order.
        chunk = int(frame["media"]["chunk"])
        assert frame["media"]["timestamp"] == str(20 * chunk)
        assert frame["sequence_number"] == str(chunk + 1)


def test_reorder_writes_down_the_number_of_what_was_sent() -> None:
    call = VirtualCall(telnyx(reorder=True))
    call.start()
    for at_ms in range(0, 140, 20):
        call.send_frame(FRAME, at_ms)

    written = [e for e in call.events if isinstance(e, MessageSent) and e.event == "media"]
    assert [event.sequence for event in written] == [2, 3, 4, 6, 5, 7]
    places = [event.frames for event in written]
    assert places == [range(at, at + 1) for at in (0, 1, 2, 4, 3, 5)]


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        pytest.param(TELNYX_TONGUE.media(FRAME), Media(FRAME), id="20-ms-without-a-stream-id"),
        pytest.param(
            TELNYX_TONGUE.media(FRAME * 1500), Media(FRAME * 1500), id="thirty-seconds-are-the-most"
        ),
        pytest.param(
            json.dumps(json.loads(TELNYX_TONGUE.media(FRAME)) | {"stream_id": ID}),
            Media(FRAME),
            id="its-own-stream-id-may-be-given",
        ),
        pytest.param(TELNYX_TONGUE.mark("a"), Mark("a"), id="P-36-mark"),
        pytest.param(TELNYX_TONGUE.clear(), Clear(), id="P-37-clear"),
    ],
)
def test_what_telnyx_understands(text: str, parsed: Media | Mark | Clear) -> None:
    assert telnyx().parse(text) == parsed


def error(code: int, title: str, detail: str) -> str:
    return (
        '{"event":"error","payload":{"code":' + str(code) + ',"title":"' + title + '",'
        '"detail":"' + detail + '"},"stream_id":"' + ID + '"}'
    )


MALFORMED = error(
    100003, "malformed_frame", "the message is not one of those that may be sent here"
)
INVALID = error(100004, "invalid_media", "the audio of the message cannot be played")


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        pytest.param("{", MALFORMED, id="truncated-json"),
        pytest.param("[1]", MALFORMED, id="a-list"),
        pytest.param(b"\x00", MALFORMED, id="a-binary-frame"),
        pytest.param('{"event": "Media"}', MALFORMED, id="a-misspelt-event"),
        pytest.param('{"event": "mark"}', MALFORMED, id="a-mark-without-a-name"),
        pytest.param('{"event": "clear", "stream_id": "x"}', MALFORMED, id="a-foreign-stream"),
        pytest.param('{"event": "media"}', INVALID, id="no-media"),
        pytest.param('{"event": "media", "media": {}}', INVALID, id="no-payload"),
        pytest.param(TELNYX_TONGUE.payload(""), INVALID, id="an-empty-payload"),
        pytest.param(TELNYX_TONGUE.payload(5), INVALID, id="a-payload-that-is-a-number"),
        pytest.param(TELNYX_TONGUE.payload("*"), INVALID, id="a-payload-that-is-not-base64"),
        pytest.param(
            TELNYX_TONGUE.media(FRAME * 1500 + b"\xff"), INVALID, id="more-than-thirty-seconds"
        ),
    ],
)
def test_bad_input_is_answered_on_the_socket(message: str | bytes, answer: str) -> None:
    call = TELNYX_TONGUE.call()
    call.receive(message, 5)

    assert call.messages_to_send() == [answer]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(TELNYX_TONGUE.media(b"\xff" * 80), id="media-of-10-ms"),
        pytest.param('{"event": "clear", "extra": 1}', id="a-field-nobody-asked-for"),
        pytest.param(TELNYX_TONGUE.media(b"RIFF" + b"\x00" * 156), id="a-file-header"),
    ],
)
def test_what_is_used_all_the_same_is_not_answered(message: str) -> None:
    call = TELNYX_TONGUE.call()
    call.receive(message, 5)

    assert [row.count for row in call.finding_counts] == [1]
    assert call.messages_to_send() == []


def test_p70_an_answer_is_written_down_with_its_reason() -> None:
    call = TELNYX_TONGUE.call()
    call.receive("{", 5)

    answers = [e for e in call.events if isinstance(e, MessageSent) and e.event == "error"]
    assert answers == [MessageSent(5, "error", None, len(MALFORMED), "not_json")]


def test_after_the_call_nothing_is_answered() -> None:
    call = TELNYX_TONGUE.call()
    call.hang_up(5)
    call.messages_to_send()
    call.receive("{", 10)

    assert call.messages_to_send() == []


def test_100005_so_many_errors_a_second_then_the_rate_limit_once_then_silence() -> None:
    one = telnyx()
    complaint = one.parse("{").complaints[0]

    def answers() -> list[int]:
        given = [one.objection(complaint) for _ in range(ERRORS_PER_SECOND + 20)]
        return [json.loads(text)["payload"]["code"] for text in given if text is not None]

    assert answers() == [100003] * ERRORS_PER_SECOND + [100005]
    for _ in range(50):
        one.media(FRAME)
    assert answers() == [100003] * ERRORS_PER_SECOND + [100005]


def test_100005_a_mark_too_many_is_answered_too() -> None:
    call = TELNYX_TONGUE.call()
    call.receive(TELNYX_TONGUE.media(FRAME), 0)
    for _ in range(MAX_WAITING_MARKS + 1):
        call.receive(TELNYX_TONGUE.mark("a"), 1)

    assert call.messages_to_send() == [
        error(100005, "rate_limit_reached", "too many messages at once")
    ]


def test_p37_a_clear_returns_all_marks() -> None:
    call = TELNYX_TONGUE.call()
    call.receive(TELNYX_TONGUE.media(FRAME * 10), 0)
    for name in "ab":
        call.receive(TELNYX_TONGUE.mark(name), 5)
    call.receive(TELNYX_TONGUE.clear(), 50)

    assert TELNYX_TONGUE.marks_in(call.messages_to_send()) == ["a", "b"]


@pytest.mark.parametrize(
    ("trouble", "detail", "kind", "code"),
    [
        (Trouble.TOO_EARLY, "", "unknown_error", 100002),
        (Trouble.TOO_MANY_MARKS, "10000", "rate_limit_reached", 100005),
        (Trouble.MEDIA_DISCARDED, "500 ms", "media_discarded", None),
        (Trouble.PROTOCOL_ERROR, "reserved bits set", "protocol_error", None),
        (Trouble.MESSAGE_TOO_BIG, "16 MiB", "message_too_big", None),
    ],
)
def test_trouble_has_telnyx_own_number_where_there_is_one(
    trouble: Trouble, detail: str, kind: str, code: int | None
) -> None:
    complaint = telnyx().complain(trouble, detail)

    assert (complaint.kind, complaint.code) == (kind, code)
    assert "streamSid" not in complaint.message


@pytest.fixture(scope="module")
def voice_ulaw() -> bytes:
    return speaking_voice().greeting.ulaw


def heard(wire: TelnyxWire, text: str) -> tuple[bytes, list[str]]:
    parsed = wire.parse(text)
    assert isinstance(parsed, Media)
    return parsed.ulaw, [complaint.case for complaint in parsed.complaints]


def test_on_a_stream_in_a_law_the_way_back_is_played_in_the_law_it_is_made_in(
    voice_ulaw: bytes,
) -> None:
    pieces = [voice_ulaw[at : at + 320] for at in range(0, len(voice_ulaw) - 320, 320)]
    in_alaw, in_ulaw = telnyx(alaw=True), telnyx(alaw=True)

    for piece in pieces:
        back, cases = heard(in_alaw, ALAW_TONGUE.media(piece))
        assert cases == []
        # There and back the steps of two laws meet.
        assert max(abs((a ^ 0xFF) - (b ^ 0xFF)) for a, b in zip(back, piece, strict=True)) <= 1
        assert heard(in_ulaw, TELNYX_TONGUE.media(piece)) == (piece, ["other_law"])


def test_on_a_stream_in_mu_law_nobody_guesses(voice_ulaw: bytes) -> None:
    alaw = ulaw_to_alaw(voice_ulaw)

    assert heard(telnyx(), TELNYX_TONGUE.media(alaw)) == (alaw, [])


def test_the_other_law_is_noted_only() -> None:
    complaint = telnyx(alaw=True).parse(TELNYX_TONGUE.media(b"\xff" * 160)).complaints[0]

    assert isinstance(complaint, Complaint)
    assert complaint.message == (
        "The bot sends μ-law on a stream in A-law, which is right if the way back has a codec of "
        "its own (`stream_bidirectional_codec`, PCMU unless the application says otherwise). "
        "Telnyx accepts the message. "
        "Fix: answer in the `encoding` of the `start` message, or leave that codec at PCMU."
    )
    assert (complaint.severity, complaint.code) == ("note", 100004)
