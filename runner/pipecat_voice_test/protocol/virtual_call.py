"""One call as the telephone network lives through it: told bytes and times, asked what to send.

It has no socket and no clock, so it can be tested without waiting and used behind any
transport. Whoever drives it says when things happened, in call clock milliseconds (0 is the
`start` message), and sends what `messages_to_send` gives.

The life of a call: `start`, then `send_frame`, `press`, `receive`, `advance` in any order,
then `hang_up` or `bot_closed`. After that nothing is sent but the `stop` message, nothing
more is heard, and what the bot still sends is only written down (P-43).
"""

from pipecat_voice_test.protocol.playout import Playout
from pipecat_voice_test.protocol.record import (
    MAX_BOT_EVENTS,
    MAX_RAW_BYTES,
    CallRecord,
    FindingTally,
    mark_name,
)
from pipecat_voice_test.protocol.untrusted import storable
from pipecat_voice_test.protocol.wire import (
    BotMessage,
    Clear,
    Complaint,
    Data,
    Mark,
    Media,
    Observed,
    Rejected,
    Trouble,
    Wire,
)
from pipecat_voice_test.timeline import (
    FRAME_SAMPLES,
    SAMPLES_PER_MS,
    BotClosed,
    Event,
    Finding,
    HeardPiece,
    MarkReceived,
    MarkReturned,
    MessageReceived,
    MessageSent,
    Note,
    PlaybackCleared,
)

CLOSE_REASON_CHARACTERS = 125


class VirtualCall:
    """The network's end of one call, and its record.

    Args:
        wire: The provider's messages.
        playout_delay_ms: Time between arrival and earliest playback (*D* of P-35).
        max_raw_bytes: How much of the bot's audio is kept in order of arrival.
        max_bot_events: How many events caused by the bot are kept one by one.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        playout_delay_ms: float = 0.0,
        max_raw_bytes: int = MAX_RAW_BYTES,
        max_bot_events: int = MAX_BOT_EVENTS,
    ) -> None:
        self._wire = wire
        self._playout = Playout(playout_delay_ms)
        self._record = CallRecord(max_raw_bytes=max_raw_bytes, max_bot_events=max_bot_events)
        self._messages: list[Data] = []
        self._for_caller: list[Event] = []
        self._started = False
        self._over = False
        self._unheard = b""

    # --- the caller's side ----------------------------------------------------------------

    def start(self) -> None:
        """Queue the messages that begin the call, to be sent at call time 0 (P-10)."""
        if self._started or self._over:
            return
        self._started = True
        for message in self._wire.opening():
            self._messages.append(message.data)
            self._record.sent(0.0, message.event, message.sequence, message.data)

    def send_frame(self, ulaw: bytes, at_ms: float) -> None:
        """Queue the next 20 ms of the caller's voice; ignored when the call is over.

        Raises:
            ValueError: It is not 160 bytes.
        """
        if len(ulaw) != FRAME_SAMPLES:
            raise ValueError(f"a frame has {FRAME_SAMPLES} bytes, not {len(ulaw)}")
        if self._live:
            self._record.said += ulaw
            self._send(at_ms, "media", self._wire.media(ulaw))

    def press(self, digit: str, at_ms: float) -> None:
        """Queue a key, one of `0-9 * #`; ignored when the call is over.

        Where the network carries no keys, a note is written.
        """
        if self._live:
            data = self._wire.dtmf(digit)
            self._send(at_ms, "dtmf", data, digit)
            if data is None:
                text = f"This line carries no keys: the bot was not told of {digit}."
                self._record.events.append(Note(at_ms, text))

    def say_mark(self, name: str, at_ms: float) -> None:
        """Queue a mark nobody asked for, such as that the caller has finished speaking.

        No network does so, and most bots pass it over; ignored when the call is over.
        """
        if self._live:
            self._send(at_ms, "mark", self._wire.mark(name), mark_name(name))

    def hang_up(self, at_ms: float) -> None:
        """The caller puts the phone down: queue `stop`, hear nothing more, send nothing more."""
        self.advance(at_ms)
        if self._live:
            self._send(at_ms, "stop", self._wire.stop())
        if not self._over:
            self._end(at_ms)

    # --- the bot's side -------------------------------------------------------------------

    def receive(self, message: str | bytes, at_ms: float) -> None:
        """Take one message of the bot, a text frame or a binary one. Never raises.

        Args:
            message: As it came; bytes are a binary frame.
            at_ms: When it arrived, not when somebody got round to it.
        """
        self.advance(at_ms)
        if self._started:
            parsed = self._wire.parse(message)
        else:
            parsed = Rejected("unread", (self._wire.complain(Trouble.TOO_EARLY, ""),))
        self._record.received(parsed, message, at_ms, after_the_call=self._over)
        if not self._over:
            self._act_on(parsed, message, at_ms)
            for complaint in parsed.complaints:
                self._object(complaint, at_ms)

    def bot_closed(self, code: int | None, reason: str, at_ms: float) -> None:
        """The bot's side of the socket closed; what was queued is not heard (P-41).

        Args:
            code: Its close code; None if the socket vanished without a close frame.
            reason: The text it gave.
            at_ms: When.
        """
        self.advance(at_ms)
        closed = BotClosed(at_ms, code, storable(reason, CLOSE_REASON_CHARACTERS))
        self._record.events.append(closed)
        self._for_caller.append(closed)
        if not self._over:
            self._messages.clear()
            self._end(at_ms)

    def trouble(self, trouble: Trouble, at_ms: float, detail: str = "") -> None:
        """Write down what the transport noticed; `detail` is as in `Wire.complain`."""
        self._complain(self._wire.complain(trouble, detail), "", at_ms)

    # --- the clock ------------------------------------------------------------------------

    def next_due_ms(self) -> float | None:
        """When the next waiting mark is to be returned; None if none waits."""
        return self._playout.next_mark_ms()

    def advance(self, at_ms: float) -> None:
        """Return the marks whose time has come; never early (P-39)."""
        for name in self._playout.marks_reached(at_ms):
            self._return_mark(name, at_ms)

    def heard_frame(self, from_ms: float) -> bytes:
        """The 160 bytes the ear got in `[from_ms, from_ms + 20)`; empty if nothing played.

        Ask once for each frame, in order, when it has passed and what arrived in it has been
        received.
        """
        return self._playout.heard_frame(from_ms)

    def take_heard(self, until_ms: float) -> list[HeardPiece]:
        """What the ear got by `until_ms` and has not been taken yet, to the sample."""
        return self._playout.take_heard(until_ms)

    @property
    def queued_until_ms(self) -> float:
        """Ear time at which everything that arrived will have been heard."""
        return self._playout.queued_until_ms

    def events_since_last(self) -> tuple[Event, ...]:
        """What the wire saw since this was last asked: clears, marks, the bot's close."""
        events = tuple(self._for_caller)
        self._for_caller.clear()
        return events

    def messages_to_send(self) -> list[Data]:
        """Messages for the bot, oldest first. Each is given once."""
        messages, self._messages = self._messages, []
        return messages

    # --- the record -----------------------------------------------------------------------

    def record_event(self, event: Event) -> None:
        """Add something only the transport can know, such as `Backpressure` or a `Note`."""
        self._record.events.append(event)

    def asked_over_api(
        self, detail: str, size_bytes: int, at_ms: float, complaint: Complaint | None = None
    ) -> None:
        """Add what the bot asked for over HTTP, and what is wrong in it (PROTOCOL 6)."""
        asked = MessageReceived(at_ms, "call_api", size_bytes, detail=storable(detail, 200))
        self._record.by_bot(asked)
        if complaint is not None:
            self._complain(complaint, "", at_ms)

    def found(self, finding: Finding) -> None:
        """Add a finding no `Trouble` stands for."""
        self._record.finding(finding, "")

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything recorded, in order of time; what has one time stays in order of arrival.

        The `payload_bytes` of the received messages, one after the other, cut `raw_ulaw` into
        their payloads.
        """
        return tuple(sorted(self._record.events, key=_at_ms))

    @property
    def finding_counts(self) -> tuple[FindingTally, ...]:
        """All findings, also those too many to be events."""
        return self._record.finding_counts

    @property
    def said_ulaw(self) -> bytes:
        """Every frame the caller sent; sample 0 is mouth clock 0."""
        return bytes(self._record.said)

    @property
    def raw_ulaw(self) -> bytes:
        """Every payload in order of arrival, heard or not (P-72)."""
        return bytes(self._record.raw)

    @property
    def heard(self) -> tuple[HeardPiece, ...]:
        """The bot's audio as the caller's ear got it; complete once the call is over."""
        return self._playout.pieces

    @property
    def unheard_ulaw(self) -> bytes:
        """Audio that waited when the call ended, empty before (P-41)."""
        return self._unheard

    @property
    def most_queued_ms(self) -> float:
        """The most audio that ever waited to be heard; METRICS `burst_ahead`."""
        return self._playout.most_queued_samples / SAMPLES_PER_MS

    # --- inside ---------------------------------------------------------------------------

    @property
    def _live(self) -> bool:
        return self._started and not self._over

    def _send(self, at_ms: float, event: str, data: Data | None, detail: str = "") -> None:
        if data is not None:
            self._messages.append(data)
            self._record.sent(at_ms, event, self._wire.sequence, data, detail)

    def _answer(self, event: str, data: Data | None, at_ms: float, detail: str = "") -> None:
        """Send what a message of the bot caused; a flood of those is not listed to its end."""
        if data is not None:
            self._messages.append(data)
            sequence = None if event == "error" else self._wire.sequence  # No network counts those.
            self._record.by_bot(MessageSent(at_ms, event, sequence, len(data), detail))

    def _complain(self, complaint: Complaint, message: str | bytes, at_ms: float) -> None:
        self._record.complain(complaint, message, at_ms, after_the_call=self._over)

    def _object(self, complaint: Complaint, at_ms: float) -> None:
        self._answer("error", self._wire.objection(complaint), at_ms, complaint.case)

    def _act_on(self, parsed: BotMessage, message: str | bytes, at_ms: float) -> None:
        match parsed:
            case Media(ulaw):
                dropped_samples = self._playout.queue_audio(ulaw, at_ms)
                if dropped_samples:
                    detail = f"{dropped_samples / SAMPLES_PER_MS:.0f} ms"
                    complaint = self._wire.complain(Trouble.MEDIA_DISCARDED, detail)
                    self._complain(complaint, message, at_ms)
                    self._object(complaint, at_ms)
            case Mark(name):
                self._take_mark(name, message, at_ms)
            case Clear():
                discarded_samples, names = self._playout.clear(at_ms)
                cleared = PlaybackCleared(at_ms, discarded_samples / SAMPLES_PER_MS)
                self._record.by_bot(cleared)
                self._for_caller.append(cleared)
                if self._wire.marks_survive_clear:
                    for name in names:
                        self._return_mark(name, at_ms)
                self._answer("cleared", self._wire.cleared(), at_ms)
            case Observed() | Rejected():
                pass

    def _take_mark(self, name: str, message: str | bytes, at_ms: float) -> None:
        if not self._playout.queue_mark(name):
            detail = str(self._playout.waiting_marks)
            complaint = self._wire.complain(Trouble.TOO_MANY_MARKS, detail)
            self._complain(complaint, message, at_ms)
            self._object(complaint, at_ms)
            return
        received = MarkReceived(at_ms, mark_name(name))
        self._record.by_bot(received)
        self._for_caller.append(received)
        self.advance(at_ms)

    def _return_mark(self, name: str, at_ms: float) -> None:
        stored = mark_name(name)
        self._answer("mark", self._wire.mark(name), at_ms, stored)
        self._record.by_bot(MarkReturned(at_ms, stored))

    def _end(self, at_ms: float) -> None:
        self._over = True
        self._unheard = self._playout.end(at_ms)


def _at_ms(event: Event) -> float:
    return event.at_ms
