"""P-1: which door is taken when several are named, and what each is given."""

import asyncio
from dataclasses import replace

import pytest
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.doors.door import CallFacts, OpenLine
from pipecat_voice_test.doors.entrance import Entrance, door_to
from pipecat_voice_test.doors.providers import PROVIDERS
from pipecat_voice_test.protocol.identity import call_identity
from pipecat_voice_test.protocol.requests.signature import signature
from pipecat_voice_test.timeline import Finding, Severity

from doors.site import Site, connect, reply, serving, twiml

FACTS = CallFacts(call_identity(0, "greeting", 1))
START = reply(200, '{"wsUrl": "wss://bot.test/from-start"}')


def opened(site: Site, entrance: Entrance, facts: CallFacts = FACTS) -> OpenLine:
    async def go() -> OpenLine:
        async with serving(site):
            line = await door_to(site.bot_url, entrance).open(facts, SystemClock())
            line.socket.abort()
            return line

    return asyncio.run(go())


def test_p1_without_more_the_bot_is_called_where_it_listens() -> None:
    site = Site({})

    opened(site, Entrance(auth_token="12345"))

    assert [(one.path, one.headers.get("x-twilio-signature")) for one in site.upgrades] == [
        ("/ws", None)
    ]


def test_p56_a_plain_upgrade_is_signed_with_the_address_that_is_called() -> None:
    site = Site({})

    opened(site, Entrance(auth_token="12345", sign_upgrade=True))
    opened(site, Entrance(auth_token="12345", sign_upgrade=True, signature_url="wss://a.test/"))

    given = [upgrade.headers["x-twilio-signature"] for upgrade in site.upgrades]
    called = f"ws://{site.upgrades[0].headers['host']}/ws"
    assert given == [signature("12345", called), signature("12345", "wss://a.test/")]


def test_p1_a_webhook_comes_before_a_start_endpoint() -> None:
    site = Site({"/voice": twiml(connect("wss://bot.test/from-webhook")), "/start": START})

    opened(site, Entrance(webhook="/voice", start="/start"))

    assert [one.path for one in site.asked] == ["/voice"]
    assert [one.path for one in site.upgrades] == ["/from-webhook"]


def test_p1_where_the_webhook_gives_no_address_the_start_endpoint_is_asked() -> None:
    site = Site({"/voice": reply(500), "/start": START})

    line = opened(site, Entrance(webhook="/voice", start="/start"))

    assert [one.path for one in site.asked] == ["/voice", "/start"]
    assert [one.path for one in site.upgrades] == ["/from-start"]
    assert [one.kind for one in line.events if isinstance(one, Finding)] == ["webhook_reply"]
    assert len(line.events) == 4


def test_p1_addresses_lead_where_it_is_said() -> None:
    site = Site({"/start": reply(200, '{"wsUrl": "wss://bot.test/ws"}')})
    elsewhere = Site({})

    async def go() -> None:
        async with serving(site), serving(elsewhere):
            target = elsewhere.url.replace("http:", "ws:")
            entrance = Entrance(start="/start", address_map=target)
            (await door_to(site.bot_url, entrance).open(FACTS, SystemClock())).socket.abort()

    asyncio.run(go())

    assert (len(site.upgrades), len(elsewhere.upgrades)) == (0, 1)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_parameters_that_a_framing_has_no_place_for_are_told_and_fail_nothing(
    provider: str,
) -> None:
    given = replace(FACTS, parameters={"customer": "42", "plan": "gold"})
    with_them = opened(Site({}), Entrance(provider=provider), given)
    without = opened(Site({}), Entrance(provider=provider))

    told = [one for one in with_them.events if isinstance(one, Finding)]
    assert [(one.kind, one.severity) for one in told] == (
        [("parameters_not_sent", Severity.NOTE)] if provider == "frames" else []
    )
    assert all('no place for them: "customer", "plan". Fix: ' in one.message for one in told)
    assert without.events == []
