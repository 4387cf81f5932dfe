"""The door of a bot that is asked first where to call: Pipecat's `/start` (P-1).

It may hand out a token that opens the line once and for a few minutes only, so it is asked anew
for every call. The token is a secret: no message and no record shows it.
"""

import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from pipecat_voice_test.call.clock import Clock
from pipecat_voice_test.call.refused import HandshakeRefused
from pipecat_voice_test.doors.addresses import Address, BadAddress
from pipecat_voice_test.doors.asking import REPLY_S, Network, StartReply, shown_reply, shown_url
from pipecat_voice_test.doors.direct import MakeWire
from pipecat_voice_test.doors.door import CallFacts, OpenLine
from pipecat_voice_test.doors.upgrade import Signing, dial_as, without
from pipecat_voice_test.errors import BotError
from pipecat_voice_test.protocol.untrusted import Unreadable, json_type, quoted, read_json
from pipecat_voice_test.timeline import Event, Note
from pipecat_voice_test.web.client import AskFailed, Reply, Trouble, ask

MAX_BYTES = 64 * 1024
MAX_TOKEN_CHARACTERS = 4096
# What the endpoint calls a provider that is no telephone network.
_TRANSPORTS = {"frames": "websocket"}


@dataclass(frozen=True, slots=True)
class _Told:
    """What a start endpoint said: the address with the token in it, if there is one."""

    published: str
    reachable: str
    token: str  # As it stands in the addresses.


class StartDoor:
    """Asks a start endpoint for every call.

    Args:
        start: Its path at the bot, or its address.
        network: How it is asked, and where the address that it gives is reached.
        provider: What to ask for.
        make_wire: Makes the provider's end of a call.
        signing: How the upgrade is signed; None to leave it unsigned (P-6).
    """

    def __init__(
        self,
        start: str,
        network: Network,
        provider: str,
        make_wire: MakeWire,
        signing: Signing | None = None,
    ) -> None:
        self._address = network.addresses.at_bot(start)
        self._name = shown_url(self._address.reachable)
        # Its query is delivered: no network stands between the endpoint and the caller.
        self._addresses = replace(network.addresses, keep_query=True)
        self._reply_s = network.reply_s
        self._transport = _TRANSPORTS.get(provider, provider)
        self._make_wire = make_wire
        self._signing = signing

    async def open(self, facts: CallFacts, clock: Clock) -> OpenLine:
        """Ask where to call, and call there.

        Raises:
            StartReply: It gave no address.
            BotError: The line was not opened there.
            UsageError: The scenario asks for what the network cannot do.
        """
        wire = self._make_wire(facts)
        noticed: list[Event] = []
        try:
            told = await self._ask(noticed, clock)
            dialled = await dial_as(
                told.published, told.reachable, clock, self._signing, secret=told.token
            )
        except BotError as error:
            error.noticed = tuple(noticed)
            if isinstance(error, HandshakeRefused):
                self._explain(error, told)
            raise
        return OpenLine(dialled.socket, wire, dialled.connect_ms, tuple(noticed))

    async def _ask(self, noticed: list[Event], clock: Clock) -> _Told:
        began_ms = clock.now_ms()
        asked = f"Asked POST {self._name} where to call"
        try:
            reply = await ask(
                "POST",
                self._address.reachable,
                body=json.dumps({"transport": self._transport}).encode(),
                headers={"Content-Type": "application/json", "Accept": "application/json"},
                timeout_s=self._reply_s,
                max_bytes=MAX_BYTES,
            )
        except AskFailed as error:
            noticed.append(Note(0.0, f"{asked}: it {error.says}."))
            fix = _FIXES.get(error.trouble, "check `--bot-start` and the bot's log")
            raise StartReply(f"{self._name} {error.says}.", fix=fix) from error
        took_ms = clock.now_ms() - began_ms
        noticed.append(Note(0.0, f"{asked}: {reply.status} in {took_ms:.0f} ms."))
        if not reply.is_ok:
            raise self._refused(reply)
        told = self._read(reply)
        where = shown_url(without(told.token, told.reachable))
        with_token = ", with a token" if told.token else ""
        noticed.append(Note(0.0, f"It said to call {where}{with_token}."))
        return told

    def _refused(self, reply: Reply) -> StartReply:
        return StartReply(
            f"{self._name} answered a request for transport {self._transport} with {reply.status}.",
            fix=f"check `--bot-start`, and that the bot takes `--provider` {self._transport}\n"
            f"(a Pipecat bot: start it with `-t {self._transport}`, or without `-t`)",
            evidence=shown_reply(reply),
        )

    def _read(self, reply: Reply) -> _Told:
        try:
            document = read_json(reply.body.decode("utf-8"))
            if not isinstance(document, dict):
                raise Unreadable(f"is {json_type(document)}, not an object")
            url, token = _text(document, "wsUrl"), _text(document, "token")
            if not url:
                raise Unreadable("has no `wsUrl`")
            if len(token) > MAX_TOKEN_CHARACTERS:
                raise Unreadable(f"has a `token` of more than {MAX_TOKEN_CHARACTERS} characters")
            return self._told(url, quote(token, safe=""))
        except UnicodeDecodeError as error:
            raise self._unusable("is not UTF-8", reply) from error
        except Unreadable as error:
            # With an answer that holds a token nothing of it is shown.
            raise self._unusable(
                str(error), None if "token" in str(reply.body) else reply
            ) from error

    def _told(self, url: str, token: str) -> _Told:
        base = Address(self._address.reachable, self._address.reachable)
        try:
            address = self._addresses.stream(url, base)
        except BadAddress as error:
            raise Unreadable(f"has the `wsUrl` {quoted(url)}, which {error}") from error
        return _Told(_with(token, address.published), _with(token, address.reachable), token)

    def _unusable(self, why: str, reply: Reply | None) -> StartReply:
        return StartReply(
            f"What {self._name} answered {why}.",
            fix='answer with JSON such as {"wsUrl": "wss://HOST/ws", "token": "…"}',
            evidence="" if reply is None else shown_reply(reply),
        )

    def _explain(self, refused: HandshakeRefused, told: _Told) -> None:
        if told.token and refused.status in (401, 403):
            refused.fix = (
                f"the bot may have turned the token away that {self._name} had just given:\n"
                f"expired, used before, or made by another process; or {refused.fix}"
            )


def _text(document: dict[str, Any], key: str) -> str:
    value = document.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable(f"has {json_type(value)} as its `{key}`, not a string")
    return value


def _with(token: str, url: str) -> str:
    """The token as the last segment of the path."""
    if not token:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{token}"))


_FIXES = {
    Trouble.BAD_ADDRESS: "give `--bot-start` as a path of the bot or as http://host:port/path",
    Trouble.NO_CONNECTION: "is the start endpoint's server running? `--bot-start` says where",
    Trouble.UNTRUSTED: "ask by http://, or by the name that the certificate was made for",
    Trouble.TIMED_OUT: f"answer sooner: {REPLY_S:.0f} s is the limit; look for work done before "
    "the answer",
}
