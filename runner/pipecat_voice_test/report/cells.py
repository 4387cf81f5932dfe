"""How a scenario reads in a table, its verdict and its figures: the same in every report."""

from typing import Literal

from pipecat_voice_test.measurement.repeats.pool import passing
from pipecat_voice_test.measurement.repeats.wording import proven
from pipecat_voice_test.measurement.results import ScenarioResult, Verdict
from pipecat_voice_test.report.facts import Figures, counted_calls, passed_calls, rounded

NOTHING = "–"  # noqa: RUF001  # An en dash, as tables have it.
# A verdict is never told by its colour alone.
SIGNS = {
    Verdict.PASSED: "✓",
    Verdict.FAILED: "✗",
    Verdict.FLAKY: "≈",
    Verdict.ERROR: "!",
    Verdict.INCONCLUSIVE: "?",
    Verdict.SKIPPED: NOTHING,
    Verdict.NOT_RUN: "○",
}


def passed_cell(scenario: ScenarioResult) -> str:
    """`3 of 5 (23 to 88 %)`: with Wilson's interval, if there were several calls (M-24)."""
    calls = counted_calls(scenario)
    shown = f"{passed_calls(scenario)} of {len(calls)}" if calls else NOTHING
    return shown if len(calls) < 2 else shown + proven(passing(calls), "")


def median_cell(found: Figures | None, name: str) -> str:
    """With its 95 % interval, where several calls of that scenario show one (M-23)."""
    shown = time_cell(found, "median")
    if found is None or (interval := found.interval(name)) is None:
        return shown
    low, high = (rounded("response_ms", end) for end in interval)
    return f"{shown} ({low} to {high})"


def time_cell(found: Figures | None, statistic: Literal["median", "max"]) -> str:
    if found is None:
        return NOTHING
    return f"{rounded('response_ms', getattr(found, statistic))} ms"
