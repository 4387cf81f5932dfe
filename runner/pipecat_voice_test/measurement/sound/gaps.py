"""Holes in the bot's voice: METRICS `gaps`, `worst_gap` and `gap_share`.

A hole is starvation: the queue ran dry in the middle of speech. A pause that the bot sends as
silence keeps the queue filled, and one that follows a `clear` or an interruption was asked for.

Some bots send nothing between two sentences. With the silence that speech services put around
a sentence such a pause is no hole: of 60 sentences of hibari, flite and espeak-ng, and of 117
telephone prompts, 2 were loud in their last 20 ms. Where a bot cuts its sentences tight, the
voice still dies away before the pause and sets in anew behind it; see `_between_sentences`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.level import WINDOW_SAMPLES, powers_dbov, window_powers
from pipecat_voice_test.audio.speech import loud_from_dbov, speech_floor_dbov
from pipecat_voice_test.measurement.channels import (
    Hearing,
    Span,
    Utterance,
    heard_pcm,
    overlap_ms,
)
from pipecat_voice_test.scenario.model import TurnKind
from pipecat_voice_test.timeline import FRAME_MS, SAMPLES_PER_MS, Timeline

SHORTEST_MS = 40.0
COUNTED_MS = 60.0  # Loss concealment in telephones covers less.
LONGEST_MS = 2000.0  # What follows later is another piece of speech.
EDGE_MS = 20.0
CLEARED_MS = 1.0  # A `clear` cuts at the sample before it, so the hole begins a little earlier.

GIVING_WAY_MS = 400.0  # A hole this long may be how the bot yields to the caller.
GIVES_WAY_BY_MS = 1000.0

READ_BEFORE_MS = 100.0  # Audio that is missing should have been read so long before at most.
OWED_MS = 20.0  # A frame this late means that the loop had more to do than it could.

# A pause between sentences lasts at least this long. The figures behind it were taken from
# sentences of hibari and flite cut at -50 and -45 dBov: 90 to 100 of 100 end and begin like
# this, and 20 to 25 of 100 cuts at random places of the same voices happen to.
SENTENCE_PAUSE_MS = 200.0
DIES_AWAY_DB = 9.0
SETS_IN_DB = 3.0
NEAR_MS = 150.0
PAUSES_NEEDED = 3
PAUSES_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Gaps:
    """The holes of one call, oldest first.

    Attributes:
        charged: What the bot has to answer for.
        stalled: Those in which this machine did not keep up, so nobody knows.
        pauses: Those that are this bot's pauses between sentences.
        speech_ms: For how long the bot spoke.
    """

    charged: tuple[Span, ...] = ()
    stalled: tuple[Span, ...] = ()
    pauses: tuple[Span, ...] = ()
    speech_ms: float = 0.0

    @property
    def counted(self) -> tuple[Span, ...]:
        """Those that loss concealment does not cover."""
        return tuple(gap for gap in self.charged if gap.length_ms >= COUNTED_MS)

    @property
    def share(self) -> float:
        """METRICS `gap_share`; 0 for a bot that never spoke."""
        lost_ms = sum(gap.length_ms for gap in self.charged)
        return lost_ms / (self.speech_ms + lost_ms) if lost_ms else 0.0


def find_gaps(timeline: Timeline, hearing: Hearing, said: Sequence[Utterance]) -> Gaps:
    """The holes in what the caller heard, and who has to answer for them."""
    pcm = heard_pcm(timeline)
    threshold_dbov = loud_from_dbov(speech_floor_dbov(pcm))
    found = [
        dry
        for dry in hearing.dry
        if SHORTEST_MS <= dry.length_ms <= LONGEST_MS
        and dry.end_ms < hearing.ended_at_ms
        and _Edges.around(dry, pcm).are_loud(threshold_dbov)
        and not _was_asked_for(dry, hearing, said)
    ]
    stalls = _stalls(timeline)
    stalled = [gap for gap in found if _coincides(gap, stalls)]
    pauses = _between_sentences([gap for gap in found if gap not in stalled], pcm)
    charged = [gap for gap in found if gap not in stalled and gap not in pauses]
    sounding_ms = sum(stretch.length_ms for stretch in hearing.stretches)
    return Gaps(
        tuple(charged),
        tuple(stalled),
        tuple(pauses),
        sounding_ms - sum(overlap_ms(gap, hearing.stretches) for gap in found),
    )


def _was_asked_for(dry: Span, hearing: Hearing, said: Iterable[Utterance]) -> bool:
    """Whether the bot fell silent for a reason that lies with the caller."""
    if any(
        clear.discarded_ms > 0 and dry.start_ms - CLEARED_MS <= clear.at_ms <= dry.end_ms
        for clear in hearing.clears
    ):
        return True
    return any(_gave_way(dry, hearing, one) for one in said)


def _gave_way(dry: Span, hearing: Hearing, said: Utterance) -> bool:
    follows = said.onset_ms <= dry.start_ms <= said.end_ms + GIVES_WAY_BY_MS
    if said.kind is TurnKind.DTMF and follows:
        # A menu that is talked into answers within a moment, too soon for a yielding.
        return hearing.burst_at(said.onset_ms) is not None
    if dry.length_ms < GIVING_WAY_MS:
        return False
    if said.kind is not TurnKind.TURN and follows:
        return True
    # Between what was said before the caller spoke and what was said after, nothing is missing.
    edges_ms = (edge for span in said.spans for edge in span)
    return any(dry.start_ms <= edge_ms <= dry.end_ms for edge_ms in edges_ms)


def _stalls(timeline: Timeline) -> list[Span]:
    """When this machine did not keep up: its loop did not run, or it owed the bot frames."""
    owed = (
        Span(float(FRAME_MS * frame), FRAME_MS * (frame + 1) + late_ms)
        for frame, late_ms in enumerate(timeline.late_ms)
        if late_ms > OWED_MS
    )
    return [*(Span(*stall) for stall in timeline.rig.stalls), *owed]


def _coincides(gap: Span, stalls: Iterable[Span]) -> bool:
    """Whether the audio that is missing may have been there, unread."""
    read = Span(gap.start_ms - READ_BEFORE_MS, gap.end_ms)
    return any(stall.start_ms < read.end_ms and stall.end_ms > read.start_ms for stall in stalls)


def _between_sentences(gaps: Sequence[Span], pcm: Pcm) -> list[Span]:
    """The long ones, if the bot makes a habit of pausing there instead of sending silence.

    One by one a pause cannot be told from a hole that happens to fall on a soft spot. A bot
    nearly all of whose long holes lie between a voice that died away and one that sets in
    anew does it on purpose: three random cuts look like that once in a hundred calls.
    """
    long = [gap for gap in gaps if gap.length_ms >= SENTENCE_PAUSE_MS]
    natural = sum(_Edges.around(gap, pcm).are_of_sentences() for gap in long)
    habit = len(long) >= PAUSES_NEEDED and natural >= PAUSES_SHARE * len(long)
    return long if habit else []


@dataclass(frozen=True, slots=True)
class _Edges:
    """The voice on both sides of a hole: powers of 10 ms windows, the nearest first."""

    before: np.typing.NDArray[np.float64] = field(repr=False)
    after: np.typing.NDArray[np.float64] = field(repr=False)

    @classmethod
    def around(cls, gap: Span, pcm: Pcm) -> "_Edges":
        near = round(NEAR_MS * SAMPLES_PER_MS)
        start, end = (round(edge_ms * SAMPLES_PER_MS) for edge_ms in gap)
        # An edge that lies near the beginning or the end of the call has silence beyond it.
        before = pcm[max(0, start - near) : start][::-1]
        return cls(
            window_powers(np.pad(before, (0, near - len(before)))),
            window_powers(np.pad(pcm[end : end + near], (0, max(0, near - len(pcm[end:]))))),
        )

    def are_loud(self, threshold_dbov: float) -> bool:
        """Whether speech was going on, and goes on: loud within 20 ms before and after."""
        nearest = round(EDGE_MS * SAMPLES_PER_MS) // WINDOW_SAMPLES
        sides = (self.before[:nearest], self.after[:nearest])
        return all(bool((powers_dbov(side) >= threshold_dbov).any()) for side in sides)

    def are_of_sentences(self) -> bool:
        """Whether the voice died away before the hole and sets in anew behind it."""
        return _rise_db(self.before) >= DIES_AWAY_DB and _rise_db(self.after) >= SETS_IN_DB


def _rise_db(powers: np.typing.NDArray[np.float64]) -> float:
    """How much louder than next to the hole the voice is at most nearby."""
    levels_dbov = powers_dbov(powers)
    return float(levels_dbov.max() - levels_dbov[0])
