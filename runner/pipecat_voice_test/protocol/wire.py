"""What every provider's wire can do, and the closed set of things a bot may say on it.

A wire writes and reads one provider's messages and counts them. It knows no time and keeps
no audio but what a frame or a filter needs; `VirtualCall` does that the same way for every
provider. Another provider is one new module with a class that fits `Wire`.

Whatever audio a provider carries, a person holds a telephone: both ears of a wire speak 8 kHz
μ-law to the rest, and convert.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self

from pipecat_voice_test.timeline import Severity


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the network holds against something the bot did; a `Finding` without its time.

    Attributes:
        kind: Name of the network's error, as results.json shows it.
        case: Which of the mistakes behind that error it is; one word for machines.
        message: What happened, what the network does, and `Fix:`. Safe to print.
        code: The network's own number, or None where it has none.
    """

    kind: str
    case: str
    message: str
    code: int | None = None
    severity: Severity = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Media:
    """Audio for the caller in μ-law, of any length (P-31); empty only while a filter fills."""

    ulaw: bytes
    complaints: tuple[Complaint, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """The bot wants this name back when the audio before it has been heard."""

    name: str
    complaints: tuple[Complaint, ...] = ()


@dataclass(frozen=True, slots=True)
class Clear:
    """Everything not yet heard is to be thrown away."""

    complaints: tuple[Complaint, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message the network drops.

    Attributes:
        event: What it called itself, made safe to print and store.
        complaints: Why, at least one.
    """

    event: str
    complaints: tuple[Complaint, ...]


@dataclass(frozen=True, slots=True)
class Observed:
    """Something the bot tells of itself; kept beside the call, judged never (PROTOCOL 9.8).

    Attributes:
        event: What it is, made safe to print and store, such as `bot-started-speaking`.
        detail: More of it, the same.
    """

    event: str
    detail: str = ""
    complaints: tuple[Complaint, ...] = ()


BotMessage = Media | Mark | Clear | Observed | Rejected
Data = str | bytes  # One message of ours: text, or bytes if it is a binary one.


class Gathered(str):
    """A text message with other audio than the caller's next frame.

    Attributes:
        frames: Which of the frames that `Wire.media` was given it carries, the first is 0.
    """

    frames: range

    def __new__(cls, text: str, frames: range) -> Self:
        message = super().__new__(cls, text)
        message.frames = frames
        return message


class Trouble(StrEnum):
    """What a bot can do wrong that one message alone does not show."""

    TOO_EARLY = "too_early"  # A message before the bot could know the stream.
    TOO_MANY_MARKS = "too_many_marks"
    MEDIA_DISCARDED = "media_discarded"  # More audio than the network queues.
    PROTOCOL_ERROR = "protocol_error"  # Broken WebSocket framing.
    MESSAGE_TOO_BIG = "message_too_big"


@dataclass(frozen=True, slots=True)
class OpeningMessage:
    """One of the messages that begin a call; `sequence` is None if it is not numbered."""

    event: str
    data: Data
    sequence: int | None


class Wire(Protocol):
    """One provider's end of one call, without I/O."""

    @property
    def sequence(self) -> int | None:
        """The number of the last message written; None where they have none."""

    @property
    def marks_survive_clear(self) -> bool:
        """Whether a `clear` returns the marks that wait (P-37), or forgets them (Plivo)."""

    def opening(self) -> list[OpeningMessage]:
        """The messages that begin the call; they are sent back to back (P-10)."""

    def media(self, ulaw: bytes) -> Data | None:
        """The next frame of the caller's audio. It is built 50 times a second per call.

        None if this network sends several frames in one message, and this is not the last; that
        is `Gathered` then.
        """

    def dtmf(self, digit: str) -> Data | None:
        """A key the caller pressed, one of `0-9 * #`; None where no keys can be sent."""

    def mark(self, name: str) -> Data | None:
        """Tell the bot that playback has reached its mark, or was cleared."""

    def cleared(self) -> Data | None:
        """Tell the bot that everything not yet heard was thrown away, if this network does."""

    def objection(self, complaint: Complaint) -> Data | None:
        """What this network answers to a message it rejects; None if it drops it in silence."""

    def stop(self) -> Data | None:
        """The last message of the call, or None if this provider just closes the socket."""

    def parse(self, message: str | bytes) -> BotMessage:
        """Read one message of the bot; bytes are a binary frame. Never raises."""

    def complain(self, trouble: Trouble, detail: str) -> Complaint:
        """What this network calls a trouble that is not in one message's content.

        Args:
            trouble: What the bot did.
            detail: How much or what exactly, as it goes into a sentence: `12.5 s`.
        """
