"""The table of results: a row for each scenario, and one for many that came out alike.

What matters most stands last, next to what is said of the failures. There is room for the
figures and none for their intervals, which the summary and the page have.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipecat_voice_test.measurement.results import RunResult, ScenarioResult, Verdict
from pipecat_voice_test.report.cells import NOTHING, time_cell
from pipecat_voice_test.report.facts import (
    PASSED_OVER,
    Figures,
    counted_calls,
    figures,
    passed_calls,
    pooled,
    words,
)
from pipecat_voice_test.report.terminal.line import Line
from pipecat_voice_test.report.text import one_line

ROWS_AT_MOST = 30
COLUMNS = ("verdict", "scenario", "calls passed", "response median", "max", "stop max")
_NAME_CHARACTERS = 80
_ORDER = (
    Verdict.PASSED,
    Verdict.SKIPPED,
    Verdict.NOT_RUN,
    Verdict.INCONCLUSIVE,
    Verdict.ERROR,
    Verdict.FLAKY,
    Verdict.FAILED,
)
_SUMMED_UP = frozenset({Verdict.PASSED}) | PASSED_OVER


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario, or all that came out alike, as cells under `COLUMNS` but the first."""

    verdict: Verdict
    cells: tuple[str, str, str, str, str]


def rows(run: RunResult, *, at_most: int = ROWS_AT_MOST) -> list[Row]:
    """The scenarios of a run; past `at_most` those that need no look are summed up."""
    many = len(run.scenarios) > at_most
    found: list[Row] = []
    for verdict in _ORDER:
        alike = [one for one in run.scenarios if one.verdict is verdict]
        if many and len(alike) > 1 and verdict in _SUMMED_UP:
            found.append(_summed_up(verdict, alike))
        else:
            found += map(_row, alike)
    return found


def row_lines(run: RunResult, *, at_most: int = ROWS_AT_MOST) -> list[Line]:
    """The same without a table; what was passed over has a line of its own anyway."""
    return [
        Line(f"{words(row.verdict)}: {row.cells[0]}{_figures(row)}", row.verdict)
        for row in rows(run, at_most=at_most)
        if row.verdict not in PASSED_OVER
    ]


def _row(scenario: ScenarioResult) -> Row:
    pool = pooled(scenario)
    response = pool.get("response_ms")
    return Row(
        scenario.verdict,
        (
            one_line(scenario.scenario.name, _NAME_CHARACTERS),
            _passed([scenario]),
            time_cell(response, "median"),
            time_cell(response, "max"),
            time_cell(pool.get("stop_ms"), "max"),
        ),
    )


def _summed_up(verdict: Verdict, scenarios: Sequence[ScenarioResult]) -> Row:
    pools = [pooled(scenario) for scenario in scenarios]
    response = _over_all(pool.get("response_ms") for pool in pools)
    stop = _over_all(pool.get("stop_ms") for pool in pools)
    return Row(
        verdict,
        (
            f"{len(scenarios)} scenarios",
            _passed(scenarios),
            time_cell(response, "median"),
            time_cell(response, "max"),
            time_cell(stop, "max"),
        ),
    )


def _passed(scenarios: Sequence[ScenarioResult]) -> str:
    calls = sum(len(counted_calls(scenario)) for scenario in scenarios)
    return f"{sum(map(passed_calls, scenarios))} of {calls}" if calls else NOTHING


def _over_all(found: Iterator[Figures | None]) -> Figures | None:
    return figures((value, 0) for one in found if one is not None for value in one.values)


def _figures(row: Row) -> str:
    """The cells that hold something, said in words."""
    _, passed, median, longest, stop = row.cells
    parts = [
        f"{passed} calls passed" if passed != NOTHING else "",
        f"response median {median}, max {longest}" if median != NOTHING else "",
        f"stop max {stop}" if stop != NOTHING else "",
    ]
    said = "; ".join(part for part in parts if part)
    return f": {said}" if said else ""
