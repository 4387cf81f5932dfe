"""A call in the shape of results.json (DESIGN 6)."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from pipecat_voice_test.measurement.results import CallResult, Check, FindingCount, TurnFacts
from pipecat_voice_test.report.facts import number
from pipecat_voice_test.report.files import CallFiles
from pipecat_voice_test.timeline import Rig

NO_KIND = "error"

Json = dict[str, Any]


def call_json(call: CallResult, files: CallFiles) -> Json:
    """Render a call that is kept as `kept_call` has it."""
    timeline = call.timeline
    return {
        "number": call.number,
        "verdict": call.verdict,
        "duration_ms": whole(timeline.duration_ms),
        "ended_by": timeline.ended_by,
        "ended_how": timeline.ended_how,
        "ended_at_ms": whole(timeline.ended_at_ms),
        "close_code": timeline.close_code,
        "close_reason": timeline.close_reason,
        "t0_monotonic_ns": timeline.t0_monotonic_ns,
        "call_sid": timeline.call_sid,
        "stream_sid": timeline.stream_sid,
        "turns": [_turn(turn) for turn in call.turns],
        "checks": checks_json(call.checks),
        "metrics": values_json(call.metrics),
        "slow": values_json(call.slow),
        "rates": {name: [times, of] for name, (times, of) in call.rates.items()},
        "gaps": spans_json(call.gaps),
        "protocol": [_finding(finding) for finding in call.protocol],
        "rig": _rig(timeline.rig),
        "detector": {"used": call.detector, "because": call.detector_because},
        "files": {
            "recording": files.recording,
            "bot_raw": files.bot_raw,
            "events": files.events,
            "timeline": files.timeline,
            "log": files.log,
        },
        "logged": [[whole(at_ms), line] for at_ms, line in call.logged],
        "notes": list(call.notes),
        "error": error_json(call.error_kind or NO_KIND, call.error) if call.error else None,
        "replaced": call.replaced,
    }


def checks_json(checks: Iterable[Check]) -> list[Json]:
    return [
        {
            "id": check.id,
            "metric": check.metric,
            "value": plain_number(check.value),
            "limit": plain_number(check.limit),
            "verdict": check.verdict,
            "message": check.message,
            "turn": check.turn,
            "line": check.line,
            "at_ms": whole(check.at_ms),
        }
        for check in checks
    ]


def values_json(values: Mapping[str, Iterable[float]]) -> Json:
    """Values as they were measured, not rounded: gates over several calls are taken of them."""
    return {metric: [plain_number(value) for value in found] for metric, found in values.items()}


def error_json(kind: str, message: str, **more: str) -> Json:
    return {"kind": kind, "message": message, **more}


def whole(value_ms: float | None) -> int | None:
    return None if value_ms is None else round(value_ms)


def tenths(value_ms: float | None) -> int | float | None:
    return None if value_ms is None else number(value_ms, 1)


def plain_number(value: float | None) -> int | float | None:
    """A number without a fraction that says nothing; None for what is no number."""
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value == int(value) else float(value)


def _turn(turn: TurnFacts) -> Json:
    return {
        "index": turn.index,
        "line": turn.line,
        "kind": turn.kind,
        "name": turn.name,
        "said": None if turn.said is None else _span(turn.said),
        "heard": [_span(burst) for burst in turn.heard],
        "response_ms": whole(turn.response_ms),
        "stop_ms": whole(turn.stop_ms),
        "clear_ms": whole(turn.clear_ms),
        "text": turn.text,
        "keys": turn.keys,
    }


def _finding(finding: FindingCount) -> Json:
    return {
        "code": finding.code,
        "kind": finding.kind,
        "severity": finding.severity,
        "count": finding.count,
        "first": finding.first,
        "first_at_ms": whole(finding.first_at_ms),
    }


def _rig(rig: Rig) -> Json:
    return {
        "late_p99_ms": tenths(rig.late_p99_ms),
        "late_max_ms": tenths(rig.late_max_ms),
        "loop_stall_ms": tenths(rig.loop_stall_ms),
        "frames_sent": rig.frames_sent,
        "read_lag_ms": tenths(rig.read_lag_ms),
        "stolen": rig.stolen and number(rig.stolen, 4),
        "starved": rig.starved and number(rig.starved, 4),
        "control_error_ms": tenths(rig.control_error_ms),
        "stalls": spans_json(rig.stalls),
        "starvations": spans_json(rig.starvations),
    }


def spans_json(spans: Iterable[tuple[float, float]]) -> list[list[int | float]]:
    return [[number(start_ms, 1), number(end_ms, 1)] for start_ms, end_ms in spans]


def _span(span: tuple[float, float]) -> list[int]:
    start_ms, end_ms = span
    return [round(start_ms), round(end_ms)]
