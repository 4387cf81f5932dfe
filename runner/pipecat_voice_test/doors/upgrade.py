"""Dialling as the network does: signed if that is wanted, and no message gives a secret away."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipecat_voice_test.call.clock import Clock
from pipecat_voice_test.call.refused import HandshakeRefused
from pipecat_voice_test.call.websocket import Dialled, dial
from pipecat_voice_test.errors import BotError
from pipecat_voice_test.protocol.requests.signature import HEADER, signature

_TURNED_AWAY = (401, 403)
_MASK = "***"
_SECRET_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class Signing:
    """How upgrades are signed.

    Attributes:
        auth_token: Never in reports.
        url: What signatures are made of, if not of what the bot published (P-56).
    """

    auth_token: str
    url: str | None = None


async def dial_as(
    published: str,
    url: str,
    clock: Clock,
    signing: Signing | None,
    *,
    headers: Mapping[str, str] | None = None,
    secret: str = "",
) -> Dialled:
    """Connect and upgrade; raises as `dial` does.

    Args:
        published: What the signature is made of, unless `signing` says otherwise.
        url: Where to connect.
        clock: Of the call.
        signing: None to sign nothing (P-6).
        headers: To be sent besides.
        secret: A part of `url` that no message shows.
    """
    signed = dict(headers or {})
    if signing is not None:
        published = signing.url or published
        signed[HEADER] = signature(signing.auth_token, published)
    try:
        return await dial(url, clock, headers=signed)
    except BotError as error:
        error.what, error.fix, error.evidence = (
            without(secret, text) for text in (error.what, error.fix, error.evidence)
        )
        error.args = (error.what,)
        turned_away = isinstance(error, HandshakeRefused) and error.status in _TURNED_AWAY
        if signing is not None and turned_away:
            made_of = without(secret, published)
            error.fix = (
                f"if the bot checks signatures: this one was made of {made_of}\n"
                "with the bot's TWILIO_AUTH_TOKEN or `--auth-token`; `--signature-url` names\n"
                f"another address to make it of; or {error.fix}"
            )
        raise


def without(secret: str, text: str) -> str:
    """The text with a segment of a path masked; no secret if that is empty."""
    if not secret:
        return text
    text = text.replace(f"/{secret}", f"/{_MASK}")
    # A bot may say it back in other places; a very short one would tear words apart.
    return text.replace(secret, _MASK) if len(secret) >= _SECRET_CHARACTERS else text
