"""What the network asks a bot's servers: form posts, signed, as Twilio makes them (P-55, P-60)."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from pipecat_voice_test.doors.addresses import Address, AddressMap
from pipecat_voice_test.doors.door import CallFacts
from pipecat_voice_test.errors import BotError
from pipecat_voice_test.protocol.requests.instructions import MAX_BYTES
from pipecat_voice_test.protocol.requests.signature import HEADER, signature
from pipecat_voice_test.protocol.untrusted import printable
from pipecat_voice_test.web.client import Reply, ask

REPLY_S = 15.0  # P-60
_BODY_CHARACTERS = 512
_URL_CHARACTERS = 200
_FORM = "application/x-www-form-urlencoded"


class WebhookReply(BotError):
    """The voice webhook did not answer with instructions that lead to a stream (P-60)."""

    kind = "webhook_reply"


class StartReply(BotError):
    """The start endpoint did not answer with the address of a stream."""

    kind = "start_reply"


@dataclass(frozen=True, slots=True)
class Network:
    """What the network knows of a bot's servers, the same for every call of a run.

    Attributes:
        auth_token: Requests are signed with it; never in reports.
        reply_s: How long it waits for instructions.
    """

    addresses: AddressMap
    auth_token: str = ""
    reply_s: float = REPLY_S

    async def ask(
        self,
        address: Address,
        method: str,
        fields: Mapping[str, str],
        *,
        timeout_s: float | None = None,
    ) -> Reply:
        """Send a form, for `GET` in the query, and wait for the answer; raises as `ask` does."""
        form = urlencode(fields, errors="replace")
        published, reachable, body = address.published, address.reachable, b""
        signed: Mapping[str, str] = fields
        headers = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"}
        if method == "GET":
            published, reachable = with_query(published, form), with_query(reachable, form)
            signed = {}
        else:
            body = form.encode("ascii")
            headers["Content-Type"] = _FORM
        headers[HEADER] = signature(self.auth_token, published, signed)
        return await ask(
            method,
            reachable,
            body=body,
            headers=headers,
            timeout_s=self.reply_s if timeout_s is None else timeout_s,
            max_bytes=MAX_BYTES,
        )


def call_fields(facts: CallFacts, status: str) -> dict[str, str]:
    """What the network tells of a call with every request for instructions (P-60).

    What the scenario has the network tell comes along, under names of its own.
    """
    return {
        **facts.parameters,
        "CallSid": facts.identity.call_sid,
        "AccountSid": facts.identity.account_sid,
        "From": facts.from_number,
        "To": facts.to_number,
        "Caller": facts.from_number,
        "Called": facts.to_number,
        "CallStatus": status,
        "Direction": "inbound",
        "ApiVersion": "2010-04-01",
    }


def with_query(url: str, query: str) -> str:
    joint = "&" if urlsplit(url).query else "?"
    return f"{url}{joint}{query}"


def shown_url(url: str) -> str:
    """Without user, password and query, which may be secrets, and not endless."""
    scheme, joint, rest = url.partition("?")[0].partition("://")
    host, slash, path = rest.partition("/")
    shown = f"{scheme}{joint}{host.rpartition('@')[2]}{slash}{path}"
    return shown if len(shown) <= _URL_CHARACTERS else f"{shown[:_URL_CHARACTERS]}…"


def shown_reply(reply: Reply) -> str:
    """A reply as evidence: a stranger wrote it, so no line of it stands without a bar."""
    kind = reply.header("content-type")
    status = printable(f"{reply.status} {reply.reason}".strip())
    text = reply.body[:_BODY_CHARACTERS].decode("utf-8", "replace")
    lines = [printable(line) for line in text.splitlines() if line.strip()]
    head = f"It answered {status}" + (f", {printable(kind[:80])}:" if kind else ":")
    return "\n".join([head, *(f"| {line}" for line in lines)]) if lines else head[:-1] + "."
