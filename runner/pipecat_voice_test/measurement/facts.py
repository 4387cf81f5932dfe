"""What a call was like: every measurement of METRICS 3.1 to 3.3 and 3.6, in one place.

Pure functions from a timeline to facts. Limits come later, in `checks.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipecat_voice_test.measurement.barge_in import (
    BargeIn,
    Manners,
    barge_in,
    breathes_dry,
)
from pipecat_voice_test.measurement.channels import (
    Hearing,
    Span,
    Utterance,
    hearing,
    unheard_speech_ms,
    utterances,
)
from pipecat_voice_test.measurement.distraction import Distraction, distraction
from pipecat_voice_test.measurement.turn_taking import TurnTaking, turn_taking
from pipecat_voice_test.scenario.limits import DEFAULT_LIMITS
from pipecat_voice_test.scenario.matching import (
    Anchors,
    Match,
    Occurrence,
    match_expectations,
    occurrences,
)
from pipecat_voice_test.scenario.model import EventName, Scenario, Turn, TurnKind
from pipecat_voice_test.timeline import (
    OVER_API,
    BotClosed,
    EndedBy,
    MarkReceived,
    Timeline,
    TurnBegan,
    TurnEnded,
    TurnGivenUp,
)

GREETING_GRACE_MS = 4000.0


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One turn of the scenario as it went in this call.

    Attributes:
        reached: Whether the caller got to it at all.
        until_ms: Where its windows end: the caller's next utterance, or the end of the call.
        answer: The burst that met its (first) `response`, or would have.
        given_up: Why the caller could not do what it asks for, or empty.
    """

    turn: Turn
    reached: bool = False
    ended: bool = False
    anchors: Anchors = field(default_factory=lambda: Anchors(0.0))
    until_ms: float = 0.0
    said: Utterance | None = None
    taking: TurnTaking | None = None
    barge_in: BargeIn | None = None
    distraction: Distraction | None = None
    answer: Span | None = None
    matches: tuple[Match, ...] = ()
    given_up: str = ""

    @property
    def response_ms(self) -> float | None:
        """To the answer, for a barge-in METRICS `recovery`."""
        if self.barge_in is not None:
            return self.barge_in.recovery_ms
        return None if self.taking is None else self.taking.response_ms


@dataclass(frozen=True, slots=True)
class CallFacts:
    """Everything measured in one call."""

    scenario: Scenario
    timeline: Timeline
    hearing: Hearing
    turns: tuple[TurnRecord, ...]
    greeting_ms: float | None = None
    greeting_missing: int | None = None
    tail_lost_ms: float | None = None
    hang_up_delay_ms: float | None = None
    lets_go_ms: float | None = None


def call_facts(scenario: Scenario, timeline: Timeline) -> CallFacts:
    """Measure one call."""
    said = utterances(scenario, timeline)
    floor_taken = [
        span
        for utterance in said.values()
        if utterance.kind is not TurnKind.DISTRACTOR
        for span in utterance.spans
    ]
    heard = hearing(timeline, floor_taken, scenario.turn_gap_ms, scenario.detector)
    manners = Manners(
        scenario.turn_gap_ms, breathes_dry(heard, said.values(), scenario.turn_gap_ms)
    )
    acts = _turns(timeline, said, manners)
    signals = _signals(timeline, heard)
    turns = tuple(
        _with_matches(
            _turn_record(heard, acts, turn),
            heard,
            signals,
            _turns_over(heard, timeline, scenario.turn_gap_ms),
        )
        for turn in scenario.turns
    )
    by_bot = timeline.ended_by is EndedBy.BOT
    last_word_ms = max((burst.end_ms for burst in heard.bursts), default=None)
    return CallFacts(
        scenario,
        timeline,
        heard,
        turns,
        greeting_ms=_greeting_ms(scenario, heard),
        greeting_missing=_greeting_missing(scenario, heard, timeline),
        tail_lost_ms=unheard_speech_ms(timeline, heard) if by_bot else None,
        hang_up_delay_ms=(
            timeline.ended_at_ms - last_word_ms if by_bot and last_word_ms is not None else None
        ),
        lets_go_ms=_lets_go_ms(timeline),
    )


def expects_answer(turn: Turn) -> bool:
    """Whether the turn waits for a reply of the bot."""
    return any(e.event is EventName.RESPONSE and not e.absent for e in turn.expect)


def answer_within_ms(turn: Turn) -> float | None:
    """The turn's own limit on the first reply, if it has one."""
    return next(
        (
            float(e.within_ms)
            for e in turn.expect
            if e.event is EventName.RESPONSE and not e.absent and e.within_ms is not None
        ),
        None,
    )


@dataclass(frozen=True, slots=True)
class _Turns:
    """What the caller did in which turn, looked up once for the whole call."""

    began_ms: Mapping[int, float]
    ended: frozenset[int]
    given_up: Mapping[int, str]
    said: Mapping[int, Utterance]
    manners: Manners


def _turns(timeline: Timeline, said: Mapping[int, Utterance], manners: Manners) -> _Turns:
    return _Turns(
        began_ms={event.turn: event.at_ms for event in timeline.of(TurnBegan)},
        ended=frozenset(event.turn for event in timeline.of(TurnEnded)),
        given_up={event.turn: event.reason for event in timeline.of(TurnGivenUp)},
        said=said,
        manners=manners,
    )


def _turn_record(heard: Hearing, turns: _Turns, turn: Turn) -> TurnRecord:
    began_ms = turns.began_ms.get(turn.index)
    if began_ms is None:
        return TurnRecord(turn)
    said = turns.said.get(turn.index)
    until_ms = min(
        (later.onset_ms for later in turns.said.values() if later.turn > turn.index),
        default=heard.ended_at_ms,
    )
    record = TurnRecord(
        turn,
        reached=True,
        ended=turn.index in turns.ended,
        anchors=_anchors(turn, began_ms, said),
        until_ms=until_ms,
        said=said,
        answer=heard.first_burst(began_ms, until_ms),
        given_up=turns.given_up.get(turn.index, ""),
    )
    return record if said is None else _with_speech(record, said, heard, turns)


def _anchors(turn: Turn, began_ms: float, said: Utterance | None) -> Anchors:
    if said is not None:
        return Anchors(began_ms, said.onset_ms, said.end_ms)
    if turn.speaks or turn.dtmf:
        return Anchors(began_ms)
    return Anchors(began_ms, speech_end_ms=began_ms)


def _with_speech(record: TurnRecord, said: Utterance, heard: Hearing, turns: _Turns) -> TurnRecord:
    until_ms = record.until_ms
    taking = turn_taking(
        said,
        heard,
        until_ms=until_ms,
        answer_due=expects_answer(record.turn) and said.kind is not TurnKind.DTMF,
        within_ms=answer_within_ms(record.turn),
    )
    record = replace(record, taking=taking, answer=taking.answer)
    if said.kind is TurnKind.DISTRACTOR:
        before = [one for one in turns.said.values() if one.turn < said.turn]
        gap_ms = turns.manners.turn_gap_ms
        borne = distraction(said, heard, before, until_ms=until_ms, turn_gap_ms=gap_ms)
        return replace(record, distraction=borne)
    if said.kind is not TurnKind.BARGE_IN:
        return record
    interrupted = barge_in(said, heard, until_ms=until_ms, manners=turns.manners)
    if interrupted.invalid:
        return replace(record, barge_in=interrupted)
    # A bot that did not yield only goes on; that is no answer.
    return replace(record, barge_in=interrupted, answer=interrupted.answer)


def _with_matches(
    record: TurnRecord, heard: Hearing, signals: Sequence[Occurrence], turns_over: int
) -> TurnRecord:
    if not record.reached:
        return record
    yielded_ms = None
    if record.barge_in is not None and record.barge_in.stop_ms is not None:
        yielded_ms = (record.anchors.onset_ms or 0.0) + record.barge_in.stop_ms
    if record.distraction is not None and record.distraction.yielded_ms is not None:
        yielded_ms = (record.anchors.onset_ms or 0.0) + record.distraction.yielded_ms
    happened = occurrences(
        record.anchors,
        bot_turns=heard.turns,
        turns_over=turns_over,
        signals=signals,
        answer_ms=None if record.answer is None else record.answer.start_ms,
        yielded_ms=yielded_ms,
    )
    happened = [o for o in happened if o.at_ms < record.until_ms or o.event is EventName.CALL_ENDED]
    return replace(
        record,
        matches=tuple(match_expectations(record.turn.expect, happened, record.anchors)),
    )


def _turns_over(heard: Hearing, timeline: Timeline, turn_gap_ms: float) -> int:
    """How many bot turns are known to be over: not one the caller hung up on."""
    if not heard.turns or timeline.ended_by in (EndedBy.BOT, EndedBy.BOT_ABNORMAL):
        return len(heard.turns)
    quiet_ms = timeline.ended_at_ms - heard.turns[-1].end_ms
    return len(heard.turns) - (quiet_ms < turn_gap_ms)


def _signals(timeline: Timeline, heard: Hearing) -> Sequence[Occurrence]:
    signals = [
        *(Occurrence(EventName.CLEAR, e.at_ms) for e in heard.clears),
        *(Occurrence(EventName.MARK, e.at_ms, e.name) for e in timeline.of(MarkReceived)),
    ]
    if timeline.ended_how in OVER_API:  # The bot's close comes after ours, or never.
        signals.append(Occurrence(EventName.CALL_ENDED, timeline.ended_at_ms))
    elif timeline.ended_by in (EndedBy.BOT, EndedBy.BOT_ABNORMAL):
        signals += [Occurrence(EventName.CALL_ENDED, e.at_ms) for e in timeline.of(BotClosed)]
    return signals


def _greeting_ms(scenario: Scenario, heard: Hearing) -> float | None:
    if not scenario.bot_speaks_first or not heard.bursts:
        return None
    return heard.bursts[0].start_ms


def _greeting_missing(scenario: Scenario, heard: Hearing, timeline: Timeline) -> int | None:
    if not scenario.bot_speaks_first or not expects_answer(scenario.turns[0]):
        return None
    gate = scenario.limits.of("greeting_ms").get("each")
    limit_ms = answer_within_ms(scenario.turns[0]) or gate
    if limit_ms is None:
        limit_ms = DEFAULT_LIMITS.of("greeting_ms")["each"]
    heard_in_time = heard.first_burst(0.0, limit_ms + GREETING_GRACE_MS) is not None
    if not heard_in_time and timeline.ended_by is EndedBy.CALLER:
        # The caller hung up for another reason before the greeting was due.
        return 1 if timeline.ended_at_ms >= limit_ms else None
    return 0 if heard_in_time else 1


def _lets_go_ms(timeline: Timeline) -> float | None:
    if timeline.ended_by not in (EndedBy.CALLER, EndedBy.TIMEOUT):
        return None
    if timeline.bot_closed_ms is None:
        return None
    return timeline.bot_closed_ms - timeline.ended_at_ms
