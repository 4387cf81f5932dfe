"""From a timeline to a verdict: measure first, judge second."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from pipecat_voice_test.measurement.channels import Span
from pipecat_voice_test.measurement.checks import expectation_checks
from pipecat_voice_test.measurement.facts import CallFacts, TurnRecord, call_facts
from pipecat_voice_test.measurement.fitness import excused, excused_over, rig_notes, why_void
from pipecat_voice_test.measurement.gates import limit_checks
from pipecat_voice_test.measurement.repeats.gates import pool_checks
from pipecat_voice_test.measurement.repeats.passing import forgiven
from pipecat_voice_test.measurement.repeats.pool import ANSWERS, judged
from pipecat_voice_test.measurement.results import (
    CallResult,
    Check,
    FindingCount,
    ScenarioResult,
    TurnFacts,
    Verdict,
)
from pipecat_voice_test.measurement.sound.values import gaps_of, sound_notes
from pipecat_voice_test.measurement.value import Value
from pipecat_voice_test.measurement.values import BESIDE_THE_LINE, call_values
from pipecat_voice_test.measurement.wording import reading
from pipecat_voice_test.scenario.limits import METRICS
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.timeline import EndedBy, Note, Severity, Timeline

INNER_PAUSE_MS = 200.0
_BETTER_DETECTOR = "say `detector: model` in the scenario, or leave `detector` out."


def judge_call(
    scenario: Scenario,
    timeline: Timeline,
    *,
    number: int,
    findings: Sequence[FindingCount] = (),
    bot_log: str = "",
) -> CallResult:
    """Measure one call and hold it against the scenario."""
    facts = call_facts(scenario, timeline)
    warnings = sum(
        f.count
        for f in findings
        if f.severity is Severity.WARNING and f.kind not in BESIDE_THE_LINE
    )
    values = [
        replace(value, value=float(warnings)) if value.metric == "protocol" else value
        for value in call_values(facts)
    ]
    checks = _checks(facts, values)
    checks, unfit = _as_fit(checks, timeline)
    return CallResult(
        number=number,
        verdict=call_verdict(checks),
        timeline=timeline,
        turns=tuple(_turn_facts(facts, record) for record in facts.turns if record.reached),
        checks=tuple(checks),
        metrics=_by_metric(values),
        slow=_by_metric([value for value in values if _is_slow_answer(scenario, value)]),
        rates=_rates(values),
        protocol=tuple(findings),
        notes=(*_notes(facts), *_unusual(values), *rig_notes(timeline.rig)),
        error=unfit,
        error_kind="rig" if unfit else "",
        bot_log=bot_log,
        detector=facts.hearing.detector,
        detector_because=facts.hearing.because,
        gaps=tuple((gap.start_ms, gap.end_ms) for gap in gaps_of(facts).counted),
    )


def _as_fit(checks: list[Check], timeline: Timeline) -> tuple[list[Check], str]:
    """The checks as far as this machine was fit to judge (M-5), and why it was not, or empty."""
    void = why_void(timeline.rig)
    if void:
        return [replace(check, verdict=Verdict.INCONCLUSIVE) for check in checks], void
    return excused(checks, timeline.rig)


def call_verdict(checks: Sequence[Check]) -> Verdict:
    """Failed if any check failed; else inconclusive if any could not be judged."""
    verdicts = {check.verdict for check in checks}
    for verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE):
        if verdict in verdicts:
            return verdict
    return Verdict.PASSED


def judge_scenario(
    scenario: Scenario, calls: Sequence[CallResult], *, to_come: int = 0
) -> ScenarioResult:
    """Pool the calls of one scenario; a later pass does not erase a failure (M-25).

    Args:
        scenario: Whose calls they are.
        calls: Those made so far.
        to_come: How many of those asked for have not been made.
    """
    rigs = [call.timeline.rig for call in judged(calls)]
    checks = tuple(excused_over(pool_checks(scenario, calls, to_come=to_come), rigs))
    verdict = forgiven(scenario_verdict(calls), calls, checks)
    if verdict is Verdict.PASSED:
        verdict = call_verdict(checks)
    reason = next((c.error for c in calls if c.error and not c.replaced), "")
    if verdict not in (Verdict.ERROR, Verdict.INCONCLUSIVE):
        reason = ""
    elif not reason:
        reason = next(
            (c.message for c in chain(*(call.checks for call in calls), checks)
             if c.verdict is Verdict.INCONCLUSIVE),
            "",
        )  # fmt: skip
    return ScenarioResult(scenario, verdict, tuple(calls), checks, reason)


def scenario_verdict(calls: Sequence[CallResult]) -> Verdict:
    """The verdict over all calls; a void call that was made again does not count."""
    verdicts = {call.verdict for call in calls if not call.replaced}
    if Verdict.FAILED in verdicts:
        return Verdict.FLAKY if Verdict.PASSED in verdicts else Verdict.FAILED
    for verdict in (Verdict.ERROR, Verdict.INCONCLUSIVE):
        if verdict in verdicts:
            return verdict
    return Verdict.PASSED if verdicts else Verdict.NOT_RUN


def _checks(facts: CallFacts, values: Sequence[Value]) -> list[Check]:
    """Turn by turn: expectations, then limits; then what concerns the whole call."""
    of_limits = list(limit_checks(facts, values))
    checks: list[Check] = []
    for record in facts.turns:
        checks += expectation_checks(facts, record)
        checks += _not_judged(record)
        checks += [check for check in of_limits if check.turn == record.turn.index]
    checks += [check for check in of_limits if check.turn is None]
    return checks + list(_given_up_too_soon(facts, checks))


def _given_up_too_soon(facts: CallFacts, checks: Sequence[Check]) -> Iterator[Check]:
    """The caller hung up on what sounded like a miss and, measured exactly, was none.

    What comes after was never tried, so the call must not pass.
    """
    unreached = [record for record in facts.turns if not record.reached]
    failed = any(check.verdict is Verdict.FAILED for check in checks)
    if facts.timeline.ended_by is not EndedBy.CALLER or not unreached or failed:
        return
    text = f"the call ended before turn {unreached[0].turn.index + 1}, though nothing was missed"
    yield Check(
        "turns", "ended_by", Verdict.INCONCLUSIVE, text,
        line=unreached[0].turn.line, at_ms=facts.timeline.ended_at_ms,
    )  # fmt: skip


def _not_judged(record: TurnRecord) -> Iterator[Check]:
    """A barge-in that was none, or was too short for the default gates."""
    if record.barge_in is None:
        return
    where = f"turns[{record.turn.index}].barge_in"
    if record.barge_in.invalid:
        verdict, text = Verdict.INCONCLUSIVE, record.barge_in.invalid
    elif not record.barge_in.gated and record.said is not None:
        verdict = Verdict.SKIPPED
        text = (
            f"not held against the limits: {record.said.voice_ms:.0f} ms of voice, "
            'an interruption needs 600 (stock bots do not hear a bare "stop")'
        )
    else:
        return
    yield Check(
        where, "stop_ms", verdict, text,
        turn=record.turn.index, line=record.turn.line, at_ms=record.anchors.onset_ms,
    )  # fmt: skip


def _turn_facts(facts: CallFacts, record: TurnRecord) -> TurnFacts:
    said = record.said
    began_ms = record.anchors.began_ms if said is None else said.onset_ms
    window = Span(began_ms, max(began_ms, record.until_ms))
    return TurnFacts(
        index=record.turn.index,
        line=record.turn.line,
        kind=record.turn.kind,
        name=record.turn.name,
        said=None if said is None else (said.onset_ms, said.end_ms),
        heard=tuple(
            (burst.start_ms, burst.end_ms)
            for burst in facts.hearing.bursts
            if window.start_ms <= burst.start_ms < window.end_ms
        ),
        response_ms=record.response_ms,
        stop_ms=None if record.barge_in is None else record.barge_in.stop_ms,
        clear_ms=None if record.barge_in is None else record.barge_in.clear_seen_ms,
        text=record.turn.text,
        keys=record.turn.dtmf,
    )


def _by_metric(values: Sequence[Value]) -> Mapping[str, tuple[float, ...]]:
    by_metric: dict[str, list[float]] = defaultdict(list)
    for value in values:
        by_metric[value.metric].append(value.value)
    return {metric: tuple(found) for metric, found in by_metric.items()}


def _is_slow_answer(scenario: Scenario, value: Value) -> bool:
    if value.metric not in ANSWERS or value.turn is None:
        return False
    return scenario.turns[value.turn].slow


def _rates(values: Sequence[Value]) -> Mapping[str, tuple[int, int]]:
    """The shares: so many times of so many, of all kinds together and of each kind."""
    of: dict[str, tuple[int, int]] = {}
    for value in values:
        names = [value.metric, f"{value.metric} ({value.kind})"]
        for name in names[: 1 + bool(value.kind)] if value.of else ():
            times, tried = of.get(name, (0, 0))
            of[name] = times + round(value.value * value.of), tried + value.of
    return of


def _notes(facts: CallFacts) -> Iterator[str]:
    yield from (note.text for note in facts.timeline.of(Note))
    for record in facts.turns:
        if record.barge_in is None or record.said is None:
            continue
        for pause in record.said.pauses(INNER_PAUSE_MS):
            yield (
                f"turn {record.turn.index + 1} (line {record.turn.line}): the interruption "
                f"pauses for {pause.length_ms:.0f} ms, which a bot may take for its end"
            )
    yield from sound_notes(facts)
    if facts.hearing.suspected:
        yield (
            f"background_suspected: the bot's speech was found by its level, but it may play "
            f"something else: {facts.hearing.suspected}. Fix: {_BETTER_DETECTOR}"
        )


def _unusual(values: Sequence[Value]) -> Iterator[str]:
    """What METRICS 3.5 warns of: it fails nothing, and people should know."""
    for value in values:
        metric = METRICS[value.metric]
        if metric.is_usual(value.value):
            continue
        least, most = ("" if end is None else f"{end:g}" for end in metric.usual)
        span = f"{least} to {most}" if least and most else f"at most {most}" + least
        because = f": {value.because}" if value.because else ""
        yield f"{reading(value.metric, value.value)}, usual is {span}{because} Fix: {metric.fix}"
