"""What the bot's brain asks for; whoever holds the line does it."""

from collections.abc import Mapping
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


_WORDS = {
    "start": "the call begins",
    "greeting": "greets",
    "answer": "answers",
    "clear": "gives way, and clears what it was about to say",
    "stopped": "is silent",
    "heard": "was told that this was heard",
    "closed": "the call is over",
}


def told(event: str, times_ms: Mapping[str, float], facts: Mapping[str, object]) -> str:
    """A line of the log for people: `answers: clip reply-1, 700 ms after the caller`."""
    parts = [f"{name} {fact}" for name, fact in facts.items() if fact is not None]
    since_ms = times_ms.get("caller_end", times_ms.get("key"))
    if since_ms is not None:
        parts.append(f"{times_ms['at'] - since_ms:.0f} ms after the caller")
    return f"{_WORDS[event]}: {', '.join(parts)}" if parts else _WORDS[event]


Act = Send | Mark | Clear | Close | Log
