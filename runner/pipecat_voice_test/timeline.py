"""What happened on one call, in order, on one clock.

This is the record every room agrees on: `call` and the caller write it, `measurement` judges
the bot by it, `report` draws it.

Times are milliseconds of call time, kept with fractions (M-1): 0 is the moment the `start`
message was handed to the socket. Positions in audio are whole samples at 8000 Hz, so one
millisecond is eight of them. "Heard" says what the caller's ear got, after playback
buffering; "received" says when the bytes arrived. Judge a bot by what was heard (M-3).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol, TypeVar

from pipecat_voice_test.ending import OVER_API as OVER_API
from pipecat_voice_test.ending import EndedBy as EndedBy
from pipecat_voice_test.ending import EndedHow as EndedHow

SAMPLE_RATE_HZ = 8000
SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000
FRAME_MS = 20  # The network sends and plays audio in 20 ms frames.
FRAME_SAMPLES = FRAME_MS * SAMPLES_PER_MS  # One μ-law byte each.


class Severity(StrEnum):
    """How bad a finding is: only warnings fail the `protocol` check (P-30)."""

    NOTE = "note"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened `at_ms` milliseconds into the call."""

    at_ms: float


# --- the wire: written by `protocol` and `call` -------------------------------------------


@dataclass(frozen=True, slots=True)
class MessageSent(Event):
    """One message was handed to the socket.

    The payload of `media` lies in `Timeline.said_ulaw`: the next frame, or those of `frames`.
    """

    event: str
    sequence: int | None = None
    size_bytes: int = 0
    detail: str = ""
    frames: range | None = None


@dataclass(frozen=True, slots=True)
class MessageReceived(Event):
    """One message arrived, accepted or not. `payload_bytes` counts decoded audio."""

    event: str
    size_bytes: int = 0
    payload_bytes: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Finding(Event):
    """The bot sent something the real network would drop or dislike; PROTOCOL 4.2.

    Attributes:
        code: The network's own error number, or None where it has none.
        excerpt: At most 512 bytes of the message, as text.
    """

    kind: str
    severity: Severity
    message: str
    code: int | None = None
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class PlaybackCleared(Event):
    """The bot sent `clear`; this much audio was thrown away unheard."""

    discarded_ms: float


@dataclass(frozen=True, slots=True)
class MarkReceived(Event):
    """The bot asked to be told when the audio queued so far has been heard."""

    name: str


@dataclass(frozen=True, slots=True)
class MarkReturned(Event):
    """The network told the bot that playback has reached the mark, or was cleared."""

    name: str


@dataclass(frozen=True, slots=True)
class Backpressure(Event):
    """The bot does not read: this much of the caller's audio waits in front of it."""

    unsent_ms: float


@dataclass(frozen=True, slots=True)
class BotClosed(Event):
    """The bot ended the call; None stands for a socket that vanished without a close frame."""

    code: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Note(Event):
    """Something a reader of the report should know; it judges nothing."""

    text: str


# --- the caller: written by `scenario` ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class TurnBegan(Event):
    """The caller took up a turn of the scenario."""

    turn: int


@dataclass(frozen=True, slots=True)
class TurnEnded(Event):
    """The caller is done with a turn of the scenario."""

    turn: int


@dataclass(frozen=True, slots=True)
class TurnGivenUp(Event):
    """The caller could not do what the turn asks for; the turn failed."""

    turn: int
    reason: str


@dataclass(frozen=True, slots=True)
class UtteranceBegan(Event):
    """The first sample of a clip goes on the line.

    Attributes:
        first_sample: Where in `Timeline.said_ulaw` the clip begins; a frame boundary (P-24).
        samples: Length of the clip.
        spans: Where in the clip there is speech, as `(start, end)` in samples from its first
            one, found on the clean audio before noise was added (M-2).
    """

    turn: int
    first_sample: int
    samples: int
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class KeyPressed(Event):
    """A `dtmf` message went out."""

    turn: int
    digit: str


@dataclass(frozen=True, slots=True)
class ScriptedWait(Event):
    """The scenario asked for this silence, so nobody is to blame for it (`wait_ms`, …)."""

    turn: int
    until_ms: float


# --- the ear ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeardPiece:
    """A stretch of the bot's audio as the caller's ear got it.

    Attributes:
        first_sample: Ear clock of its first sample, in samples since call time 0.
        ulaw: What was heard of it, after `clear` and hang-up.
        arrived_ms: When the message that carried it arrived.
        sent_samples: How much the message carried; more than `len(ulaw)` if it was cut.
    """

    first_sample: int
    ulaw: bytes
    arrived_ms: float
    sent_samples: int

    @property
    def end_sample(self) -> int:
        return self.first_sample + len(self.ulaw)


@dataclass(frozen=True, slots=True)
class Heard:
    """What reached the caller during the last frame.

    Attributes:
        ulaw: 160 bytes, or empty when nothing was playing.
        events: What the wire saw since the frame before, oldest first.
    """

    ulaw: bytes = b""
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class CallerFrame:
    """What the caller does during the next frame.

    Attributes:
        ulaw: 160 bytes.
        key: A key pressed now, one of `0-9 * #`, or empty.
    """

    ulaw: bytes
    key: str = ""


class Frame(Protocol):
    """A `CallerFrame`, or one of which the sound is known only when it is over.

    Its sound is asked for once, when the frame is sent.
    """

    @property
    def ulaw(self) -> bytes: ...
    @property
    def key(self) -> str: ...


class Caller(Protocol):
    """Whoever holds the phone: the only thing `call` knows about a scenario."""

    @property
    def events(self) -> Sequence[Event]:
        """What the caller has done so far, for the timeline."""

    def next_frame(self, at_ms: int, heard: Heard) -> Frame | None:
        """Decide what is said in `[at_ms, at_ms + 20)`; None hangs up.

        `heard` is what the ear got in the 20 ms before `at_ms`. It must be quick: a call
        at 50 frames a second shares one thread with many others.
        """


@dataclass(frozen=True, slots=True)
class Rig:
    """How well this machine kept time during the call; METRICS 7.

    Attributes:
        read_lag_ms: The most audio, at real-time rate, that ever waited in the receive buffer
            when it was read: by so much arrival times may be late.
        read_lags: How often it was more than 100 ms.
        stolen: Share of CPU time taken by the host or by a quota; None if the system is silent.
        starved: Share of the call in which no CPU was free, so that whoever wanted to run (the
            bot, above all) had to wait; None if the system is silent.
        control_error_ms: By how much the control bot's known times were missed before the
            first scenario, at worst; None if it was not called.
        stalls: When the loop did not run, `(start_ms, end_ms)` on the call clock, in order.
        starvations: When no CPU was free, the same way, in steps of half a second.
    """

    late_p99_ms: float = 0.0
    late_max_ms: float = 0.0
    loop_stall_ms: float = 0.0
    frames_sent: int = 0
    read_lag_ms: float = 0.0
    read_lags: int = 0
    stolen: float | None = None
    starved: float | None = None
    control_error_ms: float | None = None
    stalls: tuple[tuple[float, float], ...] = ()
    starvations: tuple[tuple[float, float], ...] = ()


E_ = TypeVar("E_", bound=Event)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything one call left behind.

    Attributes:
        events: In order of time; from the wire and from the caller.
        said_ulaw: Every frame as sent, one after the other; sample 0 is mouth clock 0.
        late_ms: Lateness of each frame, in order; frame n was due at 20·n ms (P-21).
        heard: The bot's audio as heard, in order of the ear clock.
        raw_ulaw: Every payload in order of arrival, also what was never heard (P-72).
        unheard_ulaw: Audio still queued when the call ended (`tail_lost`).
        most_queued_ms: The most audio that ever waited to be heard (`burst_ahead`).
        duration_ms: From `start` to the end of the call.
        ended_at_ms: When the caller hung up or the bot closed.
        ended_how: By what it ended; None if that is not known.
        close_code: The bot's close code; None if there was none.
        bot_closed_ms: When the bot's side of the socket closed, None if it never did.
        connect_ms: From the start of the TCP connect to status 101.
        t0_monotonic_ns: `CLOCK_MONOTONIC` at call time 0.
        stream_sid, call_sid: What the network called this call.
    """

    events: tuple[Event, ...] = field(default=(), repr=False)
    said_ulaw: bytes = field(default=b"", repr=False)
    late_ms: Sequence[float] = field(default=(), repr=False)
    heard: tuple[HeardPiece, ...] = field(default=(), repr=False)
    raw_ulaw: bytes = field(default=b"", repr=False)
    unheard_ulaw: bytes = field(default=b"", repr=False)
    most_queued_ms: float = 0.0
    duration_ms: float = 0.0
    ended_by: EndedBy = EndedBy.CALLER
    ended_at_ms: float = 0.0
    ended_how: EndedHow | None = None
    close_code: int | None = None
    close_reason: str = ""
    bot_closed_ms: float | None = None
    connect_ms: float = 0.0
    t0_monotonic_ns: int = 0
    stream_sid: str = ""
    call_sid: str = ""
    rig: Rig = field(default_factory=Rig)

    def without_contents(self) -> "Timeline":
        """The same without sound and events, for results that outlive their call."""
        return replace(
            self, events=(), said_ulaw=b"", late_ms=(), heard=(), raw_ulaw=b"", unheard_ulaw=b""
        )

    def of(self, kind: type[E_]) -> Iterator[E_]:
        """The events of one kind, oldest first."""
        return (event for event in self.events if isinstance(event, kind))
