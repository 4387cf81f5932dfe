"""What a part found, and how it is shown."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside its target; `met` is None where there is none."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None


@dataclass(slots=True)
class Found:
    """Everything one part found; `facts` goes into the JSON as it is."""

    rows: list[Row] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


_BEGAN_S = time.monotonic()
_MET = {True: "yes", False: "no", None: ""}


def say(text: str) -> None:
    """Show how it goes on."""
    minutes, seconds = divmod(int(time.monotonic() - _BEGAN_S), 60)
    show(f"[{minutes:02}:{seconds:02}] {text}")


def show(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def table(found: dict[str, Found]) -> str:
    """All rows, in columns."""
    cells = [["", "measured here", "target", "met"]]
    for name, part in found.items():
        cells.append([name.upper(), "", "", ""])
        cells += [[f"  {r.what}", r.measured, r.target, _MET[r.met]] for r in part.rows]
    return "\n".join(in_columns(cells))


def in_columns(cells: Sequence[Sequence[str]]) -> list[str]:
    """Lines of text, each cell as wide as its column."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
