"""Who was heard when: both channels of a call as stretches of time.

What the caller said is known from the clips (M-2); what the bot said is found on the
playout timeline (M-3), by its level or by the neural detector (METRICS 2).
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipecat_voice_test.audio.codec import Pcm, decode_ulaw
from pipecat_voice_test.audio.detector import BY_MODEL, find_speech, speech_after_ms
from pipecat_voice_test.audio.speech import SPEECH_DBOV, stretches
from pipecat_voice_test.scenario.model import Detector, Scenario, TurnKind
from pipecat_voice_test.timeline import (
    FRAME_SAMPLES,
    SAMPLES_PER_MS,
    HeardPiece,
    KeyPressed,
    PlaybackCleared,
    Timeline,
    UtteranceBegan,
)


class Span(NamedTuple):
    """A stretch of call time, end exclusive."""

    start_ms: float
    end_ms: float

    @property
    def length_ms(self) -> float:
        return self.end_ms - self.start_ms


def overlap_ms(span: Span, others: Iterable[Span]) -> float:
    """How much of `span` the others cover; they must not overlap each other."""
    return sum(
        max(0.0, min(span.end_ms, other.end_ms) - max(span.start_ms, other.start_ms))
        for other in others
    )


def common_ms(ones: Iterable[Span], others: Sequence[Span]) -> float:
    """For how long both are going on."""
    return sum(overlap_ms(span, others) for span in ones)


def common(ones: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Where both are going on."""
    shared = (
        Span(max(one.start_ms, other.start_ms), min(one.end_ms, other.end_ms))
        for one in ones
        for other in others
        if one.start_ms < other.end_ms and other.start_ms < one.end_ms
    )
    return sorted(shared)


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the caller said, or keyed, in one turn.

    Attributes:
        spans: Speech on the mouth clock, lateness included; one entry per key for keys.
    """

    turn: int
    kind: TurnKind
    spans: tuple[Span, ...]

    @property
    def onset_ms(self) -> float:
        return self.spans[0].start_ms

    @property
    def end_ms(self) -> float:
        return self.spans[-1].end_ms

    @property
    def voice_ms(self) -> float:
        return sum(span.length_ms for span in self.spans)

    def pauses(self, at_least_ms: float) -> list[Span]:
        """Silences inside the utterance of at least this length."""
        between = (
            Span(before.end_ms, after.start_ms)
            for before, after in zip(self.spans, self.spans[1:], strict=False)
        )
        return [pause for pause in between if pause.length_ms >= at_least_ms]


@dataclass(frozen=True, slots=True)
class Hearing:
    """The bot as the caller heard it.

    Attributes:
        stretches: Speech without a silence of 50 ms.
        bursts: The same with silences under 200 ms closed.
        turns: Bursts closer than `turn_gap_ms` between which the caller did not speak.
        silences: What lies between bursts; the last one ends with the call.
        dry: When nothing was queued for playing, up to the end of the call.
        pieces: What came when, in order of the ear clock.
        clears: Every `clear` of the call.
        detector: What found the speech, `level` or `model`; METRICS 2.
        because: Why that one, for people.
        suspected: Why what its level gives may be no speech, for people, or empty.
    """

    stretches: tuple[Span, ...] = ()
    bursts: tuple[Span, ...] = ()
    turns: tuple[Span, ...] = ()
    silences: tuple[Span, ...] = ()
    dry: tuple[Span, ...] = ()
    pieces: tuple[HeardPiece, ...] = ()
    clears: tuple[PlaybackCleared, ...] = ()
    ended_at_ms: float = 0.0
    detector: str = "level"
    because: str = ""
    suspected: str = ""

    def burst_at(self, at_ms: float) -> Span | None:
        """The burst going on at this moment."""
        return next((b for b in self.bursts if b.start_ms < at_ms < b.end_ms), None)

    def reply_at(self, at_ms: float) -> Span:
        """What the bot said from here to the end of its turn; METRICS `response_duration`."""
        turn = next(turn for turn in self.turns if turn.start_ms <= at_ms < turn.end_ms)
        return Span(at_ms, turn.end_ms)

    def first_burst(
        self, from_ms: float, until_ms: float = float("inf"), shortest_ms: float = 0.0
    ) -> Span | None:
        """The first burst that begins in `[from_ms, until_ms)` and is long enough."""
        return next(
            (
                burst
                for burst in self.bursts
                if from_ms <= burst.start_ms < until_ms and burst.length_ms >= shortest_ms
            ),
            None,
        )


def utterances(scenario: Scenario, timeline: Timeline) -> dict[int, Utterance]:
    """What the caller said or keyed, by turn, on the mouth clock."""
    said: dict[int, Utterance] = {}
    for event in timeline.of(UtteranceBegan):
        spans = tuple(
            _mouth_span(timeline, event.first_sample + start, event.first_sample + end)
            for start, end in event.spans
        )
        said[event.turn] = Utterance(event.turn, scenario.turns[event.turn].kind, spans)
    for key in timeline.of(KeyPressed):
        before = said[key.turn].spans if key.turn in said else ()
        said[key.turn] = Utterance(key.turn, TurnKind.DTMF, (*before, Span(key.at_ms, key.at_ms)))
    return said


def mouth_ms(timeline: Timeline, sample: int) -> float:
    """When a sample was said: its place in the stream, moved by its frame's lateness (M-2)."""
    frame = sample // FRAME_SAMPLES
    late_ms = timeline.late_ms[frame] if frame < len(timeline.late_ms) else 0.0
    return sample / SAMPLES_PER_MS + late_ms


def _mouth_span(timeline: Timeline, start: int, end: int) -> Span:
    """The end is that of the last sample, so the frame after it does not move it."""
    return Span(mouth_ms(timeline, start), mouth_ms(timeline, end - 1) + 1 / SAMPLES_PER_MS)


def hearing(
    timeline: Timeline,
    speech: Iterable[Span],
    turn_gap_ms: float,
    detector: Detector = "auto",
) -> Hearing:
    """Find the bot's speech in what was heard.

    Args:
        timeline: The call.
        speech: When the caller spoke; it separates bot turns. Distractors, which must not
            take the floor, are left out by the caller of this function.
        turn_gap_ms: Bursts closer than this form one bot turn.
        detector: What finds the speech.
    """
    found = find_speech(heard_pcm(timeline), detector, _cuts(timeline))
    bursts = _spans(found.bursts)
    return Hearing(
        stretches=_spans(found.stretches),
        bursts=bursts,
        turns=bot_turns(bursts, sorted(speech), turn_gap_ms),
        silences=_silences(bursts, timeline.ended_at_ms),
        dry=_dry(timeline),
        pieces=timeline.heard,
        clears=tuple(timeline.of(PlaybackCleared)),
        ended_at_ms=timeline.ended_at_ms,
        detector=found.detector,
        because=found.because,
        suspected=found.suspected,
    )


def unheard_speech_ms(timeline: Timeline, hearing: Hearing) -> float:
    """How much speech was queued but unheard at the end; silence and music are none (P-41)."""
    unheard = decode_ulaw(timeline.unheard_ulaw)
    if hearing.detector == BY_MODEL:
        return speech_after_ms(heard_pcm(timeline), unheard)
    found = stretches(unheard, SPEECH_DBOV)
    return sum(end - start for start, end in found) / SAMPLES_PER_MS


def heard_pcm(timeline: Timeline) -> Pcm:
    """The right channel: what the caller's ear got, from call time 0 to the end."""
    last_sample = max((piece.end_sample for piece in timeline.heard), default=0)
    samples = max(last_sample, round(timeline.duration_ms * SAMPLES_PER_MS))
    pcm = np.zeros(samples, dtype=np.int16)
    for piece in timeline.heard:
        pcm[piece.first_sample : piece.end_sample] = decode_ulaw(piece.ulaw)
    return pcm


def bot_turns(
    bursts: Sequence[Span], speech: Sequence[Span], turn_gap_ms: float
) -> tuple[Span, ...]:
    """Join bursts into turns; METRICS 2, rule 5."""
    turns: list[Span] = []
    for burst in bursts:
        if turns:
            pause = Span(turns[-1].end_ms, burst.start_ms)
            # A key is a moment, so overlap in time would not see it.
            spoken = any(s.start_ms < pause.end_ms and s.end_ms > pause.start_ms for s in speech)
            if pause.length_ms < turn_gap_ms and not spoken:
                turns[-1] = Span(turns[-1].start_ms, burst.end_ms)
                continue
        turns.append(burst)
    return tuple(turns)


def _cuts(timeline: Timeline) -> list[int]:
    """The samples at which a `clear` ended what was playing."""
    ends: list[int] = []
    for clear in timeline.of(PlaybackCleared):
        if clear.discarded_ms > 0:
            at = clear.at_ms * SAMPLES_PER_MS
            begun = bisect_right(timeline.heard, at, key=lambda piece: piece.first_sample)
            if begun:
                ends.append(min(timeline.heard[begun - 1].end_sample, round(at)))
    return ends


def _spans(samples: Iterable[tuple[int, int]]) -> tuple[Span, ...]:
    return tuple(Span(start / SAMPLES_PER_MS, end / SAMPLES_PER_MS) for start, end in samples)


def _silences(bursts: Sequence[Span], end_ms: float) -> tuple[Span, ...]:
    starts = [burst.start_ms for burst in bursts[1:]] + [end_ms]
    return tuple(Span(b.end_ms, start) for b, start in zip(bursts, starts, strict=False))


def _dry(timeline: Timeline) -> tuple[Span, ...]:
    dry: list[Span] = []
    free_ms = 0.0
    for piece in timeline.heard:
        start_ms = piece.first_sample / SAMPLES_PER_MS
        if start_ms > free_ms:
            dry.append(Span(free_ms, start_ms))
        free_ms = max(free_ms, piece.end_sample / SAMPLES_PER_MS)
    if timeline.ended_at_ms > free_ms:
        dry.append(Span(free_ms, timeline.ended_at_ms))
    return tuple(dry)
