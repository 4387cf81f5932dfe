"""`compare`: two runs side by side, and whether the second is worse."""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipecat_voice_test.command.baseline import read_file
from pipecat_voice_test.errors import ExitCode, UsageError
from pipecat_voice_test.measurement.comparison.document import read_baseline, read_run
from pipecat_voice_test.measurement.comparison.model import Compared, Standing
from pipecat_voice_test.measurement.comparison.rules import compare as compare_runs
from pipecat_voice_test.report.comparison import COLUMNS, comparison_lines, rows
from pipecat_voice_test.report.disk import make_folder, refuse_foreign, write_whole
from pipecat_voice_test.report.page.compared import comparison_html
from pipecat_voice_test.report.text import one_line
from pipecat_voice_test.shown.terminals import console_on, is_terminal

_TABLE_WIDTH = 110  # On less its words are broken.
_STYLES = {
    Standing.REGRESSION: "red",
    Standing.NO_REGRESSION: "green",
    Standing.NOT_COMPARABLE: "yellow",
}


def compare(
    base: Path,
    new: Path,
    page: Path | None = None,
    out: IO[str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Print how `new` stands against `base`, and write that as a page if one is wanted.

    Raises:
        BaselineError: One of them cannot be read or trusted.
        UsageError: The page cannot be written.
    """
    out = sys.stdout if out is None else out
    was = read_baseline(read_file(base, str(base)), str(base))
    now = read_run(read_file(new, str(new)), str(new))
    found = compare_runs(was, now)
    console = console_on(out, environ)
    if is_terminal(out, environ) and console.width >= _TABLE_WIDTH:
        _print_table(found, console)
    else:
        for one in found.comparisons:
            if one.standing is not Standing.NOT_COMPARABLE:
                click.echo(f"{one_line(one.scenario)}: {one_line(one.message)}", file=out)
    for line in comparison_lines(found):
        click.echo(line, file=out)
    if page is not None:
        _write(page, comparison_html(was, now, found))
        click.echo(f"Page: {page}", file=out)
    return exit_code(found)


def exit_code(found: Compared) -> ExitCode:
    if found.count(Standing.REGRESSION):
        return ExitCode.FAILED
    return ExitCode.INCONCLUSIVE if found.nothing_comparable else ExitCode.PASSED


def _write(page: Path, blocks: Iterable[bytes]) -> None:
    try:
        make_folder(page.parent)
        refuse_foreign(page)
        write_whole(page, blocks)
    except UsageError as error:
        raise UsageError(error.what, fix="name another file with `--page`.") from error


def _print_table(found: Compared, console: Console) -> None:
    """What could be compared; the rest stands below with its reasons."""
    *columns, verdict_column = COLUMNS
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(verdict_column, no_wrap=True)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows(found.comparisons):
        if row.standing is not Standing.NOT_COMPARABLE:
            *cells, verdict = row.cells
            table.add_row(Text(verdict, style=_STYLES.get(row.standing, "")), *map(Text, cells))
    console.print(table)
    console.print()
