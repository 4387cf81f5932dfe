"""Events are kept, whatever a bot makes of them (PROTOCOL 9.8)."""

import json

import pytest
from pipecat_voice_test.protocol.events import rtvi
from pipecat_voice_test.protocol.wire import Observed, Rejected
from pipecat_voice_test.timeline import Severity


def event(name: str, **data: object) -> str:
    return json.dumps({"label": "rtvi-ai", "type": name, "id": "1", "data": data})


@pytest.mark.parametrize(
    ("text", "name", "detail"),
    [
        (event("bot-started-speaking"), "bot-started-speaking", ""),
        (event("user-transcription", text="Hello.", final=True), "user-transcription", "Hello."),
        (event("llm-function-call-started", function_name="f"), "llm-function-call-started", "f"),
        (event("error", error="no", fatal=True), "error", "no"),
        (event("x", a="1", b=[2], c="d"), "x", "a: 1, c: d"),
        ('{"label":"rtvi-ai","type":"x","data":[1]}', "x", ""),
        ('{"mine":1}', "message", '{"mine":1}'),
        ("[1]", "text", "[1]"),
        ("hello \x1b[1m", "text", "hello \\x1b[1m"),
        ('{"type":"signalling","message":{"type":7}}', "message", None),
    ],
)
def test_what_a_bot_tells_is_kept(text: str, name: str, detail: str | None) -> None:
    read = rtvi.read_event(text)

    assert isinstance(read, Observed)
    assert read.event == name
    assert detail is None or read.detail == detail


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"label":"rtvi-ai","type":' + "[" * 10_000,
        event("x" * 100_000, text="y" * 100_000),
        event("\ud800", text="\ud800"),
        event("x", **{f"k{n}": "\x1b" for n in range(5_000)}),
        '{"label":"rtvi-ai","type":"x","data":' + '{"a":' * 900 + "1" + "}" * 901,
    ],
)
def test_no_text_of_a_bot_is_too_much(text: str) -> None:
    read = rtvi.read_event(text)

    assert isinstance(read, Observed)
    assert read.event.isprintable()
    assert read.detail.isprintable()
    # One character that is not printable becomes up to ten that are.
    assert len(read.event) <= 10 * rtvi.NAME_CHARACTERS
    assert len(read.detail) <= 10 * rtvi.DETAIL_CHARACTERS


def test_an_event_without_a_type_is_noted() -> None:
    read = rtvi.read_event('{"label":"rtvi-ai"}')

    assert isinstance(read, Rejected)
    assert [complaint.severity for complaint in read.complaints] == [Severity.NOTE]


def test_what_we_say_is_rtvi() -> None:
    ready, key = json.loads(rtvi.client_ready(1)), json.loads(rtvi.key_pressed("#", 2))

    assert {"label", "type", "id", "data"} == set(ready) == set(key)
    assert (ready["id"], key["id"]) == ("1", "2")
    assert ready["data"]["about"]["library"] == "pipecat-voice-test"
    assert key["data"] == {"buttons": ["#"]}
