"""The names a network gives a call (P-12): each network writes them in its own way.

They are derived from the run seed, so a log line of the bot can be matched to a call and the
same run gives the same names again. Call and stream are fresh for each call. The account is
the customer's, so it is the same for all calls of a run: the bot is given it in its
environment before the first call (P-52).

Twilio and Exotel write two letters and 32 lower-case hex digits. Telnyx writes UUIDs, and for
what a call is controlled by `v3:` and base64; Plivo writes UUIDs, and an account as `MA` and 18
letters and digits.
"""

import base64
import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallIdentity:
    """What the `start` message calls the account, the call and its media stream.

    Attributes:
        account_sid: Telnyx' `user_id`, Plivo's `accountId`.
        call_sid: Telnyx' `call_control_id`, Plivo's `callId`.
        stream_sid: `stream_id`, `streamId`.
    """

    account_sid: str
    call_sid: str
    stream_sid: str


def run_account_sid(seed: int, provider: str = "twilio") -> str:
    """The account all calls of a run belong to; a bot finds it in `TWILIO_ACCOUNT_SID`."""
    match provider:
        case "telnyx":
            return _uuid("user", seed)
        case "plivo":
            return "MA" + base64.b32encode(_digest("MA", seed))[:18].decode()
        case _:
            return _sid("AC", seed)


def call_identity(
    seed: int, scenario: str, call_number: int, provider: str = "twilio"
) -> CallIdentity:
    """The names of one call.

    Args:
        seed: Of the run.
        scenario: Its name; unique in a run.
        call_number: From 1, within the scenario.
        provider: The network it comes over; what has no way of its own has Twilio's.
    """
    account_sid = run_account_sid(seed, provider)
    call = (seed, scenario, call_number)
    match provider:
        case "telnyx":
            control = base64.urlsafe_b64encode(_digest("control", *call)).decode().rstrip("=")
            return CallIdentity(account_sid, f"v3:{control}", _uuid("stream", *call))
        case "plivo":
            return CallIdentity(account_sid, _uuid("call", *call), _uuid("stream", *call))
        case _:
            return CallIdentity(account_sid, _sid("CA", *call), _sid("MZ", *call))


def session_id(identity: CallIdentity) -> str:
    """The UUID of all that belongs to a call, its legs too: Telnyx' `call_session_id`."""
    return _uuid("session", identity.call_sid)


def _sid(letters: str, *parts: object) -> str:
    return letters + _digest(letters, *parts).hex()[:32]


def _uuid(*parts: object) -> str:
    """Looks like a random one (version 4)."""
    digits = _digest(*parts).hex()
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def _digest(*parts: object) -> bytes:
    text = "\0".join(map(str, parts))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
