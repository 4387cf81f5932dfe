"""summary.md: the run as a table and what went wrong, for the job summary of GitHub.

GitHub draws at most 1 MiB of it; past the bound whole scenarios are left out, never half a line.
Everything that a scenario file or a bot had a hand in is escaped.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from pipecat_voice_test.measurement.results import RunResult, ScenarioResult
from pipecat_voice_test.report.cells import median_cell, passed_cell, time_cell
from pipecat_voice_test.report.comparison import COLUMNS, comparison_lines, rows
from pipecat_voice_test.report.facts import (
    BAD,
    UNJUDGED,
    check_line,
    counts_line,
    failed_checks,
    is_forgiven,
    missed_checks,
    pooled,
    reason_of,
    share_line,
    undecided,
    unshown_errors,
    words,
)
from pipecat_voice_test.report.files import RESULTS, Place
from pipecat_voice_test.report.rig import rig_line
from pipecat_voice_test.report.text import markdown_text, masked

SUMMARY_BYTES = 900 * 1024
_CELL_CHARACTERS = 200

_HEAD = (
    "| verdict | scenario | calls passed (95 %) | response median (95 %) "
    "| response max | stop max |",
    "|---|---|---|---:|---:|---:|",
)


def summary_md(run: RunResult, place: Place) -> str:
    """Render a run as Markdown of at most 900 KiB."""
    bot = markdown_text(masked(run.bot.name), _CELL_CHARACTERS)
    head = [
        f"# pipecat-voice-test: {words(run.verdict)}",
        "",
        f"{counts_line(run)}, bot {bot}, seed {run.seed}{_share(run)}",
        "",
    ]
    head += [rig, ""] if (rig := rig_line(run)) else []
    bad = [
        scenario
        for scenario in run.scenarios
        if scenario.verdict in BAD | UNJUDGED or is_forgiven(scenario)
    ]
    blocks = chain(
        (["\n".join(head + (list(_HEAD) if run.scenarios else []))]),
        (_row(scenario) for scenario in run.scenarios),
        _run_problems(run),
        _comparison(run),
        _undecided(run),
        (_problem(scenario, place) for scenario in bad),
    )
    return _bounded(blocks)


def _share(run: RunResult) -> str:
    return "" if run.shard is None else f", {run.shard}"


def _bounded(blocks: Iterable[str]) -> str:
    note = f"\n… and more; the whole is in {RESULTS}\n"
    left_bytes = SUMMARY_BYTES - len(note.encode())
    kept: list[str] = []
    for block in blocks:
        left_bytes -= len(block.encode()) + 1
        if left_bytes < 0:
            return "\n".join(kept) + "\n" + note
        kept.append(block)
    return "\n".join(kept) + "\n"


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


def _run_problems(run: RunResult) -> Iterator[str]:
    if missed := missed_checks(run):
        yield f"\n## whole run: {words(missed[0].verdict)}\n"
        yield from (f"- {markdown_text(check_line(check))}" for check in missed)
    for error in unshown_errors(run):
        yield f"\n## {markdown_text(error.kind.replace('_', ' '))}\n"
        yield from _items(error.message)


def _comparison(run: RunResult) -> Iterator[str]:
    if run.compared is None:
        return
    headline, *rest = comparison_lines(run.compared)
    yield "\n## baseline\n"
    yield markdown_text(headline) + "\n"
    yield from (f"- {markdown_text(line)}" for line in rest)
    yield f"\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"
    for row in rows(run.compared.comparisons):
        yield f"| {' | '.join(markdown_text(cell, _CELL_CHARACTERS) for cell in row.cells)} |"


def _undecided(run: RunResult) -> Iterator[str]:
    """Limits that were held against nothing: a scenario that passed did not keep them."""
    told = [(scenario, line) for scenario in run.scenarios for line in undecided(scenario)]
    if told:
        yield "\n## undecided limits\n"
    for scenario, line in told:
        name = markdown_text(scenario.scenario.name, _CELL_CHARACTERS)
        yield f"- {name}, {markdown_text(line)}"


def _problem(scenario: ScenarioResult, place: Place) -> str:
    name = markdown_text(scenario.scenario.name, _CELL_CHARACTERS)
    file = markdown_text(place.relative(scenario.scenario.file), _CELL_CHARACTERS)
    share = markdown_text(share_line(scenario))
    lines = [
        f"\n## {name}: {scenario.verdict.value}",
        "",
        f"{file}, line {scenario.scenario.line_number}{f': {share}' if share else ''}",
        "",
        *(f"- {markdown_text(found.line)}" for found in failed_checks(scenario)),
    ]
    if lines[-1] == "" or scenario.verdict in UNJUDGED:
        lines += _items(reason_of(scenario))
    return "\n".join(lines)


def _items(text: str) -> list[str]:
    """Give an error's lines; the evidence below them is for the log."""
    lines = [line for line in masked(text).splitlines() if line.strip()]
    return [f"- {markdown_text(line)}" for line in lines[:20]]
