"""Small working stand-ins for the clock and the connection; no setup of expectations needed."""

import asyncio
import base64
import heapq
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from pipecat_voice_test.call.clock import Bell
from pipecat_voice_test.call.reading import Reading
from pipecat_voice_test.call.socket import Arrival, Broken, Closed, Message, Ping
from pipecat_voice_test.protocol.identity import CallIdentity
from pipecat_voice_test.timeline import FRAME_SAMPLES, CallerFrame, Event, Heard

IDENTITY = CallIdentity("AC" + "a" * 32, "CA" + "c" * 32, "MZ" + "e" * 32)
SID = IDENTITY.stream_sid
QUIET_FRAME = b"\xff" * FRAME_SAMPLES


class FakeClock:
    """Jumps to each deadline, or to what is scheduled before it."""

    def __init__(self, start_ms: float = 5_000.0) -> None:
        self._now_ms = start_ms  # Not 0, so code that forgets to subtract it fails.
        self._scheduled: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def now_ms(self) -> float:
        return self._now_ms

    def at(self, at_ms: float, do: Callable[[], None]) -> None:
        """Have something done at a moment of this clock, while somebody sleeps."""
        heapq.heappush(self._scheduled, (at_ms, next(self._numbers), do))

    def stall(self, for_ms: float) -> None:
        """The machine stands still."""
        self._now_ms += for_ms

    async def sleep_until_ms(self, deadline_ms: float, bell: Bell | None = None) -> None:
        await asyncio.sleep(0)
        if bell is not None and bell.take():
            return
        while self._scheduled and self._scheduled[0][0] <= max(deadline_ms, self._now_ms):
            at_ms, _, do = heapq.heappop(self._scheduled)
            self._now_ms = max(self._now_ms, at_ms)
            do()
            if bell is not None and bell.take():
                return
        self._now_ms = max(self._now_ms, deadline_ms)


@dataclass(frozen=True)
class Sent:
    """A message the bot got, `at_ms` of call time."""

    at_ms: float
    text: str

    @property
    def event(self) -> str:
        return str(json.loads(self.text)["event"])

    @property
    def payload(self) -> bytes:
        return base64.b64decode(json.loads(self.text)["media"]["payload"])


Says = Iterable[tuple[float, "str | bytes | Arrival"]]


class FakeSocket:
    """A bot that does what is scripted, at moments of call time.

    Args:
        clock: Shared with the call.
        says: `(at_ms, what)`: a message, or an arrival whose own time does not matter.
        closes_after_ms: How long after the caller's close it closes too; None if never.
        reads_until_ms: When it stops reading; None if never.
    """

    def __init__(
        self,
        clock: FakeClock,
        says: Says = (),
        *,
        closes_after_ms: float | None = 0.0,
        reads_until_ms: float | None = None,
    ) -> None:
        self.bell = Bell()
        self.reading = Reading()
        self.sent: list[Sent] = []
        self.closed_ms: float | None = None
        self.aborted_ms: float | None = None
        self.stalls: list[tuple[float, float]] = []
        self._clock = clock
        self._says = list(says)
        self._closes_after_ms = closes_after_ms
        self._reads_until_ms = reads_until_ms
        self._start_ms: float | None = None
        self._arrivals: list[Arrival] = []

    # --- Socket ---------------------------------------------------------------------------

    def received(self) -> list[Arrival]:
        arrivals, self._arrivals = self._arrivals, []
        return arrivals

    def send(self, data: str | bytes) -> None:
        text = data if isinstance(data, str) else data.decode()
        assert self.closed_ms is None, "nothing is sent after the close"
        if self._start_ms is None and json.loads(text)["event"] == "start":
            self._begin()
        self.sent.append(Sent(self.call_ms, text))

    def close(self) -> None:
        self.closed_ms = self.call_ms
        if self._closes_after_ms is not None:
            self.arrives(self._clock.now_ms() + self._closes_after_ms, Closed(0.0, 1000))

    def abort(self) -> None:
        self.aborted_ms = self.call_ms

    def unsent_bytes(self) -> int:
        if self._reads_until_ms is None:
            return 0
        return sum(len(m.text) for m in self.sent if m.at_ms > self._reads_until_ms)

    # --- for tests ------------------------------------------------------------------------

    @property
    def call_ms(self) -> float:
        return 0.0 if self._start_ms is None else self._clock.now_ms() - self._start_ms

    def events(self, *names: str) -> list[Sent]:
        """What the bot got, of these kinds."""
        return [message for message in self.sent if message.event in names]

    def arrives(self, at_ms: float, what: "str | bytes | Arrival") -> None:
        """Let something arrive at a moment of the clock."""

        def deliver() -> None:
            self._arrivals.append(_stamped(what, self._clock.now_ms()))
            self.bell.ring()

        self._clock.at(at_ms, deliver)

    def _begin(self) -> None:
        self._start_ms = self._clock.now_ms()
        for at_ms, what in self._says:
            self.arrives(self._start_ms + at_ms, what)
        for at_ms, for_ms in self.stalls:
            self._clock.at(self._start_ms + at_ms, _stalling(self._clock, for_ms))


def _stalling(clock: FakeClock, for_ms: float) -> Callable[[], None]:
    return lambda: clock.stall(for_ms)


def _stamped(what: "str | bytes | Arrival", at_ms: float) -> Arrival:
    match what:
        case Ping(payload=payload):
            return Ping(at_ms, payload)
        case Broken(kind=kind, detail=detail):
            return Broken(at_ms, kind, detail)
        case Closed(code=code, reason=reason):
            return Closed(at_ms, code, reason)
        case Message(data=data):
            return Message(at_ms, data)
        case _:
            return Message(at_ms, what)


class FakeCaller:
    """Says numbered frames for a while, presses keys, and keeps what he was told.

    Args:
        for_ms: When he hangs up.
        keys: What he presses when.
    """

    def __init__(self, for_ms: float, keys: dict[int, str] | None = None) -> None:
        self.events: Sequence[Event] = ()
        self.told: list[tuple[int, Heard]] = []
        self._for_ms = for_ms
        self._keys = keys or {}

    def next_frame(self, at_ms: int, heard: Heard) -> CallerFrame | None:
        self.told.append((at_ms, heard))
        if at_ms >= self._for_ms:
            return None
        return CallerFrame(numbered_frame(at_ms), self._keys.get(at_ms, ""))


def numbered_frame(at_ms: int) -> bytes:
    """The frame of `FakeCaller` that begins at this moment; no two in a minute are equal."""
    return (at_ms // 20).to_bytes(2, "big") * (FRAME_SAMPLES // 2)


def media(ulaw: bytes) -> str:
    payload = base64.b64encode(ulaw).decode()
    return json.dumps({"event": "media", "streamSid": SID, "media": {"payload": payload}})


def mark(name: str) -> str:
    return json.dumps({"event": "mark", "streamSid": SID, "mark": {"name": name}})


def clear() -> str:
    return json.dumps({"event": "clear", "streamSid": SID})
