"""The call API that was asked for, and where it is to be found."""

import os
import socket
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from pipecat_voice_test.asked import options
from pipecat_voice_test.asked.credentials import (
    ACCOUNT,
    PLIVO_ID,
    PLIVO_TOKEN,
    TELNYX_KEY,
    TOKEN,
    Keys,
    dummies,
)
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.bot.base import CALL_API_URL
from pipecat_voice_test.bot.command import DUMMY_AUTH_TOKEN
from pipecat_voice_test.call_api.api import CallApi
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.identity import run_account_sid
from pipecat_voice_test.protocol.requests.call_api import CallApiRules, Credentials
from pipecat_voice_test.protocol.requests.plivo_api import PlivoApi
from pipecat_voice_test.protocol.requests.telnyx_api import TelnyxApi
from pipecat_voice_test.protocol.requests.twilio_api import TwilioApi

_HERE, _EVERYWHERE = "127.0.0.1", "0.0.0.0"
_PLAYED = ("twilio", "telnyx", "plivo")


def is_wanted(given: Given) -> bool:
    """Whether there must be one (`--call-api on`), and not only where that is easy."""
    return given.need(options.CALL_API) == "on"


def call_api_of(given: Given, keys: Keys) -> CallApi | None:
    """The call API for a bot that we start; None if none is to be played.

    Raises:
        UsageError: It was asked for where there is none.
    """
    if given.need(options.CALL_API) == "off" or not _is_played(given):
        return None
    return CallApi(_rules(given.need(options.PROVIDER), keys.get))


def call_api_at(
    given: Given, environ: Mapping[str, str] = os.environ
) -> tuple[CallApi | None, Callable[[], str] | None]:
    """The call API for a bot that already runs, and what has it be found.

    It has to be asked for, for the bot must have been told of it: by PVT_CALL_API_URL, where it
    is played then, else at a free port. Its credentials are expected to be those of our own
    environment.

    Raises:
        UsageError: It was asked for where there is none, or PVT_CALL_API_URL is no address.
    """
    if not is_wanted(given) or not _is_played(given):
        return None, None
    provider, seed = given.need(options.PROVIDER), given.need(options.SEED)
    usual = {ACCOUNT: run_account_sid(seed), TOKEN: DUMMY_AUTH_TOKEN, **dummies(provider, seed)}
    known = {**usual, **{name: environ[name] for name in usual if environ.get(name)}}
    if token := given(options.AUTH_TOKEN):
        known[TOKEN] = token
    api = CallApi(_rules(provider, known.__getitem__))
    url = environ.get(CALL_API_URL) or f"http://{_HERE}:0"
    host, port = _taken_apart(url)
    return api, lambda: _found(api, url, host, port)


def _is_played(given: Given) -> bool:
    provider, over_webrtc = given.need(options.PROVIDER), False
    if given.need(options.BOT_TRANSPORT) == "webrtc":
        over_webrtc = True
    if provider in _PLAYED and not over_webrtc:
        return True
    if is_wanted(given):
        which = "--bot-transport webrtc" if over_webrtc else f"--provider {provider}"
        raise UsageError(
            f"`--call-api on` does not go with `{which}`.",
            fix=f"leave it out: bots hang up over HTTP at {', '.join(_PLAYED)}.",
        )
    return False


def _rules(provider: str, key: Callable[[str], str]) -> CallApiRules:
    match provider:
        case "telnyx":
            return TelnyxApi(Credentials("", key(TELNYX_KEY)))
        case "plivo":
            return PlivoApi(Credentials(key(PLIVO_ID), key(PLIVO_TOKEN)))
        case _:
            return TwilioApi(Credentials(key(ACCOUNT), key(TOKEN)))


def _taken_apart(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", 80 if parts.port is None else parts.port
    except ValueError:
        host, port = "", 0
    if not host or parts.scheme != "http" or parts.path not in ("", "/") or parts.query:
        raise UsageError(
            f"{CALL_API_URL} is not an address at which a call API can be played.",
            fix=f"say `{CALL_API_URL}=http://127.0.0.1:8089`, with the port that the bot was told.",
        )
    return host, port


def _found(api: CallApi, url: str, host: str, port: int) -> str:
    """Have it listen; a name that is ours elsewhere only is listened to at all addresses."""
    try:
        address = socket.gethostbyname(host)
    except OSError:
        address = _EVERYWHERE
    for candidate in (address, _EVERYWHERE):
        try:
            taken = api.listen(candidate, port)
        except OSError as error:
            last = error
        else:
            return url if port else f"http://{host}:{taken}"
    raise UsageError(
        f"the call API cannot be played at {url}: {last}.",
        fix="end the program that has that port, or give another one to us and to the bot.",
    )
