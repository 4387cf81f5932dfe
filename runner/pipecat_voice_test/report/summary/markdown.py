"""summary.md: the run as a table and what went wrong, for the job summary of GitHub.

GitHub draws at most 1 MiB of it; past the bound whole pieces are left out, never half of one.
Everything that a scenario file or a bot had a hand in is escaped.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from pipecat_voice_test.measurement.results import RunResult, ScenarioResult, Verdict
from pipecat_voice_test.report.cells import median_cell, passed_cell, time_cell
from pipecat_voice_test.report.comparison import COLUMNS, comparison_lines, rows
from pipecat_voice_test.report.facts import (
    check_line,
    counts_line,
    is_forgiven,
    missed_checks,
    pooled,
    undecided,
    unshown_errors,
    words,
)
from pipecat_voice_test.report.files import PAGE, Place
from pipecat_voice_test.report.rig import rig_line
from pipecat_voice_test.report.summary.failed_call import lines_of
from pipecat_voice_test.report.summary.room import fitted
from pipecat_voice_test.report.summary.scenarios import (
    fold,
    passed_over_pieces,
    scenario_pieces,
)
from pipecat_voice_test.report.text import markdown_text, masked

SUMMARY_BYTES = 900 * 1024
# A run of more scenarios has a table of what did not pass, and folds the rest away.
MANY = 25
_MOST_ROWS = 500
_CELL_CHARACTERS = 200
_PLAIN = (Verdict.PASSED, Verdict.SKIPPED, Verdict.NOT_RUN)

_HEAD = (
    "| verdict | scenario | calls passed (95 %) | response median (95 %) "
    "| response max | stop max |\n"
    "|---|---|---|---:|---:|---:|"
)


def summary_md(run: RunResult, place: Place, *, most_bytes: int = SUMMARY_BYTES) -> str:
    """Render a run as Markdown of at most `most_bytes`, which never is more than 900 KiB."""
    many = len(run.scenarios) > MANY
    first = [one for one in run.scenarios if not (many and _is_plain(one))]
    pieces = chain(
        [_head(run, place)],
        _table(first),
        _run_problems(run),
        scenario_pieces(run, place),
        _comparison(run),
        passed_over_pieces(run),
        _undecided(run),
        _others([one for one in run.scenarios if many and _is_plain(one)]),
    )
    return fitted(pieces, min(most_bytes, SUMMARY_BYTES))


def _head(run: RunResult, place: Place) -> str:
    bot = markdown_text(masked(run.bot.name), _CELL_CHARACTERS)
    share = "" if run.shard is None else f", {run.shard}"
    lines = [
        f"# pipecat-voice-test: {words(run.verdict)}",
        "",
        f"{counts_line(run)}, bot {bot}, seed {run.seed}{share}",
        "",
    ]
    lines += [rig, ""] if (rig := rig_line(run)) else []
    if any(scenario.calls for scenario in run.scenarios):
        page = markdown_text(place.shown(PAGE), 4096)
        lines += [f"To see and hear every call, open {page} from the results of this run.", ""]
    return "\n".join(lines)


# --- the table ----------------------------------------------------------------------------


def _is_plain(scenario: ScenarioResult) -> bool:
    """Whether nobody need look at it."""
    return scenario.verdict in _PLAIN and not is_forgiven(scenario)


def _table(scenarios: Sequence[ScenarioResult]) -> Iterator[str]:
    if scenarios:
        yield _HEAD
    yield from (_row(scenario) for scenario in scenarios[:_MOST_ROWS])
    if (left := len(scenarios) - _MOST_ROWS) > 0:
        yield f"\n{left} more scenarios are not in this table."


def _others(scenarios: Sequence[ScenarioResult]) -> Iterator[str]:
    if scenarios:
        verdicts = [scenario.verdict for scenario in scenarios]
        counts = [
            f"{verdicts.count(verdict)} {words(verdict)}"
            for verdict in _PLAIN
            if verdict in verdicts
        ]
        yield "\n" + fold(", ".join(counts), "\n".join(_table(scenarios)))


def _row(scenario: ScenarioResult) -> str:
    pool = pooled(scenario)
    cells = (
        words(scenario.verdict),
        markdown_text(scenario.scenario.name, _CELL_CHARACTERS),
        passed_cell(scenario),
        median_cell(pool.get("response_ms"), scenario.scenario.name),
        time_cell(pool.get("response_ms"), "max"),
        time_cell(pool.get("stop_ms"), "max"),
    )
    return f"| {' | '.join(cells)} |"


# --- what concerns the whole run ----------------------------------------------------------


def _run_problems(run: RunResult) -> Iterator[str]:
    if missed := missed_checks(run):
        lines = [f"- {markdown_text(masked(check_line(check)))}" for check in missed]
        yield "\n".join([f"\n## whole run: {words(missed[0].verdict)}\n", *lines])
    for error in unshown_errors(run):
        kind = markdown_text(error.kind.replace("_", " "))
        yield "\n".join([f"\n## {kind}\n", *lines_of(error.message)])


def _comparison(run: RunResult) -> Iterator[str]:
    if run.compared is None:
        return
    headline, *rest = comparison_lines(run.compared)
    lines = [f"- {markdown_text(line)}" for line in rest]
    yield "\n".join(["\n## baseline\n", f"{markdown_text(headline)}\n", *lines])
    yield f"\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"
    for row in rows(run.compared.comparisons):
        yield f"| {' | '.join(markdown_text(cell, _CELL_CHARACTERS) for cell in row.cells)} |"


def _undecided(run: RunResult) -> Iterator[str]:
    """Limits that were held against nothing: a scenario that passed did not keep them."""
    told = [(scenario, line) for scenario in run.scenarios for line in undecided(scenario)]
    lines = [
        f"- {markdown_text(scenario.scenario.name, _CELL_CHARACTERS)}, {markdown_text(line)}"
        for scenario, line in told[:_MOST_ROWS]
    ]
    if lines:
        yield "\n".join(["\n## undecided limits\n", *lines])
