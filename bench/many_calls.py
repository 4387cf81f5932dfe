"""`python -m bench.many_calls URL FOLDER CALLS WORKERS`: many calls at once in one process.

Prints one JSON object: how late frames were, what the process used, which calls were void.
"""

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from pipecat_voice_test.measurement.results import CallResult

from bench.numbers import Spread
from bench.rig import conversation, run_calls, scenario

EXCHANGES = 2


def main() -> None:
    url, folder, calls, workers = sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:])
    talk = scenario(conversation(EXCHANGES), folder)
    began_s, used_s = time.monotonic(), _cpu_s()
    late_ms: list[float] = []

    def look(call: CallResult) -> None:
        late_ms.extend(call.timeline.late_ms)

    run = run_calls([talk], url, folder / "results", workers=workers, repeat=calls, look=look)
    wall_s = time.monotonic() - began_s
    held = [call for call in run.scenarios[0].calls if call.timeline.rig.frames_sent]
    verdicts = [str(call.verdict) for call in run.scenarios[0].calls]
    facts = {
        "calls": len(held),
        "wall_s": wall_s,
        "cpu_share": (_cpu_s() - used_s) / wall_s,
        "late_ms": asdict(Spread.of(late_ms)),
        "worst_call_late_p99_ms": max((c.timeline.rig.late_p99_ms for c in held), default=0.0),
        "longest_stall_ms": max((c.timeline.rig.loop_stall_ms for c in held), default=0.0),
        "void": sum(call.error_kind == "rig" for call in held),
        "verdicts": {verdict: verdicts.count(verdict) for verdict in set(verdicts)},
        "errors": [error.message for error in run.errors],
    }
    sys.stdout.write(json.dumps(facts))


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system


if __name__ == "__main__":
    main()
