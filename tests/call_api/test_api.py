"""The call API over real sockets: whose call is meant, what is recorded, and that it goes."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from pipecat_voice_test.call_api.api import CallApi, taken_apart
from pipecat_voice_test.call_api.calls import ApiCall
from pipecat_voice_test.protocol.requests.call_api import Credentials, Transfer
from pipecat_voice_test.protocol.requests.plivo_api import PlivoApi
from pipecat_voice_test.protocol.requests.twilio_api import TwilioApi
from pipecat_voice_test.timeline import EndedHow, Severity
from pipecat_voice_test.web.client import Reply, ask
from pipecat_voice_test.web.server import Request

from call_api.test_calls import FakeLine

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


@asynccontextmanager
async def opened(*call_ids: str) -> AsyncIterator[tuple["Client", dict[str, FakeLine]]]:
    """An API with these calls in progress."""
    api = CallApi(TwilioApi(Credentials("AC1", "secret")))
    port = api.listen("127.0.0.1")
    lines = {}
    async with api.opened():
        held = []
        for call_id in call_ids:
            call, line = ApiCall(call_id, "+1", "+2"), FakeLine()
            lines[call_id] = line
            hold = api.knows(call)
            hold.__enter__()
            held.append(hold)
            call.connect(line)
        await asyncio.sleep(0)
        yield Client(port), lines
        for hold in held:
            hold.__exit__(None, None, None)


class Client:
    def __init__(self, port: int) -> None:
        self.port = port

    async def change(
        self,
        call_id: str,
        body: bytes = b"Status=completed",
        *,
        who: str = "AC1:secret@",
        headers: Mapping[str, str] = FORM,
    ) -> Reply:
        path = f"/2010-04-01/Accounts/AC1/Calls/{call_id}.json"
        return await self.ask("POST", path, body, who=who, headers=headers)

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        who: str = "AC1:secret@",
        headers: Mapping[str, str] = FORM,
    ) -> Reply:
        url = f"http://{who}127.0.0.1:{self.port}{path}"
        return await ask(method, url, body=body, headers=headers, timeout_s=5, max_bytes=10_000)


def recorded(line: FakeLine) -> list[tuple[str, str | None]]:
    """What was written down, and the kind of complaint."""
    return [(detail, found.kind if found else None) for detail, _, found in line.asked]


def test_a_bot_hangs_up_its_own_call() -> None:
    """P-50."""

    async def run() -> None:
        async with opened("CA1", "CA2") as (client, lines):
            reply = await client.change("CA2")
            again = await client.change("CA2")

            assert (reply.status, reply.header("content-type")) == (200, "application/json")
            assert json.loads(reply.body)["status"] == "completed"
            assert again.status == 404
            assert lines["CA2"].ended == [EndedHow.CALL_API]
            assert recorded(lines["CA2"]) == [
                ("hang up: POST /2010-04-01/Accounts/AC1/Calls/CA2.json: 200", None),
                ("too late: POST /2010-04-01/Accounts/AC1/Calls/CA2.json: 404", None),
            ]
            assert (lines["CA1"].ended, lines["CA1"].asked) == ([], [])

    asyncio.run(run())


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"Status=%63ompleted", FORM, 200, id="percent-signs"),
        pytest.param(b"Status=completed", {}, 400, id="no-content-type"),
        pytest.param(b'{"Status":"completed"}', {"Content-Type": "text/json"}, 400, id="json"),
        pytest.param(b"a=1&" * 200, FORM, 400, id="too-many-fields"),
        pytest.param(b"Status=busy&Status=completed", FORM, 200, id="the-last-of-a-name-counts"),
    ],
)  # fmt: skip
def test_only_forms_are_read(body: bytes, headers: Mapping[str, str], status: int) -> None:
    """P-50: form-encoded."""

    async def run() -> int:
        async with opened("CA1") as (client, lines):
            reply = await client.change("CA1", body, headers=headers)
            assert bool(lines["CA1"].ended) is (status == 200)
            return reply.status

    assert asyncio.run(run()) == status


def test_wrong_credentials_are_recorded_in_the_call_they_are_about() -> None:
    async def run() -> None:
        async with opened("CA1", "CA2") as (client, lines):
            reply = await client.change("CA1", who="AC1:other@")

            assert reply.status == 401
            assert lines["CA1"].ended == []
            assert recorded(lines["CA1"]) == [
                (
                    "unauthorized: POST /2010-04-01/Accounts/AC1/Calls/CA1.json: 401",
                    "call_api_unauthorized",
                )
            ]
            assert lines["CA2"].asked == []

    asyncio.run(run())


def test_what_names_no_call_is_put_down_to_the_only_one() -> None:
    async def run() -> None:
        async with opened("CA1") as (client, lines):
            assert (await client.change("CA9")).status == 404
            assert (await client.ask("GET", "/v1/x")).status == 404
            found = [complaint for _, _, complaint in lines["CA1"].asked if complaint]

            assert [(one.kind, one.severity) for one in found] == [
                ("call_api_unknown_call", Severity.WARNING),
                ("call_api_unknown_path", Severity.NOTE),
            ]

    asyncio.run(run())


def test_what_names_no_call_is_a_note_in_each_of_several() -> None:
    """Nobody can say whose mistake it was, so no scenario fails for it."""

    async def run() -> None:
        async with opened("CA1", "CA2") as (client, lines):
            await client.change("CA9")
            for line in lines.values():
                ((_, _, found),) = line.asked
                assert found is not None
                assert found.severity is Severity.NOTE
                assert found.message.endswith("(One of 2 calls at that time.)")

    asyncio.run(run())


def test_what_is_asked_of_a_call_that_is_over_is_no_other_calls_mistake() -> None:
    """A stock bot hangs up when it was hung up on."""

    async def run() -> None:
        api = CallApi(TwilioApi(Credentials("AC1", "secret")))
        client = Client(api.listen("127.0.0.1"))
        async with api.opened():
            with api.knows(ApiCall("CA1", "+1", "+2")):
                pass
            line = FakeLine()
            call = ApiCall("CA2", "+1", "+2")
            with api.knows(call):
                call.connect(line)
                assert (await client.change("CA1", who="AC1:other@")).status == 401
                assert (await client.change("CA1")).status == 404
                assert line.asked == []

    asyncio.run(run())


def test_what_is_no_http_is_recorded() -> None:
    async def run() -> None:
        async with opened("CA1") as (client, lines):
            reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
            writer.write(b"\x16\x03\x01\x02\x00\x01")
            assert (await reader.readline()).startswith(b"HTTP/1.1 400")
            writer.close()
            ((_, _, found),) = lines["CA1"].asked
            assert found is not None
            assert found.message == (
                "At the call API the bot asked by https:// where http:// is spoken. It was not "
                "heard. Fix: ask as PVT_CALL_API_URL says, with an HTTP library."
            )

    asyncio.run(run())


def test_between_calls_a_mistake_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with opened() as (client, _):
            for _ in range(3):
                await client.change("CA9")

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())

    assert [record.message.partition(":")[0] for record in caplog.records] == ["between calls"]


def test_new_instructions_are_kept_for_when_the_stream_has_ended() -> None:
    """P-50."""

    async def run() -> Transfer | None:
        api = CallApi(TwilioApi(Credentials("AC1", "secret")))
        client = Client(api.listen("127.0.0.1"))
        call, line = ApiCall("CA1", "+1", "+2"), FakeLine()
        async with api.opened():
            with api.knows(call):
                call.connect(line)
                body = b"Twiml=%3CResponse%3E%3CHangup%2F%3E%3C%2FResponse%3E"
                reply = await client.change("CA1", body)
                assert json.loads(reply.body)["status"] == "in-progress"
        assert line.ended == [EndedHow.NEW_INSTRUCTIONS]
        return call.transfer

    assert asyncio.run(run()) == Transfer("<Response><Hangup/></Response>")


def test_plivo_answers_without_a_body() -> None:
    """PROTOCOL 9.2."""

    async def run() -> Reply:
        api = CallApi(PlivoApi(Credentials("MA1", "secret")))
        client = Client(api.listen("127.0.0.1"))
        async with api.opened():
            with api.knows(ApiCall("c-1", "+1", "+2")):
                return await client.ask("DELETE", "/v1/Account/MA1/Call/c-1/", who="MA1:secret@")

    reply = asyncio.run(run())

    assert (reply.status, reply.body) == (204, b"")


# --- coming and going -------------------------------------------------------------------------


def test_it_may_be_told_to_listen_before_the_loop_runs_and_from_any_thread() -> None:
    """A bot is told the address before it starts; one in a container is started in a thread."""
    api = CallApi(TwilioApi(Credentials("AC1", "secret")))
    before = api.listen("127.0.0.1")

    async def run() -> list[int]:
        async with api.opened():
            ports: list[int] = []
            thread = threading.Thread(target=lambda: ports.append(api.listen("127.0.0.2")))
            thread.start()
            thread.join()
            replies = [
                await ask("GET", f"http://{host}:{port}/", timeout_s=5, max_bytes=1000)
                for host, port in (("127.0.0.1", before), ("127.0.0.2", ports[0]))
            ]
            return [reply.status for reply in replies]

    assert asyncio.run(run()) == [404, 404]


def test_every_bot_of_a_run_is_told_the_same_address() -> None:
    api = CallApi(TwilioApi(Credentials("AC1", "secret")))

    async def run() -> None:
        async with api.opened():
            assert api.listen("127.0.0.1") == api.listen("127.0.0.1")

    asyncio.run(run())


@pytest.mark.parametrize("when", ["before", "in", "after"])
def test_nobody_is_answered_any_more_when_it_is_closed(when: str) -> None:
    """DESIGN 2.4: on every way out, also when it was told to listen at the last moment."""
    api = CallApi(TwilioApi(Credentials("AC1", "secret")))

    async def run() -> int:
        port = api.listen("127.0.0.1") if when == "before" else 0
        async with api.opened():
            if when == "in":
                port = api.listen("127.0.0.1")
        if when == "after":
            port = api.listen("127.0.0.1")
        with pytest.raises(OSError, match="Connect"):
            await asyncio.open_connection("127.0.0.1", port)
        return port

    assert asyncio.run(run()) > 0


def test_a_taken_port_is_said() -> None:
    api, other = (CallApi(TwilioApi(Credentials("AC1", "secret"))) for _ in range(2))

    async def run() -> None:
        async with api.opened(), other.opened():
            with pytest.raises(OSError, match="in use"):
                other.listen("127.0.0.1", api.listen("127.0.0.1"))

    asyncio.run(run())


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a/b.json?x=/y", ("a", "b.json")),
        ("/v3%3Aab/%2e%2F", ("v3:ab", "./")),
        ("/a/", ("a", "")),
        ("*", ("*",)),
        ("/%ff\u00e9", ("\ufffd\u00e9",)),
    ],
)
def test_a_path_is_taken_apart(target: str, path: tuple[str, ...]) -> None:
    assert taken_apart(Request("GET", target)).path == path
