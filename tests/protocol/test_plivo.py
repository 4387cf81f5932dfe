"""The messages on the wire are those of PROTOCOL 9.2, to the letter."""

import base64
import json
from collections.abc import Callable

import pytest
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.plivo import PlivoWire
from pipecat_voice_test.protocol.wire import Clear, Mark, Media
from pipecat_voice_test.timeline import MarkReturned, PlaybackCleared

from protocol.tongues import OPENED_MS, PLIVO, PLIVO_TONGUE, plivo

FRAME = bytes(range(96, 256))
ID = PLIVO.stream_sid


def start(headers: str = "") -> str:
    return (
        '{"event":"start","sequenceNumber":1,"start":{"callId":"' + PLIVO.call_sid + '",'
        '"streamId":"' + ID + '","accountId":"' + PLIVO.account_sid + '","tracks":["inbound"],'
        '"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000}},'
        '"extra_headers":"' + headers + '"}'
    )  # fmt: skip


def media(number: int, chunk: int, headers: str = "") -> str:
    return (
        f'{{"event":"media","sequenceNumber":{number},"streamId":"{ID}",'
        f'"media":{{"track":"inbound","timestamp":"{OPENED_MS + 20 * chunk}","chunk":{chunk},'
        f'"payload":"{base64.b64encode(FRAME).decode()}"}},"extra_headers":"{headers}"}}'
    )


def in_the_call(wire: PlivoWire) -> PlivoWire:
    wire.opening()
    for _ in range(50):
        wire.media(FRAME)
    return wire


@pytest.mark.parametrize(
    ("write", "text"),
    [
        pytest.param(lambda wire: wire.opening()[0].data, start(), id="start"),
        pytest.param(lambda wire: in_the_call(wire).media(FRAME), media(52, 51), id="media"),
        pytest.param(
            lambda wire: in_the_call(wire).dtmf("1"),
            '{"event":"dtmf","sequenceNumber":52,"streamId":"' + ID + '",'
            '"dtmf":{"track":"inbound","digit":"1","timestamp":"' + str(OPENED_MS + 1000) + '"},'
            '"extra_headers":""}',
            id="dtmf",
        ),
        pytest.param(
            lambda wire: wire.mark('end of "A"'),
            '{"event":"playedStream","sequenceNumber":1,"streamId":"' + ID + '",'
            '"name":"end of \\"A\\""}',
            id="playedStream",
        ),
        pytest.param(
            lambda wire: wire.cleared(),
            '{"event":"clearedAudio","sequenceNumber":1,"streamId":"' + ID + '"}',
            id="clearedAudio",
        ),
        pytest.param(lambda wire: wire.stop(), None, id="there-is-no-stop"),
    ],
)
def test_message_is_written_exactly_as(write: Callable[[PlivoWire], str], text: str) -> None:
    assert write(plivo()) == text


def test_the_call_opens_with_start_alone() -> None:
    assert [(one.event, one.sequence) for one in plivo().opening()] == [("start", 1)]


def test_parameters_become_extra_headers_of_every_message_from_the_caller() -> None:
    one = plivo(parameters={"customer_id": "42", "name": "Jürgen"})
    headers = "customer_id=42;name=J\\u00fcrgen"

    assert one.opening()[0].data == start(headers)
    assert one.media(FRAME) == media(2, 1, headers)
    assert json.loads(one.dtmf("1"))["extra_headers"] == "customer_id=42;name=Jürgen"


@pytest.mark.parametrize("parameters", [{"a;b": "1"}, {"a=b": "1"}, {"a": "1;2"}])
def test_parameters_that_could_not_be_told_apart_are_refused(parameters: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        plivo(parameters=parameters)

    assert str(caught.value) == (
        f"The call parameter `{next(iter(parameters))}` has `;` or `=` in it, and Plivo passes "
        "parameters on as `name=value;name=value`.\n"
        "  Fix: leave them out, or pass an id by which the bot can look the rest up."
    )


def test_parameters_of_512_bytes_are_the_most() -> None:
    assert plivo(parameters={"a": "b" * 510}).opening()
    with pytest.raises(UsageError) as caught:
        plivo(parameters={"a": "b" * 511})

    assert str(caught.value) == (
        "The call parameters have 513 bytes, written as `name=value;name=value`; Plivo carries at "
        "most 512.\n"
        "  Fix: shorten them, or pass an id by which the bot can look the rest up."
    )


def test_one_counter_runs_through_messages_of_every_kind() -> None:
    one = plivo()
    texts = [one.opening()[0].data, one.media(FRAME), one.mark("a"), one.dtmf("1"), one.cleared()]

    assert [json.loads(text)["sequenceNumber"] for text in texts] == [1, 2, 3, 4, 5]
    assert one.sequence == 5


@pytest.mark.parametrize("key", ["", "a", "12", "٣"])
def test_p16_there_is_no_such_key_as(key: str) -> None:
    with pytest.raises(ValueError, match="is not a key of a telephone"):
        plivo().dtmf(key)


def without_stream_id(text: str) -> str:
    return json.dumps({k: v for k, v in json.loads(text).items() if k != "streamId"})


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        pytest.param(PLIVO_TONGUE.media(FRAME), Media(FRAME), id="playAudio"),
        pytest.param(
            without_stream_id(PLIVO_TONGUE.media(FRAME[:1])),
            Media(FRAME[:1]),
            id="P-31-one-byte-without-a-stream-id",
        ),
        pytest.param(PLIVO_TONGUE.mark("a"), Mark("a"), id="checkpoint"),
        pytest.param(PLIVO_TONGUE.clear(), Clear(), id="clearAudio"),
    ],
)
def test_what_plivo_understands(text: str, parsed: Media | Mark | Clear) -> None:
    assert plivo().parse(text) == parsed


def test_p36_a_checkpoint_is_reported_when_it_is_heard() -> None:
    call = PLIVO_TONGUE.call()
    call.receive(PLIVO_TONGUE.media(FRAME * 5), 0)
    call.receive(PLIVO_TONGUE.mark("a"), 1)
    call.advance(99)
    assert call.messages_to_send() == []
    call.advance(100)

    assert PLIVO_TONGUE.marks_in(call.messages_to_send()) == ["a"]


def test_waiting_checkpoints_are_not_reported_after_a_clear_which_is_answered() -> None:
    call = PLIVO_TONGUE.call()
    call.receive(PLIVO_TONGUE.media(FRAME * 5), 0)
    call.receive(PLIVO_TONGUE.mark("a"), 1)
    call.receive(PLIVO_TONGUE.clear(), 50)
    call.advance(1_000)

    sent = [json.loads(text) for text in call.messages_to_send()]
    assert sent == [{"event": "clearedAudio", "sequenceNumber": 2, "streamId": ID}]
    assert [e.discarded_ms for e in call.events if isinstance(e, PlaybackCleared)] == [50.0]
    assert not [e for e in call.events if isinstance(e, MarkReturned)]


def test_hanging_up_says_nothing() -> None:
    call = PLIVO_TONGUE.call()
    call.hang_up(20)

    assert call.messages_to_send() == []


def test_bad_input_is_not_answered() -> None:
    call = PLIVO_TONGUE.call()
    call.receive("{", 0)

    assert call.messages_to_send() == []
    assert [row.kind for row in call.finding_counts] == ["invalid_message"]
