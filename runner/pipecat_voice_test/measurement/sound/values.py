"""Silence and sound: METRICS 3.5."""

from collections.abc import Iterator, Sequence

from pipecat_voice_test.measurement.channels import Span, heard_pcm
from pipecat_voice_test.measurement.facts import CallFacts
from pipecat_voice_test.measurement.sound.gaps import Gaps, find_gaps
from pipecat_voice_test.measurement.sound.loudness import loudness
from pipecat_voice_test.measurement.sound.silences import silences
from pipecat_voice_test.measurement.value import Value

LONG_SILENCE_MS = 2000.0  # Shorter ones are no part of `silence_share`.


def sound_values(facts: CallFacts) -> Iterator[Value]:
    """All values of this kind of one call; a bot that never spoke has none but the last."""
    if facts.hearing.bursts:
        yield from _silence(facts, silences(facts))
        yield from _gaps(facts, gaps_of(facts))
        yield from _loudness(facts)
    yield Value("burst_ahead_ms", facts.timeline.most_queued_ms)


def sound_notes(facts: CallFacts) -> Iterator[str]:
    """Holes that the bot is not charged with, and why."""
    found = gaps_of(facts)
    if len(found.stalled) == 1:
        (gap,) = found.stalled
        yield (
            f"a gap of {gap.length_ms:.0f} ms at {_seconds(gap.start_ms)} coincides with a stall "
            "of this machine and is not charged"
        )
    elif found.stalled:
        yield (
            f"{_told('gap', found.stalled)}, coincide with stalls of this machine and are not "
            "charged"
        )
    if found.pauses:
        worst = max(found.pauses, key=_length_ms)
        yield (
            f"the bot sends nothing between its sentences: {_many(len(found.pauses), 'pause')}, "
            f"the longest {worst.length_ms:.0f} ms at {_seconds(worst.start_ms)}, not charged"
        )


def gaps_of(facts: CallFacts) -> Gaps:
    said = [record.said for record in facts.turns if record.said is not None]
    return find_gaps(facts.timeline, facts.hearing, said)


def _silence(facts: CallFacts, found: Sequence[Span]) -> Iterator[Value]:
    worst = max(found, key=_length_ms, default=None)
    worst_ms, because = 0.0, ""
    if worst is not None:
        worst_ms = worst.length_ms
        because = f"nobody spoke from {_seconds(worst.start_ms)} to {_seconds(worst.end_ms)}"
    yield _value(facts, "longest_silence_ms", worst_ms, worst, because)
    long = [silence for silence in found if silence.length_ms > LONG_SILENCE_MS]
    share = sum(map(_length_ms, long)) / facts.timeline.ended_at_ms
    yield _value(facts, "silence_share", share, next(iter(long), None), _told("silence", long))


def _gaps(facts: CallFacts, found: Gaps) -> Iterator[Value]:
    counted, charged = found.counted, found.charged
    because = _told("gap", counted)
    first = next(iter(counted), None)
    yield _value(facts, "gaps", float(len(counted)), first, because)
    worst = max(counted, key=_length_ms, default=None)
    worst_ms = 0.0 if worst is None else worst.length_ms
    yield _value(facts, "worst_gap_ms", worst_ms, worst, because)
    worst = max(charged, key=_length_ms, default=None)
    yield _value(facts, "gap_share", found.share, worst, _told("gap", charged))


def _loudness(facts: CallFacts) -> Iterator[Value]:
    found = loudness(heard_pcm(facts.timeline), facts.hearing)
    if found is None:
        return
    yield Value("level", found.level_dbov)
    clipped_ms = found.clipped_at_ms
    where = None if clipped_ms is None else Span(clipped_ms, clipped_ms)
    yield _value(facts, "clipping", found.clipping, where)


def _value(
    facts: CallFacts, metric: str, value: float, where: Span | None, because: str = ""
) -> Value:
    """One value, with the turn in which it fell."""
    if where is None:
        return Value(metric, value)
    at_ms = where.start_ms
    begun = [r.turn for r in facts.turns if r.reached and r.anchors.began_ms <= at_ms]
    turn = begun[-1] if begun else None
    return Value(
        metric,
        value,
        None if turn is None else turn.index,
        None if turn is None else turn.line,
        at_ms,
        because=because,
    )


def _told(what: str, found: Sequence[Span]) -> str:
    """`3 gaps, the longest 240 ms at 7.3 s`, or empty if there is none."""
    if not found:
        return ""
    worst = max(found, key=_length_ms)
    longest = "" if len(found) == 1 else "the longest "
    where = f"{worst.length_ms:.0f} ms at {_seconds(worst.start_ms)}"
    return f"{_many(len(found), what)}, {longest}{where}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" + "s" * (count != 1)


def _seconds(at_ms: float) -> str:
    return f"{at_ms / 1000:.1f} s"


def _length_ms(span: Span) -> float:
    return span.length_ms
