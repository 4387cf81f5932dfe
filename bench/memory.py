"""The most memory a process needs that holds a call of ten minutes, judges and reports it.

The call is held in a process of its own (`python -m bench.ten_minutes`): the peak of a process
never goes down again.
"""

import json
import subprocess
import sys
from pathlib import Path

from bench.rig import CHECKOUT, as_installed
from bench.table import Found, Row, say

MOST_MB = 150.0


def measure(folder: Path, *, real_time: bool) -> Found:
    """Hold it with the demo bot in real time, or on a clock that jumps."""
    say("memory: a call of ten minutes " + ("in real time" if real_time else "on a jumping clock"))
    arguments = [str(folder), *(["--real-time"] if real_time else [])]
    command = [sys.executable, "-m", "bench.ten_minutes", *arguments]
    environment = as_installed(folder / "bytecode")
    compiling = [sys.executable, "-c", "import bench.ten_minutes"]
    subprocess.run(compiling, check=True, cwd=CHECKOUT, env=environment)
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, cwd=CHECKOUT, env=environment
    )
    facts = json.loads(done.stdout)
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
