"""The expectations of a scenario held against what was measured (DESIGN 5, the event table)."""

from collections.abc import Iterator

from pipecat_voice_test.measurement.distraction import meant_for_silence
from pipecat_voice_test.measurement.facts import CallFacts, TurnRecord
from pipecat_voice_test.measurement.results import Check, Verdict
from pipecat_voice_test.measurement.wording import reading
from pipecat_voice_test.scenario.matching import DEFAULT_WITHIN_MS, Match
from pipecat_voice_test.scenario.model import EventName, Expectation, TurnKind
from pipecat_voice_test.timeline import EndedBy

_METRICS = {
    EventName.RESPONSE: "response_ms",
    EventName.BOT_INTERRUPTED: "stop_ms",
    EventName.CALL_ENDED: "call_ended_ms",
}


def expectation_checks(facts: CallFacts, record: TurnRecord) -> Iterator[Check]:
    """Every expectation of one turn, in order, as checks."""
    if record.given_up:
        yield _check(record, "send_after", "send_after", Verdict.FAILED, record.given_up)
    by_index = {match.expectation.index: match for match in record.matches}
    for expectation in record.turn.expect:
        match = by_index.get(expectation.index)
        if expectation.event is None:
            yield _skipped(record, expectation, expectation.written, expectation.skip_reason)
        elif match is None or not record.reached or record.given_up:
            reason = _why_not_reached(facts, record)
            yield _skipped(record, expectation, _metric(record, expectation), reason)
        elif expectation.absent:
            yield _absent(facts, record, match)
        else:
            yield from _present(facts, record, match)
        for condition in expectation.text_conditions:
            reason = "what the bot says is not transcribed by this version, so nobody read it"
            yield _skipped(record, expectation, condition, reason, suffix=f".{condition}")


def _present(facts: CallFacts, record: TurnRecord, match: Match) -> Iterator[Check]:
    expectation = match.expectation
    metric = _metric(record, expectation)
    limit = None if expectation.within_ms is None else float(expectation.within_ms)
    inconclusive = _why_inconclusive(record, expectation)
    if inconclusive:
        yield _of(record, expectation, metric, Verdict.INCONCLUSIVE, inconclusive, limit=limit)
    elif match.blocked:
        reason = "not looked for, because the expectation above it was not met"
        yield _skipped(record, expectation, metric, reason)
    elif match.occurrence is None:
        yield _of(
            record, expectation, metric, Verdict.FAILED,
            _why_missing(facts, record, expectation, metric), limit=limit,
            at_ms=record.anchors.speech_end_ms or record.anchors.began_ms,
        )  # fmt: skip
    else:
        yield _happened(record, match, metric, limit)
    if expectation.event is EventName.RESPONSE:
        yield from _duration(facts, record, match)


def _happened(record: TurnRecord, match: Match, metric: str, limit: float | None) -> Check:
    expectation, occurrence = match.expectation, match.occurrence
    assert expectation.event is not None
    assert occurrence is not None
    anchor_ms = record.anchors.of(expectation.event)
    value = None if anchor_ms is None else occurrence.at_ms - anchor_ms
    if value is not None and value < 0 and expectation.event is EventName.RESPONSE:
        text = f"the bot answered {-value:.0f} ms before the caller had finished"
        return _of(record, expectation, metric, Verdict.PASSED, text, at_ms=occurrence.at_ms)
    late = value is not None and limit is not None and value > limit
    verdict = Verdict.FAILED if late else Verdict.PASSED
    return _of(
        record, expectation, metric, verdict, reading(metric, value, limit),
        value=value, limit=limit, at_ms=occurrence.at_ms,
    )  # fmt: skip


def _absent(facts: CallFacts, record: TurnRecord, match: Match) -> Check:
    expectation, occurrence = match.expectation, match.occurrence
    metric = _metric(record, expectation)
    within = DEFAULT_WITHIN_MS if expectation.within_ms is None else expectation.within_ms
    inconclusive = _why_inconclusive(record, expectation) or _why_not_borne(record, expectation)
    if inconclusive:
        return _of(record, expectation, metric, Verdict.INCONCLUSIVE, inconclusive)
    if occurrence is None:
        text = f"no {expectation.written} within {within} ms, as expected"
        return _of(record, expectation, metric, Verdict.PASSED, text, limit=within)
    assert expectation.event is not None
    value = occurrence.at_ms - (record.anchors.of(expectation.event) or 0.0)
    text = f"{expectation.written} came after {value:.0f} ms, none was expected within {within}"
    return _of(
        record, expectation, metric, Verdict.FAILED, text,
        value=value, limit=within, at_ms=occurrence.at_ms,
    )  # fmt: skip


def _duration(facts: CallFacts, record: TurnRecord, match: Match) -> Iterator[Check]:
    expectation = match.expectation
    bounds = (
        ("lasts_at_least_ms", expectation.lasts_at_least_ms, 1),
        ("lasts_at_most_ms", expectation.lasts_at_most_ms, -1),
    )
    for key, limit, sign in bounds:
        if limit is None:
            continue
        metric, suffix = "response_duration_ms", f".{key}"
        if match.occurrence is None:
            yield _skipped(record, expectation, metric, "there was no reply to time", suffix)
            continue
        reply = facts.hearing.reply_at(match.occurrence.at_ms)
        value = reply.length_ms
        cut = sign > 0 and value < limit and _cut_off(facts, record, reply.end_ms)
        if cut:
            yield _skipped(
                record, expectation, metric, "the caller did not let the bot finish", suffix
            )
            continue
        verdict = Verdict.PASSED if sign * (value - limit) >= 0 else Verdict.FAILED
        bound = "at least" if sign > 0 else "at most"
        text = f"response_duration was {value:.0f} ms, expected {bound} {limit}"
        yield _of(
            record, expectation, metric, verdict, text,
            value=value, limit=limit, at_ms=reply.end_ms, suffix=suffix,
        )  # fmt: skip


def _cut_off(facts: CallFacts, record: TurnRecord, end_ms: float) -> bool:
    """Whether the caller came in, or hung up, before the reply was over."""
    if facts.timeline.ended_by is EndedBy.BOT:
        return False
    # A sound that should not take the floor does not let a bot off.
    came_in_ms = min(
        (
            later.said.onset_ms
            for later in facts.turns[record.turn.index + 1 :]
            if later.said is not None and later.said.kind is not TurnKind.DISTRACTOR
        ),
        default=facts.timeline.ended_at_ms,
    )
    return came_in_ms - end_ms < facts.scenario.turn_gap_ms


def _metric(record: TurnRecord, expectation: Expectation) -> str:
    assert expectation.event is not None
    if expectation.event is EventName.RESPONSE:
        if record.turn.kind is TurnKind.BARGE_IN:
            return "recovery_ms"
        if record.turn.kind is TurnKind.LISTEN and record.turn.index == 0:
            return "greeting_ms"
        if record.turn.kind is TurnKind.DISTRACTOR and expectation.absent:
            return "false_response"
    if expectation.event is EventName.BOT_INTERRUPTED and (record.turn.kind is TurnKind.DISTRACTOR):
        return "false_yield"
    return _METRICS.get(expectation.event, f"{expectation.event.value}_ms")


def _why_inconclusive(record: TurnRecord, expectation: Expectation) -> str:
    if expectation.event is EventName.BOT_INTERRUPTED and record.barge_in is not None:
        return record.barge_in.invalid
    return ""


def _why_not_borne(record: TurnRecord, expectation: Expectation) -> str:
    """Why nobody can say that the bot kept the floor; one that was to be silent has none."""
    found = record.distraction
    if found is None or expectation.event is not EventName.BOT_INTERRUPTED:
        return ""
    judged = found.false_response is not None and meant_for_silence(record.turn)
    return "" if judged else found.inconclusive


def _why_missing(
    facts: CallFacts, record: TurnRecord, expectation: Expectation, metric: str
) -> str:
    missing = reading(metric, None, expectation.within_ms)
    ended_early = facts.timeline.ended_by in (EndedBy.BOT, EndedBy.BOT_ABNORMAL)
    earlier = [m for m in record.matches if m.expectation.index < expectation.index]
    replied_once = any(m.occurrence and m.expectation.event is EventName.RESPONSE for m in earlier)
    match expectation.event:
        case EventName.CALL_ENDED:
            return missing
        case _ if ended_early and not record.ended:
            return f"{missing}: the bot ended the call"
        case EventName.BOT_INTERRUPTED:
            return f"{missing}: the bot talked on over the caller"
        case EventName.RESPONSE if replied_once:
            return f"{missing}: the bot replied only once"
        case EventName.RESPONSE if _still_spoke(facts, record):
            return f"{missing}: the bot was still speaking when the caller had finished"
        case _:
            return missing


def _still_spoke(facts: CallFacts, record: TurnRecord) -> bool:
    return record.said is not None and facts.hearing.burst_at(record.said.end_ms) is not None


def _why_not_reached(facts: CallFacts, record: TurnRecord) -> str:
    if record.given_up:
        return "not looked for, because the caller could not do his part"
    if facts.timeline.ended_by in (EndedBy.BOT, EndedBy.BOT_ABNORMAL):
        return "not reached, because the bot had ended the call"
    if facts.timeline.ended_by is EndedBy.TIMEOUT:
        return f"not reached within {facts.scenario.call.max_call_s} s"
    return "not reached, because an earlier turn failed"


def _skipped(
    record: TurnRecord, expectation: Expectation, metric: str, reason: str, suffix: str = ""
) -> Check:
    return _of(record, expectation, metric, Verdict.SKIPPED, reason, suffix=suffix)


def _of(
    record: TurnRecord,
    expectation: Expectation,
    metric: str,
    verdict: Verdict,
    message: str,
    *,
    value: float | None = None,
    limit: float | None = None,
    at_ms: float | None = None,
    suffix: str = "",
) -> Check:
    return Check(
        f"turns[{record.turn.index}].expect[{expectation.index}]{suffix}",
        metric,
        verdict,
        message,
        value,
        limit,
        record.turn.index,
        expectation.line,
        at_ms,
    )


def _check(record: TurnRecord, name: str, metric: str, verdict: Verdict, message: str) -> Check:
    return Check(
        f"turns[{record.turn.index}].{name}",
        metric,
        verdict,
        message,
        turn=record.turn.index,
        line=record.turn.line,
        at_ms=record.anchors.began_ms,
    )
