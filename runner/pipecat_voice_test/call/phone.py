"""One call in real time: the loop that keeps a caller, a line and a bot in step.

Frame n holds the 20 ms before 20·n of call time and is sent then (P-21); what the caller
decides at that moment is heard from frame n+1 on. Deadlines count from the start, so one
late frame does not delay the next, and owed frames follow back to back. Between frames the
loop wakes for whatever arrives and for marks that have become due (P-39). A flood of messages
is taken bit by bit between frames, so that it costs the bot's time and not the caller's.
"""

from collections import deque
from dataclasses import dataclass, replace

from pipecat_voice_test.call.clock import Clock
from pipecat_voice_test.call.heartbeat import Heartbeat, rig_of
from pipecat_voice_test.call.machine import Share
from pipecat_voice_test.call.socket import Arrival, Broken, Closed, Message, Ping, Socket
from pipecat_voice_test.protocol.identity import CallIdentity
from pipecat_voice_test.protocol.record import FindingTally
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.protocol.wire import Complaint, Trouble
from pipecat_voice_test.timeline import (
    FRAME_MS,
    Backpressure,
    Caller,
    EndedBy,
    EndedHow,
    Event,
    Finding,
    Frame,
    Heard,
    MessageReceived,
    Note,
    Rig,
    Severity,
    Timeline,
)

FRAMES_PER_SECOND = 1000 // FRAME_MS
WEBSOCKET_HEADER_BYTES = 8
UNSENT_MS = 1000  # P-25 speaks up above it.
NOT_READING_MS = 10_000  # P-25
VANISHED = 1006  # Close code of a socket that went without a close frame.
GOODBYE_MS = 5_000  # P-43: how long the bot may take to close after `stop`.
# For how long arrivals are taken before others have their turn; a few are taken even when a
# frame is due, so that a flood is worked off in the end.
ARRIVALS_MS = 5.0
ARRIVALS_AT_LEAST = 16
PINGS_LISTED = 1_000
# Where the network closes first; but not for a bot that does not read.
_BY_OUR_CLOSE = (
    EndedHow.SCRIPT,
    EndedHow.TIME_LIMIT,
    EndedHow.CALL_API,
    EndedHow.NEW_INSTRUCTIONS,
)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Bounds of one call: `max_call_ms` as in PROTOCOL 5 (`timeout`)."""

    max_call_ms: float = 120_000.0
    goodbye_ms: float = GOODBYE_MS


class PhoneCall:
    """A call in progress. Its timeline can be asked for at any moment, also after a crash."""

    def __init__(
        self,
        call: VirtualCall,
        caller: Caller,
        socket: Socket,
        clock: Clock,
        *,
        identity: CallIdentity,
        limits: CallLimits | None = None,
        connect_ms: float = 0.0,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        self._call = call
        self._caller = caller
        self._socket = socket
        self._clock = clock
        self._limits = limits or CallLimits()
        self._identity = identity
        self._connect_ms = connect_ms
        self._heartbeat = heartbeat
        self._start_ms = 0.0
        self._untaken: deque[Arrival] = deque()
        self._sent_bytes = 0
        self._pings = 0
        self._late_ms: list[float] = []
        self._share = Share()
        self._rig = Rig()
        self._frame: Frame | None = None
        self._backed_up_since_ms: float | None = None
        self._ended_by: EndedBy | None = None
        self._ended_how: EndedHow | None = None
        self._ended_at_ms = 0.0
        self._bot_closed: Closed | None = None
        self._connection_failed = False

    async def hold(self) -> None:
        """Play the call in real time until one side hangs up, then wait for the bot's close.

        When it is cancelled the caller hangs up, and `timeline` tells what happened until then.
        To put that together takes longer than a frame, so it is not done here.
        """
        try:
            self._start()
            while self._ended_by is None:
                await self._until_next_turn()
                self._take_arrivals()
                if self._ended_by is None:
                    self._call.advance(self._now_ms())
                    self._send_owed_frames()
                    self._flush()
            await self._say_goodbye()
        finally:
            if self._ended_by is None:
                self._hang_up(EndedBy.CALLER, EndedHow.INTERRUPTED)
            self._socket.abort()
            self._note_rig()

    @property
    def ended_by(self) -> EndedBy:
        """Who ended the call; the caller, while it goes on."""
        return self._ended_by or EndedBy.CALLER

    @property
    def ended_how(self) -> EndedHow | None:
        """By what the call ended; None while it goes on."""
        return self._ended_how

    @property
    def caller_is_gone(self) -> bool:
        """Whether our side has hung up, for whatever reason of its own."""
        return self._ended_by in (EndedBy.CALLER, EndedBy.TIMEOUT)

    @property
    def findings(self) -> tuple[FindingTally, ...]:
        """What the bot did that the real network would drop or dislike."""
        return self._call.finding_counts

    def timeline(self) -> Timeline:
        """What happened; complete once `hold` has ended, however it ended."""
        closed = self._bot_closed
        events: list[Event] = [*self._call.events, *self._caller.events]
        events.sort(key=lambda event: event.at_ms)
        return Timeline(
            events=tuple(events),
            said_ulaw=self._call.said_ulaw,
            late_ms=tuple(self._late_ms),
            heard=self._call.heard,
            raw_ulaw=self._call.raw_ulaw,
            unheard_ulaw=self._call.unheard_ulaw,
            most_queued_ms=self._call.most_queued_ms,
            duration_ms=max(self._ended_at_ms, FRAME_MS * len(self._late_ms)),
            ended_by=self.ended_by,
            ended_at_ms=self._ended_at_ms,
            ended_how=self._ended_how,
            close_code=None if closed is None else closed.code,
            close_reason="" if closed is None else closed.reason,
            bot_closed_ms=None if closed is None else closed.at_ms - self._start_ms,
            connect_ms=self._connect_ms,
            t0_monotonic_ns=round(self._start_ms * 1e6),
            stream_sid=self._identity.stream_sid,
            call_sid=self._identity.call_sid,
            rig=rig_of(self._late_ms, self._rig),
        )

    # --- the call API ---------------------------------------------------------------------

    def asked_over_api(
        self, detail: str, size_bytes: int = 0, complaint: Complaint | None = None
    ) -> None:
        """Write down what the bot asked of the network beside the line, and what is wrong in it."""
        self._call.asked_over_api(detail, size_bytes, self._now_ms(), complaint)

    def end_over_api(self, how: EndedHow) -> None:
        """The bot had the network end its stream: `stop` and a close go out now (PROTOCOL 5)."""
        if self._ended_by is None:
            self._take_arrivals()  # What came before counts before.
        if self._ended_by is None:
            self._hang_up(EndedBy.BOT, how)
            self._socket.bell.ring()

    # --- the loop -------------------------------------------------------------------------

    def _start(self) -> None:
        if self._heartbeat is not None:
            self._share = self._heartbeat.share()
        self._call.start()
        opening = self._call.messages_to_send()
        for message in opening[:-1]:
            self._socket.send(message)
        self._start_ms = self._clock.now_ms()
        for message in opening[-1:]:  # A line may open without a word.
            self._socket.send(message)
        self._ask_caller(0, Heard())

    def _now_ms(self) -> float:
        return self._clock.now_ms() - self._start_ms

    def _due_ms(self) -> int:
        return FRAME_MS * (len(self._late_ms) + 1)

    async def _until_next_turn(self) -> None:
        wake_ms = float(self._due_ms())
        mark_ms = self._call.next_due_ms()
        await self._sleep(wake_ms if mark_ms is None else min(wake_ms, mark_ms))

    async def _sleep(self, until_ms: float) -> None:
        if self._untaken:
            until_ms = self._now_ms()
        await self._clock.sleep_until_ms(self._start_ms + until_ms, self._socket.bell)

    def _take_arrivals(self) -> None:
        """Take what came in, until a frame is due; the rest is first in the next turn.

        The socket is asked for more only when nothing is left, so a flood makes it stop reading.
        """
        if not self._untaken:
            self._untaken.extend(self._socket.received())
        until_ms = self._now_ms() + ARRIVALS_MS
        if self._ended_by is None:
            until_ms = min(until_ms, self._due_ms())
        taken = 0
        while self._untaken and (taken < ARRIVALS_AT_LEAST or self._now_ms() < until_ms):
            self._take(self._untaken.popleft())
            taken += 1
        self._flush()

    def _frame_is_due(self) -> bool:
        return self._ended_by is None and self._now_ms() >= self._due_ms()

    def _take(self, arrival: Arrival) -> None:
        at_ms = arrival.at_ms - self._start_ms
        match arrival:
            case Message(data=data):
                self._call.receive(data, at_ms)
            case Ping(payload=payload):
                self._pings += 1
                if self._pings <= PINGS_LISTED:
                    ping = MessageReceived(at_ms, "ping", size_bytes=len(payload))
                    self._call.record_event(ping)
            case Broken(kind=kind, detail=detail):
                self._connection_failed = True
                self._call.trouble(Trouble(kind), at_ms, detail)
            case Closed():
                self._take_close(arrival, at_ms)

    def _take_close(self, closed: Closed, at_ms: float) -> None:
        self._bot_closed = closed
        vanished = closed.code == VANISHED
        self._call.bot_closed(None if vanished else closed.code, closed.reason, at_ms)
        if self._ended_by is None:
            broken = vanished or self._connection_failed
            self._end(EndedBy.BOT_ABNORMAL if broken else EndedBy.BOT, EndedHow.SOCKET, at_ms)

    def _send_owed_frames(self) -> None:
        while self._frame_is_due():
            due_ms = self._due_ms()
            assert self._frame is not None
            self._call.send_frame(self._frame.ulaw, self._now_ms())
            self._flush()
            self._late_ms.append(self._now_ms() - due_ms)
            heard = Heard(self._call.heard_frame(due_ms - FRAME_MS), self._call.events_since_last())
            self._ask_caller(due_ms, heard)
            if self._ended_by is None and len(self._late_ms) % FRAMES_PER_SECOND == 0:
                self._look_at_backpressure(due_ms)

    def _ask_caller(self, at_ms: int, heard: Heard) -> None:
        """Learn what the caller does from `at_ms` on."""
        self._frame = self._caller.next_frame(at_ms, heard)
        if self._frame is None:
            self._hang_up(EndedBy.CALLER, EndedHow.SCRIPT)
        elif at_ms >= self._limits.max_call_ms:
            self._hang_up(EndedBy.TIMEOUT, EndedHow.TIME_LIMIT)
        elif self._frame.key:
            self._call.press(self._frame.key, self._now_ms())
            self._flush()

    def _look_at_backpressure(self, at_ms: float) -> None:
        unsent_bytes = self._socket.unsent_bytes()
        # A second of audio is 16 to 100 kB, depending on the network and its rate.
        unsent_ms = unsent_bytes * FRAME_MS * len(self._late_ms) / max(1, self._sent_bytes)
        if unsent_ms <= UNSENT_MS:
            self._backed_up_since_ms = None
            return
        if self._backed_up_since_ms is None:
            self._backed_up_since_ms = at_ms
            self._call.record_event(Backpressure(at_ms, unsent_ms))
        elif at_ms - self._backed_up_since_ms >= NOT_READING_MS:
            self._call.found(_not_reading(at_ms, unsent_bytes))
            self._hang_up(EndedBy.BOT_ABNORMAL, EndedHow.NOT_READING)

    def _flush(self) -> None:
        for message in self._call.messages_to_send():
            self._sent_bytes += len(message) + WEBSOCKET_HEADER_BYTES
            self._socket.send(message)

    # --- the end --------------------------------------------------------------------------

    def _hang_up(self, by: EndedBy, how: EndedHow) -> None:
        self._call.hang_up(self._now_ms())
        self._flush()
        self._socket.close()
        self._end(by, how, self._now_ms())

    def _end(self, by: EndedBy, how: EndedHow, at_ms: float) -> None:
        self._ended_by = by
        self._ended_how = how
        self._ended_at_ms = at_ms
        reading = self._socket.reading
        self._rig = Rig(read_lag_ms=reading.worst_ms, read_lags=reading.times_late)

    async def _say_goodbye(self) -> None:
        """After our `stop`, wait for the bot's close; then the socket is dropped (P-43)."""
        deadline_ms = self._ended_at_ms + self._limits.goodbye_ms
        while self._bot_closed is None and self._ended_how in _BY_OUR_CLOSE:
            if self._now_ms() >= deadline_ms:
                text = f"bot_kept_socket: not closed {self._limits.goodbye_ms:.0f} ms after `stop`"
                self._call.record_event(Note(self._now_ms(), text))
                break
            await self._sleep(deadline_ms)
            self._take_arrivals()

    def _note_rig(self) -> None:
        """What stalls the loop after the call is not held against it."""
        if self._heartbeat is not None:
            rig = self._heartbeat.rig_since(self._start_ms, self._share)
            self._rig = replace(
                rig, read_lag_ms=self._rig.read_lag_ms, read_lags=self._rig.read_lags
            )


def _not_reading(at_ms: float, unsent_bytes: int) -> Finding:
    return Finding(
        at_ms,
        "bot_not_reading",
        Severity.WARNING,
        f"the bot has not read the caller's audio for {NOT_READING_MS} ms "
        f"({unsent_bytes} bytes wait); its receive loop is blocked",
    )
