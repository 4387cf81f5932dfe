"""Every value a call yields, under the ids of METRICS, with the turn it belongs to."""

from collections.abc import Iterator

from pipecat_voice_test.measurement.facts import CallFacts, TurnRecord, answer_within_ms
from pipecat_voice_test.measurement.integrity.values import integrity_values
from pipecat_voice_test.measurement.sound.values import sound_values
from pipecat_voice_test.measurement.turn_taking import EARLY_MS, pauses_survived
from pipecat_voice_test.measurement.value import Value
from pipecat_voice_test.scenario.limits import SLOW_RESPONSE_MS
from pipecat_voice_test.scenario.model import EventName, TurnKind
from pipecat_voice_test.timeline import OVER_API, EndedBy, Finding, Severity


def call_values(facts: CallFacts) -> list[Value]:
    """All values of one call; turns first, in order, then the call as a whole."""
    values: list[Value] = []
    for record in facts.turns:
        if record.reached and record.said is not None:
            values += _turn_values(record)
        values += _durations(facts, record)
    return [
        *_setting_up(facts),
        *_counted(values),
        *_held(facts),
        *_pauses(facts),
        *sound_values(facts),
        *integrity_values(facts),
        *_ending(facts),
    ]


# What the network warns of without dropping anything that the bot sent on the line (P-2).
BESIDE_THE_LINE = frozenset({"query_removed"})
# Counts of a call: how many times it happened, over all its turns.
_COUNTS = (
    "missed_turn",
    "cut_in",
    "bot_backchannel",
    "early",
    "no_yield",
    "early_answer",
    "false_yield",
    "false_response",
)


def _counted(values: list[Value]) -> Iterator[Value]:
    """Times as they are; counts added up, pointing at the first turn that had one."""
    yield from (value for value in values if value.metric not in (*_COUNTS, "barge_in_ok"))
    for metric in _COUNTS:
        mine = [value for value in values if value.metric == metric]
        if not mine:
            continue
        first = next((value for value in mine if value.value), None)
        total = sum(value.value for value in mine if value.gated)
        ungated = sum(value.value for value in mine)
        if first is None:
            yield Value(metric, 0.0)
        else:
            gated = total > 0
            yield Value(
                metric, total or ungated, first.turn, first.line, first.at_ms, gated,
                because=first.because,
            )  # fmt: skip
    shares = [value.value for value in values if value.metric == "barge_in_ok" and value.gated]
    if shares:
        yield Value("barge_in_ok", sum(shares) / len(shares), of=len(shares))


def _setting_up(facts: CallFacts) -> Iterator[Value]:
    yield Value("connect_ms", facts.timeline.connect_ms)
    if not facts.turns:
        return
    opening = facts.turns[0].turn
    if facts.greeting_ms is not None:
        replaced = answer_within_ms(opening) is not None
        own = "greeting_ms" in facts.scenario.limits.own
        yield Value(
            "greeting_ms", facts.greeting_ms, 0, opening.line, facts.greeting_ms,
            gated=own or not replaced,
        )  # fmt: skip
    if facts.greeting_missing is not None:
        yield Value("greeting_missing", facts.greeting_missing, 0, opening.line, 0.0)


def _turn_values(record: TurnRecord) -> Iterator[Value]:
    turn, taking, said = record.turn, record.taking, record.said
    assert taking is not None
    assert said is not None
    where = (turn.index, turn.line)
    if turn.kind is TurnKind.DISTRACTOR:
        yield from _distractor_values(record)
        return
    if record.barge_in is not None and not record.barge_in.invalid:
        yield from _barge_in_values(record)
    elif record.barge_in is None and taking.response_ms is not None:
        yield _answered(record, "response_ms", taking.response_ms)
        yield Value("early", float(taking.response_ms < EARLY_MS), *where, said.end_ms)
    if taking.missed is not None:
        yield Value("missed_turn", taking.missed, *where, said.end_ms)
    if turn.kind is TurnKind.DTMF:
        return
    first = taking.cut_ins[0] if taking.cut_ins else None
    because = "" if first is None else _cut_in_text(first.at_ms, first.pause_ms)
    at_ms = said.onset_ms if first is None else first.burst.start_ms
    yield Value("cut_in", len(taking.cut_ins), *where, at_ms, because=because)
    for cut_in in taking.cut_ins:
        yield Value("cut_in_at_ms", cut_in.at_ms, *where, cut_in.burst.start_ms)
        yield Value("cut_in_overlap_ms", cut_in.overlap_ms, *where, cut_in.burst.start_ms)
    yield Value("bot_backchannel", len(taking.backchannels), *where, said.onset_ms)


def _cut_in_text(at_ms: float, pause_ms: float) -> str:
    if pause_ms:
        return f"{at_ms:.0f} ms into the utterance, in a pause of {pause_ms:.0f} ms"
    return f"{at_ms:.0f} ms into the utterance"


def _answered(record: TurnRecord, metric: str, value_ms: float) -> Value:
    """An answer's time; the turn's own `within_ms` replaces the limit on each (DESIGN 5)."""
    turn, said = record.turn, record.said
    assert said is not None
    return Value(
        metric,
        value_ms,
        turn.index,
        turn.line,
        said.end_ms + value_ms,
        gated=answer_within_ms(turn) is None,
        each=float(SLOW_RESPONSE_MS) if turn.slow else None,
    )


def _barge_in_values(record: TurnRecord) -> Iterator[Value]:
    turn, said, found = record.turn, record.said, record.barge_in
    assert said is not None
    assert found is not None
    where = (turn.index, turn.line)
    onset_ms = said.onset_ms
    # A scenario that says the bot should talk on means it; then yielding is not asked for.
    wanted = not any(e.event is EventName.BOT_INTERRUPTED and e.absent for e in turn.expect)
    gated = found.gated and wanted
    if found.stop_ms is not None:
        yield Value("stop_ms", found.stop_ms, *where, onset_ms + found.stop_ms, gated)
    if found.no_yield is not None:
        because = "the bot talked on over the caller for 2000 ms"
        yield Value("no_yield", found.no_yield, *where, onset_ms, gated, because=because)
    yield Value("talk_over_ms", found.talk_over_ms, *where, onset_ms, gated)
    if found.clear_seen_ms is not None:
        at_ms = onset_ms + found.clear_seen_ms
        yield Value("clear_seen_ms", found.clear_seen_ms, *where, at_ms, gated)
        yield Value("cleared_ms", found.cleared_ms, *where, at_ms, gated)
    if found.stale_audio_ms is not None:
        at_ms = onset_ms + (found.stop_ms or 0.0)
        yield Value("stale_audio_ms", found.stale_audio_ms, *where, at_ms, gated)
    yield Value("early_answer", found.early_answers, *where, onset_ms, gated)
    if found.recovery_ms is not None:
        yield _answered(record, "recovery_ms", found.recovery_ms)
    recovered = record.taking is None or not record.taking.missed
    if found.no_yield is not None:
        yield Value("barge_in_ok", float(not found.no_yield and recovered), *where, gated=gated)


def _distractor_values(record: TurnRecord) -> Iterator[Value]:
    turn, said, found = record.turn, record.said, record.distraction
    assert said is not None
    assert found is not None
    where = (turn.index, turn.line)
    sound = f"a sound (`{turn.name}`)" if turn.name else "a sound"
    if found.false_yield is not None:
        at_ms = said.onset_ms + (found.yielded_ms or 0.0)
        yield Value("false_yield", found.false_yield, *where, at_ms, because=f"after {sound}")
    if found.false_response is not None:
        at_ms = said.onset_ms + (found.answered_ms or 0.0)
        yield Value("false_response", found.false_response, *where, at_ms, because=f"to {sound}")


def _held(facts: CallFacts) -> Iterator[Value]:
    """METRICS `hold_rate`, one for each kind of distractor; its turn's `name` is its kind."""
    kinds: dict[str, list[TurnRecord]] = {}
    for record in facts.turns:
        if record.distraction is not None and record.distraction.held is not None:
            kinds.setdefault(record.turn.name, []).append(record)
    for kind, records in kinds.items():
        held = sum(bool(r.distraction and r.distraction.held) for r in records)
        first = records[0].turn
        because = f"{held} of {len(records)}" + (f" `{kind}`" if kind else "")
        yield Value(
            "hold_rate", held / len(records), first.index, first.line,
            because=because, of=len(records), kind=kind,
        )  # fmt: skip


def _durations(facts: CallFacts, record: TurnRecord) -> Iterator[Value]:
    for match in record.matches:
        if match.occurrence is None or match.expectation.event is not EventName.RESPONSE:
            continue
        if match.expectation.absent:
            continue
        at_ms = match.occurrence.at_ms
        yield Value(
            "response_duration_ms",
            facts.hearing.reply_at(at_ms).length_ms,
            record.turn.index,
            match.expectation.line,
            at_ms,
        )


def _pauses(facts: CallFacts) -> Iterator[Value]:
    """METRICS `pause_tolerance`: the longest pause below the first that was not borne."""
    pauses = [
        pause
        for record in facts.turns
        if record.taking is not None
        and record.said is not None
        and record.turn.kind is TurnKind.TURN
        for pause in pauses_survived(record.said, record.taking)
    ]
    if not pauses:
        return
    broken_ms = min((length for length, survived in pauses if not survived), default=None)
    borne = [
        length
        for length, survived in pauses
        if survived and (broken_ms is None or length < broken_ms)
    ]
    # Only a pause within the limit that was not borne shows a bot that bears too little: a
    # short ladder, or one whose steps lie beyond the limit, is not held against it.
    gate_ms = facts.scenario.limits.of("pause_tolerance_ms").get("at_least", 0.0)
    gated = broken_ms is not None and broken_ms <= gate_ms
    yield Value("pause_tolerance_ms", max(borne, default=0.0), gated=gated)


def _ending(facts: CallFacts) -> Iterator[Value]:
    end_ms = facts.timeline.ended_at_ms
    if facts.tail_lost_ms is not None:
        yield Value("tail_lost_ms", facts.tail_lost_ms, at_ms=end_ms)
    if facts.hang_up_delay_ms is not None:
        yield Value("hang_up_delay_ms", facts.hang_up_delay_ms, at_ms=end_ms)
    if facts.lets_go_ms is not None:
        yield Value("lets_go_ms", facts.lets_go_ms, at_ms=end_ms)
    warnings = [
        finding
        for finding in facts.timeline.of(Finding)
        if finding.severity is Severity.WARNING and finding.kind not in BESIDE_THE_LINE
    ]
    first = warnings[0] if warnings else None
    yield Value(
        "protocol",
        0.0,
        at_ms=None if first is None else first.at_ms,
        because="" if first is None else f"{first.kind}: {first.message}",
    )


def ended_as_scripted(facts: CallFacts) -> tuple[bool, str]:
    """Whether the call ended as the scenario has it; METRICS `ended_by`, P-40."""
    timeline = facts.timeline
    code = timeline.close_code
    reason = f" ({timeline.close_reason})" if timeline.close_reason else ""
    if timeline.ended_by is EndedBy.TIMEOUT:
        return False, f"the call was still going on after {facts.scenario.call.max_call_s} s"
    if timeline.ended_by is EndedBy.CALLER:
        return True, "ended_by was caller, as scripted"
    if timeline.ended_by is EndedBy.BOT_ABNORMAL:
        cut = [f for f in timeline.of(Finding) if f.kind in _CUT_OFF]
        if cut:
            return False, f"the call had to be cut off ({cut[-1].kind}): {cut[-1].message}"
        return False, f"the bot's socket was lost without a close frame ({code}): {_LOST}"
    over_api = timeline.ended_how in OVER_API
    how = "over the call API" if over_api else f"({code})"
    if code == 1011 and not over_api:
        return False, f"the bot closed with 1011{reason}: it failed inside; see its log"
    if code not in (1000, 1001, 1005) and not over_api:
        return False, f"the bot closed with {code}{reason}, which is no clean end"
    scripted = f"ended_by was bot{' over the call API' if over_api else ''}, as scripted"
    if all(record.ended for record in facts.turns):
        return True, scripted
    record = next(r for r in facts.turns if not r.ended)
    if any(e.event is EventName.CALL_ENDED and not e.absent for e in record.turn.expect):
        return True, scripted
    return False, f"the bot hung up {how} in turn {record.turn.index + 1}, unscripted"


# What the network itself hangs up on.
_CUT_OFF = frozenset({"protocol_error", "message_too_big", "bot_not_reading"})
_LOST = (
    "it crashed, or its handler merely returned; a stock Pipecat bot also does this "
    "when TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are not set (TELNYX_API_KEY, or PLIVO_AUTH_ID "
    "and PLIVO_AUTH_TOKEN, on those networks)"
)
