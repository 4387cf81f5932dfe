"""Taking turns: METRICS 3.2. From spans to facts; it knows no limits."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipecat_voice_test.measurement.channels import (
    Hearing,
    Span,
    Utterance,
    common_ms,
)
from pipecat_voice_test.scenario.model import TurnKind

ANSWER_MS = 300.0  # A burst shorter than this is no answer; `missed_turn`.
MISSED_AFTER_MS = 8000.0
CUT_IN_MS = 500.0  # Shorter sounds that end by themselves are `bot_backchannel`.
CLEAR_GRACE_MS = 100.0
EARLY_MS = 100.0
LADDER_PAUSE_MS = 300.0  # The shortest pause that `pause_tolerance` looks at.


@dataclass(frozen=True, slots=True)
class CutIn:
    """A burst of the bot that began while the caller had the floor.

    Attributes:
        at_ms: How far into the utterance.
        pause_ms: Length of the caller's pause it fell into, 0 if he was speaking.
        overlap_ms: For how long both spoke because of it.
    """

    burst: Span
    at_ms: float
    pause_ms: float
    overlap_ms: float


@dataclass(frozen=True, slots=True)
class TurnTaking:
    """How the bot took its turn after, or in, one utterance.

    Attributes:
        answer: The burst that answered, or None.
        response_ms: From the end of the caller's speech to the answer; None if there was no
            answer, or it began before the caller had finished.
        missed: 1 if nobody answered, 0 if somebody did; None if no answer was due.
        backchannels: Short sounds of the bot inside the utterance.
    """

    answer: Span | None
    response_ms: float | None
    missed: int | None
    cut_ins: tuple[CutIn, ...]
    backchannels: tuple[Span, ...]


def turn_taking(
    said: Utterance,
    hearing: Hearing,
    *,
    until_ms: float,
    answer_due: bool,
    within_ms: float | None,
) -> TurnTaking:
    """How one utterance was answered.

    Args:
        said: The utterance, or keys.
        hearing: The bot as heard.
        until_ms: Onset of the next utterance, or the end of the call.
        answer_due: Whether the scenario expects a `response` to it.
        within_ms: The scenario's own limit on that, if it has one.
    """
    cut_ins, backchannels = _intrusions(said, hearing)
    answer = answer_to(said, hearing, until_ms, ignoring=backchannels)
    response_ms = None
    if answer is not None and answer.start_ms >= said.end_ms:
        response_ms = answer.start_ms - said.end_ms
    missed = None
    if answer_due:
        # A late answer is late, not missing, so a tight `within_ms` does not shorten this.
        window_ms = max(MISSED_AFTER_MS, within_ms or 0.0)
        missed_at_ms = min(until_ms, said.end_ms + window_ms)
        answered_early = any(cut_in.burst.end_ms > said.end_ms for cut_in in cut_ins)
        answered = hearing.first_burst(said.end_ms, missed_at_ms, ANSWER_MS) is not None
        missed = 0 if answered or answered_early else 1
    return TurnTaking(answer, response_ms, missed, cut_ins, backchannels)


def answer_to(
    said: Utterance, hearing: Hearing, until_ms: float, ignoring: Sequence[Span] = ()
) -> Span | None:
    """The burst that answers an utterance, or None.

    An answer that came before the caller had finished begins before `said.end_ms`. A bot that
    goes on with what it was saying before has not answered: METRICS `response` wants it silent
    when the caller ends. Keys may be pressed into the bot's menu. Bursts in `ignoring` are
    passed over.
    """
    going_on = hearing.burst_at(said.end_ms)
    if going_on is None or going_on in ignoring or said.kind is not TurnKind.TURN:
        early = going_on is not None and going_on.start_ms > said.onset_ms
        if early and going_on not in ignoring:
            return going_on
        return hearing.first_burst(said.end_ms, until_ms)
    return going_on if going_on.start_ms > said.onset_ms else None


def pauses_survived(said: Utterance, taking: TurnTaking) -> list[tuple[float, bool]]:
    """For each pause of the caller: its length, and whether the bot waited it out."""
    pauses = said.pauses(LADDER_PAUSE_MS)
    return [
        (
            pause.length_ms,
            not any(_pause_before(cut_in.burst, pauses) == pause for cut_in in taking.cut_ins),
        )
        for pause in pauses
    ]


def _pause_before(burst: Span, pauses: Sequence[Span]) -> Span | None:
    """The pause a cut-in answers to: the last one that began before it."""
    return next((pause for pause in reversed(pauses) if pause.start_ms <= burst.start_ms), None)


def _intrusions(said: Utterance, hearing: Hearing) -> tuple[tuple[CutIn, ...], tuple[Span, ...]]:
    """What the bot said inside the utterance, having been silent when it began.

    Only a caller who has the floor can be cut in on: a bot that was interrupted in a pause of
    its own goes on until it notices, and what it says after yielding is `stale_audio` or an
    `early_answer`.
    """
    if said.kind is not TurnKind.TURN or hearing.burst_at(said.onset_ms) is not None:
        return (), ()
    cut_ins: list[CutIn] = []
    backchannels: list[Span] = []
    for burst in hearing.bursts:
        if not said.onset_ms < burst.start_ms < said.end_ms:
            continue
        cut_short = any(
            clear.discarded_ms > 0 and burst.start_ms < clear.at_ms <= burst.end_ms + CLEAR_GRACE_MS
            for clear in hearing.clears
        )
        if burst.length_ms >= CUT_IN_MS or cut_short or burst.end_ms > said.end_ms:
            cut_ins.append(_cut_in(said, burst))
        else:
            backchannels.append(burst)
    return tuple(cut_ins), tuple(backchannels)


def _cut_in(said: Utterance, burst: Span) -> CutIn:
    pause = next(
        (p for p in said.pauses(0.0) if p.start_ms <= burst.start_ms < p.end_ms), Span(0.0, 0.0)
    )
    return CutIn(
        burst,
        burst.start_ms - said.onset_ms,
        pause.length_ms,
        common_ms(said.spans, [burst]),
    )
