"""Limits held against values: one call's, a scenario's pool, and the whole run's (METRICS 4)."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from pipecat_voice_test.measurement.facts import CallFacts
from pipecat_voice_test.measurement.results import CallResult, Check, ScenarioResult, Verdict
from pipecat_voice_test.measurement.value import Value
from pipecat_voice_test.measurement.values import ended_as_scripted
from pipecat_voice_test.measurement.wording import reading
from pipecat_voice_test.scenario.limits import (
    DEFAULT_LIMITS,
    METRICS,
    VALUES_NEEDED,
    Limits,
    Statistic,
)
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.timeline import EndedBy

_QUANTILES: Mapping[Statistic, float] = {"median": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
# Medians of these are taken over the whole run unless a scenario sets its own (M-21a).
_RUN_WIDE = "response_ms"
_ANSWERS = ("response_ms", "recovery_ms")


def quantile(values: Sequence[float], share: float) -> float:
    """Linear interpolation of order statistics (M-23)."""
    return float(np.quantile(np.asarray(values, dtype=float), share))


def limit_checks(facts: CallFacts, values: Sequence[Value]) -> Iterator[Check]:
    """The per-value gates of one call; M-21."""
    limits = facts.scenario.limits
    for value in values:
        gates = limits.of(value.metric)
        if "each" in gates and value.gated:
            limit = gates["each"] if value.each is None else value.each
            yield _each(value, limit, limits, value.value <= limit, "each")
        if "at_least" in gates and value.gated:
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


def pooled(scenario: Scenario, calls: Sequence[CallResult]) -> dict[str, list[float]]:
    """The values of all calls that count, by metric, in order of calls (M-20).

    An answer that may be slow has a limit of its own and takes no part in distributions.
    """
    pool: dict[str, list[float]] = {}
    for call in calls:
        if call.verdict not in (Verdict.PASSED, Verdict.FAILED) or call.replaced:
            continue
        slow = [turn.response_ms for turn in call.turns if scenario.turns[turn.index].slow]
        for metric, values in call.metrics.items():
            counted = [v for v in values if metric not in _ANSWERS or v not in slow]
            pool.setdefault(metric, []).extend(counted)
    return pool


def pool_checks(scenario: Scenario, calls: Sequence[CallResult]) -> Iterator[Check]:
    """The distribution gates a scenario sets itself, over all its calls; M-20 to M-22."""
    pool = pooled(scenario, calls)
    for metric in sorted(scenario.limits.own):
        for statistic, limit in scenario.limits.of(metric).items():
            if statistic in _QUANTILES:
                line = scenario.limits.line_of(metric)
                yield distribution_check(
                    metric, statistic, limit, pool.get(metric, ()), f"limits.{metric}", line
                )


def run_checks(results: Sequence[ScenarioResult]) -> tuple[Check, ...]:
    """The default median of `response` over the whole run; M-21a."""
    pool: list[float] = []
    for result in results:
        if _takes_part(result.scenario.limits):
            of_scenario = pooled(result.scenario, result.calls)
            pool += [value for metric in _ANSWERS for value in of_scenario.get(metric, ())]
    if not pool:
        return ()
    limit = DEFAULT_LIMITS.of(_RUN_WIDE)["median"]
    return (distribution_check(_RUN_WIDE, "median", limit, pool, "run", None),)


def _takes_part(limits: Limits) -> bool:
    return _RUN_WIDE not in limits.own


def distribution_check(
    metric: str,
    statistic: Statistic,
    limit: float,
    values: Sequence[float],
    where: str,
    line: int | None,
) -> Check:
    """One quantile against its limit, or why there are too few values for it (M-22)."""
    name = f"{where}.{statistic}" if where != "run" else f"run.{metric}.{statistic}"
    needed = VALUES_NEEDED[statistic]
    if len(values) < needed:
        seen = f", worst {max(values):.0f}" if values else ""
        text = f"too few for a {statistic} of {metric}: {len(values)} of {needed} values{seen}"
        return Check(name, metric, Verdict.SKIPPED, text, None, limit, line=line)
    value = quantile(values, _QUANTILES[statistic])
    text = f"{reading(metric, value, limit)} ({statistic} of {len(values)})"
    verdict = Verdict.PASSED if value <= limit else Verdict.FAILED
    return Check(name, metric, verdict, text, value, limit, line=line)
