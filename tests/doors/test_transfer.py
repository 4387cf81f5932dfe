"""P-50: a bot has its call go on with other instructions, by whatever door it came in."""

import asyncio
from collections.abc import Sequence

import pytest
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.doors.door import CallFacts
from pipecat_voice_test.doors.entrance import Entrance, door_to
from pipecat_voice_test.protocol.identity import call_identity
from pipecat_voice_test.protocol.requests.call_api import Transfer
from pipecat_voice_test.timeline import Event, Finding, Note

from doors.site import Site, connect, reply, serving, twiml

FACTS = CallFacts(call_identity(0, "greeting", 1))
CALLED_BACK = '<Stream url="/ws" statusCallback="/told"/>'


def site() -> Site:
    return Site(
        {
            "/voice": twiml(f'<Connect action="/after">{CALLED_BACK}</Connect>'),
            "/start": reply(200, '{"wsUrl": "/ws"}'),
            "/told": reply(200),
            "/next": twiml("<Say>Bye.</Say><Hangup/>"),
        }
    )


def transferred(at: Site, entrance: Entrance, transfer: Transfer) -> Sequence[Event]:
    async def go() -> Sequence[Event]:
        async with serving(at):
            line = await door_to(at.bot_url, entrance).open(FACTS, SystemClock())
            line.socket.abort()
            assert line.go_on_with is not None
            return await line.go_on_with(transfer)

    return asyncio.run(go())


def texts(events: Sequence[Event]) -> list[str]:
    return [event.text.partition(" ms,")[2] or event.text for event in events
            if isinstance(event, Note)]  # fmt: skip


@pytest.mark.parametrize(
    ("entrance", "told"),
    [
        pytest.param(Entrance(), [], id="directly"),
        pytest.param(Entrance(start="/start"), [], id="by-start-endpoint"),
        pytest.param(
            Entrance(webhook="/voice"), ["stream-started", "stream-stopped"], id="by-webhook"
        ),
    ],
)
def test_p50_new_instructions_run_in_place_of_the_old(entrance: Entrance, told: list[str]) -> None:
    at = site()

    events = transferred(at, entrance, Transfer(url="/next?a=1", method="GET"))

    assert texts(events)[1:3] == [
        'Call instructions: `Say` "Bye.", which is not heard here.',
        "Call instructions: `Hangup` ends the call.",
    ]
    asked = [one for one in at.asked if one.path.startswith("/next")]
    assert [(one.method, one.fields["CallStatus"]) for one in asked] == [("GET", "in-progress")]
    assert [one.fields["StreamEvent"] for one in at.asked if one.path == "/told"] == told
    assert "/after" not in [one.path for one in at.asked]


def test_p50_instructions_may_come_with_the_request() -> None:
    document = f"<Response>{connect('wss://bot.test/other')}</Response>"

    events = transferred(site(), Entrance(), Transfer(document))

    assert texts(events) == [
        'Call instructions: `Connect` to another stream, "wss://bot.test/other"; here a call is '
        "held on one stream only, so it ends."
    ]


@pytest.mark.parametrize(
    ("transfer", "message"),
    [
        pytest.param(
            Transfer("<Respond/>"),
            'The document given as `Twiml` has the root "Respond", where `Response` belongs.',
            id="no-instructions",
        ),
        pytest.param(
            Transfer(url="sip:a@b.test"),
            'Call instructions of http://SITE/ lead to "sip:a@b.test", which is no web address.',
            id="no-web-address",
        ),
        pytest.param(
            Transfer(url="/gone"),
            "http://SITE/gone answered a request for call instructions with 404.",
            id="nothing-there",
        ),
    ],
)
def test_p50_what_leads_nowhere_is_a_finding(transfer: Transfer, message: str) -> None:
    at = site()

    events = transferred(at, Entrance(), transfer)

    found = [event for event in events if isinstance(event, Finding)]
    assert [event.kind for event in found] == ["webhook_reply"]
    assert found[0].message.replace(at.authority, "SITE").startswith(f"{message} Fix: ")
