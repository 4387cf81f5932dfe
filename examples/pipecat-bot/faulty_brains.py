"""Brains with a fault: what they say, or when, is wrong."""

import asyncio
import time

from brain import ANSWERS, GOODBYE, ScriptedBrain
from espeak import render
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    CancelWorkerFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    OutputAudioRawFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection

SLIPS_OUT_AFTER_S = 0.5
RESUMES_AFTER_S = 0.6
CLOSES_AFTER_S = 0.5
SLIP_HZ = 24000
COUGH_S = 1.6  # From the first to the end of a turn, with the pause that ends it.


class SilentBrain(ScriptedBrain):
    """Greets, and then says nothing any more."""

    async def answer(self, text: str) -> None:
        pass


class WaitingBrain(ScriptedBrain):
    """Does one thing later; doing another thing later, or the end of the call, replaces it."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._waiting: asyncio.Task | None = None

    async def do_later(self, what) -> None:
        await self.do_no_more()
        self._waiting = self.create_task(what)

    async def do_no_more(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, None
            await self.cancel_task(waiting)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, (EndFrame, CancelFrame)):
            await self.do_no_more()
        await super().process_frame(frame, direction)


class LateBrain(WaitingBrain):
    """Thinks for `late_ms` before every answer."""

    def __init__(self, late_ms: int):
        super().__init__()
        self._late_ms = late_ms

    async def answer(self, text: str) -> None:
        await self.do_later(self._answer_late(text))

    async def _answer_late(self, text: str) -> None:
        await asyncio.sleep(self._late_ms / 1000)
        await super().answer(text)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, InterruptionFrame):
            await self.do_no_more()
        await super().process_frame(frame, direction)


class SlowYieldBrain(WaitingBrain):
    """Talks on for `late_ms` when the caller interrupts, and only then gives way."""

    def __init__(self, late_ms: int):
        super().__init__()
        self._late_ms = late_ms
        self._bot_speaks = False
        self._yields_soon = False
        self._held_answer: str | None = None

    async def answer(self, text: str) -> None:
        # The interruption that is still to come would take this answer with it.
        if self._yields_soon:
            self._held_answer = text
        else:
            await super().answer(text)

    async def _yield_late(self) -> None:
        await asyncio.sleep(self._late_ms / 1000)
        self._yields_soon = False
        await self.broadcast_interruption()
        if self._held_answer:
            held, self._held_answer = self._held_answer, None
            await super().answer(held)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, BotStartedSpeakingFrame):
            self._bot_speaks = True
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self._bot_speaks = False
        elif (
            isinstance(frame, UserStartedSpeakingFrame)
            and self._bot_speaks
            and not self._yields_soon
        ):
            self._yields_soon = True
            await self.do_later(self._yield_late())
        await super().process_frame(frame, direction)


class InterruptedBrain(WaitingBrain):
    """Does something of its own once it has been interrupted in an answer."""

    def __init__(self):
        super().__init__()
        self._bot_speaks = False
        self._last_answer = ANSWERS[0]

    async def answer(self, text: str) -> None:
        self._last_answer = text
        await super().answer(text)

    async def after_interruption(self) -> None:
        raise NotImplementedError

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, BotStartedSpeakingFrame):
            self._bot_speaks = True
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self._bot_speaks = False
        elif isinstance(frame, InterruptionFrame) and self._bot_speaks:
            await self.do_later(self.after_interruption())
        await super().process_frame(frame, direction)


class StaleAudioBrain(InterruptedBrain):
    """Gives way, and then lets `stale_ms` of the old answer slip out."""

    def __init__(self, stale_ms: int):
        super().__init__()
        self._stale_ms = stale_ms

    async def after_interruption(self) -> None:
        await asyncio.sleep(SLIPS_OUT_AFTER_S)
        pcm = await asyncio.to_thread(render, self._last_answer, SLIP_HZ)
        middle = len(pcm) // 4 * 2
        slip = pcm[middle : middle + self._stale_ms * SLIP_HZ // 1000 * 2]
        await self.push_frame(OutputAudioRawFrame(slip, SLIP_HZ, 1))


class ResumingBrain(InterruptedBrain):
    """Gives way, and soon after goes on with the old answer, from half of it."""

    async def after_interruption(self) -> None:
        await asyncio.sleep(RESUMES_AFTER_S)
        words = self._last_answer.split()
        await ScriptedBrain.answer(self, " ".join(words[len(words) // 2 :]))


class StallingBrain(ScriptedBrain):
    """Stops in the middle of an answer, and goes on when the caller says something."""

    def __init__(self):
        super().__init__()
        self._rest: str | None = None

    async def answer(self, text: str) -> None:
        if self._rest:
            now, self._rest = self._rest, None
        else:
            words = text.split()
            now, self._rest = " ".join(words[:6]), " ".join(words[6:])
        await super().answer(now)


class ClosingBrain(WaitingBrain):
    """Closes the line `after_s` into what it says last."""

    def __init__(self, after_s: float):
        super().__init__()
        self._after_s = after_s
        self._says_last = False

    async def _close(self) -> None:
        await asyncio.sleep(self._after_s)
        await self.push_frame(CancelWorkerFrame(), FrameDirection.UPSTREAM)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if self._says_last and isinstance(frame, BotStartedSpeakingFrame):
            await self.do_later(self._close())


class HastyBrain(ClosingBrain):
    """Closes the line when the goodbye has been sent, not when it has been heard."""

    def __init__(self):
        super().__init__(CLOSES_AFTER_S)

    async def say_goodbye(self) -> None:
        self._leaving = self._says_last = True
        await self.push_frame(TTSSpeakFrame(GOODBYE))


class AbruptBrain(ClosingBrain):
    """Closes the line in the middle of its first answer."""

    async def answer(self, text: str) -> None:
        self._says_last = True
        await super().answer(text)


class TwiceBrain(ScriptedBrain):
    """Gives every answer twice."""

    async def answer(self, text: str) -> None:
        await super().answer(text)
        await super().answer(text)


class OffendedBrain(ScriptedBrain):
    """Says nothing more after a sound that was no sentence, until the next sentence."""

    def __init__(self):
        super().__init__()
        self._began_s = self._heard_s = 0.0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, UserStartedSpeakingFrame):
            self._began_s = time.monotonic()
        if isinstance(frame, UserStoppedSpeakingFrame):
            self._heard_s = time.monotonic() - self._began_s
        await super().process_frame(frame, direction)

    async def answer(self, text: str) -> None:
        if self._heard_s >= COUGH_S:
            await super().answer(text)


class CrossedBrain(ScriptedBrain):
    """Shares what should be each call's own: an answer in one call is heard in all."""

    def __init__(self):
        super().__init__()
        _crossed.append(self)

    async def answer(self, text: str) -> None:
        for brain in _crossed:
            await brain.push_frame(TTSSpeakFrame(text))

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, (EndFrame, CancelFrame)) and self in _crossed:
            _crossed.remove(self)
        await super().process_frame(frame, direction)


_crossed: list[CrossedBrain] = []


class StayingBrain(ScriptedBrain):
    """Says goodbye and does not hang up."""

    async def say_goodbye(self) -> None:
        self._leaving = True
        await self.push_frame(TTSSpeakFrame(GOODBYE))
