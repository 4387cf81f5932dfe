"""What every report says about a run: the same figures and the same words in each.

Rounding for people happens here, and never turns a failure into what looks like a pass.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipecat_voice_test.measurement.repeats.pool import Rate, judged, kinds_of, passing, shares
from pipecat_voice_test.measurement.repeats.wording import passed_calls_text
from pipecat_voice_test.measurement.results import (
    CallResult,
    Check,
    RunError,
    RunResult,
    ScenarioResult,
    Verdict,
)
from pipecat_voice_test.measurement.statistics.bootstrap import Sample, quantile_interval
from pipecat_voice_test.measurement.statistics.quantiles import median, quantile
from pipecat_voice_test.report.text import masked
from pipecat_voice_test.scenario.limits import VALUES_NEEDED, Statistic

# The order in which a closing line counts; what went well comes first.
_COUNTED = (
    Verdict.PASSED,
    Verdict.FAILED,
    Verdict.FLAKY,
    Verdict.ERROR,
    Verdict.INCONCLUSIVE,
    Verdict.SKIPPED,
    Verdict.NOT_RUN,
)
BAD = frozenset({Verdict.FAILED, Verdict.FLAKY})
UNJUDGED = frozenset({Verdict.ERROR, Verdict.INCONCLUSIVE})
PASSED_OVER = frozenset({Verdict.SKIPPED, Verdict.NOT_RUN})


@dataclass(frozen=True, slots=True)
class Figures:
    """The pooled values of one metric.

    A quantile is None below the values it needs: 29 for p90, 59 for p95, 299 for p99 (M-22).

    Attributes:
        calls: The number of the call that each value comes from (M-20).
        rate: For a share, what it is a share of, over all calls (M-24).
        kinds: The same for each kind of sound by its name, where METRICS has it per kind.
    """

    values: tuple[float, ...]
    calls: tuple[int, ...]
    median: float
    p90: float | None
    p95: float | None
    p99: float | None
    max: float
    rate: Rate | None = None
    kinds: Mapping[str, Rate] = field(default_factory=dict)

    def interval(self, name: str) -> tuple[float, float] | None:
        """Where the median lies, 95 of 100 times, by the calls of the scenario of that name.

        None with values of fewer than two calls, which show no spread (M-23).
        """
        return quantile_interval(Sample(self.values, self.calls), 0.5, name=name)


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A failed check and the call it failed in; None for a gate over all calls."""

    check: Check
    call: int | None
    line: str


def figures(found: Iterable[tuple[float, int]]) -> Figures | None:
    """Sum up values, each with the number of its call; None if nothing was measured."""
    kept = [(value, call) for value, call in found if math.isfinite(value)]
    if not kept:
        return None
    finite, calls = zip(*kept, strict=True)

    def where_enough(statistic: Statistic, share: float) -> float | None:
        return quantile(finite, share) if len(finite) >= VALUES_NEEDED[statistic] else None

    return Figures(
        values=finite,
        calls=calls,
        median=median(finite),
        p90=where_enough("p90", 0.9),
        p95=where_enough("p95", 0.95),
        p99=where_enough("p99", 0.99),
        max=max(finite),
    )


def counted_calls(scenario: ScenarioResult) -> list[CallResult]:
    """The calls that count: without those another was made in place of (P-22)."""
    return [call for call in scenario.calls if not call.replaced]


def passed_calls(scenario: ScenarioResult) -> int:
    return sum(call.verdict is Verdict.PASSED for call in counted_calls(scenario))


def pooled(scenario: ScenarioResult) -> dict[str, Figures]:
    """Pool what the conclusive calls measured: metric id to figures (M-20, M-5)."""
    pool: dict[str, list[tuple[float, int]]] = {}
    for call in judged(scenario.calls):
        for metric, values in call.metrics.items():
            pool.setdefault(metric, []).extend((value, call.number) for value in values)
    rates = shares(scenario.calls)
    return {
        metric: replace(found, rate=rates.get(metric), kinds=kinds_of(metric, rates))
        for metric, values in pool.items()
        if (found := figures(values))
    }


def undecided(scenario: ScenarioResult) -> list[str]:
    """Why limits that the scenario sets itself were not decided by its calls (M-22)."""
    return [
        f"line {check.line}: {check.message}" if check.line is not None else check.message
        for check in scenario.checks
        if check.verdict is Verdict.SKIPPED and check.id.startswith("limits.")
    ]


def is_forgiven(scenario: ScenarioResult) -> bool:
    """Whether it passed although a call of it failed, as its limit on `passed` has it (M-24)."""
    failed = any(call.verdict is Verdict.FAILED for call in counted_calls(scenario))
    return failed and scenario.verdict is Verdict.PASSED


def rounded(metric: str, value: float) -> int | float:
    """Round a figure for people: times to whole milliseconds, shares to four places."""
    return number(value, 0 if metric.endswith("_ms") else 4)


def number(value: float, places: int) -> int | float:
    """Round, and drop a fraction that says nothing."""
    near = round(value, places)
    return int(near) if near == int(near) else near


def judged_value(check: Check) -> int | float | None:
    """Give what a check measured to 0.1, or unrounded where that would change sides (METRICS 8)."""
    if check.value is None or not math.isfinite(check.value):
        return None
    near = number(check.value, 1)
    if check.limit is not None and _side(near, check.limit) != _side(check.value, check.limit):
        return check.value
    return near


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)


def failed_checks(scenario: ScenarioResult) -> list[FailedCheck]:
    """Every failed check of a scenario, call by call, then the gates over all calls."""
    several = len(counted_calls(scenario)) > 1
    found: list[FailedCheck] = []
    for call in counted_calls(scenario):
        suffix = f" (call {call.number})" if several else ""
        found += [
            FailedCheck(check, call.number, check_line(check) + suffix)
            for check in _failed(call.checks)
        ]
    found += [FailedCheck(check, None, check_line(check)) for check in _failed(scenario.checks)]
    return found


def _failed(checks: Iterable[Check]) -> Iterator[Check]:
    return (check for check in checks if check.verdict is Verdict.FAILED)


def check_line(check: Check) -> str:
    """Write a check the way a person would say it; turns count from 1 here (DESIGN 7).

    Credentials are masked, for a message may quote what the bot sent.
    """
    message = masked(check.message)
    if check.turn is None:
        return message
    where = f" (line {check.line})" if check.line is not None else ""
    return f"turn {check.turn + 1}{where}: {message}"


def call_errors(scenario: ScenarioResult) -> list[str]:
    """What went wrong in calls of a scenario that was judged all the same."""
    return [f"call {call.number}: {call.error}" for call in counted_calls(scenario) if call.error]


def share_line(scenario: ScenarioResult) -> str:
    """Say how many calls passed and what that proves, if there were several (M-24, M-25)."""
    calls = counted_calls(scenario)
    if len(calls) < 2:
        return ""
    rate = passing(calls)
    left = len(calls) - rate.of
    return passed_calls_text(rate) + (f", {left} could not be judged" if left else "")


def reason_of(scenario: ScenarioResult) -> str:
    """Say why a scenario was not judged, with the fix if there is one."""
    texts = [scenario.reason, *(call.error for call in counted_calls(scenario))]
    texts = _each_kind_once(dict.fromkeys(text for text in texts if text))
    # A reason that only repeats the beginning of an error adds nothing.
    kept = [text for text in texts if not any(text != other and text in other for other in texts)]
    return "\n".join(kept) or f"{words(scenario.verdict)}, no reason was given"


def _each_kind_once(texts: Iterable[str]) -> list[str]:
    """Fifty calls on a slow machine differ in figures only: show one, and how many more."""
    kinds: dict[str, list[str]] = {}
    for text in texts:
        kinds.setdefault(re.sub(r"[0-9.]+", "#", text), []).append(text)
    return [
        alike[0] + (f"\n(and {len(alike) - 1} more like it)" if len(alike) > 1 else "")
        for alike in kinds.values()
    ]


def words(verdict: Verdict) -> str:
    """Name a verdict for people."""
    return verdict.value.replace("_", " ")


def whole_run_verdict(checks: Sequence[Check]) -> Verdict:
    """How the gates over the whole run came out together (M-21a)."""
    verdicts = {check.verdict for check in checks}
    for verdict in (Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PASSED):
        if verdict in verdicts:
            return verdict
    return Verdict.SKIPPED


def missed_checks(run: RunResult) -> list[Check]:
    """The gates over the whole run that failed; without any, those that could not be judged."""
    verdict = whole_run_verdict(run.run_checks)
    if verdict not in (Verdict.FAILED, Verdict.INCONCLUSIVE):
        return []
    return [check for check in run.run_checks if check.verdict is verdict]


def counts_line(run: RunResult) -> str:
    """Close a run: `3 passed, 1 failed, 1 skipped in 41.2 s`."""
    verdicts = [scenario.verdict for scenario in run.scenarios]
    verdicts += [Verdict.ERROR] * len(unshown_errors(run))
    parts = [
        f"{verdicts.count(verdict)} {words(verdict)}" for verdict in _COUNTED if verdict in verdicts
    ]
    if whole_run_verdict(run.run_checks) is Verdict.FAILED:
        parts.append("whole run failed")
    if left := sum(len(undecided(scenario)) for scenario in run.scenarios):
        parts.append(f"{left} limit{'s' * (left != 1)} undecided")
    return f"{', '.join(parts) or 'nothing was called'} in {run.duration_ms / 1000:.1f} s"


def unshown_errors(run: RunResult) -> list[RunError]:
    """Errors of the run that no scenario reports."""
    shown = [text for scenario in run.scenarios for text in _texts_shown(scenario)]
    return [error for error in run.errors if not any(error.message in text for text in shown)]


def _texts_shown(scenario: ScenarioResult) -> list[str]:
    return [reason_of(scenario)] if scenario.verdict in BAD | UNJUDGED else []


def metrics_of(pool: Mapping[str, Figures], name: str) -> dict[str, int | float]:
    """Name the figures as JUnit properties do: `response_ms.median`, `.max`, `.n`, `.p95`.

    `.low` and `.high` are the ends of the 95 % interval: Wilson's for a share, which also has
    `.times` and `.of`, else the median's by the calls of the scenario of that name.
    """
    named: dict[str, int | float] = {}
    for metric, found in pool.items():
        named[f"{metric}.n"] = len(found.values)
        for statistic in ("median", "p90", "p95", "p99", "max"):
            if (value := getattr(found, statistic)) is not None:
                named[f"{metric}.{statistic}"] = rounded(metric, value)
        if found.rate is not None:
            named |= {f"{metric}.times": found.rate.times, f"{metric}.of": found.rate.of}
        interval = found.interval(name) if found.rate is None else found.rate.interval
        if interval is not None:
            low, high = (rounded(metric, end) for end in interval)
            named |= {f"{metric}.low": low, f"{metric}.high": high}
    return named
