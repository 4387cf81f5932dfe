"""The reports of a hundred calls of half a minute, 20 of them failed: how long, how big, how soon.

Everything is written three times, each time by a process that does nothing else; figures are
medians. Then the same calls are joined from ten shards, by the command.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.numbers import Spread
from bench.reports.paint import browser, first_paints_ms
from bench.rig import CHECKOUT, as_installed
from bench.table import Found, Row, say

ALL_S, PEAK_MB, PAGE_MB, PAINT_S, MERGE_S = 20.0, 500.0, 20.0, 1.0, 10.0
TIMES, PAINTS = 3, 5
_PAGE = "report.html"


def measure(folder: Path, *, quick: bool) -> Found:
    """Write, paint and merge them."""
    calls = folder / "calls"
    calls.mkdir(parents=True)
    say("reports: calls on a jumping clock")
    _child("calls", calls, folder / "none")
    written = []
    for number in range(1 if quick else TIMES):
        say("reports: written by a process of its own")
        written.append(_child("run", calls, folder / f"results-{number}"))
    found = Found(facts={"written": written})
    found.rows += _rows(written)
    found.rows.append(_first_paint(folder / "results-0" / _PAGE, found.facts))
    found.rows.append(_merged(calls, folder / "shards", found.facts))
    return found


def _child(what: str, calls: Path, results: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.reports.written", what, str(calls), str(results)]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=CHECKOUT,
        env=as_installed(calls.parent / "bytecode"),
    )
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def _rows(written: Sequence[dict[str, Any]]) -> list[Row]:
    first = written[0]
    total_s = statistics.median(facts["total_s"] for facts in written)
    cpu_s = statistics.median(facts["cpu_s"] for facts in written)
    most_mb = max(facts["peak_mb"] for facts in written)
    page_mb = first["sizes_mb"][_PAGE]
    each_s = {
        name: statistics.median(facts["by_file_s"].get(name, 0.0) for facts in written)
        for name in sorted(first["by_file_s"], key=first["by_file_s"].get, reverse=True)
    }
    many = f"{first['calls']} calls of {first['calls_s'] / first['calls']:.0f} s"
    return [
        Row(
            f"all reports of {many}, {first['failed']} failed",
            f"{total_s:.1f} s, {cpu_s:.1f} s of it work",
            f"under {ALL_S:g} s",
            total_s < ALL_S,
        ),
        *(Row(f"  rendering {name}", f"{took_s:.2f} s") for name, took_s in each_s.items()),
        Row("peak memory", f"{most_mb:.0f} MB", f"under {PEAK_MB:g} MB", most_mb < PEAK_MB),
        Row(
            "page with the sound of the failed calls",
            f"{page_mb:.1f} MB",
            f"under {PAGE_MB:g} MB",
            page_mb < PAGE_MB,
        ),
    ]


def _first_paint(page: Path, facts: dict[str, Any]) -> Row:
    chromium = browser()
    if chromium is None:
        return Row("first paint of the page", "no Chromium here", f"under {PAINT_S:g} s")
    say("reports: first paint in Chromium")
    paint = Spread.of(each / 1000 for each in first_paints_ms(page, chromium, PAINTS))
    facts["first_paint_s"] = paint.p50
    measured = f"{paint.p50:.2f} s, at most {paint.max:.2f} s"
    return Row("first paint of the page", measured, f"under {PAINT_S:g} s", paint.p50 < PAINT_S)


def _merged(calls: Path, folder: Path, facts: dict[str, Any]) -> Row:
    folder.mkdir()
    say("reports: shards")
    _child("shards", calls, folder)
    shards = sorted(map(str, folder.iterdir()))
    say(f"reports: `merge` of {len(shards)} shards")
    command = [sys.executable, "-m", "pipecat_voice_test", "merge", *shards]
    began_s = time.monotonic()
    done = subprocess.run(
        [*command, "--output-dir", str(folder.parent / "merged")],
        stdout=subprocess.DEVNULL,
        cwd=folder,
        env=as_installed(folder.parent / "bytecode"),
        check=False,
    )
    took_s = time.monotonic() - began_s
    facts["merge_s"], facts["merge_exit"] = took_s, done.returncode
    # 1: some scenarios failed.
    is_good = took_s < MERGE_S and done.returncode == 1
    what = f"`merge` of {len(shards)} shards"
    return Row(what, f"{took_s:.1f} s", f"under {MERGE_S:g} s", is_good)
