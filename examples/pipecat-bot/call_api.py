"""Lets a tester see the bot hang up: what it asks of a phone company goes where the tester says.

pipecat-voice-test plays the call APIs of Twilio, Telnyx and Plivo, and names their address in
`PVT_CALL_API_URL`. Pipecat's serializer for Twilio takes an address; those for Telnyx and Plivo
have theirs built in, so what they send is redirected on its way. Copy this file into your bot
and call `redirect_to_tester()` before the first call: without the variable it changes nothing.
"""

import os
from collections.abc import Callable
from typing import Any

import aiohttp
from yarl import URL

ADDRESS = os.getenv("PVT_CALL_API_URL", "").rstrip("/")
PHONE_COMPANIES = ("api.twilio.com", "api.telnyx.com", "api.plivo.com")


def redirect_to_tester() -> None:
    """From now on every request of this process to a phone company goes to the tester."""
    if ADDRESS:
        for method in ("get", "post", "delete"):
            setattr(aiohttp.ClientSession, method, _redirected(method))


def _redirected(method: str) -> Callable[..., Any]:
    request = getattr(aiohttp.ClientSession, method)

    def send(session: aiohttp.ClientSession, url: str | URL, **kwargs):
        asked = URL(url)
        to = ADDRESS + asked.raw_path_qs if asked.host in PHONE_COMPANIES else url
        return request(session, to, **kwargs)

    return send
