"""The brain and the serializer of a bot with a fault; without one, the ordinary ones."""

import asyncio
import json
import time

from brain import ANSWERS, GOODBYE, ScriptedBrain
from espeak import render
from faults import Fault
from pipecat.frames.frames import (
    AudioRawFrame,
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
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.serializers.twilio import TwilioFrameSerializer

SLIPS_OUT_AFTER_S = 0.5
CLOSES_AFTER_S = 0.5
SLIP_HZ = 24000
FOREIGN_STREAM_SID = "MZ" + "f" * 32


def make_brain(fault: Fault) -> ScriptedBrain:
    match fault.name:
        case "never-answers":
            return SilentBrain()
        case "late-answer":
            return LateBrain(fault.ms)
        case "slow-yield":
            return SlowYieldBrain(fault.ms)
        case "stale":
            return StaleAudioBrain(fault.ms)
        case "stops-midway":
            return StallingBrain()
        case "cut-goodbye":
            return HastyBrain()
        case _:
            return ScriptedBrain()


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


class StaleAudioBrain(WaitingBrain):
    """Gives way, and then lets `stale_ms` of the old answer slip out."""

    def __init__(self, stale_ms: int):
        super().__init__()
        self._stale_ms = stale_ms
        self._bot_speaks = False
        self._last_answer = ANSWERS[0]

    async def answer(self, text: str) -> None:
        self._last_answer = text
        await super().answer(text)

    async def _let_slip(self) -> None:
        await asyncio.sleep(SLIPS_OUT_AFTER_S)
        pcm = await asyncio.to_thread(render, self._last_answer, SLIP_HZ)
        middle = len(pcm) // 4 * 2
        slip = pcm[middle : middle + self._stale_ms * SLIP_HZ // 1000 * 2]
        await self.push_frame(OutputAudioRawFrame(slip, SLIP_HZ, 1))

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, BotStartedSpeakingFrame):
            self._bot_speaks = True
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self._bot_speaks = False
        elif isinstance(frame, InterruptionFrame) and self._bot_speaks:
            await self.do_later(self._let_slip())
        await super().process_frame(frame, direction)


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


class HastyBrain(WaitingBrain):
    """Closes the line when the goodbye has been sent, not when it has been heard."""

    async def say_goodbye(self) -> None:
        self._leaving = True
        await self.push_frame(TTSSpeakFrame(GOODBYE))

    async def _close(self) -> None:
        await asyncio.sleep(CLOSES_AFTER_S)
        await self.push_frame(CancelWorkerFrame(), FrameDirection.UPSTREAM)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if self._leaving and isinstance(frame, BotStartedSpeakingFrame):
            await self.do_later(self._close())


def make_serializer(fault: Fault, **kwargs) -> TwilioFrameSerializer:
    match fault.name:
        case "no-clear":
            return NoClearSerializer(**kwargs)
        case "breaks-up":
            return BreakingUpSerializer(fault.ms, **kwargs)
        case "foreign-stream-sid":
            return ForeignStreamSerializer(**kwargs)
        case _:
            return TwilioFrameSerializer(**kwargs)


class NoClearSerializer(TwilioFrameSerializer):
    """Never tells Twilio to drop the audio that it has already been sent."""

    async def serialize(self, frame: Frame) -> str | bytes | None:
        return None if isinstance(frame, InterruptionFrame) else await super().serialize(frame)


class BreakingUpSerializer(TwilioFrameSerializer):
    """Loses `lost_ms` of every second of audio."""

    def __init__(self, lost_ms: int, **kwargs):
        super().__init__(**kwargs)
        self._lost_s = lost_ms / 1000

    async def serialize(self, frame: Frame) -> str | bytes | None:
        if isinstance(frame, AudioRawFrame) and time.monotonic() % 1 < self._lost_s:
            return None
        return await super().serialize(frame)


class ForeignStreamSerializer(TwilioFrameSerializer):
    """Addresses everything after the caller's first turn to a stream that is not this call's."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._caller_spoke = False

    async def serialize(self, frame: Frame) -> str | bytes | None:
        self._caller_spoke = self._caller_spoke or isinstance(frame, InterruptionFrame)
        text = await super().serialize(frame)
        if text and self._caller_spoke:
            return json.dumps(json.loads(text) | {"streamSid": FOREIGN_STREAM_SID})
        return text
