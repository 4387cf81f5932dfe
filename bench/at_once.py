"""Many calls at once from one process: whether each frame still goes out in time.

Twice as many calls as workers, so that calls are judged and written while others go on, as in
a real run. The caller's process and the bot share two cores.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.numbers import Spread
from bench.rig import CHECKOUT, cores, demo_bot
from bench.table import Found, Row, say

LATE_P99_MS = 5.0
WORKERS = 50
MORE_WORKERS = 200
_CORES = 2


def measure(folder: Path, *, quick: bool, more: bool) -> Found:
    """Fifty workers, and two hundred for information."""
    found = Found()
    for workers in (WORKERS, MORE_WORKERS) if more else (WORKERS,):
        calls = workers if quick else 2 * workers
        say(f"at once: {calls} calls by {workers} workers")
        with _two_cores(), demo_bot() as bot:
            began_s, used_s = time.monotonic(), bot.cpu_s()
            command = [sys.executable, "-m", "bench.many_calls"]
            arguments = [bot.url, str(folder / f"{workers}"), f"{calls}", f"{workers}"]
            done = subprocess.run(
                [*command, *arguments], stdout=subprocess.PIPE, text=True, check=True, cwd=CHECKOUT
            )
            bot_s, wall_s = bot.cpu_s(), time.monotonic() - began_s
        facts = json.loads(done.stdout)
        facts["bot_cpu_share"] = None if bot_s is None or used_s is None else bot_s / wall_s
        found.facts[f"{workers}"] = facts
        found.rows += _rows(workers, facts, with_target=workers == WORKERS)
    return found


def _rows(workers: int, facts: dict[str, object], *, with_target: bool) -> list[Row]:
    late = Spread(**facts["late_ms"])  # type: ignore[arg-type]  # just read from JSON
    bot_share = facts["bot_cpu_share"]
    return [
        Row(
            f"{workers} at once: frames late by, p50 / p95 / p99 / max",
            late.told("ms"),
            f"p99 ≤ {LATE_P99_MS:g} ms" if with_target else "",
            0 < late.p99 <= LATE_P99_MS if with_target else None,
        ),
        Row(
            f"{workers} at once: calls, of them void",
            f"{facts['calls']}, {facts['void']}",
            "0 void" if with_target else "",
            bool(facts["calls"]) and not facts["void"] if with_target else None,
        ),
        Row(f"{workers} at once: worst p99 of a call", f"{facts['worst_call_late_p99_ms']:.2f} ms"),
        Row(f"{workers} at once: longest stall of the loop", f"{facts['longest_stall_ms']:.0f} ms"),
        Row(
            f"{workers} at once: a core used by the caller / by the bot",
            f"{facts['cpu_share']:.0%} / {'?' if bot_share is None else f'{bot_share:.0%}'}",
        ),
    ]


@contextlib.contextmanager
def _two_cores() -> Iterator[None]:
    """Processes started within share two cores, where the system lets us choose."""
    all_cores = cores()
    if not hasattr(os, "sched_setaffinity") or len(all_cores) <= _CORES:
        yield
        return
    os.sched_setaffinity(0, all_cores[:_CORES])
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_cores)
