"""A caller and a bot that talk frame by frame, without a wire and without waiting.

The bot is a steady tone; when it speaks is scripted, absolutely or after the caller's turns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from audio.sounds import tone
from pipecat_voice_test.audio.codec import Pcm, encode_ulaw
from pipecat_voice_test.audio.line import line_sound
from pipecat_voice_test.scenario.caller import Clip, ScriptedCaller
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.timeline import (
    FRAME_MS,
    FRAME_SAMPLES,
    Event,
    Heard,
    KeyPressed,
    Note,
    TurnBegan,
    TurnEnded,
    TurnGivenUp,
    UtteranceBegan,
)

from scenario.texts import scenario

LEAD_MS = 90  # Silence before the speech in every clip; no multiple of a frame.
SPOKEN_MS = 1000
LONGEST_MS = 200_000
_VOICE = encode_ulaw(tone(1000, -20.0))

Spans = Sequence[tuple[float, float]]
E_ = TypeVar("E_", bound=Event)


@dataclass(frozen=True)
class FakeClip:
    """A tone with silence before and after it."""

    pcm: Pcm
    spans: tuple[tuple[int, int], ...]


def clip(spoken_ms: int = SPOKEN_MS) -> FakeClip:
    quiet = np.zeros(LEAD_MS * 8, np.int16)
    voice = tone(spoken_ms, -20.0)
    return FakeClip(np.concatenate([quiet, voice, quiet]), ((len(quiet), len(quiet) + len(voice)),))


@dataclass
class Conversation:
    """What came of it, in call time."""

    caller: ScriptedCaller
    said: bytes = b""
    over_ms: int = 0
    bot: list[tuple[float, float]] = field(default_factory=list)

    def of(self, kind: type[E_]) -> list[E_]:
        return [event for event in self.caller.events if isinstance(event, kind)]

    def onset_ms(self, turn: int) -> float:
        """Where the caller's speech, or first key, of a turn begins."""
        for event in self.caller.events:
            if isinstance(event, UtteranceBegan) and event.turn == turn:
                return event.first_sample / 8 + event.spans[0][0] / 8
            if isinstance(event, KeyPressed) and event.turn == turn:
                return event.at_ms
        raise AssertionError(f"turn {turn} was never spoken; {self.caller.events}")

    def end_ms(self, turn: int) -> float:
        return self.onset_ms(turn) + SPOKEN_MS

    def began_ms(self, turn: int) -> float:
        return next(e.at_ms for e in self.of(TurnBegan) if e.turn == turn)

    def ended_ms(self, turn: int) -> float:
        return next(e.at_ms for e in self.of(TurnEnded) if e.turn == turn)

    def turns_begun(self) -> list[int]:
        return [event.turn for event in self.of(TurnBegan)]

    def given_up(self) -> list[tuple[int, str]]:
        return [(event.turn, event.reason) for event in self.of(TurnGivenUp)]

    def notes(self) -> list[str]:
        return [event.text for event in self.of(Note)]


def talk(
    folder: Path,
    turns: str,
    *,
    bot: Spans = (),
    replies: Mapping[int, Spans] | None = None,
    events: Sequence[Event] = (),
    clips: Mapping[int, Clip] | None = None,
    hangs_up_ms: float = LONGEST_MS,
) -> Conversation:
    """Play a scenario with these keys, `turns:` among them.

    Args:
        folder: For the scenario file.
        turns: The YAML of the scenario without its name.
        bot: When the bot speaks, in call time.
        replies: When it speaks after the caller's speech in a turn, from its end.
        events: What is seen on the wire.
        clips: Instead of a second of voice.
        hangs_up_ms: When the bot ends the call.
    """
    read = scenario(folder, f"name: s\n{turns}")
    own = clips or {}
    every = {turn.index: own.get(turn.index) or clip() for turn in read.turns if turn.speaks}
    return converse(read, every, bot, replies or {}, events, hangs_up_ms)


def converse(
    read: Scenario,
    clips: Mapping[int, Clip],
    bot: Spans,
    replies: Mapping[int, Spans],
    events: Sequence[Event] = (),
    hangs_up_ms: float = LONGEST_MS,
) -> Conversation:
    caller = ScriptedCaller(read, clips, line_sound(0, -60.0))
    held = Conversation(caller, bot=list(bot))
    heard, at_ms, seen = Heard(), 0, 0
    while at_ms < hangs_up_ms and (frame := caller.next_frame(at_ms, heard)) is not None:
        for event in caller.events[seen:]:
            held.bot += _replies_to(event, clips, replies)
        seen = len(caller.events)
        held.said += frame.ulaw
        at_ms += FRAME_MS
        arrived = tuple(e for e in events if at_ms - FRAME_MS <= e.at_ms < at_ms)
        heard = Heard(_voice(held.bot, at_ms - FRAME_MS), arrived)
    held.over_ms = at_ms
    return held


def _replies_to(
    event: Event, clips: Mapping[int, Clip], replies: Mapping[int, Spans]
) -> list[tuple[float, float]]:
    if isinstance(event, UtteranceBegan):
        end_ms = event.first_sample / 8 + clips[event.turn].spans[-1][1] / 8
    elif isinstance(event, KeyPressed):
        end_ms = event.at_ms
    else:
        return []
    return [(end_ms + start, end_ms + end) for start, end in replies.get(event.turn, ())]


def _voice(spans: Spans, from_ms: float) -> bytes:
    frame = bytearray()
    for start_ms, end_ms in spans:
        first = max(0, round((start_ms - from_ms) * 8))
        last = min(FRAME_SAMPLES, round((end_ms - from_ms) * 8))
        if first < last:
            frame = frame or bytearray(b"\xff" * FRAME_SAMPLES)
            frame[first:last] = _VOICE[first:last]
    return bytes(frame)
