"""The door of a bot that answers WebRTC offers over HTTP, as Pipecat's SmallWebRTC does (9.7).

With a start endpoint a session is asked for first, anew for every call, and the offer goes to the
session; without one it goes to `/api/offer` at once.
"""

import importlib
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from pipecat_voice_test.call.clock import Clock
from pipecat_voice_test.doors.door import CallFacts, OpenLine
from pipecat_voice_test.errors import BotError, BotNotReady, UsageError
from pipecat_voice_test.protocol.untrusted import Unreadable, printable, read_json
from pipecat_voice_test.protocol.webrtc import WebRtcWire
from pipecat_voice_test.timeline import EndedBy, Event, Note
from pipecat_voice_test.web.client import AskFailed, Reply, Trouble, ask

if TYPE_CHECKING:
    from pipecat_voice_test.call.webrtc.dial import IceServer
    from pipecat_voice_test.call.webrtc.line import WebRtcLine

OFFER_PATH = "/api/offer"
ASK_S = 10.0  # As long as a WebSocket upgrade may take (P-8).
MAX_REPLY_BYTES = 64 * 1024
BODY_BYTES = 2048  # P-7: so much of a refusal is shown.
MOST_ICE_SERVERS = 4
_SCHEMES = {"ws": "http", "wss": "https", "http": "http", "https": "https"}
_ICE_SCHEMES = ("stun:", "turn:", "turns:")


class OfferRefused(BotError):
    """The bot answered HTTP, but took no offer."""

    kind = "offer_refused"


def check_installed() -> None:
    """Load what WebRTC needs; the first time it takes half a second, so not during a call.

    Raises:
        UsageError: It is not installed.
    """
    try:
        importlib.import_module("pipecat_voice_test.call.webrtc.dial")
    except ImportError as error:
        raise UsageError(
            "`--bot-transport webrtc` needs aiortc, which cannot be loaded here.",
            fix="pip install 'pipecat-voice-test[webrtc]'; as an image, build ours with\n"
            "`--build-arg EXTRAS=webrtc`.",
            evidence=str(error),
        ) from error


class WebRtcDoor:
    """Makes an offer for every call.

    Args:
        bot_url: Where the bot listens, by any of `http`, `https`, `ws` and `wss`; a path that
            does not end in `/offer` is that of another door, and `/api/offer` is asked.
        start: Path or address of a start endpoint, if sessions are to be asked for.

    Raises:
        UsageError: aiortc is not installed, or an address is none.
    """

    def __init__(self, bot_url: str, *, start: str | None = None) -> None:
        check_installed()
        self._offer_url = offer_url(bot_url)
        self._start_url = None if start is None else urljoin(self._offer_url, start)

    async def open(self, facts: CallFacts, clock: Clock) -> OpenLine:
        """Exchange offer and answer, and wait until sound can flow.

        Raises:
            BotNotReady: Nobody took a connection.
            BotError: The bot refused the offer, or no path to it was found.
        """
        from pipecat_voice_test.call.webrtc.dial import connect

        began_ms = clock.now_ms()
        offer_to = self._offer_url
        servers: tuple[IceServer, ...] = ()
        if self._start_url is not None:
            offer_to, servers = await self._session(self._start_url, facts)
        asked = _Offering(offer_to, facts)
        connected = await connect(_name(offer_to), asked, clock, ice_servers=servers)
        line = connected.line
        events: list[Event] = []
        if not connected.has_channel:
            text = "The bot opened no data channel: it hears neither pings nor keys."
            events.append(Note(0.0, text))

        wire = WebRtcWire()

        async def after(_by: EndedBy) -> list[Event]:
            await line.ended()
            return [Note(0.0, text) for text in (*_oddities(line), *_unheard_keys(wire))]

        return OpenLine(line, wire, clock.now_ms() - began_ms, events, after)

    async def _session(
        self, start_url: str, facts: CallFacts
    ) -> tuple[str, "tuple[IceServer, ...]"]:
        request = {
            "transport": "webrtc",
            "enableDefaultIceServers": False,
            "body": dict(facts.parameters),
        }
        fields = _fields(start_url, await _post(start_url, request))
        session = fields.get("sessionId")
        if not isinstance(session, str) or not 0 < len(session) <= 200:
            raise _useless(start_url, 'no "sessionId"')
        base = self._offer_url.removesuffix(OFFER_PATH) + "/"
        path = f"sessions/{quote(session, safe='')}{OFFER_PATH}"
        return urljoin(base, path), _ice_servers(fields.get("iceConfig"))


def _oddities(line: "WebRtcLine") -> Iterator[str]:
    """What of the bot's sending nobody could make anything of."""
    track = line.track
    if track.lost:
        yield f"{track.lost} packets of the bot's voice never came."
    if track.unplayable:
        yield f"{track.unplayable} packets of the bot's voice were no Opus, and not heard."
    if track.flooded + line.dropped:
        number = track.flooded + line.dropped
        yield f"The bot sent faster than any voice needs; {number} packets were dropped."


def _unheard_keys(wire: WebRtcWire) -> Iterator[str]:
    if wire.keys and not wire.is_understood:
        yield (
            "Over WebRTC keys are told as RTVI events, and the bot never answered `client-ready`: "
            "it seems not to know any."
        )


class _Offering:
    """Brings one offer to the bot."""

    def __init__(self, url: str, facts: CallFacts) -> None:
        self._url = url
        self._facts = facts

    async def __call__(self, sdp: str) -> str:
        request: dict[str, Any] = {"sdp": sdp, "type": "offer"}
        if self._facts.parameters:
            request["request_data"] = dict(self._facts.parameters)
        answer = _fields(self._url, await _post(self._url, request))
        sdp_answer = answer.get("sdp")
        if not isinstance(sdp_answer, str) or answer.get("type") != "answer":
            raise _useless(self._url, 'no "sdp" of "type" "answer"')
        return sdp_answer


def offer_url(bot_url: str) -> str:
    """Where offers go.

    Raises:
        UsageError: The bot's address is none.
    """
    try:
        parts = urlsplit(bot_url)
        is_one = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise UsageError(
            f"`{printable(bot_url)}` is no address of a WebRTC bot.",
            fix="give it as http://host:port or https://host; offers go to its /api/offer.",
        )
    path = parts.path if parts.path.endswith("/offer") else OFFER_PATH
    return urlunsplit((_SCHEMES[parts.scheme], parts.netloc, path, "", ""))


async def _post(url: str, fields: dict[str, Any]) -> Reply:
    try:
        return await ask(
            "POST",
            url,
            body=json.dumps(fields).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            timeout_s=ASK_S,
            max_bytes=MAX_REPLY_BYTES,
        )
    except AskFailed as failed:
        kind = BotNotReady if failed.trouble is Trouble.NO_CONNECTION else OfferRefused
        raise kind(
            f"{_name(url)} {failed.says}.",
            fix="is the bot still running? Its log says more. A Pipecat runner takes offers\n"
            "if it was started with `-t webrtc`.",
        ) from failed


def _fields(url: str, reply: Reply) -> dict[str, Any]:
    if not reply.is_ok:
        raise _refused(url, reply)
    try:
        fields = read_json(reply.body.decode())
    except (Unreadable, UnicodeDecodeError) as error:
        raise _useless(url, "something that is not JSON") from error
    if not isinstance(fields, dict):
        raise _useless(url, "JSON that is no object")
    return fields


def _refused(url: str, reply: Reply) -> OfferRefused:
    status = f"{reply.status} {printable(reply.reason)}".strip()
    body = reply.body[:BODY_BYTES].decode("utf-8", "replace")
    shown = [f"| {printable(line)}" for line in body.splitlines()]
    return OfferRefused(
        f"{_name(url)} refused the call with {status}.",
        fix="start the bot for WebRTC (a Pipecat runner: `-t webrtc`); one that was started for\n"
        "another transport knows no such path, or says so with 400.",
        evidence="\n".join(["It answered:", *shown]) if shown else "",
    )


def _useless(url: str, what: str) -> OfferRefused:
    return OfferRefused(
        f"{_name(url)} answered with {what}.",
        fix="is this the address of a SmallWebRTC bot? It is `--bot-url`, or `--bot-start`.",
    )


def _ice_servers(config: Any) -> "tuple[IceServer, ...]":
    """The servers a bot names; what is none of STUN and TURN is passed over."""
    from pipecat_voice_test.call.webrtc.dial import IceServer

    listed = config.get("iceServers") if isinstance(config, dict) else None
    servers: list[IceServer] = []
    for one in listed if isinstance(listed, list) else ():
        urls = one.get("urls") if isinstance(one, dict) else None
        named = [urls] if isinstance(urls, str) else urls if isinstance(urls, list) else []
        usable = tuple(u for u in named if isinstance(u, str) and u.startswith(_ICE_SCHEMES))
        if usable:
            servers.append(IceServer(usable, _text(one, "username"), _text(one, "credential")))
    return tuple(servers[:MOST_ICE_SERVERS])


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None


def _name(url: str) -> str:
    """An address without user and password, and without whose session it is."""
    parts = urlsplit(url)
    path = re.sub(r"(?<=/sessions/)[^/]+", "…", parts.path)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"
