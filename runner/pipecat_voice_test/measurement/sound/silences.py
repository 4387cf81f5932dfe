"""When nobody speaks: METRICS `longest_silence` and `silence_share`.

Only silence that the bot could have broken counts. What the scenario asks for is taken out:
waits, windows in which the bot must not speak, waiting for it to hang up, turns marked `slow`,
and a caller who by his `turn_gap_ms` waits longer than usual before he goes on.
"""

from collections.abc import Iterable, Iterator

from pipecat_voice_test.measurement.channels import Span
from pipecat_voice_test.measurement.facts import CallFacts, TurnRecord
from pipecat_voice_test.scenario.matching import absent_until_ms
from pipecat_voice_test.scenario.model import (
    DEFAULT_TURN_GAP_MS,
    EventName,
    Turn,
    TurnKind,
)
from pipecat_voice_test.scenario.waiting import KNOWN_AFTER_MS, awaits_reply, quiet_needed_ms
from pipecat_voice_test.timeline import EndedBy, ScriptedWait

LEAD_MS = 200.0  # A recording that begins with more silence than this means it.
HEARD_LATE_MS = 100.0  # The caller's ear knows of the end of a reply a moment later.


def silences(facts: CallFacts) -> list[Span]:
    """Every silence of the call that counts, oldest first; none if the bot never spoke."""
    bursts = facts.hearing.bursts
    if not bursts:
        return []
    whole = Span(bursts[0].start_ms, facts.timeline.ended_at_ms)
    said = (Span(r.said.onset_ms, r.said.end_ms) for r in facts.turns if r.said is not None)
    asked_for = (span for span in _asked_for(facts) if span.length_ms > 0)
    return list(_without(whole, sorted([*bursts, *said, *asked_for])))


def _without(whole: Span, taken: Iterable[Span]) -> Iterator[Span]:
    """What is left of `whole`; `taken` is in order of time and may overlap.

    A key is a moment, and yet it breaks a silence in two.
    """
    free_ms = whole.start_ms
    for span in taken:
        until_ms = min(span.start_ms, whole.end_ms)
        if until_ms > free_ms:
            yield Span(free_ms, until_ms)
        free_ms = max(free_ms, span.end_ms)
    if whole.end_ms > free_ms:
        yield Span(free_ms, whole.end_ms)


def _asked_for(facts: CallFacts) -> Iterator[Span]:
    """Silence nobody is to blame for."""
    for wait in facts.timeline.of(ScriptedWait):
        yield Span(wait.at_ms, wait.until_ms)
    reached = [record for record in facts.turns if record.reached]
    for record, following in zip(reached, [*reached[1:], None], strict=True):
        if record.turn.slow:
            ended_at_ms = facts.timeline.ended_at_ms
            over_ms = ended_at_ms if following is None else following.anchors.began_ms
            yield Span(record.anchors.began_ms, over_ms)
        yield from _expected(record)
        yield from _patience(facts, record)
        if record.said is not None:
            lead = Span(record.anchors.began_ms, record.said.onset_ms)
            if lead.length_ms > LEAD_MS:
                yield lead
    if facts.timeline.ended_by is EndedBy.CALLER and facts.turns and facts.turns[-1].ended:
        gap_ms = float(facts.scenario.turn_gap_ms)
        yield from _unusual(gap_ms, facts.timeline.ended_at_ms)


def _expected(record: TurnRecord) -> Iterator[Span]:
    """Windows in which the bot must not speak, and waits for it to hang up."""
    met_ms = record.anchors.speech_end_ms or record.anchors.began_ms
    for match in record.matches:
        expectation, anchors = match.expectation, record.anchors
        if expectation.absent:
            assert expectation.event is not None
            anchor_ms = anchors.of(expectation.event)
            if anchor_ms is not None:
                yield Span(anchor_ms, absent_until_ms(expectation, anchors) + KNOWN_AFTER_MS)
        elif expectation.event is EventName.CALL_ENDED and not match.blocked:
            yield Span(met_ms, record.until_ms)
        elif match.occurrence is not None:
            met_ms = max(met_ms, match.occurrence.at_ms)


def _patience(facts: CallFacts, record: TurnRecord) -> Iterator[Span]:
    """The caller waits for more than the usual quiet before he goes on."""
    turn = record.turn
    if turn.kind in {TurnKind.LISTEN, TurnKind.WAIT}:
        return
    before = facts.scenario.turns[turn.index - 1] if turn.index else None
    needed_ms = _quiet_ms(turn, before, facts.scenario.turn_gap_ms)
    yield from _unusual(needed_ms, record.anchors.began_ms)


def _quiet_ms(turn: Turn, before: Turn | None, turn_gap_ms: float) -> float:
    after = turn.send_after
    if after is None:
        return quiet_needed_ms(before, turn_gap_ms)
    return turn_gap_ms if after.event is None and awaits_reply(before) else 0.0


def _unusual(gap_ms: float, until_ms: float) -> Iterator[Span]:
    if gap_ms > DEFAULT_TURN_GAP_MS:
        yield Span(until_ms - gap_ms - HEARD_LATE_MS, until_ms)
