"""What the bot's brain asks for; whoever holds the line does it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Send:
    """A `media` message; `first` in its utterance."""

    said: str
    ulaw: bytes
    first: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A `mark` message."""

    name: str


@dataclass(frozen=True, slots=True)
class Clear:
    """A `clear` message."""


@dataclass(frozen=True, slots=True)
class Close:
    """The bot hangs up."""

    code: int


@dataclass(frozen=True, slots=True)
class Log:
    """Something for the log; whoever writes it turns `times_ms` into clock time."""

    event: str
    times_ms: dict[str, float]
    facts: dict[str, str | float]


Act = Send | Mark | Clear | Close | Log
