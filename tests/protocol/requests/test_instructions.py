"""PROTOCOL 8: call instructions are read as the network reads them, and nothing else in them."""

import pytest
from pipecat_voice_test.protocol.requests.instructions import (
    MAX_BYTES,
    Connect,
    Hangup,
    OneWay,
    PassedOver,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    Stream,
    Verb,
    read_instructions,
)
from pipecat_voice_test.protocol.untrusted import Unreadable

# Ten entities of ten of the one before: 10 GB, if anybody resolved them.
LAUGHS = b"".join(
    b'<!ENTITY l%d "%b">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10)
)
BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "lol">'
    + LAUGHS
    + b"]><Response>&l9;</Response>"
)
NO_DOCTYPE = (
    "declares a document type; the network reads XML without one, so that no entities can be "
    "declared in it"
)


def in_response(inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Response>{inside}</Response>'.encode()


@pytest.mark.parametrize(
    ("inside", "verbs"),
    [
        pytest.param("", (), id="nothing-to-do"),
        pytest.param(
            '<Connect><Stream url="wss://bot.test/ws" /></Connect>',
            (Connect(Stream("wss://bot.test/ws")),),
            id="a-stream",
        ),
        pytest.param(
            '<Connect action="/next" method="get"><Stream url=" ws " name="main"'
            ' statusCallback="/told" statusCallbackMethod="GET">'
            '<Parameter name="a" value="1 &lt; 2"/><Parameter name="a" value="2"/>'
            '<Parameter name="b"/><Parameter value="c"/><Other/></Stream></Connect>',
            (Connect(Stream("ws", "main", {"a": "2", "b": ""}, "/told", "GET"), "/next", "GET"),),
            id="a-stream-with-all-there-is",
        ),
        pytest.param(
            '<Connect action=""><Stream url="a"/></Connect>',
            (Connect(Stream("a"), action=""),),
            id="an-empty-action-is-an-action",
        ),
        pytest.param(
            '<Start><Stream url="wss://bot.test/ws"/></Start>',
            (OneWay("wss://bot.test/ws"),),
            id="a-one-way-stream",
        ),
        pytest.param(
            '<Pause length="3"/><Pause/><Pause length="soon"/>',
            (Pause(3.0), Pause(1.0), Pause(1.0)),
            id="pauses",
        ),
        pytest.param(
            '<Say>Hi <prosody rate="slow">dear</prosody>\n caller</Say><Play> a.mp3 </Play>',
            (Say("Hi caller dear"), Play("a.mp3")),
            id="what-is-said-and-played",
        ),
        pytest.param(
            '<Redirect method="GET">/other?a=1&amp;b=2</Redirect><Hangup/>'
            '<Reject/><Reject reason="busy"/>',
            (Redirect("/other?a=1&b=2", "GET"), Hangup(), Reject("rejected"), Reject("busy")),
            id="how-calls-go-on-or-end",
        ),
        pytest.param(
            "<Dial>+1</Dial><say/><Connect><Room/></Connect><Connect/><Start><Siprec/></Start>"
            "<Respo\u00f1se/>",
            (
                PassedOver('"Dial"'),
                PassedOver('"say"'),
                PassedOver('"Connect" with "Room" in it'),
                PassedOver('"Connect" with nothing in it'),
                PassedOver('"Start"'),
                PassedOver('"Respo\u00f1se"'),
            ),
            id="what-is-not-played-here",
        ),
    ],
)
def test_p61_verbs(inside: str, verbs: tuple[Verb, ...]) -> None:
    assert read_instructions(in_response(inside)) == verbs


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_p61_any_encoding_that_xml_knows(encoding: str) -> None:
    body = "<Response><Say>\u00e4</Say></Response>".encode(encoding)

    assert read_instructions(body) == (Say("\u00e4"),)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        pytest.param(b"", "is not XML (no element found in line 1, column 1)", id="nothing"),
        pytest.param(
            b'{"wsUrl": "ws://"}',
            "is not XML (not well-formed (invalid token) in line 1, column 1)",
            id="json",
        ),
        pytest.param(
            b"<Response>\n<Say></Response>",
            "is not XML (mismatched tag in line 2, column 8)",
            id="a-tag-left-open",
        ),
        pytest.param(
            b"<!DOCTYPE html><html></html>", "is a page of HTML, not XML", id="a-page-of-html"
        ),
        pytest.param(
            b"<html></html>", 'has the root "html", where `Response` belongs', id="another-root"
        ),
        pytest.param(
            b"<x\x1b[31m/>",
            "is not XML (not well-formed (invalid token) in line 1, column 3)",
            id="what-would-colour-a-terminal",
        ),
        pytest.param(BILLION_LAUGHS, NO_DOCTYPE, id="a-billion-laughs"),
        pytest.param(
            b'<!DOCTYPE Response SYSTEM "file:///etc/passwd"><Response/>',
            NO_DOCTYPE,
            id="a-document-type-elsewhere",
        ),
        pytest.param(
            b'<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><Response>&f;</Response>',
            NO_DOCTYPE,
            id="an-entity-that-is-a-file",
        ),
        pytest.param(
            in_response("<Say>&nbsp;</Say>"),
            "is not XML (undefined entity in line 2, column 16)",
            id="an-entity-of-html",
        ),
        pytest.param(
            b'<?xml version="1.0" encoding="klingon"?><Response/>',
            "is not XML (its encoding is not known)",
            id="an-encoding-of-nobody",
        ),
        pytest.param(
            b'<?xml version="1.0" encoding="zip"?><Response/>',
            "is not XML (its encoding is not known)",
            id="an-encoding-that-unpacks",
        ),
        pytest.param(
            in_response("<a/>" * 500), "has more than 500 elements", id="hundreds-of-verbs"
        ),
        pytest.param(
            b"<Response>" * 21, "is nested more than 20 elements deep", id="endless-depth"
        ),
        pytest.param(b"<Response>" + b" " * MAX_BYTES, "is longer than 65536 bytes", id="too-long"),
        pytest.param(
            in_response("<Connect><Stream/></Connect>"),
            "has a `Stream` without `url`",
            id="a-stream-to-nowhere",
        ),
    ],
)
def test_p60_what_is_no_instructions_says_why(body: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_instructions(body)

    assert str(caught.value) == why
