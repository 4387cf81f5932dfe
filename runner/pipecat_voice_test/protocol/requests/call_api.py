"""What a call API is asked, and what it does about it, whichever network's it is (PROTOCOL 6).

The API of each network is a class that fits `CallApiRules`. It knows no socket and no clock: it
is told what was asked, when, and which calls there are, and says what is answered and what
happens to the call.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from pipecat_voice_test.protocol.untrusted import printable, quoted
from pipecat_voice_test.protocol.wire import Complaint
from pipecat_voice_test.timeline import Severity

Json = dict[str, Any]

SHOWN_CHARACTERS = 160


class CallStatus(StrEnum):
    """How far a call is, in Twilio's words."""

    RINGING = "ringing"  # The bot was told of the call, but has no line yet.
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of day: Unix seconds, and how mail headers (RFC 2822) write it."""

    unix_s: float
    text: str


@dataclass(frozen=True, slots=True)
class CallState:
    """What the API knows of a call."""

    call_id: str
    from_number: str
    to_number: str
    status: CallStatus = CallStatus.RINGING
    began: Moment | None = None
    ended: Moment | None = None

    @property
    def is_over(self) -> bool:
        return self.status is CallStatus.COMPLETED

    @property
    def duration_s(self) -> int | None:
        """Whole seconds from begin to end; None while it goes on."""
        if self.began is None or self.ended is None:
            return None
        return max(0, round(self.ended.unix_s - self.began.unix_s))

    def answered(self, at: Moment) -> "CallState":
        return replace(self, status=CallStatus.IN_PROGRESS, began=at)

    def completed(self, at: Moment) -> "CallState":
        return replace(self, status=CallStatus.COMPLETED, began=self.began or at, ended=at)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a bot has to show to the API.

    Attributes:
        user: Twilio's account, Plivo's auth id; Telnyx has none.
        secret: Twilio's and Plivo's auth token, Telnyx' key.
    """

    user: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request, taken apart.

    Attributes:
        path: Its segments, percent signs resolved; empty ones at the end tell of a slash there.
        form: Fields of a form-encoded body, the last of a name.
        authorization: The header of that name, or empty.
        at: When it came.
    """

    method: str
    path: tuple[str, ...]
    at: Moment
    form: Mapping[str, str] = field(default_factory=dict)
    authorization: str = ""

    @property
    def shown(self) -> str:
        """What was asked, safe to print, without what the body says."""
        path = "/" + "/".join(self.path)
        more = "…" if len(path) > SHOWN_CHARACTERS else ""
        return printable(f"{self.method[:16]} {path[:SHOWN_CHARACTERS]}{more}")


@dataclass(frozen=True, slots=True)
class HangUp:
    """The call is to end."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """The stream is to end, and other instructions to run: these, or those found at a URL."""

    instructions: str = ""
    url: str = ""
    method: str = "POST"


Deed = HangUp | Transfer


@dataclass(frozen=True, slots=True)
class ApiReply:
    """What is answered, and what comes of it.

    Attributes:
        body: None for no body.
        call_id: The call it is about, as far as it named one; it need not exist.
        deed: What happens to that call.
        complaint: What the bot did wrong, if anything.
        says: What was asked, in a word or two for the record of the call.
    """

    status: int
    body: Json | None = None
    headers: tuple[tuple[str, str], ...] = ()
    call_id: str = ""
    deed: Deed | None = None
    complaint: Complaint | None = None
    says: str = ""


KnownCalls = Callable[[str], CallState | None]


class CallApiRules(Protocol):
    """One network's call API, without I/O."""

    @property
    def credentials(self) -> Credentials:
        """What the bot has to show."""

    def reply(self, request: ApiRequest, known: KnownCalls) -> ApiReply:
        """Answer one request. Never raises.

        Args:
            request: What was asked.
            known: Gives the state of a call of this run, live or over; None for any other id.
        """


def basic_credentials(authorization: str) -> tuple[str, str] | None:
    """User and password of HTTP Basic (RFC 7617); None for anything else."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (user.decode(), password.decode()) if colon else None
    except (binascii.Error, ValueError):
        return None


# --- complaints ---------------------------------------------------------------------------


def wrong_credentials(
    request: ApiRequest, code: int | None, variables: str, because: str
) -> Complaint:
    """Nobody could be hung up on with these."""
    return Complaint(
        "call_api_unauthorized",
        "unauthorized",
        f"The bot asked the call API ({request.shown}) with credentials that are not this run's: "
        f"{because}. It was refused with 401, so the call goes on. Fix: take {variables} from "
        "the environment when the bot starts, and let no `.env` file override them.",
        code,
    )


def unknown_call(request: ApiRequest, call_id: str, code: int | None, field_name: str) -> Complaint:
    return Complaint(
        "call_api_unknown_call",
        "unknown_call",
        f"The bot asked the call API for the call {quoted(call_id)}, which is none of this run's. "
        f"It was answered that there is none. Fix: take the id from `{field_name}`, anew for each "
        "call.",
        code,
    )


def unknown_path(request: ApiRequest, code: int | None, known: str) -> Complaint:
    """A note: the real API has more than is played here."""
    return Complaint(
        "call_api_unknown_path",
        "unknown_path",
        f"The bot asked the call API for {request.shown}, which is not played here: it was "
        f"answered with 404. Known is {known}.",
        code,
        Severity.NOTE,
    )


def bad_request(request: ApiRequest, what: str, fix: str, code: int | None) -> Complaint:
    return Complaint(
        "call_api_bad_request",
        "bad_request",
        f"The bot asked the call API ({request.shown}) {what}. It was refused. Fix: {fix}",
        code,
    )


def not_a_request(what: str) -> Complaint:
    """What came in was not even HTTP, or too much or too slow; `what` says so after "The bot"."""
    return Complaint(
        "call_api_bad_request",
        "not_http",
        f"At the call API the bot {what}. It was not heard. Fix: ask as PVT_CALL_API_URL says, "
        "with an HTTP library.",
    )
