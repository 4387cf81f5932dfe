"""The calls of a run as its call API knows them: what can be said of each, and what ends it."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Protocol

from pipecat_voice_test.protocol.requests.call_api import (
    CallState,
    Deed,
    HangUp,
    Moment,
    Transfer,
)
from pipecat_voice_test.protocol.wire import Complaint
from pipecat_voice_test.timeline import EndedHow

MAX_REMEMBERED = 10_000  # Calls that are over; for older ones nobody asks.
MAX_EARLY = 20  # Requests about a call that has no line yet.


class Line(Protocol):
    """What a call in progress lets the API do."""

    @property
    def caller_is_gone(self) -> bool:
        """Whether our side has hung up, so that there is nobody to be talked to any more."""

    def asked_over_api(
        self, detail: str, size_bytes: int = 0, complaint: Complaint | None = None
    ) -> None:
        """Write down a request that was made about it."""

    def end_over_api(self, how: EndedHow) -> None:
        """End the bot's stream now; nothing happens if that has ended already."""


def now() -> Moment:
    unix_s = time.time()
    return Moment(unix_s, format_datetime(datetime.fromtimestamp(unix_s, UTC)))


class ApiCall:
    """One call; in a `Calls` from before the bot can know of it until nobody is on the line.

    Attributes:
        transfer: The instructions that are to run when the stream has ended, if a bot gave some.
        hung_up: Set when the bot has hung up for good.
    """

    def __init__(self, call_id: str, from_number: str, to_number: str) -> None:
        self._state = CallState(call_id, from_number, to_number)
        self.transfer: Transfer | None = None
        self.hung_up = asyncio.Event()
        self._line: Line | None = None
        self._early: list[tuple[str, int, Complaint | None]] = []

    @property
    def state(self) -> CallState:
        """What the API says of it."""
        if self._line is not None and self._line.caller_is_gone:
            self._complete(now())
        return self._state

    def connect(self, line: Line) -> None:
        """The bot's stream is about to begin; what was asked before is made good when it has."""
        self._line = line
        if not self._state.is_over:
            self._state = self._state.answered(now())
        asyncio.get_running_loop().call_soon(self._catch_up)

    def disconnect(self) -> None:
        """Nobody is on the line any more, so nothing is written down any more."""
        self._line = None
        self._complete(now())

    def asked(self, detail: str, size_bytes: int, complaint: Complaint | None) -> None:
        """Have a request written down in the records of the call."""
        if self._line is not None:
            self._line.asked_over_api(detail, size_bytes, complaint)
        elif len(self._early) < MAX_EARLY:
            self._early.append((detail, size_bytes, complaint))

    def do(self, deed: Deed, at: Moment) -> None:
        """Let a deed happen to the call."""
        match deed:
            case HangUp():
                self._complete(at)
                self.hung_up.set()
                self._end(EndedHow.CALL_API)
            case Transfer():
                self.transfer = deed
                self._end(EndedHow.NEW_INSTRUCTIONS)

    def _complete(self, at: Moment) -> None:
        if not self._state.is_over:
            self._state = self._state.completed(at)

    def _end(self, how: EndedHow) -> None:
        if self._line is not None:
            self._line.end_over_api(how)

    def _catch_up(self) -> None:
        early, self._early = self._early, []
        for request in early:
            self.asked(*request)
        if self.hung_up.is_set():
            self._end(EndedHow.CALL_API)
        elif self.transfer is not None:
            self._end(EndedHow.NEW_INSTRUCTIONS)


class Calls:
    """All calls of a run, by the ids their network gave them."""

    def __init__(self) -> None:
        self._live: dict[str, ApiCall] = {}
        self._over: dict[str, CallState] = {}

    @property
    def live(self) -> list[ApiCall]:
        """Those that are not over, the oldest first."""
        return list(self._live.values())

    def find(self, call_id: str) -> ApiCall | None:
        """A live call; None for one that is over, or that there never was."""
        return self._live.get(call_id)

    def state(self, call_id: str) -> CallState | None:
        """What is known of a call, live or over."""
        live = self._live.get(call_id)
        return live.state if live is not None else self._over.get(call_id)

    @contextmanager
    def held(self, call: ApiCall) -> Iterator[None]:
        """Know a call for as long as it is held. One that is made again has its id again."""
        call_id = call.state.call_id
        self._live[call_id] = call
        try:
            yield
        finally:
            call.disconnect()
            if self._live.get(call_id) is call:
                del self._live[call_id]
            self._over[call_id] = call.state
            if len(self._over) > MAX_REMEMBERED:
                del self._over[next(iter(self._over))]
