"""PROTOCOL 8 with real sockets: a webhook is asked as the network asks it, and obeyed."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from call.servers import Peer
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.doors.addresses import AddressMap
from pipecat_voice_test.doors.asking import Network, WebhookReply
from pipecat_voice_test.doors.direct import twilio_wire
from pipecat_voice_test.doors.door import CallFacts, OpenLine
from pipecat_voice_test.doors.upgrade import Signing
from pipecat_voice_test.doors.webhook import WebhookDoor
from pipecat_voice_test.errors import BotError, UsageError
from pipecat_voice_test.protocol.identity import call_identity
from pipecat_voice_test.protocol.requests.signature import signature
from pipecat_voice_test.timeline import EndedBy, Event, Finding, Note, Severity

from doors.site import Answer, Asked, Site, connect, reply, serving, twiml

TOKEN = "12345"
IDENTITY = call_identity(0, "greeting", 1)
FACTS = CallFacts(IDENTITY, "+15550001", "+15550002", {"customer": "42"})
PUBLIC = "wss://bot.example.test"


@dataclass
class Seen:
    """What a call left at the site and in the records of the call."""

    site: Site
    start: dict[str, object]
    before: Sequence[Event]
    after: Sequence[Event]


def door_of(
    site: Site,
    *,
    webhook: str = "/voice",
    keep_query: bool = False,
    signing: Signing | None = None,
    reply_s: float = 5.0,
) -> WebhookDoor:
    network = Network(AddressMap(site.bot_url, keep_query=keep_query), TOKEN, reply_s)
    return WebhookDoor(webhook, network, twilio_wire, signing)


async def call(
    site: Site, door: WebhookDoor, facts: CallFacts, ended_by: EndedBy = EndedBy.BOT
) -> Seen:
    line = await door.open(facts, SystemClock())
    start = json.loads(line.wire.opening()[1].data)["start"]
    after = await finished(line, ended_by)
    return Seen(site, start, line.events, after)


async def finished(line: OpenLine, ended_by: EndedBy) -> Sequence[Event]:
    line.socket.abort()
    assert line.after is not None
    return await line.after(ended_by)


def called(site: Site, ended_by: EndedBy = EndedBy.BOT, **options: Any) -> Seen:
    async def go() -> Seen:
        async with serving(site):
            return await call(site, door_of(site, **options), FACTS, ended_by)

    return asyncio.run(go())


def refused(site: Site, **options: Any) -> BotError:
    async def go() -> BotError:
        async with serving(site):
            with pytest.raises(BotError) as caught:
                await door_of(site, **options).open(FACTS, SystemClock())
        return caught.value

    return asyncio.run(go())


def notes(events: Sequence[object], site: Site) -> list[str]:
    """Notes without what differs from run to run."""
    texts = [event.text for event in events if isinstance(event, Note)]
    shown = [text.replace(site.authority, "SITE") for text in texts]
    return [" ".join("N" if one.isdigit() else one for one in text.split()) for text in shown]


def test_p60_the_webhook_is_asked_as_the_network_asks() -> None:
    site = Site({"/voice": twiml(connect(f"{PUBLIC}/ws"))})

    called(site)

    (asked,) = site.asked
    assert (asked.method, asked.path) == ("POST", "/voice")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.fields == {
        "customer": "42",
        "CallSid": IDENTITY.call_sid,
        "AccountSid": IDENTITY.account_sid,
        "From": "+15550001",
        "To": "+15550002",
        "Caller": "+15550001",
        "Called": "+15550002",
        "CallStatus": "ringing",
        "Direction": "inbound",
        "ApiVersion": "2010-04-01",
    }
    assert asked.headers["x-twilio-signature"] == signature(TOKEN, asked.url, asked.fields)


def test_p1_the_stream_is_called_at_the_bot_and_p63_gets_the_parameters() -> None:
    parameters = '<Parameter name="customer" value="43"/><Parameter name="lang" value="en"/>'
    site = Site({"/voice": twiml(connect(f"{PUBLIC}/media/1", parameters))})

    seen = called(site)

    (upgrade,) = site.upgrades
    assert upgrade.path == "/media/1"
    assert "x-twilio-signature" not in upgrade.headers
    assert seen.start["customParameters"] == {"customer": "43", "lang": "en"}
    assert notes(seen.before, site) == [
        "Asked POST http://SITE/voice for call instructions: N in N ms, N bytes.",
        "Call instructions: `Connect` to wss://bot.example.test/media/1, which is reached at "
        "ws://SITE/media/1.",
    ]
    assert seen.after == ()


def test_p56_the_upgrade_is_signed_with_the_published_address() -> None:
    site = Site({"/voice": twiml(connect(f"{PUBLIC}/ws"))})

    called(site, signing=Signing(TOKEN))
    called(site, signing=Signing(TOKEN, "wss://other.test/ws"))

    given = [upgrade.headers["x-twilio-signature"] for upgrade in site.upgrades]
    assert given == ["ZQQn6aQfbHxobW0aCBwU/NEnNCs=", signature(TOKEN, "wss://other.test/ws")]


@pytest.mark.parametrize("keep", [False, True], ids=["removed", "kept"])
def test_p2_a_query_is_removed_with_a_warning_unless_it_is_to_be_kept(keep: bool) -> None:
    site = Site({"/voice": twiml(connect(f"{PUBLIC}/ws?agent=7&amp;x"))})

    seen = called(site, keep_query=keep)

    warnings = [event for event in seen.before if isinstance(event, Finding)]
    assert [upgrade.path for upgrade in site.upgrades] == ["/ws?agent=7&x" if keep else "/ws"]
    assert [(one.kind, one.severity) for one in warnings] == (
        [] if keep else [("query_removed", Severity.WARNING)]
    )
    assert [one.message for one in warnings] == (
        []
        if keep
        else [
            "the query of the stream's address wss://bot.example.test/ws was removed, as the "
            'network does not deliver it (in it: "agent", "x"). Fix: pass such values as '
            "`Parameter` elements of `Stream`, or say `--keep-query`."
        ]
    )


def test_p61_what_is_not_heard_is_noted_and_takes_its_time() -> None:
    inside = '<Say>Hello.</Say><Pause length="0"/><Play>a.mp3</Play><Dial/>'
    site = Site({"/voice": twiml(inside + connect(f"{PUBLIC}/ws"))})

    async def go() -> tuple[Seen, float]:
        loop = asyncio.get_running_loop()
        async with serving(site):
            began_s = loop.time()
            seen = await call(site, door_of(site), FACTS)
            return seen, loop.time() - began_s

    seen, took_s = asyncio.run(go())

    assert took_s >= 1.0
    assert notes(seen.before, site)[1:-1] == [
        'Call instructions: `Say` "Hello.", which is not heard here.',
        "Call instructions: `Pause` of N s.",
        'Call instructions: `Play` "a.mp3", which is not heard here.',
        'Call instructions: "Dial" is passed over here.',
    ]


def test_p61_redirects_of_instructions_are_followed() -> None:
    site = Site(
        {
            "/voice": twiml('<Redirect method="GET">next?a=1</Redirect><Hangup/>'),
            "/next": twiml("<Redirect>https://public.example.test/last</Redirect>"),
            "/last": twiml(connect("relative")),
        }
    )

    called(site)

    _, second, third = site.asked
    assert (second.method, second.body) == ("GET", b"")
    assert second.path.startswith("/next?a=1&customer=42&CallSid=CA")
    assert second.headers["x-twilio-signature"] == signature(TOKEN, second.url)
    published = "https://public.example.test/last"
    assert third.headers["x-twilio-signature"] == signature(TOKEN, published, third.fields)
    assert {one.fields["CallStatus"] for one in site.asked} == {"ringing"}
    assert [upgrade.path for upgrade in site.upgrades] == ["/relative"]


def test_p60_five_redirects_are_followed_and_no_sixth() -> None:
    answers: dict[str, Answer] = {
        f"/{number}": twiml(f"<Redirect>/{number - 1}</Redirect>") for number in range(1, 7)
    }
    site = Site({**answers, "/0": twiml(connect(f"{PUBLIC}/ws"))})

    called(site, webhook="/5")
    error = refused(site, webhook="/6")

    assert [one.path for one in site.upgrades] == ["/ws"]
    assert error.what.replace(site.url, "") == (
        "Call instructions redirect the call, more than 5 times: /6 -> /5 -> /4 -> /3 -> /2 -> /1."
    )


def test_p62_with_an_action_that_address_is_asked_and_nothing_after_the_stream_runs() -> None:
    after = twiml("<Say>Bye.</Say><Hangup/><Redirect>/never</Redirect>")
    more = ' action="/after" method="GET"'
    verbs = connect(f"{PUBLIC}/ws", more=more) + "<Redirect>/never</Redirect>"
    site = Site({"/voice": twiml(verbs), "/after": after})

    seen = called(site)

    assert [(one.method, one.path.partition("?")[0]) for one in site.asked] == [
        ("POST", "/voice"),
        ("GET", "/after"),
    ]
    assert site.asked[1].fields["CallStatus"] == "in-progress"
    assert notes(seen.after, site) == [
        "Asked GET http://SITE/after for call instructions: N in N ms, N bytes.",
        'Call instructions: `Say` "Bye.", which is not heard here.',
        "Call instructions: `Hangup` ends the call.",
    ]


def test_p62_without_an_action_the_next_verb_runs() -> None:
    verbs = connect(f"{PUBLIC}/ws") + "<Redirect>/then</Redirect>"
    site = Site({"/voice": twiml(verbs), "/then": twiml(connect(f"{PUBLIC}/second"))})

    seen = called(site)

    assert [one.path for one in site.asked] == ["/voice", "/then"]
    assert [one.path for one in site.upgrades] == ["/ws"]
    assert notes(seen.after, site)[-1] == (
        'Call instructions: `Connect` to another stream, "wss://bot.example.test/second"; '
        "here a call is held on one stream only, so it ends."
    )


def test_nobody_waits_when_the_caller_has_hung_up() -> None:
    site = Site({"/voice": twiml(connect(f"{PUBLIC}/ws") + '<Pause length="9"/>')})

    async def go() -> float:
        loop = asyncio.get_running_loop()
        async with serving(site):
            line = await door_of(site).open(FACTS, SystemClock())
            began_s = loop.time()
            await finished(line, EndedBy.CALLER)
            return loop.time() - began_s

    assert asyncio.run(go()) < 9.0


def test_p60_what_goes_wrong_after_the_stream_is_a_finding() -> None:
    verbs = connect(f"{PUBLIC}/ws", more=' action="/after"')
    site = Site({"/voice": twiml(verbs), "/after": reply(500, "oh no")})

    seen = called(site)

    found = [event for event in seen.after if isinstance(event, Finding)]
    assert [(one.kind, one.severity) for one in found] == [("webhook_reply", Severity.WARNING)]
    assert found[0].message.replace(site.authority, "SITE") == (
        "http://SITE/after answered a request for call instructions with 500. "
        "Fix: the server failed while it answered; its log says why."
    )


@pytest.mark.parametrize(
    ("ended_by", "last"),
    [(EndedBy.BOT, "stream-stopped"), (EndedBy.CALLER, "stream-stopped"),
     (EndedBy.BOT_ABNORMAL, "stream-error")],
)  # fmt: skip
def test_p53_the_bot_is_told_how_its_stream_fares(ended_by: EndedBy, last: str) -> None:
    stream = f'<Stream url="{PUBLIC}/ws" name="main" statusCallback="told"/>'
    site = Site({"/voice": twiml(f"<Connect>{stream}</Connect>"), "/told": reply(204)})

    seen = called(site, ended_by)

    told = [one.fields for one in site.asked if one.path == "/told"]
    assert [one["StreamEvent"] for one in told] == ["stream-started", last]
    assert [bool(one["StreamError"]) for one in told] == [False, last == "stream-error"]
    for one in told:
        assert (one["AccountSid"], one["CallSid"], one["StreamSid"], one["StreamName"]) == (
            IDENTITY.account_sid, IDENTITY.call_sid, IDENTITY.stream_sid, "main",
        )  # fmt: skip
        assert one["Timestamp"].endswith("Z")
    assert notes(seen.after, site) == [
        "stream-started was told to http://SITE/told: 204.",
        f"{last} was told to http://SITE/told: 204.",
    ]


def test_p53_the_bot_is_told_that_its_stream_was_not_accepted() -> None:
    stream = f'<Stream url="{PUBLIC}/nowhere" statusCallback="/told"/>'
    site = Site(
        {"/voice": twiml(f"<Connect>{stream}</Connect>"), "/told": reply(200)},
        refuses=reply(404),
    )

    error = refused(site)

    (told,) = [one.fields for one in site.asked if one.path == "/told"]
    assert told["StreamEvent"] == "stream-error"
    assert (
        told["StreamError"]
        == f"ws://{site.authority}/nowhere refused the call with 404 Some reason."
    )
    assert error.kind == "handshake_refused"
    assert notes(error.noticed, site)[-1] == "stream-error was told to http://SITE/told: 200."


def test_a_refused_signature_says_what_it_was_made_of() -> None:
    site = Site({"/voice": twiml(connect(f"{PUBLIC}/ws"))}, refuses=reply(403))

    error = refused(site, signing=Signing(TOKEN))

    assert str(error).replace(site.authority, "SITE").split("  It answered")[0] == (
        "ws://SITE/ws refused the call with 403 Some reason.\n"
        "  Fix: if the bot checks signatures: this one was made of wss://bot.example.test/ws\n"
        "       with the bot's TWILIO_AUTH_TOKEN or `--auth-token`; `--signature-url` names\n"
        "       another address to make it of; or check `--bot-path`: Python ASGI servers answer "
        "403 both for a path they do not know\n"
        "       and for a session they turned away (token, origin)\n"
        "       http://SITE/voice gave this address as wss://bot.example.test/ws; "
        "`--address-map` says where it is reached\n"
    )
    assert notes(error.noticed, site)[0].startswith("Asked POST http://SITE/voice for call")


REFUSALS = [
    pytest.param(
        reply(500, "Traceback\n::error::x\x1b[31m", "Content-Type: text/plain\r\n"),
        "http://SITE/voice answered a request for call instructions with 500.\n"
        "  Fix: the server failed while it answered; its log says why\n"
        "  It answered 500 Some reason, text/plain:\n"
        "  | Traceback\n"
        "  | ::error::x\\x1b[31m",
        id="it-fails",
    ),
    pytest.param(
        reply(403),
        "http://SITE/voice answered a request for call instructions with 403.\n"
        "  Fix: it may have turned the signature away: the request was signed with the bot's\n"
        "       TWILIO_AUTH_TOKEN or `--auth-token`, for the address above as the bot sees it\n"
        "  It answered 403 Some reason.",
        id="it-refuses-the-signature",
    ),
    pytest.param(
        reply(302, "", "Location: /voice\r\n"),
        "http://SITE/voice answered a request for call instructions with 302.\n"
        "  Fix: name the final address: only a `Redirect` in call instructions leads elsewhere\n"
        "  It answered 302 Some reason.",
        id="it-redirects-in-http",
    ),
    pytest.param(
        reply(404),
        "http://SITE/voice answered a request for call instructions with 404.\n"
        "  Fix: check `--bot-webhook`: nothing takes a POST there\n"
        "  It answered 404 Some reason.",
        id="it-is-not-there",
    ),
    pytest.param(
        reply(200, "<!doctype html><html></html>", "Content-Type: text/html\r\n"),
        "What http://SITE/voice answered is a page of HTML, not XML.\n"
        "  Fix: answer 200 with XML whose root is `Response`, such as\n"
        '       <Response><Connect><Stream url="wss://HOST/ws"/></Connect></Response>\n'
        "  It answered 200 Some reason, text/html:\n"
        "  | <!doctype html><html></html>",
        id="it-answers-a-page",
    ),
    pytest.param(
        reply(200, '<!DOCTYPE r [<!ENTITY a "&b;&b;"><!ENTITY b "ha">]><Response>&a;</Response>'),
        "What http://SITE/voice answered declares a document type; the network reads XML without "
        "one, so that no entities can be declared in it.\n"
        "  Fix: answer 200 with XML whose root is `Response`, such as\n"
        '       <Response><Connect><Stream url="wss://HOST/ws"/></Connect></Response>\n'
        "  It answered 200 Some reason:\n"
        '  | <!DOCTYPE r [<!ENTITY a "&b;&b;"><!ENTITY b "ha">]><Response>&a;</Response>',
        id="it-declares-entities",
    ),
    pytest.param(
        reply(200, " " * 65_537),
        "http://SITE/voice answered with more than 65536 bytes (65537 announced).\n"
        "  Fix: answer with the instructions alone; the network reads 64 kB of them",
        id="it-answers-64-kB-and-one-byte",
    ),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<Resp",
        "http://SITE/voice closed the connection after 5 bytes of its answer.\n"
        "  Fix: the server gave up while it answered; its log says why",
        id="it-gives-up",
    ),
    pytest.param(
        twiml('<Start><Stream url="wss://b.test/ws"/></Start><Say>Hi.</Say>'),
        "Call instructions of http://SITE/voice open only a one-way stream, to "
        '"wss://b.test/ws".\n'
        "  Fix: answer with `Connect` > `Stream` in place of `Start` > `Stream`: on a stream\n"
        "       that was started the network listens to nothing, so the bot could not be heard",
        id="p61-it-opens-a-one-way-stream",
    ),
    pytest.param(
        twiml(""),
        "Call instructions of http://SITE/voice end without a stream.\n"
        "  Fix: answer with `Connect` and a `Stream` in it, which leads to the bot",
        id="it-has-nothing-done",
    ),
    pytest.param(
        twiml('<Reject reason="busy"/>' + connect("/ws")),
        "Call instructions of http://SITE/voice turn the call away (busy).\n"
        "  Fix: answer with `Connect` and a `Stream` in it, which leads to the bot",
        id="it-rejects-the-call",
    ),
    pytest.param(
        twiml("<Hangup/>" + connect("/ws")),
        "Call instructions of http://SITE/voice hang up before any stream.\n"
        "  Fix: answer with `Connect` and a `Stream` in it, which leads to the bot",
        id="it-hangs-up",
    ),
    pytest.param(
        twiml('<Pause length="61"/>' + connect("/ws")),
        "Call instructions of http://SITE/voice keep the caller waiting for more than 60 s.\n"
        "  Fix: answer with `Connect` and a `Stream` in it, which leads to the bot",
        id="it-keeps-the-caller-waiting",
    ),
    pytest.param(
        twiml(connect("https://b.test/ws")),
        'Call instructions of http://SITE/voice have a `Stream` to "https://b.test/ws", which is '
        "no address of a stream.\n"
        '  Fix: say url="wss://HOST/PATH", with the bot\'s public name',
        id="it-names-no-stream",
    ),
    pytest.param(
        twiml("<Redirect>mailto:a@b.test</Redirect>"),
        'Call instructions of http://SITE/voice lead to "mailto:a@b.test", which is no web '
        "address.\n"
        "  Fix: name an http:// or https:// address, or a path of the same server",
        id="it-redirects-to-no-web-address",
    ),
    pytest.param(
        twiml("<Redirect/>"),
        "Call instructions redirect the call in a circle, more than 5 times: http://SITE/voice -> "
        "http://SITE/voice -> http://SITE/voice -> http://SITE/voice -> http://SITE/voice -> "
        "http://SITE/voice.\n"
        "  Fix: answer with `Connect` and a `Stream` in it; a `Redirect` back to where the\n"
        "       call came from never ends",
        id="it-redirects-in-a-circle",
    ),
    pytest.param(
        twiml(connect("/ws", f'<Parameter name="a" value="{"x" * 500}"/>')),
        "Call instructions of http://SITE/voice have a `Parameter` that the network does not "
        "take: ",
        id="p13-a-parameter-is-too-long",
    ),
]


@pytest.mark.parametrize(("answer", "message"), REFUSALS)
def test_p60_what_leads_to_no_stream_has_its_own_message(answer: bytes, message: str) -> None:
    site = Site({"/voice": answer})

    error = refused(site)

    assert isinstance(error, WebhookReply)
    assert error.kind == "webhook_reply"
    shown = str(error).replace(site.authority, "SITE")
    assert shown.startswith(message) if message.endswith(": ") else shown == message
    assert site.upgrades == []


async def silent(asked: Asked, peer: Peer) -> bytes:
    await peer.reader.read()
    return b""


async def dripping(asked: Asked, peer: Peer) -> bytes:
    await peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while not peer.reader.at_eof():
        await peer.send(b" ")
        await asyncio.sleep(0.01)
    return b""


def test_p60_a_webhook_that_hangs_or_drips_is_given_up() -> None:
    hung = refused(Site({"/voice": silent}), reply_s=0.1)
    dripped = refused(Site({"/voice": dripping}), reply_s=0.1)

    assert Network(AddressMap("ws://a")).reply_s == 15.0
    assert [event.text for event in hung.noticed if isinstance(event, Note)] == [
        "Asked POST " + hung.what.replace(" did not", " for call instructions: it did not")
    ]

    assert hung.what.endswith("/voice did not answer within 100 ms.")
    assert "/voice did not finish its answer within 100 ms (" in dripped.what
    assert (
        hung.fix
        == dripped.fix
        == (
            "answer sooner: the network waits 15 s, and then tells the caller of an\n"
            "application error; look for work that is done before the answer"
        )
    )


def test_nobody_there_says_where_was_asked() -> None:
    error = refused(Site({}), webhook="http://127.0.0.1:9/voice")

    assert error.what.startswith("http://127.0.0.1:9/voice took no connection: ")
    assert error.fix == "is the server of call instructions running? `--bot-webhook` says where"


def test_p13_a_scenario_is_blamed_for_its_own_parameters() -> None:
    async def go() -> None:
        facts = replace(FACTS, parameters={"a": "x" * 500})
        await door_of(Site({}, url="http://127.0.0.1:9")).open(facts, SystemClock())

    with pytest.raises(UsageError):
        asyncio.run(go())


def test_an_answer_of_one_call_is_not_used_for_another() -> None:
    site = Site({"/voice": twiml(connect(f"{PUBLIC}/ws"))})

    async def go() -> None:
        async with serving(site):
            door = door_of(site)
            await asyncio.gather(*(call(site, door, FACTS) for _ in range(3)))

    asyncio.run(go())

    assert len(site.asked) == len(site.upgrades) == 3
