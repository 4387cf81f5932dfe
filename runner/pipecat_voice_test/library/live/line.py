"""One call that a program holds: it speaks, listens and interrupts while the line never goes quiet.

The call itself is held by the same loop as those of scenarios (`call/phone.py`), in a task of
its own in the program's event loop.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pipecat_voice_test.audio.line import LineSound
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.call.phone import CallLimits, PhoneCall
from pipecat_voice_test.doors.door import CallFacts, Door, OpenLine
from pipecat_voice_test.errors import NotConnected
from pipecat_voice_test.library.chunk import AudioChunk
from pipecat_voice_test.library.live.caller import LiveCaller
from pipecat_voice_test.library.live.ear import ChunkEar
from pipecat_voice_test.library.live.mouth import Utterance
from pipecat_voice_test.library.live.noticed import News, NoticedSocket
from pipecat_voice_test.library.live.wording import bot_gone, heard_nothing
from pipecat_voice_test.measurement.fitness import why_void
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.timeline import (
    FRAME_MS,
    SAMPLES_PER_MS,
    HeardPiece,
    PlaybackCleared,
    Timeline,
)

# Whoever waits for the end of an utterance has so much time to go on without a hole. As it begins
# up to 20 ms after it was asked for, it takes between 7 ms less and 13 ms more than it lasts.
TURN_MS = 7.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Saying:
    """What is being said, and the mark that is to follow it, or none."""

    utterance: Utterance
    mark: str
    said: asyncio.Future[None]


class LiveLine:
    """An open line; `begin` sends the first messages, `hang_up` the last.

    Args:
        opened: What the door gave.
        facts: Of the call.
        sound: What the line carries beside the voice.
        is_endless: As for `ChunkEar`.
    """

    def __init__(
        self, opened: OpenLine, facts: CallFacts, sound: LineSound, *, is_endless: bool = False
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = SystemClock(self._loop)
        self._news = News(self._loop)
        self._opened = opened
        self._call = VirtualCall(opened.wire)
        for event in opened.events:
            self._call.record_event(event)
        self._caller = LiveCaller(sound, self._each_frame)
        self._socket = NoticedSocket(opened.socket, self._news, self._loop)
        self._phone = PhoneCall(
            self._call,
            self._caller,
            self._socket,
            self._clock,
            identity=facts.identity,
            limits=CallLimits(max_call_ms=float("inf")),
            connect_ms=opened.connect_ms,
        )
        self._ear = ChunkEar(self._call, is_endless=is_endless)
        self._zero_ms: float | None = None
        self._saying: _Saying | None = None
        self._owed_ms = 0.0  # End of the last utterance somebody was told has been said.
        self._mouth_lock, self._ear_lock = asyncio.Lock(), asyncio.Lock()
        self._key_lock = asyncio.Lock()
        self._has_ended = False
        self._task: asyncio.Task[None] | None = None

    # --- the call -------------------------------------------------------------------------

    @classmethod
    async def open(
        cls, door: Door, facts: CallFacts, sound: LineSound, *, is_endless: bool = False
    ) -> "LiveLine":
        """Come in by a door and begin the call; the opening messages have been sent.

        Raises:
            BotError, UsageError: As `Door.open` does.
        """
        opened = await door.open(facts, SystemClock())
        line = cls(opened, facts, sound, is_endless=is_endless)
        line._task = asyncio.create_task(line._hold())
        try:
            while line._zero_ms is None and not line._has_ended:
                await line._news.wait()
            if line._zero_ms is None:
                raise line._why_over()
        except BaseException:
            line._task.cancel()
            raise
        return line

    @property
    def is_open(self) -> bool:
        """Whether the bot is there, and so are we."""
        return not (self._is_over or self._caller.leaves_ms is not None or self._loop.is_closed())

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop the call lives in."""
        return self._loop

    async def hang_up(self) -> None:
        """Send `stop`, close, and wait for the bot's close (P-43); may be called again."""
        if self._caller.leaves_ms is None:
            self._caller.leaves_ms = self._owed_ms
            saying = self._saying
            if saying is not None and not saying.said.done():
                self._caller.mouth.stop()
                saying.said.set_exception(self._why_over())
        task = self._task
        assert task is not None
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.cancel()
            raise

    def timeline(self) -> Timeline:
        """What happened so far."""
        return self._phone.timeline()

    # --- speaking -------------------------------------------------------------------------

    async def speak(self, chunk: AudioChunk, mark: str = "") -> Utterance:
        """Say it after everything that was to be said before; returns when it has been said.

        That is in the middle of its last frame, so that what follows can follow without a hole;
        with a mark, when the mark has been sent. When this is cancelled, the caller stops.

        Raises:
            BotGone, NotConnected: The call is over, or was before it had been said.
        """
        async with self.speaking(chunk, mark) as utterance:
            pass
        return utterance

    @asynccontextmanager
    async def speaking(self, chunk: AudioChunk, mark: str = "") -> AsyncIterator[Utterance]:
        """The same; where it will lie is known at once, and it has been said at the end."""
        async with self._mouth_lock:
            self.check()
            utterance = self._caller.mouth.say(chunk)
            saying = _Saying(utterance, mark, self._loop.create_future())
            self._saying = saying
            try:
                yield utterance
                await saying.said
            finally:
                if not saying.said.done() or saying.said.cancelled():
                    self._caller.mouth.stop()
                self._saying = None

    async def press(self, keys: str) -> None:
        """Press keys, 100 ms apart; returns when the last one has been sent."""
        async with self._key_lock:
            self.check()
            self._caller.keys.extend(keys)
            try:
                while self._caller.keys:
                    await self._news.wait()
                    self.check()
            finally:
                self._caller.keys.clear()

    # --- listening ------------------------------------------------------------------------

    async def hear(self, timeout_s: float | None) -> AudioChunk:
        """What is heard next.

        Raises:
            TimeoutError: Nothing was for so long.
            BotGone, NotConnected: The call is over, and everything heard in it was given.
        """
        until_s = None if timeout_s is None else self._loop.time() + timeout_s
        try:
            async with asyncio.timeout_at(until_s):
                await self._ear_lock.acquire()
        except TimeoutError:
            raise heard_nothing(timeout_s) from None
        try:
            return await self._next_chunk(until_s, timeout_s)
        finally:
            self._ear_lock.release()

    async def _next_chunk(self, until_s: float | None, timeout_s: float | None) -> AudioChunk:
        while True:
            is_over, now_ms = self._is_over, self.now_ms()
            left_s = None if until_s is None else until_s - self._loop.time()
            at_once = is_over or (left_s is not None and left_s <= 0)
            chunk = self._ear.take(now_ms, at_once=at_once)
            if is_over and chunk is None:
                chunk = self._ear.rest()
            if chunk is not None and chunk.data:
                return chunk
            if is_over:
                raise self._why_over()
            if left_s is not None and left_s <= 0:
                raise heard_nothing(timeout_s)
            again_ms = self._ear.look_again_ms(now_ms)
            if again_ms is not None:
                again_s = max(1.0, again_ms - now_ms) / 1000.0
                left_s = again_s if left_s is None else min(left_s, again_s)
            await self._news.wait(left_s)

    async def something(self, at_most_s: float) -> None:
        """Wait until something happens on the line, for so long at most."""
        await self._news.wait(at_most_s)

    def heard_since(self, at_ms: float) -> list[HeardPiece]:
        """What the ear has got or will get of what arrived, from this moment on."""
        return [piece for piece in self._call.heard if piece.end_sample > at_ms * SAMPLES_PER_MS]

    @property
    def clears(self) -> list[PlaybackCleared]:
        """Every `clear` the bot has sent."""
        return self._caller.clears

    def now_ms(self) -> float:
        """Call time."""
        return 0.0 if self._zero_ms is None else self._clock.now_ms() - self._zero_ms

    def check(self) -> None:
        """Make sure that somebody is there.

        Raises:
            BotGone, NotConnected: Nobody is.
        """
        if not self.is_open:
            raise self._why_over()

    # --- inside ---------------------------------------------------------------------------

    @property
    def _is_over(self) -> bool:
        return self._caller.has_left or self._has_ended

    async def _hold(self) -> None:
        try:
            await self._phone.hold()
        finally:
            self._has_ended = True
            saying = self._saying
            if saying is not None and not saying.said.done():
                saying.said.set_exception(self._why_over())
            self._loop.call_soon(self._news.ring)
        if self._opened.after is not None:
            for event in await self._opened.after(self._phone.ended_by):
                self._call.record_event(event)
        if unfit := why_void(self._phone.timeline().rig):
            logger.warning("%s", unfit)

    def _each_frame(self, at_ms: int) -> None:
        """The frame before `at_ms` has been sent."""
        if self._zero_ms is None:
            self._zero_ms = self._clock.now_ms() - at_ms
        saying = self._saying
        if saying is not None and not saying.said.done():
            end_ms = saying.utterance.end_ms
            if saying.mark:
                if end_ms <= at_ms:
                    self._call.say_mark(saying.mark, self.now_ms())
                    self._said(saying)
            elif end_ms <= at_ms + FRAME_MS:
                at_s = (self._zero_ms + max(at_ms, end_ms - TURN_MS)) / 1000.0
                self._loop.call_at(at_s, self._said, saying)
        self._loop.call_soon(self._news.ring)

    def _said(self, saying: _Saying) -> None:
        if not saying.said.done():
            self._owed_ms = saying.utterance.end_ms
            saying.said.set_result(None)

    def _why_over(self) -> Exception:
        if self._caller.leaves_ms is not None:
            return NotConnected(
                "The call is over: this side has hung up.", fix="call `connect()` for another one."
            )
        return bot_gone(self._socket.closed, self.now_ms())
