"""The most memory a process needs that holds a call of ten minutes, judges and reports it.

The call is held in a process of its own (`python -m bench.ten_minutes`): the peak of a process
never goes down again.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.rig import CHECKOUT, as_installed
from bench.table import Found, Row, say

MOST_MB = 150.0


def measure(folder: Path, *, real_time: bool) -> Found:
    """Hold it with the demo bot in real time, or on a clock that jumps."""
    say("memory: a call of ten minutes " + ("in real time" if real_time else "on a jumping clock"))
    environment = as_installed(folder / "bytecode")
    _ten_minutes(folder / "first", environment)
    facts = _ten_minutes(folder / "call", environment, *(["--real-time"] if real_time else []))
    return Found(
        [
            Row(
                f"peak memory of a call of {facts['call_s'] / 60:.1f} minutes",
                f"{facts['peak_mb']:.0f} MB",
                f"under {MOST_MB:g} MB",
                facts["peak_mb"] < MOST_MB,
            ),
            Row("  of these before the call", f"{facts['before_mb']:.0f} MB"),
            *(
                [Row("  when the call had ended", f"{facts['call_mb']:.0f} MB")]
                if "call_mb" in facts
                else []
            ),
            Row("  messages of the bot", f"{facts['bot_messages']}"),
        ],
        facts | {"real_time": real_time},
    )


def _ten_minutes(folder: Path, environment: dict[str, str], *options: str) -> dict[str, Any]:
    """What such a call took; the first one also what it takes to compile what is loaded late."""
    command = [sys.executable, "-m", "bench.ten_minutes", str(folder), *options]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, cwd=CHECKOUT, env=environment
    )
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts
