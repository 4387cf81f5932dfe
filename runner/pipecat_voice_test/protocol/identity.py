"""The names the network gives a call: two letters and 32 lower-case hex digits (P-12).

They are derived from the run seed, so a log line of the bot can be matched to a call and the
same run gives the same names again. Call and stream are fresh for each call. The account is
the customer's, so it is the same for all calls of a run: the bot is given it in its
environment before the first call (P-52).
"""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallIdentity:
    """What the `start` message calls the account, the call and its media stream."""

    account_sid: str
    call_sid: str
    stream_sid: str


def run_account_sid(seed: int) -> str:
    """The account all calls of a run belong to; a bot finds it in `TWILIO_ACCOUNT_SID`."""
    return _sid("AC", seed)


def call_identity(seed: int, scenario: str, call_number: int) -> CallIdentity:
    """The names of one call.

    Args:
        seed: Of the run.
        scenario: Its name; unique in a run.
        call_number: From 1, within the scenario.
    """
    return CallIdentity(
        account_sid=run_account_sid(seed),
        call_sid=_sid("CA", seed, scenario, call_number),
        stream_sid=_sid("MZ", seed, scenario, call_number),
    )


def _sid(letters: str, *parts: object) -> str:
    text = "\0".join([letters, *map(str, parts)])
    return letters + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
