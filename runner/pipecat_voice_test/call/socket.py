"""What a call needs from a connection, whatever carries it.

Everything that comes in is stamped when it arrives, not when somebody gets round to it.
"""

from dataclasses import dataclass
from typing import Protocol

from pipecat_voice_test.call.clock import Bell
from pipecat_voice_test.call.reading import Reading


@dataclass(frozen=True, slots=True)
class _Stamped:
    """Something came in at `at_ms` of the clock."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class Message(_Stamped):
    """A whole message: text, or bytes if it was a binary one."""

    data: str | bytes


@dataclass(frozen=True, slots=True)
class Ping(_Stamped):
    """A ping; the answer has been sent already (P-44)."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Broken(_Stamped):
    """The bot broke the rules of WebSocket, so the connection was failed (PROTOCOL 4.2).

    `kind` is `protocol_error` or `message_too_big`, `detail` what exactly.
    """

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Closed(_Stamped):
    """The bot's side is gone; `code` is 1006 if it went without a close frame."""

    code: int
    reason: str = ""


Arrival = Message | Ping | Broken | Closed


class Socket(Protocol):
    """An open connection to the bot."""

    bell: Bell
    reading: Reading

    def received(self) -> list[Arrival]:
        """What came in since the last call, oldest first."""

    def send(self, data: str | bytes) -> None:
        """Hand one message over, text or binary; never blocks."""

    def close(self) -> None:
        """Begin the closing handshake with code 1000."""

    def abort(self) -> None:
        """Drop the connection."""

    def unsent_bytes(self) -> int:
        """How much of what was handed over has not reached the bot's machine yet."""
