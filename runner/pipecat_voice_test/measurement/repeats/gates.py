"""Limits held against all calls of a scenario, and of a run: M-21 to M-24."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipecat_voice_test.measurement.repeats.passing import PASSED, calls_needed, passed_checks
from pipecat_voice_test.measurement.repeats.pool import (
    ANSWERS,
    NOTHING,
    Rate,
    is_its_own,
    judged,
    pooled,
    sample,
    shares,
)
from pipecat_voice_test.measurement.repeats.wording import needs_repeat, proven, short_of
from pipecat_voice_test.measurement.results import CallResult, Check, ScenarioResult, Verdict
from pipecat_voice_test.measurement.statistics.bootstrap import Sample, quantile_interval
from pipecat_voice_test.measurement.statistics.quantiles import quantile
from pipecat_voice_test.measurement.statistics.rates import lower_bound
from pipecat_voice_test.measurement.wording import number, reading
from pipecat_voice_test.scenario.limits import (
    DEFAULT_LIMITS,
    RATES,
    VALUES_NEEDED,
    Limits,
    Statistic,
)
from pipecat_voice_test.scenario.model import Scenario

_QUANTILES: Mapping[Statistic, float] = {"median": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
# Medians of these are taken over the whole run unless a scenario sets its own (M-21a).
_RUN_WIDE = "response_ms"
_RUN = "whole run"


@dataclass(frozen=True, slots=True)
class Gate:
    """One limit on what several calls measured.

    Attributes:
        id: Of its check.
        line: Of the scenario file.
        calls: How many calls gave values, to say how many would give enough; 0 says nothing.
    """

    id: str
    metric: str
    statistic: Statistic
    limit: float
    line: int | None = None
    calls: int = 0

    def check(self, ok: bool, text: str, value: float) -> Check:
        verdict = Verdict.PASSED if ok else Verdict.FAILED
        return Check(self.id, self.metric, verdict, text, value, self.limit, line=self.line)

    def skipped(self, text: str) -> Check:
        """It stays undecided, and says why."""
        return Check(self.id, self.metric, Verdict.SKIPPED, text, None, self.limit, line=self.line)


def pool_checks(
    scenario: Scenario, calls: Sequence[CallResult], *, to_come: int = 0
) -> Iterator[Check]:
    """The gates a scenario sets itself over all its calls.

    What they cannot decide is a skipped check, never silence: a limit that is held against
    nothing looks like one that is kept.

    Args:
        scenario: Whose calls they are.
        calls: Those made, the void ones too.
        to_come: How many of the calls asked for have not been made.
    """
    yield from passed_checks(scenario, calls, to_come=to_come)
    limits, made = scenario.limits, judged(calls)
    pool, rates = pooled(calls), shares(calls)
    for metric in sorted(limits.own - {PASSED}):
        line = limits.line_of(metric)
        found = pool.get(metric, NOTHING)
        for statistic, limit in limits.of(metric).items():
            gate = Gate(f"limits.{metric}.{statistic}", metric, statistic, limit, line, len(made))
            if statistic in _QUANTILES:
                yield distribution_check(gate, found, name=scenario.name)
            elif metric in RATES and (statistic == "lower_bound" or limit < 1):
                yield _rate_check(gate, rates.get(metric, Rate(0, 0)))
            elif made and is_its_own(scenario, line) and not _was_decided(gate, found, made):
                yield _undecided(gate, found)


def run_checks(results: Sequence[ScenarioResult]) -> tuple[Check, ...]:
    """The default median of `response` over the whole run; M-21a."""
    pool: list[tuple[float, int]] = []
    calls = 0
    for result in results:
        if _RUN_WIDE not in result.scenario.limits.own:
            for metric in _run_wide(result.scenario.limits):
                found = pooled(result.calls).get(metric, NOTHING)
                of_run = (calls + call for call in found.calls)
                pool += zip(found.values, of_run, strict=True)
            calls += max((call.number for call in result.calls), default=0)
    if not pool:
        return ()
    limit = DEFAULT_LIMITS.of(_RUN_WIDE)["median"]
    gate = Gate(f"run.{_RUN_WIDE}.median", _RUN_WIDE, "median", limit)
    return (distribution_check(gate, sample(pool), name=_RUN),)


def _run_wide(limits: Limits) -> Iterator[str]:
    """Recoveries have their own median where `recovery_ms` was set."""
    return (metric for metric in ANSWERS if metric not in limits.own)


def distribution_check(gate: Gate, found: Sample, *, name: str) -> Check:
    """One quantile against its limit, or why there are too few values for it (M-22).

    `name` seeds the interval.
    """
    count, needed = len(found.values), VALUES_NEEDED[gate.statistic]
    if count < needed:
        text = f"too few for {gate.statistic}: {short_of(gate.metric, found.values, needed)}"
        return gate.skipped(text + needs_repeat(count, needed, gate.calls))
    share = _QUANTILES[gate.statistic]
    value = quantile(found.values, share)
    text = f"{reading(gate.metric, value, gate.limit)} ({gate.statistic} of {count})"
    if interval := quantile_interval(found, share, name=name):
        low, high = (number(end) for end in interval)
        text += f", 95 % interval {low} to {high}"
    return gate.check(value <= gate.limit, text, value)


def _rate_check(gate: Gate, rate: Rate) -> Check:
    """A share over all calls against what it has to be, or what it has to prove (M-24)."""
    proof = gate.statistic == "lower_bound"
    needed = calls_needed(gate.statistic, gate.limit) if proof else 1
    if rate.of < needed:
        good = f", {rate.times} of them good" if rate.of else ""
        text = f"too few for {gate.statistic}: {rate.of} of {needed} values of {gate.metric}{good}"
        return gate.skipped(text + needs_repeat(rate.of, needed, gate.calls))
    value = lower_bound(rate.times, rate.of) if proof else rate.times / rate.of
    text = f"{reading(gate.metric, value, gate.limit)}"
    what = "lower end of" if proof else "from"
    return gate.check(value >= gate.limit, f"{text}, {what} {rate}{proven(rate)}", value)


def _was_decided(gate: Gate, found: Sample, calls: Sequence[CallResult]) -> bool:
    """Whether a limit on each value was held against anything.

    METRICS `pause_tolerance`: a ladder that ends below the limit says nothing about it.
    """
    if gate.metric != "pause_tolerance_ms":
        return bool(found.values)
    failed = any(
        check.metric == gate.metric and check.verdict is Verdict.FAILED
        for call in calls
        for check in call.checks
    )
    return failed or min(found.values, default=-1.0) >= gate.limit


def _undecided(gate: Gate, found: Sample) -> Check:
    tried = "nothing of it was measured in any call"
    if found.values:
        tried = f"no pause longer than {number(min(found.values))} ms was tried in every call"
    name = gate.metric.removesuffix("_ms")
    return gate.skipped(f"{name} was not decided: {tried}, limit {number(gate.limit)}")
