"""Taking the floor by voice, and finding out when the bot gave it up.

A bot ignores a `clear` that comes from the network: no network sends one, and Pipecat's
serializers drop it. What makes a bot stop is a voice on the line, so that is what is sent.

When the bot fell silent is found as METRICS `stop` is, with the same code, on the same clocks.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np

from pipecat_voice_test.audio.codec import Pcm, decode_ulaw
from pipecat_voice_test.audio.speech import clip_spans
from pipecat_voice_test.library.chunk import CHUNK_RATE_HZ, AudioChunk
from pipecat_voice_test.library.live.line import LiveLine
from pipecat_voice_test.library.live.rates import Heard24k, Spoken8k
from pipecat_voice_test.measurement.barge_in import (
    LOUD_BEFORE_MS,
    WINDOW_MS,
    Manners,
    breathes_dry,
    yielded_ms,
)
from pipecat_voice_test.measurement.channels import Span, Utterance, hearing
from pipecat_voice_test.scenario.model import DEFAULT_TURN_GAP_MS, TurnKind
from pipecat_voice_test.timeline import SAMPLES_PER_MS, HeardPiece, PlaybackCleared, Timeline

BEFORE_MS = 10_000.0  # How much of what was heard before is looked at.
LOOKS_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Interruption:
    """How the bot bore it. Times are milliseconds of the call.

    Attributes:
        onset_ms: When the caller's voice began (mouth clock).
        was_speaking: Whether the bot could be heard speaking then.
        silent_ms: When the caller had heard the last of what the bot was saying (ear clock),
            before `onset_ms` if it was silent already (by up to 10 s, farther back nobody
            looks); None if it did not stop within 2 s.
        cleared_ms: How much audio the bot took back unheard by `clear`.
    """

    onset_ms: float
    was_speaking: bool
    silent_ms: float | None
    cleared_ms: float = 0.0

    @property
    def yielded(self) -> bool:
        """Whether the caller has the floor."""
        return self.silent_ms is not None

    @property
    def stop_ms(self) -> float | None:
        """For how long the bot went on under the caller's voice; METRICS `stop`."""
        return None if self.silent_ms is None else max(0.0, self.silent_ms - self.onset_ms)


@cache
def excuse_me() -> AudioChunk:
    """What is said if nothing else is given; a second and a half of speech."""
    voice = files("pipecat_voice_test.library") / "voice" / "excuse_me.ulaw"
    stretch = Heard24k()
    pcm = np.concatenate([stretch.feed(decode_ulaw(voice.read_bytes())), stretch.rest()])
    return AudioChunk(pcm.astype("<i2").tobytes())


async def take_floor(line: LiveLine, chunk: AudioChunk) -> Interruption:
    """Say it now, and go on when it has been said and the bot has fallen silent, or has not.

    Raises:
        BotGone, NotConnected: The call is over.
        ValueError: There is no speech in the chunk.
    """
    spans = clip_spans(_as_spoken(chunk))
    if not spans:
        raise ValueError("there is no speech in this chunk, so no bot would stop for it")
    async with line.speaking(chunk) as utterance:
        first = utterance.start_sample
    voice = [Span((first + a) / SAMPLES_PER_MS, (first + b) / SAMPLES_PER_MS) for a, b in spans]
    said = Utterance(0, TurnKind.BARGE_IN, tuple(voice))
    while True:
        line.check()
        now_ms, from_ms = line.now_ms(), float(max(0, int(said.onset_ms - BEFORE_MS)))
        pieces, clears = line.heard_since(from_ms), list(line.clears)
        found, is_silent = await asyncio.to_thread(_found, said, pieces, clears, from_ms, now_ms)
        gave_up = now_ms > said.onset_ms + WINDOW_MS + (DEFAULT_TURN_GAP_MS if is_silent else 0)
        if found.yielded or not found.was_speaking or gave_up:
            return found
        await asyncio.sleep(LOOKS_EVERY_S)


def _found(
    said: Utterance,
    pieces: Sequence[HeardPiece],
    clears: Sequence[PlaybackCleared],
    from_ms: float,
    now_ms: float,
) -> tuple[Interruption, bool]:
    """What can be told by now, and whether the bot is silent; times count from `from_ms`."""
    shift = round(from_ms * SAMPLES_PER_MS)
    voice = tuple(Span(span.start_ms - from_ms, span.end_ms - from_ms) for span in said.spans)
    said = replace(said, spans=voice)
    timeline = Timeline(
        events=tuple(replace(c, at_ms=c.at_ms - from_ms) for c in clears if c.at_ms >= from_ms),
        heard=tuple(_heard(pieces, shift, round(now_ms * SAMPLES_PER_MS))),
        duration_ms=now_ms - from_ms,
        ended_at_ms=now_ms - from_ms,
    )
    heard = hearing(timeline, voice, DEFAULT_TURN_GAP_MS)
    onset_ms, clock_ms = said.onset_ms, from_ms
    before = [min(s.end_ms, onset_ms) for s in heard.stretches if s.start_ms < onset_ms]
    was_speaking = bool(before) and onset_ms - before[-1] <= LOUD_BEFORE_MS
    manners = Manners(DEFAULT_TURN_GAP_MS, breathes_dry(heard, [said], DEFAULT_TURN_GAP_MS))
    silent_ms = yielded_ms(said, heard, until_ms=float("inf"), manners=manners)
    if not was_speaking:
        silent_ms = before[-1] if before else 0.0
    late = silent_ms is not None and silent_ms > onset_ms + WINDOW_MS
    found = Interruption(
        onset_ms + clock_ms,
        was_speaking,
        None if silent_ms is None or late else silent_ms + clock_ms,
        sum(clear.discarded_ms for clear in heard.clears if clear.at_ms > onset_ms),
    )
    is_silent = not heard.stretches or heard.stretches[-1].end_ms < now_ms - from_ms - 100.0
    return found, is_silent


def _heard(pieces: Sequence[HeardPiece], shift: int, until: int) -> list[HeardPiece]:
    """The pieces on another clock, as far as they have been heard."""
    heard = []
    for piece in pieces:
        first, end = max(piece.first_sample, shift), min(piece.end_sample, until)
        if first < end:
            ulaw = piece.ulaw[first - piece.first_sample : end - piece.first_sample]
            arrived_ms = piece.arrived_ms - shift / SAMPLES_PER_MS
            heard.append(HeardPiece(first - shift, ulaw, arrived_ms, len(ulaw)))
    return heard


def _as_spoken(chunk: AudioChunk) -> Pcm:
    """The chunk as the line carries it."""
    speech = Spoken8k()
    speech.give(np.frombuffer(chunk.data, "<i2"))
    return speech.take(len(chunk.data) * SAMPLES_PER_MS * 1000 // CHUNK_RATE_HZ)
