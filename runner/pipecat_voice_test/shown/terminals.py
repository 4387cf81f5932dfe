"""What can be shown where the output goes: a live view, colour, signs.

`NO_COLOR` takes all colour away, also where `FORCE_COLOR` asks for it; `FORCE_COLOR` asks for
colour in logs, where it is no reason to move a cursor.

Sources: https://no-color.org, https://force-color.org
"""

import os
from collections.abc import Mapping
from typing import IO

import click
from rich.console import Console

from pipecat_voice_test.measurement.results import Verdict

STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "red",
    Verdict.FLAKY: "magenta",
    Verdict.ERROR: "red",
    Verdict.INCONCLUSIVE: "yellow",
}


def is_terminal(out: IO[str], environ: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody sits there who wants tables and a live view; nobody does in CI."""
    in_ci = environ.get("CI", "").lower() not in ("", "false", "0")
    return _is_a_tty(out) and not in_ci and environ.get("TERM") not in ("dumb", "unknown", None)


def wants_colour(out: IO[str], environ: Mapping[str, str] = os.environ) -> bool:
    if environ.get("NO_COLOR"):
        return False
    forced = environ.get("FORCE_COLOR", "").lower() not in ("", "false", "0")
    return forced or is_terminal(out, environ)


def can_show(text: str, out: IO[str]) -> bool:
    """Whether the encoding of the output has these characters."""
    try:
        text.encode(getattr(out, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def console_on(out: IO[str], environ: Mapping[str, str] = os.environ) -> Console:
    """What draws tables and live views on a terminal; foreign text is no markup for it."""
    return Console(
        file=out,
        force_terminal=True,
        color_system="auto" if wants_colour(out, environ) else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def coloured(text: str, style: str) -> str:
    """A line for where only colour is wanted: nothing in it moves a cursor."""
    return click.style(text, fg=style) if style else text


def _is_a_tty(out: IO[str]) -> bool:
    try:
        return out.isatty()
    except ValueError:  # It is closed.
        return False
