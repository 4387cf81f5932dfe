"""A run that has just been held, against its baseline: comparisons become checks."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from pipecat_voice_test import __version__
from pipecat_voice_test.measurement.comparison.model import (
    Comparison,
    Measured,
    MeasuredScenario,
    Standing,
)
from pipecat_voice_test.measurement.comparison.pairs import is_starved
from pipecat_voice_test.measurement.comparison.rules import compare
from pipecat_voice_test.measurement.repeats.pool import judged, passing, shares
from pipecat_voice_test.measurement.results import Check, RunResult, ScenarioResult, Verdict
from pipecat_voice_test.measurement.statistics.bootstrap import Sample
from pipecat_voice_test.measurement.value import kept

_VERDICTS = {
    Standing.REGRESSION: Verdict.FAILED,
    Standing.NO_REGRESSION: Verdict.PASSED,
    Standing.TOO_FEW: Verdict.SKIPPED,
    Standing.NOT_COMPARABLE: Verdict.SKIPPED,
}
# A regression is found in calls that could be judged, whatever became of the others.
_OVERRULED = (Verdict.PASSED, Verdict.INCONCLUSIVE)


def compared(run: RunResult, base: Measured) -> RunResult:
    """The run with what came of the comparison; its own verdict is left to whoever asks.

    A scenario with a regression has failed. The figures are those of results.json, so that
    comparing the two files comes to the same.
    """
    found = compare(base, measured(run))
    by_scenario: dict[str, list[Comparison]] = defaultdict(list)
    for one in found.comparisons:
        by_scenario[one.scenario].append(one)
    scenarios = tuple(_with(by_scenario[one.scenario.name], one) for one in run.scenarios)
    return replace(run, scenarios=scenarios, compared=found)


def measured(run: RunResult, shown: str = "this run") -> Measured:
    """What a run has to say in a comparison: the same as its results.json says."""
    return Measured(
        shown=shown,
        version=__version__,
        verdict=run.verdict,
        started_at=run.started_at,
        runner=run.runner,
        launcher=run.bot.launcher,
        seed=run.seed,
        settings=run.settings,
        scenarios=tuple(_measured(one) for one in run.scenarios),
    )


def _measured(result: ScenarioResult) -> MeasuredScenario:
    counted = [call for call in result.calls if not call.replaced]
    of_use = judged(result.calls)
    pool: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for call in of_use:
        for metric, values in call.metrics.items():
            finite = (kept(metric, value) for value in values if math.isfinite(value))
            pool[metric] += [(value, call.number) for value in finite]
    why_not = result.reason or next((call.error for call in counted if call.error), "")
    return MeasuredScenario(
        name=result.scenario.name,
        fingerprint=result.fingerprint,
        samples={
            metric: Sample(tuple(v for v, _ in found), tuple(c for _, c in found))
            for metric, found in pool.items()
            if found
        },
        rates={
            metric: (rate.times, rate.of)
            for metric, rate in {"passed": passing(result.calls), **shares(result.calls)}.items()
            if rate.of
        },
        why_not=why_not or result.verdict.replace("_", " "),
        starved=frozenset(call.number for call in of_use if is_starved(call.timeline.rig)),
    )


def _with(comparisons: Sequence[Comparison], result: ScenarioResult) -> ScenarioResult:
    checks = (*result.checks, *map(_check, comparisons))
    worse = any(one.standing is Standing.REGRESSION for one in comparisons)
    failed = worse and result.verdict in _OVERRULED
    return replace(
        result,
        comparisons=tuple(comparisons),
        checks=checks,
        verdict=Verdict.FAILED if failed else result.verdict,
        reason="" if failed else result.reason,
    )


def _check(one: Comparison) -> Check:
    """A comparison as one of the checks of its scenario; only one that failed has a limit."""
    limit = None
    if one.standing is Standing.REGRESSION and one.base and one.allowed is not None:
        limit = one.base.figure + one.allowed
    return Check(
        f"baseline.{one.metric}" if one.metric else "baseline",
        one.metric or "passed",
        _VERDICTS[one.standing],
        one.message,
        one.new.figure if one.new and one.new.n else None,
        limit,
    )
