"""What is said when a run is over: what went wrong, complete and last.

What needs no look comes first, then what could not be judged, then what failed now and then,
then what failed; the last line counts. Nothing a bot or a scenario file says can move the
cursor or speak to the CI system from here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from pipecat_voice_test.measurement.results import RunResult, ScenarioResult, Verdict
from pipecat_voice_test.report.comparison import comparison_lines
from pipecat_voice_test.report.facts import (
    PASSED_OVER,
    UNJUDGED,
    counts_line,
    is_forgiven,
    missed_checks,
    reason_of,
    undecided,
    unshown_errors,
    words,
)
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.rig import rig_line
from pipecat_voice_test.report.terminal.failures import (
    check_lines,
    failure,
    left_undecided,
    title,
)
from pipecat_voice_test.report.terminal.line import Block, Line, indented, texts
from pipecat_voice_test.report.terminal.rows import row_lines
from pipecat_voice_test.report.text import one_line

_ALONE_AT_MOST = 5
_NAMES_SHOWN = 10
_NAME_CHARACTERS = 200


def closing_lines(run: RunResult, place: Place) -> list[str]:
    """Tell how a run went where there is no terminal: the table as lines, then the rest."""
    return texts([row_lines(run), *closing(run, place)])


def closing(run: RunResult, place: Place) -> list[Block]:
    """Everything but the table, in the order in which it is read."""
    numbered = list(enumerate(run.scenarios))
    blocks = [
        _passed_over(run.scenarios, place),
        *_unjudged(run.scenarios, place),
        *_errors(run),
        [line for one in run.scenarios if _only_undecided(one) for line in _told(one, place)],
        [Line(line) for line in comparison_lines(run.compared)] if run.compared else [],
        [Line(line)] if (line := rig_line(run)) else [],
        _whole_run(run),
        *(failure(one, place, index) for index, one in numbered if is_forgiven(one)),
    ]
    for verdict in (Verdict.FLAKY, Verdict.FAILED):
        blocks += [failure(one, place, i) for i, one in numbered if one.verdict is verdict]
    blocks.append([Line(counts_line(run), run.verdict)])
    return [block for block in blocks if block]


def _passed_over(scenarios: Sequence[ScenarioResult], place: Place) -> Block:
    """One line each, or one for many that were passed over for the same reason."""
    lines: Block = []
    reasons: dict[tuple[Verdict, str], list[ScenarioResult]] = {}
    for one in scenarios:
        if one.verdict in PASSED_OVER:
            reasons.setdefault((one.verdict, one_line(reason_of(one))), []).append(one)
    for (verdict, reason), alike in reasons.items():
        if len(alike) > _ALONE_AT_MOST:
            text = f"{len(alike)} scenarios: {words(verdict)}: {reason}: {_names(alike)}"
            lines.append(Line(text, verdict))
        else:
            lines += [Line(f"{title(one, place).text}: {reason}", verdict) for one in alike]
    return lines


def _names(scenarios: Sequence[ScenarioResult]) -> str:
    shown = (one_line(one.scenario.name, _NAME_CHARACTERS) for one in scenarios[:_NAMES_SHOWN])
    more = len(scenarios) - _NAMES_SHOWN
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _unjudged(scenarios: Iterable[ScenarioResult], place: Place) -> Iterator[Block]:
    """The first of several that could not be judged for the same reason says it for all."""
    kinds: dict[tuple[Verdict, str], list[ScenarioResult]] = {}
    for one in scenarios:
        if one.verdict in UNJUDGED:
            reason = reason_of(one).partition("\n(and ")[0]  # As it ends with several calls.
            kind = re.sub(r"[0-9.]+", "#", reason)
            kinds.setdefault((one.verdict, kind), []).append(one)
    order = (Verdict.INCONCLUSIVE, Verdict.ERROR)
    for _, (first, *others) in sorted(kinds.items(), key=lambda kind: order.index(kind[0][0])):
        same = "for the same reason"
        also = [Line(f"{title(one, place).text}, {same}", one.verdict) for one in others]
        yield [title(first, place), *indented(reason_of(first)), *also, *_left(first, others)]


def _left(first: ScenarioResult, others: Sequence[ScenarioResult]) -> Block:
    return [line for one in (first, *others) for line in left_undecided(one)]


def _errors(run: RunResult) -> Iterator[Block]:
    for error in unshown_errors(run):
        heading = Line(f"{one_line(error.kind.replace('_', ' '))}:", Verdict.ERROR)
        log = [] if _quotes(error.message, error.log_tail) else indented(error.log_tail)
        yield [heading, *indented(error.message), *log]


def _quotes(message: str, log: str) -> bool:
    """Whether an error already shows the end of the bot's log as its evidence."""
    last = next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")
    return bool(last) and last in message


def _only_undecided(scenario: ScenarioResult) -> bool:
    passed = scenario.verdict is Verdict.PASSED and not is_forgiven(scenario)
    return passed and bool(undecided(scenario))


def _told(scenario: ScenarioResult, place: Place) -> Block:
    return [title(scenario, place), *left_undecided(scenario)]


def _whole_run(run: RunResult) -> Block:
    missed = missed_checks(run)
    if not missed:
        return []
    verdict = missed[0].verdict
    lines = [line for check in missed for line in check_lines(check)]
    return [Line(f"whole run: {words(verdict)}", verdict), *lines]
