"""Limits held against the values of one call; METRICS 4. Over several: `repeats/gates.py`."""

from collections.abc import Iterator, Mapping, Sequence

from pipecat_voice_test.measurement.facts import CallFacts
from pipecat_voice_test.measurement.results import Check, Verdict
from pipecat_voice_test.measurement.value import Value
from pipecat_voice_test.measurement.values import ended_as_scripted
from pipecat_voice_test.measurement.wording import reading
from pipecat_voice_test.scenario.limits import METRICS, RATES, Limits, Statistic
from pipecat_voice_test.timeline import EndedBy


def limit_checks(facts: CallFacts, values: Sequence[Value]) -> Iterator[Check]:
    """The per-value gates of one call; M-21."""
    limits = facts.scenario.limits
    for value in values:
        gates = limits.of(value.metric)
        if "each" in gates and value.gated:
            limit = gates["each"] if value.each is None else value.each
            yield _each(value, limit, limits, value.value <= limit, "each")
        if "at_least" in gates and value.gated and not _over_calls(value.metric, gates):
            yield _each(value, gates["at_least"], limits, _enough(value, gates), "at_least")
    if limits.of("lets_go_ms") and facts.lets_go_ms is None:
        yield from _never_let_go(facts, limits.of("lets_go_ms").get("each"))
    as_scripted, text = ended_as_scripted(facts)
    yield Check(
        "ended_by",
        "ended_by",
        Verdict.PASSED if as_scripted else Verdict.FAILED,
        text,
        at_ms=facts.timeline.ended_at_ms,
    )


def _over_calls(metric: str, gates: Mapping[Statistic, float]) -> bool:
    """Whether it is a share that need not be whole: then all calls are looked at together."""
    return metric in RATES and gates["at_least"] < 1


def _enough(value: Value, gates: Mapping[Statistic, float]) -> bool:
    return value.value >= gates["at_least"]


def _each(value: Value, limit: float, limits: Limits, ok: bool, statistic: str) -> Check:
    text = reading(value.metric, value.value, limit)
    if not ok:
        text += f": {value.because}" if value.because else ""
        text += f" Fix: {METRICS[value.metric].fix}" if METRICS[value.metric].fix else ""
    where = "" if value.turn is None else f"turns[{value.turn}]."
    line = value.line if value.line is not None else limits.line_of(value.metric)
    return Check(
        f"{where}limits.{value.metric}.{statistic}",
        value.metric,
        Verdict.PASSED if ok else Verdict.FAILED,
        text,
        value.value,
        limit,
        value.turn,
        line,
        value.at_ms,
    )


def _never_let_go(facts: CallFacts, limit: float | None) -> Iterator[Check]:
    if limit is None or facts.timeline.ended_by not in (EndedBy.CALLER, EndedBy.TIMEOUT):
        return
    text = f"{reading('lets_go_ms', None, limit)}: the bot kept its socket open after `stop`"
    yield Check(
        "limits.lets_go_ms.each", "lets_go_ms", Verdict.FAILED, text,
        limit=limit, at_ms=facts.timeline.ended_at_ms,
    )  # fmt: skip
