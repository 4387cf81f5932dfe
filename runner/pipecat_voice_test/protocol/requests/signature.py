"""How the network signs what it asks over HTTP, and the upgrade to a stream (PROTOCOL 7).

Source: https://www.twilio.com/docs/usage/security#validating-requests
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

HEADER = "X-Twilio-Signature"


def signature(auth_token: str, url: str, fields: Mapping[str, str] | None = None) -> str:
    """The value of `X-Twilio-Signature` (P-55).

    Args:
        auth_token: The secret that network and bot share.
        url: As the bot published it, with its query; for an upgrade `wss://…` (P-56).
        fields: Of a form post; none for anything else.
    """
    message = url + "".join(name + value for name, value in sorted((fields or {}).items()))
    digest = hmac.new(_bytes(auth_token), _bytes(message), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
