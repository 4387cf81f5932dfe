"""For which bots a call API is played, where, and with which credentials."""

import asyncio
import base64
import socket
from collections.abc import Callable, Mapping

import pytest
from pipecat_voice_test.asked.call_api import call_api_at, call_api_of
from pipecat_voice_test.asked.credentials import keys_of
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.asked.launch import make_bots
from pipecat_voice_test.call_api.api import CallApi
from pipecat_voice_test.call_api.calls import ApiCall
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.identity import run_account_sid
from pipecat_voice_test.web.client import ask

URL = "ws://127.0.0.1:1/ws"
Found = tuple[CallApi, Callable[[], str]]


def given(**options: str) -> Given:
    return Given({name.replace("_", "-"): (value,) for name, value in options.items()}, {})


def of(**options: str) -> CallApi | None:
    """For a bot that we start."""
    return call_api_of(given(**options), keys_of(given(**options), {}))


def at(environ: Mapping[str, str] | None = None, /, **options: str) -> Found:
    """For a bot that already runs."""
    api, found = call_api_at(given(bot_url=URL, call_api="on", **options), environ or {})
    assert api is not None
    assert found is not None
    return api, found


@pytest.mark.parametrize(
    ("options", "played"),
    [
        ({}, True),
        ({"call_api": "on"}, True),
        ({"call_api": "off"}, False),
        ({"provider": "telnyx"}, True),
        ({"provider": "plivo"}, True),
        ({"provider": "exotel"}, False),
        ({"bot_transport": "webrtc"}, False),
    ],
)
def test_for_a_bot_of_ours_it_is_played_where_bots_hang_up_over_http(
    options: Mapping[str, str], played: bool
) -> None:
    """PROTOCOL 6: default off unless the bot's environment is set up by the runner."""
    assert (of(**options) is not None) is played


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"provider": "exotel"}, "--provider exotel"),
        ({"bot_transport": "webrtc"}, "--bot-transport webrtc"),
    ],
)
@pytest.mark.parametrize(
    "make", [lambda **options: of(call_api="on", **options), at], ids=["ours", "by-url"]
)
def test_where_there_is_none_none_can_be_had(
    options: Mapping[str, str], named: str, make: Callable[..., object]
) -> None:
    with pytest.raises(UsageError) as refused:
        make(**options)

    assert str(refused.value) == (
        f"`--call-api on` does not go with `{named}`.\n"
        "  Fix: leave it out: bots hang up over HTTP at twilio, telnyx, plivo."
    )


@pytest.mark.parametrize(("wish", "played"), [(None, False), ("auto", False), ("on", True)])
def test_for_a_bot_that_already_runs_it_has_to_be_asked_for(wish: str | None, played: bool) -> None:
    options = {"bot_url": URL, **({"call_api": wish} if wish else {})}

    assert (make_bots(given(**options), {}).call_api is not None) is played


@pytest.mark.parametrize(
    ("options", "environ", "user", "password"),
    [
        ({}, {}, run_account_sid(0), "0" * 32),
        ({"auth_token": "signs"}, {"TWILIO_AUTH_TOKEN": "env"}, run_account_sid(0), "signs"),
        ({}, {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "env"}, "AC1", "env"),
    ],
)
def test_a_bot_that_already_runs_has_the_credentials_of_our_environment(
    options: Mapping[str, str], environ: Mapping[str, str], user: str, password: str
) -> None:
    api, found = at(environ, **options)

    async def run() -> int:
        async with api.opened():
            with api.knows(ApiCall("CA1", "+1", "+2")):
                url = f"{found()}/2010-04-01/Accounts/{user}/Calls/CA1.json"
                pair = base64.b64encode(f"{user}:{password}".encode()).decode()
                headers = {"Authorization": f"Basic {pair}"}
                reply = await ask("GET", url, headers=headers, timeout_s=5, max_bytes=1000)
                return reply.status

    assert asyncio.run(run()) == 200


def test_it_is_found_where_our_environment_says() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    url = f"http://localhost:{port}"
    api, found = at({"PVT_CALL_API_URL": url})

    async def run() -> str:
        async with api.opened():
            said = found()
            with socket.create_connection(("127.0.0.1", port)):
                return said

    assert asyncio.run(run()) == url


def test_a_name_that_is_none_here_is_listened_to_everywhere() -> None:
    """The bot's name for this machine, such as host.docker.internal."""
    api, found = at({"PVT_CALL_API_URL": "http://no-such-name.invalid:0"})

    async def run() -> None:
        async with api.opened():
            port = int(found().rpartition(":")[2])
            for host in ("127.0.0.1", "127.0.0.2"):
                with socket.create_connection((host, port)):
                    pass

    asyncio.run(run())


@pytest.mark.parametrize(
    "url", ["127.0.0.1:80", "https://x:1", "http://", "http://x:1/path", "http://x:99999"]
)
def test_what_is_no_address_of_a_call_api_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        at({"PVT_CALL_API_URL": url})

    assert str(refused.value) == (
        "PVT_CALL_API_URL is not an address at which a call API can be played.\n"
        "  Fix: say `PVT_CALL_API_URL=http://127.0.0.1:8089`, with the port that the bot was told."
    )


def test_a_port_that_is_taken_is_said_before_anybody_is_called() -> None:
    with socket.create_server(("0.0.0.0", 0)) as holder:
        url = f"http://127.0.0.1:{holder.getsockname()[1]}"
        _, found = at({"PVT_CALL_API_URL": url})
        with pytest.raises(UsageError) as refused:
            found()

    assert str(refused.value) == (
        f"the call API cannot be played at {url}: [Errno 98] Address already in use.\n"
        "  Fix: end the program that has that port, or give another one to us and to the bot."
    )
