"""How the values of each gated metric lie over the whole run."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pipecat_voice_test.measurement.repeats.pool import judged
from pipecat_voice_test.measurement.results import Check, RunResult, Verdict
from pipecat_voice_test.measurement.statistics.quantiles import median
from pipecat_voice_test.report.page.axis import Limit, shown
from pipecat_voice_test.report.page.looks import name_of
from pipecat_voice_test.report.page.overview import call_id
from pipecat_voice_test.report.page.spread import Plot, Point, plot
from pipecat_voice_test.scenario.limits import METRICS

# What people look for first; all others follow in the order of METRICS.
_FIRST = ("response_ms", "recovery_ms", "stop_ms")
_LIMITS_SHOWN = 3
_SAME = 0.06  # Values are kept to 0.1 ms where they were stored.
_FAILED_POINTS_NAMED = 10


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric over the whole run.

    Attributes:
        means: In words.
        is_quiet: Every value is 0 and none missed its limit: there is nothing to see.
        beyond: The values that missed their limit, the worst first; at most ten.
    """

    metric: str
    means: str
    n: int
    median: str
    worst: str
    plot: Plot
    is_quiet: bool
    missed: int
    beyond: tuple[Point, ...]


def figures(run: RunResult) -> list[Figure]:
    """Every metric that has values and a limit, those first that people look for first."""
    order = [*_FIRST, *(metric for metric in METRICS if metric not in _FIRST)]
    made = (_figure(metric, run) for metric in order)
    return [figure for figure in made if figure is not None]


def _figure(metric: str, run: RunResult) -> Figure | None:
    points = list(_points(metric, run))
    limits = _limits(metric, run)
    if not points or not limits:
        return None
    values = [point.value for point in points]
    missed = sorted(
        (point for point in points if point.verdict is Verdict.FAILED), key=lambda p: -p.value
    )
    means = METRICS[metric].means if metric in METRICS else ""
    return Figure(
        metric,
        means,
        len(values),
        shown(metric, median(values)),
        shown(metric, _worst(metric, values)),
        plot(metric, [("", points)], limits),
        not missed and not any(values),
        len(missed),
        tuple(missed[:_FAILED_POINTS_NAMED]),
    )


def _worst(metric: str, values: list[float]) -> float:
    wants_much = metric in METRICS and "at_least" in METRICS[metric].gates
    return min(values) if wants_much else max(values)


def _points(metric: str, run: RunResult) -> Iterator[Point]:
    """Every value of the calls that were judged, in order."""
    for index, result in enumerate(run.scenarios):
        several = len(result.calls) > 1
        for position, call in enumerate(result.calls):
            if not judged([call]):
                continue
            name = name_of(result.scenario.name) + (f", call {call.number}" if several else "")
            checks = [check for check in call.checks if check.metric == metric]
            for value in call.metrics.get(metric, ()):
                if math.isfinite(value):
                    yield _point(metric, value, name, call_id(index, position), checks)


def _point(metric: str, value: float, name: str, where: str, checks: list[Check]) -> Point:
    """A value, and what its checks say of it, which are then used up.

    One value may be held against several limits: it is as bad as the strictest finds it.
    """
    same = [
        check for check in checks if check.value is not None and abs(check.value - value) <= _SAME
    ]
    same.sort(key=lambda check: check.verdict is not Verdict.FAILED)
    used = [check for check in same if check.turn == same[0].turn]
    for check in used:
        checks.remove(check)
    failed = any(check.verdict is Verdict.FAILED for check in used)
    return Point(
        value,
        f"{shown(metric, value)}: {name}",
        Verdict.FAILED if failed else Verdict.PASSED,
        where,
        next((check.at_ms for check in used if check.at_ms is not None), None),
    )


def _limits(metric: str, run: RunResult) -> list[Limit]:
    """The limits that its values were held against, those first that most were."""
    each: Counter[float] = Counter()
    pooled: Counter[tuple[str, float]] = Counter()
    for result in run.scenarios:
        calls = judged(result.calls)
        for call in calls:
            for check in call.checks:
                if check.metric == metric and check.limit is not None and check.value is not None:
                    each[check.limit] += 1
        if any(metric in call.metrics for call in calls):
            for statistic, limit in result.scenario.limits.of(metric).items():
                if statistic in ("each", "at_least"):
                    each[limit] += 0
                else:
                    pooled[statistic, limit] += 1
    found = [Limit(limit) for limit, _ in each.most_common(_LIMITS_SHOWN)]
    return found + [Limit(limit, kind) for (kind, limit), _ in pooled.most_common(_LIMITS_SHOWN)]
