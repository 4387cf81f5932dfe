"""How far a command is that works on many files: a bar on a terminal, nothing elsewhere."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipecat_voice_test.shown.terminals import console_on, is_terminal


@contextmanager
def steps(
    what: str, total: int, out: IO[str] | None = None, environ: Mapping[str, str] = os.environ
) -> Iterator[Callable[[], None]]:
    """Around the work; call what it gives after each step.

    Args:
        what: What is being done, as people read it.
        total: How many steps it takes.
        out: Where to show it; None for standard output.
        environ: Tells whether somebody sits there.
    """
    out = sys.stdout if out is None else out
    if not is_terminal(out, environ):
        yield lambda: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console_on(out, environ), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)
