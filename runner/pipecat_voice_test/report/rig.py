"""How exact the figures of a run are: what METRICS 7 wants printed with every result."""

from collections.abc import Iterator, Sequence

from pipecat_voice_test.measurement.results import RunResult
from pipecat_voice_test.report.facts import counted_calls, number
from pipecat_voice_test.timeline import Rig


def rig_properties(rigs: Sequence[Rig]) -> dict[str, int | float]:
    """Name the worst of several calls' figures as JUnit properties do; what is unknown has none."""
    if not rigs:
        return {}
    named = {
        "rig.late_p99_ms": (_worst(rig.late_p99_ms for rig in rigs), 1),
        "rig.late_max_ms": (_worst(rig.late_max_ms for rig in rigs), 1),
        "rig.loop_stall_ms": (_worst(rig.loop_stall_ms for rig in rigs), 1),
        "rig.read_lag_ms": (_worst(rig.read_lag_ms for rig in rigs), 1),
        "rig.stolen": (_worst(rig.stolen for rig in rigs), 4),
        "rig.starved": (_worst(rig.starved for rig in rigs), 4),
        "rig.control_error_ms": (_worst(rig.control_error_ms for rig in rigs), 1),
    }
    known = {name: number(value, to) for name, (value, to) in named.items() if value is not None}
    return known | {"rig.frames_sent": sum(rig.frames_sent for rig in rigs)}


def rig_line(run: RunResult) -> str:
    """Say it for people, the worst of all calls that count; empty if nobody was called."""
    rigs = [
        call.timeline.rig
        for result in run.scenarios
        for call in counted_calls(result)
        if call.timeline.rig.frames_sent
    ]
    parts: list[str] = []
    if rigs:
        late = [max(rig.late_p99_ms for rig in rigs), max(rig.late_max_ms for rig in rigs)]
        parts = [
            "frames late by {:.1f} ms (p99), {:.1f} ms (worst)".format(*late),
            f"loop stalls up to {max(rig.loop_stall_ms for rig in rigs):.0f} ms",
            f"read lag {max(rig.read_lag_ms for rig in rigs):.0f} ms",
        ]
        stolen = _worst(rig.stolen for rig in rigs)
        starved = _worst(rig.starved for rig in rigs)
        parts += [f"steal {stolen:.0%}"] if stolen is not None else []
        parts += [f"no CPU free for {starved:.0%} of a call"] if starved is not None else []
    if run.control is not None:
        error_ms = run.control.error_ms
        parts.append(
            "control bot not measured"
            if error_ms is None
            else f"control bot off by {error_ms:.1f} ms"
        )
    return f"rig: {', '.join(parts)}" if parts else ""


def _worst(values: Iterator[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
