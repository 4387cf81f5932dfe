"""The messages on the wire are those of PROTOCOL 2, to the letter."""

import base64
import json
from collections.abc import Callable

import pytest
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.twilio import TwilioWire
from pipecat_voice_test.protocol.wire import Clear, Mark, Media

from protocol.wires import IDENTITY, SID, clear, mark, media, wire

FRAME = bytes(range(96, 256))
START = (
    '{"event":"start","sequenceNumber":"1","start":{"accountSid":"' + IDENTITY.account_sid + '",'
    '"streamSid":"' + SID + '","callSid":"' + IDENTITY.call_sid + '","tracks":["inbound"],'
    '"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},'
    '"customParameters":{}},"streamSid":"' + SID + '"}'
)
MEDIA = (
    '{"event":"media","sequenceNumber":"1","media":{"track":"inbound","chunk":"1",'
    '"timestamp":"20","payload":"' + base64.b64encode(FRAME).decode() + '"},'
    '"streamSid":"' + SID + '"}'
)
DTMF = (
    '{"event":"dtmf","streamSid":"' + SID + '","sequenceNumber":"1",'
    '"dtmf":{"track":"inbound_track","digit":"#"}}'
)
MARK = (
    '{"event":"mark","sequenceNumber":"1","streamSid":"'
    + SID
    + '","mark":{"name":"end of \\"A\\""}}'
)
STOP = (
    '{"event":"stop","sequenceNumber":"1","stop":{"accountSid":"' + IDENTITY.account_sid + '",'
    '"callSid":"' + IDENTITY.call_sid + '"},"streamSid":"' + SID + '"}'
)


@pytest.mark.parametrize(
    ("write", "text"),
    [
        pytest.param(
            lambda wire: wire.opening()[0].data,
            '{"event":"connected","protocol":"Call","version":"1.0.0"}',
            id="P-10-connected",
        ),
        pytest.param(lambda wire: wire.opening()[1].data, START, id="P-12-start"),
        pytest.param(lambda wire: wire.media(FRAME), MEDIA, id="P-14-P-15-media"),
        pytest.param(lambda wire: wire.dtmf("#"), DTMF, id="P-16-dtmf"),
        pytest.param(lambda wire: wire.mark('end of "A"'), MARK, id="P-36-mark"),
        pytest.param(lambda wire: wire.stop(), STOP, id="P-43-stop"),
    ],
)
def test_message_is_written_exactly_as(write: Callable[[TwilioWire], str], text: str) -> None:
    assert write(wire()) == text


def test_p10_the_call_opens_with_connected_and_start_of_which_one_is_numbered() -> None:
    opening = wire().opening()

    assert [(message.event, message.sequence) for message in opening] == [
        ("connected", None),
        ("start", 1),
    ]


def test_p11_one_counter_runs_through_messages_of_every_kind() -> None:
    one = wire()
    texts = [one.opening()[1].data, one.media(FRAME), one.mark("a"), one.dtmf("1")]
    texts += [one.media(FRAME), one.stop()]

    numbers = [json.loads(text)["sequenceNumber"] for text in texts]
    assert numbers == ["1", "2", "3", "4", "5", "6"]
    assert one.sequence == 6


@pytest.mark.parametrize(
    ("options", "timestamps"),
    [
        pytest.param({}, ["20", "40", "60"], id="P-14-starts-at-20"),
        pytest.param(
            {"first_timestamp_ms": 137}, ["137", "157", "177"], id="P-14-starts-where-told"
        ),
    ],
)
def test_media_is_counted_and_timed(options: dict[str, int], timestamps: list[str]) -> None:
    one = wire(**options)
    one.opening()
    frames = []
    for _ in timestamps:
        frames.append(json.loads(one.media(FRAME))["media"])
        one.mark("in between")

    assert [frame["chunk"] for frame in frames] == ["1", "2", "3"]
    assert [frame["timestamp"] for frame in frames] == timestamps


def test_p15_payload_is_one_line_of_padded_base64() -> None:
    payload = json.loads(wire().media(FRAME))["media"]["payload"]

    assert len(payload) == 216
    assert base64.b64decode(payload, validate=True) == FRAME


def test_p13_parameters_reach_the_start_message() -> None:
    start = json.loads(wire(parameters={"von": "Jürgen"}).opening()[1].data)["start"]

    assert start["customParameters"] == {"von": "Jürgen"}


@pytest.mark.parametrize("value_characters", [0, 495])
def test_p13_a_parameter_below_500_characters_is_fine(value_characters: int) -> None:
    assert wire(parameters={"name": "x" * value_characters}).opening()


def test_p13_a_parameter_of_500_characters_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        wire(parameters={"name": "x" * 496})

    assert str(caught.value) == (
        "The call parameter `name` has 500 characters, name and value together; the network "
        "carries fewer than 500.\n"
        "  Fix: shorten it, or pass an id by which the bot can look the rest up."
    )


@pytest.mark.parametrize("key", ["", "a", "12", "A", "٣"])
def test_p16_there_is_no_such_key_as(key: str) -> None:
    with pytest.raises(ValueError, match="is not a key of a telephone"):
        wire().dtmf(key)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        pytest.param(media(b"\x00"), Media(b"\x00"), id="P-31-one-byte"),
        pytest.param(media(FRAME[:159]), Media(FRAME[:159]), id="P-31-159-bytes"),
        pytest.param(media(FRAME * 6554), Media(FRAME * 6554), id="P-31-one-megabyte"),
        pytest.param(mark("a"), Mark("a"), id="P-36-mark"),
        pytest.param(mark(""), Mark(""), id="P-36-a-mark-may-have-an-empty-name"),
        pytest.param(mark("x" * 100_000), Mark("x" * 100_000), id="P-36-or-a-very-long-one"),
        pytest.param(clear(), Clear(), id="P-37-clear"),
        pytest.param(f" \n{clear()}\r\n ", Clear(), id="white-space-around-json-is-json"),
        pytest.param(
            clear().replace("clear", "\\u0063lear"), Clear(), id="escaped-characters-are-json"
        ),
    ],
)
def test_what_twilio_understands(text: str, parsed: Media | Mark | Clear) -> None:
    assert wire().parse(text) == parsed


@pytest.mark.parametrize("name", ["\ud800", "\x00\n\x1b", "漢字", "\u2028", '"}'])
def test_p36_a_mark_comes_back_with_the_very_name_it_had(name: str) -> None:
    one = wire()
    parsed = one.parse(mark(name))

    assert isinstance(parsed, Mark)
    echo = one.mark(parsed.name)
    assert json.loads(echo)["mark"]["name"] == name
    assert echo.isascii()
