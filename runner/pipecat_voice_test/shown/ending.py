"""What people read when a run is over: the table, what went wrong, and where the results lie.

On a terminal there is a table and colour; elsewhere the same stands in plain lines, which
logs of any width, and whoever searches them, can take. The same for every command that ends
with the results of a run.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from pipecat_voice_test.measurement.results import RunResult
from pipecat_voice_test.report.cells import NOTHING, SIGNS
from pipecat_voice_test.report.facts import words
from pipecat_voice_test.report.files import JUNIT, PAGE, Place
from pipecat_voice_test.report.terminal.closing import closing
from pipecat_voice_test.report.terminal.line import Line
from pipecat_voice_test.report.terminal.rows import COLUMNS, ROWS_AT_MOST, Row, row_lines, rows
from pipecat_voice_test.shown.progress import Loudness
from pipecat_voice_test.shown.terminals import (
    STYLES,
    can_show,
    coloured,
    console_on,
    is_terminal,
    wants_colour,
)

_ROWS = {
    Loudness.QUIET: 0,
    Loudness.NORMAL: ROWS_AT_MOST,
    Loudness.VERBOSE: sys.maxsize,
}
_TEXT_COLUMNS = 2
_TABLE_WIDTH = 70  # On less a table breaks every name into syllables.


def show_ending(
    run: RunResult,
    place: Place,
    loudness: Loudness = Loudness.NORMAL,
    out: IO[str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Print how a run went; nothing, if nobody reads any more.

    Args:
        run: The run.
        place: Where its files lie.
        loudness: Whether all scenarios that passed have a row, or only if they are few, or none.
        out: Where to print; None for standard output.
        environ: The environment, which may want no colour.
    """
    out = sys.stdout if out is None else out
    rows_at_most = _ROWS[loudness]
    with suppress(OSError, ValueError):
        if is_terminal(out, environ):
            _on_terminal(run, place, console_on(out, environ), rows_at_most)
        else:
            colour = wants_colour(out, environ)
            for line in (*row_lines(run, at_most=rows_at_most), *_lines(run, place)):
                out.write(f"{coloured(line.text, _style(line)) if colour else line.text}\n")
            out.flush()


def where(place: Place) -> list[str]:
    """The very last lines: where the results lie, and the page to open, if there is one."""
    lines = [f"Results: {place.shown('.')}, JUnit: {place.shown(JUNIT)}"]
    if Path(place.working / place.output / PAGE).is_file():
        lines.append(f"Page: {place.shown(PAGE)}")
    return lines


def _lines(run: RunResult, place: Place) -> Iterator[Line]:
    for block in closing(run, place):
        yield from block
    yield from map(Line, where(place))


def _on_terminal(run: RunResult, place: Place, console: Console, rows_at_most: int) -> None:
    found = rows(run, at_most=rows_at_most)
    if found and console.width >= _TABLE_WIDTH:
        console.print()
        console.print(_table(found, console))
        console.print()
    else:
        console.print()
        _print(console, row_lines(run, at_most=rows_at_most))
        console.print()
    *blocks, last = closing(run, place)
    for block in blocks:
        _print(console, block)
        console.print()
    _print(console, [*last, *map(Line, where(place))])


def _print(console: Console, lines: list[Line]) -> None:
    for line in lines:
        # The terminal breaks long lines, so that they are copied whole.
        console.print(Text(line.text, style=_style(line)), soft_wrap=True)


def _style(line: Line) -> str:
    return "" if line.verdict is None else STYLES.get(line.verdict, "")


def _table(found: list[Row], console: Console) -> Table:
    shows_signs = can_show("".join(SIGNS.values()), console.file)
    nothing = NOTHING if can_show(NOTHING, console.file) else "-"
    rule = box.SIMPLE_HEAD if can_show("─", console.file) else None
    padding = (0, 1, 0, 0) if rule else (0, 2, 0, 0)
    table = Table(box=rule, padding=padding, pad_edge=False, show_edge=False)
    for number, name in enumerate(COLUMNS):
        justify: JustifyMethod = "left" if number < _TEXT_COLUMNS else "right"
        table.add_column(name, justify=justify, no_wrap=number == 0, overflow="fold")
    for row in found:
        sign = f"{SIGNS[row.verdict]} " if shows_signs else ""
        verdict = Text(f"{sign}{words(row.verdict)}", style=STYLES.get(row.verdict, ""))
        cells = (nothing if cell == NOTHING else cell for cell in row.cells)
        table.add_row(verdict, *map(Text, cells))
    return table
