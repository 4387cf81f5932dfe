"""What to say when there is no call: the texts of `dial`'s errors."""

import re
from dataclasses import dataclass

from websockets.datastructures import Headers
from websockets.http11 import Response

from pipecat_voice_test.errors import BotError, BotNotReady, UsageError
from pipecat_voice_test.protocol.untrusted import printable

BODY_BYTES = 2048  # P-7: the first 2 kB of a refusal are shown.


_STATUS_LINE = re.compile(rb"HTTP/\d\.\d ([1-5]\d\d)(?: ([^\r\n]*))?\r?\n")


class HandshakeRefused(BotError):
    """The bot answered, but not with a WebSocket.

    Attributes:
        status: Of the answer, if it was one in HTTP.
    """

    kind = "handshake_refused"
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no WebSocket: the answer if there was one, and what was wrong with it."""

    response: Response | None
    reason: str = ""


_CAUSES = {
    403: (
        "check `--bot-path`: Python ASGI servers answer 403 both for a path they do not know\n"
        "and for a session they turned away (token, origin)"
    ),
    404: "check `--bot-path`: nothing is served there (a Pipecat runner listens on /ws)",
    426: "check `--bot-path` and `--bot-port`: what answers there is no WebSocket endpoint",
}


def not_an_address(url: str) -> UsageError:
    return UsageError(
        f"`{url}` is not a WebSocket address.",
        fix="give it as ws://host:port/path or wss://host/path",
    )


def cannot_connect(url: str, why: str) -> BotNotReady:
    return BotNotReady(
        f"{url} took no connection: {why}.",
        fix="is the bot still running? Its log says more; `--bot-port` names the port it uses",
    )


def handshake_timed_out(url: str, limit_s: float) -> HandshakeRefused:
    return HandshakeRefused(
        f"{url} took the connection but did not answer the WebSocket upgrade "
        f"within {limit_s * 1000:.0f} ms.",
        fix="the server hangs before it accepts the session; look for work done before `accept()`",
    )


def handshake_refused(url: str, refusal: Refusal) -> HandshakeRefused:
    """The upgrade was answered with anything but 101 (P-7); redirects are not followed."""
    response, reason = refusal.response, refusal.reason
    if response is None:
        return HandshakeRefused(
            f"{url} did not open a WebSocket: {reason}.",
            fix="check `--bot-port`: what listens there may speak another protocol",
        )
    status = f"{response.status_code} {response.reason_phrase}".strip()
    if response.status_code == 101:
        return HandshakeRefused(
            f"{url} answered 101, but wrongly: {reason}.",
            fix="the server must accept without extensions or subprotocols, as none were offered",
        )
    cause = _CAUSES.get(response.status_code)
    if cause is None and 300 <= response.status_code < 400:
        cause = "redirects are not followed by the network; name the final address"
    if cause is None and response.status_code >= 500:
        cause = "the bot failed while it accepted the call; its log says why"
    headers = [f"{name}: {value}" for name, value in response.headers.raw_items()]
    body = bytes(response.body or b"")[:BODY_BYTES].decode("utf-8", "replace").splitlines()
    # A stranger wrote this: behind a bar no line of it can speak to a CI system.
    shown = [f"| {printable(line)}".rstrip() for line in (*headers, "", *body)]
    refused = HandshakeRefused(
        f"{url} refused the call with {printable(status)}.",
        fix=cause or "check `--bot-path` and the bot's log",
        evidence="\n".join(["It answered:", *shown]).removesuffix("\n|"),
    )
    refused.status = response.status_code
    return refused


def read_answer(raw: bytes | bytearray) -> Response | None:
    """What a server answered, as far as it came; None if it is no HTTP.

    For answers that `websockets` does not read: HTTP/1.0, no end, too long.
    """
    line = _STATUS_LINE.match(raw)
    if line is None:
        return None
    rest = bytes(raw[line.end() - 1 :]).replace(b"\r\n", b"\n")
    head, _, body = rest.partition(b"\n\n")
    headers = Headers()
    for field in head.decode("iso-8859-1").split("\n"):
        name, colon, value = field.partition(":")
        if colon:
            headers[name.strip()] = value.strip()
    phrase = (line[2] or b"").decode("iso-8859-1")
    return Response(int(line[1]), phrase, headers, body)
