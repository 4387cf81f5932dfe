"""`python -m bench.detect [PART…]`, from the checkout.

Without a part: all that can be called here, those of the Pipecat bot only with `--pipecat`, and
in the short form only faults and healthy styles.
Exit code 1 if a target is missed.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipecat_voice_test import __version__

from bench import accuracy, busy
from bench.detect.counts import Counted
from bench.detect.page import PAGE, Stored, page, table, targets
from bench.detect.parts import PARTS, call_part
from bench.detect.store import FOLDER, keep, kept
from bench.rig import CHECKOUT, cores, machine
from bench.table import Found, Row, in_columns, say, show

# A call takes 4 to 6 % of a core, bot included; getting a bot ready takes half a second of one.
LINES_A_CORE = 5  # More of them starve each other, and calls have to be made again.
SINGLE_LINES_A_CORE = 4  # Where each has a bot of its own to get ready.
OTHERS: dict[str, Callable[..., Found]] = {"busy": busy.measure, "accuracy": accuracy.measure}
ALL = (*PARTS, *OTHERS)
BUSY_LOAD = 0.5

Outcome = tuple[Sequence[Counted], Sequence[Row]]


def main() -> None:
    given = _arguments()
    facts = machine()
    if facts["load_before"] > BUSY_LOAD:
        show(f"The machine is busy (load {facts['load_before']}): calls will have to be repeated.")
    done: list[Stored] = []
    for name in given.parts or _possible(given):
        began_s = time.monotonic()
        counted, rows = (_of_cases if name in PARTS else _other)(name, given)
        date = datetime.now(UTC).strftime("%Y-%m-%d")
        took_s = round(time.monotonic() - began_s, 1)
        done.append(
            Stored(name, date, __version__, given.short, took_s, facts, tuple(counted), tuple(rows))
        )
        keep(done[-1], some=bool(given.only))
    say("done")
    _show(done)
    if given.write:
        _write()
    sys.exit(any(row.met is False for row in targets(done)))


def _write() -> None:
    stored = kept(ALL)
    if not stored:
        sys.exit(f"There is nothing in {FOLDER.relative_to(CHECKOUT)} yet: call a part first.")
    (CHECKOUT / PAGE).parent.mkdir(exist_ok=True)
    (CHECKOUT / PAGE).write_text(page(stored))
    show(f"\nWritten from all parts in {FOLDER.relative_to(CHECKOUT)}: {PAGE}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.detect", description=__doc__)
    add = parser.add_argument
    add("parts", nargs="*", metavar="PART", help=f"some of: {', '.join(ALL)}")
    add("--short", action="store_true", help="each fault and each style once: three minutes")
    add("--only", action="append", metavar="NAME", help="cases whose name begins so")
    add("--calls", type=int, help="so many calls of each case")
    add("--lines", type=int, help="calls at once, at most")
    add("--pipecat", default="", metavar="PYTHON", help="that has what examples/pipecat-bot needs")
    add("--write", action="store_true", help=f"write {PAGE} from all parts called so far")
    given = parser.parse_args()
    for name in given.parts:
        if name not in ALL:
            parser.error(f"there is no part `{name}`; there are: {', '.join(ALL)}")
        if name.startswith("pipecat") and not given.pipecat:
            parser.error(f"part `{name}` needs `--pipecat PYTHON`")
    return given


def _possible(given: argparse.Namespace) -> list[str]:
    if given.write:
        return []
    return [
        name
        for name in ALL
        if (given.pipecat or not name.startswith("pipecat"))
        and not (name in OTHERS and (given.short or given.only))
        and not (name.endswith("alarms") and given.short)
    ]


def _of_cases(name: str, given: argparse.Namespace) -> Outcome:
    part = PARTS[name].only(given.only) if given.only else PARTS[name]
    if not part.cases:
        return (), ()
    calls = given.calls or (1 if given.short else part.calls)
    a_core = LINES_A_CORE if calls > 1 else SINGLE_LINES_A_CORE
    lines = given.lines or len(cores()) * a_core
    say(f"{name}: {len(part.cases)} bots, {calls} calls each, {lines} at once")
    return call_part(part, calls, lines, given.pipecat), ()


def _other(name: str, given: argparse.Namespace) -> Outcome:
    if given.pipecat:
        os.environ["PVT_PIPECAT_PYTHON"] = given.pipecat
    with tempfile.TemporaryDirectory() as folder:
        found = OTHERS[name](Path(folder).resolve() / name, quick=given.short)
    return (), found.rows


def _show(done: list[Stored]) -> None:
    rows = table(done)
    if rows:
        show("\n" + "\n".join(in_columns([("fault", "metric", "detected", "false alarms"), *rows])))
    met = {True: "yes", False: "no", None: ""}
    if not any(part.counted or part.rows for part in done):
        return
    figures = [(row.what, row.measured, row.target, met[row.met]) for row in targets(done)]
    show("\n" + "\n".join(in_columns([("", "measured here", "target", "met"), *figures])))


if __name__ == "__main__":
    main()
