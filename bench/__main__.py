"""`python -m bench [NAME…] [--quick] [--more] [--real-time]`, from the checkout."""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench import accuracy, adapter, at_once, busy, commands, memory, pacing, webrtc
from bench.reports import measure as reports
from bench.rig import CHECKOUT, machine
from bench.table import Found, say, show, table

RESULTS = CHECKOUT / "bench-results" / "bench.json"
BUSY_LOAD = 0.5


def main() -> None:
    given = _arguments()
    parts = _parts(given)
    facts = machine()
    show(
        f"{facts['cores']} cores, load {facts['load_before']} before the start, "
        f"{facts['python']}, {facts['system']}"
    )
    if facts["load_before"] > BUSY_LOAD:
        show("The machine is busy: figures will be worse than on an idle one.")
    started_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    found: dict[str, Found] = {}
    took_s: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in given.names or parts:
            began_s = time.monotonic()
            found[name] = parts[name](Path(folder).resolve() / name)
            took_s[name] = time.monotonic() - began_s
    say("done")
    show("\n" + table(found))
    RESULTS.parent.mkdir(exist_ok=True)
    document = {
        "started_at": started_at,
        "quick": given.quick,
        "machine": facts,
        "parts": {name: asdict(part) | {"took_s": took_s[name]} for name, part in found.items()},
    }
    RESULTS.write_text(json.dumps(document, indent=1) + "\n")
    show(f"\nThe same as JSON: {RESULTS.relative_to(CHECKOUT)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = list(_parts(argparse.Namespace(quick=False, more=False, real_time=False)))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="two minutes, rougher figures")
    parser.add_argument("--more", action="store_true", help="two hundred calls at once, too")
    parser.add_argument("--real-time", action="store_true", help="memory: take the ten minutes")
    given = parser.parse_args()
    for name in given.names:
        if name not in names:
            parser.error(f"there is no part `{name}`; there are: {', '.join(names)}")
    return given


def _parts(given: argparse.Namespace) -> dict[str, Callable[[Path], Found]]:
    quick = given.quick
    return {
        "help": partial(commands.measure_help, quick=quick),
        "overhead": partial(commands.measure_overhead, quick=quick),
        "memory": partial(memory.measure, real_time=given.real_time),
        "reports": partial(reports.measure, quick=quick),
        "pacing": partial(pacing.measure, quick=quick),
        "accuracy": partial(accuracy.measure, quick=quick),
        "adapter": partial(adapter.measure, quick=quick),
        "busy": partial(busy.measure, quick=quick),
        "webrtc": partial(webrtc.measure, quick=quick),
        "fifty": partial(at_once.measure, quick=quick, more=given.more),
    }


if __name__ == "__main__":
    main()
