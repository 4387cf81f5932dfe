"""What the page says before its calls: how the run came out, and what went wrong where."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipecat_voice_test.measurement.results import (
    CallResult,
    Check,
    RunError,
    RunResult,
    ScenarioResult,
    Verdict,
)
from pipecat_voice_test.report.cells import median_cell, passed_cell, time_cell
from pipecat_voice_test.report.facts import (
    BAD,
    PASSED_OVER,
    UNJUDGED,
    counted_calls,
    is_forgiven,
    missed_checks,
    pooled,
    reason_of,
    share_line,
    undecided,
    unshown_errors,
)
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.page.looks import name_of
from pipecat_voice_test.report.text import log_tail, masked, one_line
from pipecat_voice_test.report.view.misses import (
    MISS_CHARACTERS,
    misses_of,
    severity,
    worst_call,
)
from pipecat_voice_test.report.view.words import shown

FAULTS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Fault:
    """A check that did not pass, and where it can be heard.

    Attributes:
        call: Id of the call on the page, or empty for what is about several.
        number: Of the call, where its scenario has several; else None.
    """

    verdict: Verdict
    text: str
    call: str = ""
    number: int | None = None
    at_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A scenario that did not pass, or not simply.

    Attributes:
        position: Of the scenario, from 1.
        more: How many faults are not among those shown.
        reason: Why it could not be judged, with the fix.
    """

    position: int
    name: str
    verdict: Verdict
    where: str
    share: str
    faults: tuple[Fault, ...]
    more: int
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario in the table; cells as in summary.md."""

    position: int
    name: str
    verdict: Verdict
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that kept the run from judging the bot."""

    kind: str
    message: str
    log: tuple[str, ...]


def call_id(scenario: int, call: int) -> str:
    """By their positions in the run, from 0; the page counts from 1."""
    return f"{scenario + 1}-{call + 1}"


def troubles(run: RunResult, place: Place) -> tuple[list[Trouble], list[Trouble]]:
    """What the bot did wrong, the worst first; and what could not be judged, in order."""
    bad, unjudged = [], []
    for index, result in enumerate(run.scenarios):
        if result.verdict in BAD or is_forgiven(result):
            bad.append((-weight(result), index, _trouble(result, index, place)))
        elif result.verdict in UNJUDGED:
            unjudged.append(_trouble(result, index, place))
    return [trouble for _, _, trouble in sorted(bad, key=lambda one: one[:2])], unjudged


def worst_fault(run: RunResult) -> tuple[str, Fault] | None:
    """Where the page opens: name of the scenario, and what is worst of what can be heard."""
    worst = worst_call(run)
    if worst is None:
        return None
    result = run.scenarios[worst.scenario]
    call = result.calls[worst.call]
    where = call_id(worst.scenario, worst.call)
    number = call.number if len(counted_calls(result)) > 1 else None
    for miss in misses_of(call):
        if miss.verdict is Verdict.FAILED and miss.at_ms is not None:
            fault = Fault(miss.verdict, miss.text, where, number, miss.at_ms)
            return name_of(result.scenario.name), fault
    return None


def by_weight(run: RunResult) -> list[tuple[int, int]]:
    """Every call by its positions, in the order in which people want to hear them.

    Those that failed, the worst of them first, those that could not be judged, and the rest.
    """
    numbered = [
        (_class_of(call), -_call_weight(call), (index, position))
        for index, result in enumerate(run.scenarios)
        for position, call in enumerate(result.calls)
    ]
    return [where for _, _, where in sorted(numbered)]


def rows(run: RunResult) -> Iterator[Row]:
    for index, result in enumerate(run.scenarios):
        pool = pooled(result)
        cells = (
            passed_cell(result),
            median_cell(pool.get("response_ms"), result.scenario.name),
            time_cell(pool.get("response_ms"), "max"),
            time_cell(pool.get("stop_ms"), "max"),
        )
        yield Row(index + 1, name_of(result.scenario.name), result.verdict, cells)


def run_faults(run: RunResult) -> list[Fault]:
    """Gates over the whole run that were missed (M-21a)."""
    return [
        Fault(check.verdict, shown(check.message, MISS_CHARACTERS)) for check in missed_checks(run)
    ]


def problems(run: RunResult) -> Iterator[Problem]:
    for error in unshown_errors(run):
        log = () if _quotes(error) else tuple(log_tail(error.log_tail))
        kind = one_line(error.kind.replace("_", " "))
        yield Problem(kind, masked(error.message), log)


def undecided_lines(run: RunResult) -> list[tuple[int, str, str]]:
    """Limits that were held against nothing: position and name of the scenario, and why."""
    return [
        (index + 1, name_of(result.scenario.name), shown(line, MISS_CHARACTERS))
        for index, result in enumerate(run.scenarios)
        for line in undecided(result)
    ]


def passed_over(run: RunResult) -> list[Trouble]:
    """Scenarios that were skipped or not reached, with the reason."""
    return [
        Trouble(index + 1, name_of(one.scenario.name), one.verdict, "", "", (), 0, _reason(one))
        for index, one in enumerate(run.scenarios)
        if one.verdict in PASSED_OVER
    ]


def weight(result: ScenarioResult) -> float:
    """How bad a scenario is: as bad as the worst thing in it."""
    own = [severity(check) for check in result.checks if check.verdict is Verdict.FAILED]
    return max([*own, *(_call_weight(call) for call in counted_calls(result))], default=0.0)


def _class_of(call: CallResult) -> int:
    if call.replaced:
        return 3
    if call.verdict is Verdict.FAILED:
        return 0
    return 1 if call.verdict in UNJUDGED else 2


def _call_weight(call: CallResult) -> float:
    failed = (check for check in call.checks if check.verdict is Verdict.FAILED)
    return max((severity(check) for check in failed), default=0.0)


def _trouble(result: ScenarioResult, index: int, place: Place) -> Trouble:
    faults = _faults(result, index)
    scenario = result.scenario
    return Trouble(
        index + 1,
        name_of(scenario.name),
        result.verdict,
        f"{one_line(place.relative(scenario.file))}, line {scenario.line_number}",
        share_line(result),
        tuple(faults[:FAULTS_SHOWN]),
        max(len(faults) - FAULTS_SHOWN, 0),
        _reason(result) if not faults or result.verdict in UNJUDGED else "",
    )


def _reason(result: ScenarioResult) -> str:
    return masked(reason_of(result))


def _faults(result: ScenarioResult, index: int) -> list[Fault]:
    """What was missed, call by call, the worst call first; then the gates over all calls."""
    several = len(counted_calls(result)) > 1
    numbered = [(p, call) for p, call in enumerate(result.calls) if not call.replaced]
    numbered.sort(key=lambda one: (_class_of(one[1]), -_call_weight(one[1]), one[0]))
    found = [
        Fault(
            miss.verdict,
            miss.text,
            call_id(index, position),
            call.number if several else None,
            miss.at_ms,
        )
        for position, call in numbered
        for miss in misses_of(call)
    ]
    return found + list(_own(result.checks))


def _own(checks: Sequence[Check]) -> Iterator[Fault]:
    for check in checks:
        if check.verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE):
            yield Fault(check.verdict, shown(check.message, MISS_CHARACTERS))


def _quotes(error: RunError) -> bool:
    """Whether it shows the end of the bot's log already, as its evidence."""
    lines = [line.strip() for line in error.log_tail.splitlines() if line.strip()]
    return bool(lines) and lines[-1] in error.message
