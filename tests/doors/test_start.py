"""P-1 with real sockets: a start endpoint says where to call, and its token opens one line."""

import asyncio
import json
from typing import Any

import pytest
from call.servers import Peer
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.doors.addresses import AddressMap
from pipecat_voice_test.doors.asking import Network, StartReply
from pipecat_voice_test.doors.direct import twilio_wire
from pipecat_voice_test.doors.door import CallFacts, OpenLine
from pipecat_voice_test.doors.start import StartDoor
from pipecat_voice_test.doors.upgrade import Signing
from pipecat_voice_test.errors import BotError
from pipecat_voice_test.protocol.identity import call_identity
from pipecat_voice_test.protocol.requests.signature import signature
from pipecat_voice_test.timeline import Note

from doors.site import Asked, Site, reply, serving

FACTS = CallFacts(call_identity(0, "greeting", 1))
TOKEN = "eyJleHAiOjF9.0123456789abcdef"


def answers(document: object) -> bytes:
    return reply(200, json.dumps(document), "Content-Type: application/json\r\n")


def door_of(
    site: Site, provider: str = "twilio", *, signing: Signing | None = None, reply_s: float = 5.0
) -> StartDoor:
    network = Network(AddressMap(site.bot_url), reply_s=reply_s)
    return StartDoor("/start", network, provider, twilio_wire, signing)


def opened(site: Site, provider: str = "twilio", **options: Any) -> OpenLine:
    async def go() -> OpenLine:
        async with serving(site):
            line = await door_of(site, provider, **options).open(FACTS, SystemClock())
            line.socket.abort()
            return line

    return asyncio.run(go())


def refused(site: Site, **options: Any) -> BotError:
    async def go() -> BotError:
        async with serving(site):
            with pytest.raises(BotError) as caught:
                await door_of(site, **options).open(FACTS, SystemClock())
        return caught.value

    return asyncio.run(go())


@pytest.mark.parametrize(
    ("provider", "transport"), [("twilio", "twilio"), ("telnyx", "telnyx"), ("frames", "websocket")]
)
def test_p1_it_is_asked_for_the_provider(provider: str, transport: str) -> None:
    site = Site({"/start": answers({"wsUrl": "wss://None:7860/ws"})})

    opened(site, provider)

    (asked,) = site.asked
    assert (asked.method, asked.headers["content-type"]) == ("POST", "application/json")
    assert json.loads(asked.body) == {"transport": transport}
    assert [upgrade.path for upgrade in site.upgrades] == ["/ws"]


@pytest.mark.parametrize(
    ("url", "token", "path"),
    [
        pytest.param("wss://0.0.0.0:7860/ws", TOKEN, f"/ws/{TOKEN}", id="as-the-last-segment"),
        pytest.param("wss://a.test/ws/?a=1", "t/1", "/ws/t%2F1?a=1", id="before-the-query"),
        pytest.param("ws", None, "/ws", id="none-where-none-is-demanded"),
    ],
)
def test_p1_the_token_goes_into_the_path(url: str, token: str | None, path: str) -> None:
    site = Site({"/start": answers({"wsUrl": url, "token": token, "sessionId": "1"})})

    opened(site)

    assert [upgrade.path for upgrade in site.upgrades] == [path]


def test_p1_every_call_has_a_token_of_its_own() -> None:
    async def fresh(asked: Asked, peer: Peer) -> bytes:
        return answers({"wsUrl": "/ws", "token": f"token-{len(site.asked)}"})

    site = Site({"/start": fresh})

    async def go() -> None:
        async with serving(site):
            door = door_of(site)
            for _ in range(2):
                (await door.open(FACTS, SystemClock())).socket.abort()

    asyncio.run(go())

    assert [upgrade.path for upgrade in site.upgrades] == ["/ws/token-1", "/ws/token-2"]


def test_p56_the_upgrade_is_signed_with_the_published_address() -> None:
    site = Site({"/start": answers({"wsUrl": "wss://bot.test/ws", "token": "t"})})

    opened(site, signing=Signing("12345"))

    (upgrade,) = site.upgrades
    assert upgrade.headers["x-twilio-signature"] == signature("12345", "wss://bot.test/ws/t")


def test_p70_no_record_shows_the_token() -> None:
    site = Site({"/start": answers({"wsUrl": "wss://bot.test/ws", "token": TOKEN})})

    line = opened(site)

    texts = [event.text for event in line.events if isinstance(event, Note)]
    assert texts[0].startswith(f"Asked POST {site.url}/start where to call: 200 in ")
    assert texts[1:] == [f"It said to call ws://{site.authority}/ws/***, with a token."]


def test_a_token_that_is_expired_or_used_has_its_own_message() -> None:
    site = Site({"/start": answers({"wsUrl": "/ws", "token": TOKEN})}, refuses=reply(403, TOKEN))

    error = refused(site)

    assert TOKEN not in str(error)
    assert error.kind == "handshake_refused"
    assert str(error).replace(site.authority, "SITE").split("  It answered")[0] == (
        "ws://SITE/ws/*** refused the call with 403 Some reason.\n"
        "  Fix: the bot may have turned the token away that http://SITE/start had just given:\n"
        "       expired, used before, or made by another process; or check `--bot-path`: Python "
        "ASGI servers answer 403 both for a path they do not know\n"
        "       and for a session they turned away (token, origin)\n"
    )
    assert [type(event) for event in error.noticed] == [Note, Note]


EXAMPLE = '  Fix: answer with JSON such as {"wsUrl": "wss://HOST/ws", "token": "…"}'


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(
            reply(400, '{"detail":"not allowed"}'),
            "http://SITE/start answered a request for transport twilio with 400.\n"
            "  Fix: check `--bot-start`, and that the bot takes `--provider` twilio\n"
            "       (a Pipecat bot: start it with `-t twilio`, or without `-t`)\n"
            "  It answered 400 Some reason:\n"
            '  | {"detail":"not allowed"}',
            id="another-transport",
        ),
        pytest.param(
            reply(200, "<html>"),
            "What http://SITE/start answered is not JSON (from character 1 on).\n"
            f"{EXAMPLE}\n  It answered 200 Some reason:\n  | <html>",
            id="html",
        ),
        pytest.param(
            reply(200, b"\xff"),
            "What http://SITE/start answered is not UTF-8.\n"
            f"{EXAMPLE}\n  It answered 200 Some reason:\n  | \ufffd",
            id="not-text",
        ),
        pytest.param(
            answers([1]),
            "What http://SITE/start answered is a list, not an object.\n"
            f"{EXAMPLE}\n  It answered 200 Some reason, application/json:\n  | [1]",
            id="a-list",
        ),
        pytest.param(
            answers({"sessionId": "1"}),
            "What http://SITE/start answered has no `wsUrl`.\n"
            f"{EXAMPLE}\n  It answered 200 Some reason, application/json:\n"
            '  | {"sessionId": "1"}',
            id="no-address",
        ),
        pytest.param(
            answers({"wsUrl": 7, "token": TOKEN}),
            "What http://SITE/start answered has a number as its `wsUrl`, not a string.\n"
            f"{EXAMPLE}",
            id="an-address-that-is-none-and-a-token-that-nobody-sees",
        ),
        pytest.param(
            answers({"wsUrl": "https://a.test/"}),
            'What http://SITE/start answered has the `wsUrl` "https://a.test/", which is no '
            f"address of a stream.\n{EXAMPLE}\n  It answered 200 Some reason, application/json:\n"
            '  | {"wsUrl": "https://a.test/"}',
            id="an-address-of-no-stream",
        ),
        pytest.param(
            answers({"wsUrl": "/ws", "token": "t" * 4097}),
            "What http://SITE/start answered has a `token` of more than 4096 characters.\n"
            f"{EXAMPLE}",
            id="an-endless-token",
        ),
        pytest.param(
            reply(200, " " * 65_537),
            "http://SITE/start answered with more than 65536 bytes (65537 announced).\n"
            "  Fix: check `--bot-start` and the bot's log",
            id="too-much",
        ),
    ],
)
def test_what_is_no_address_has_its_own_message(answer: bytes, message: str) -> None:
    site = Site({"/start": answer})

    error = refused(site)

    assert isinstance(error, StartReply)
    assert error.kind == "start_reply"
    assert str(error).replace(site.authority, "SITE") == message
    assert site.upgrades == []


def test_an_endpoint_that_hangs_is_given_up() -> None:
    async def silent(asked: Asked, peer: Peer) -> bytes:
        await peer.reader.read()
        return b""

    error = refused(Site({"/start": silent}), reply_s=0.1)

    assert error.what.endswith("/start did not answer within 100 ms.")
    assert len(error.noticed) == 1
    assert error.fix == "answer sooner: 15 s is the limit; look for work done before the answer"
