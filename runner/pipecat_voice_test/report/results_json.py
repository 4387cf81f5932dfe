"""results.json: the whole run for machines, in the shape of DESIGN 6.

Times are whole milliseconds on the call clock. What a check measured keeps 0.1 ms, and more
where that would put it on the other side of its limit. The schema lies beside this module and
is shipped with the package.
"""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import asdict
from importlib import resources
from typing import Any

from pipecat_voice_test import __version__
from pipecat_voice_test.measurement.comparison.digest import KEY, canonical, digest
from pipecat_voice_test.measurement.comparison.model import Compared, Comparison, Side
from pipecat_voice_test.measurement.repeats.pool import Rate, passing
from pipecat_voice_test.measurement.results import (
    CallResult,
    Check,
    RunResult,
    ScenarioResult,
    TurnFacts,
    Verdict,
)
from pipecat_voice_test.measurement.value import MEASURES, kept
from pipecat_voice_test.report.facts import (
    Figures,
    counted_calls,
    judged_value,
    number,
    passed_calls,
    pooled,
    rounded,
)
from pipecat_voice_test.report.files import CallFiles, Place
from pipecat_voice_test.report.text import masked, plain_text, valid_text
from pipecat_voice_test.timeline import Rig

SCHEMA_VERSION = 1
TOOL = "pipecat-voice-test"

# A run and a check have fewer verdicts than a scenario.
_RUN_VERDICTS = {
    Verdict.FLAKY: Verdict.FAILED,
    Verdict.SKIPPED: Verdict.ERROR,
    Verdict.NOT_RUN: Verdict.ERROR,
}
_CHECK_VERDICTS = {
    Verdict.FLAKY: Verdict.FAILED,
    Verdict.ERROR: Verdict.INCONCLUSIVE,
    Verdict.NOT_RUN: Verdict.SKIPPED,
}

_CONTROLS = re.compile("[\x7f-\x9f]")

Json = dict[str, Any]


def results_json(run: RunResult, place: Place, *, version: str = __version__) -> str:
    """Render a run as strict JSON: no NaN, and text that every UTF-8 reader takes."""
    document: Json = {
        "schema": SCHEMA_VERSION,
        "measures": MEASURES,
        "tool": {"name": TOOL, "version": version},
        "runner": run.runner,
        "settings": asdict(run.settings),
        "seed": run.seed,
        "shard": run.shard and {"index": run.shard.index, "total": run.shard.total},
        "share": run.share and {"places": list(run.share.places), "among": run.share.among},
        "started_at": run.started_at,
        "duration_ms": _ms(run.duration_ms),
        "verdict": _RUN_VERDICTS.get(run.verdict, run.verdict),
        "exit_code": int(run.exit_code),
        "bot": {
            "launcher": run.bot.launcher,
            "name": masked(run.bot.name),
            "ready_ms": _ms(run.bot.ready_ms),
        },
        "control": run.control
        and {
            "response_error_ms": _tenths(run.control.response_error_ms),
            "stop_error_ms": _tenths(run.control.stop_error_ms),
        },
        "scenarios": [
            _scenario(scenario, place, index) for index, scenario in enumerate(run.scenarios)
        ],
        "run_checks": _checks(run.run_checks),
        "errors": [
            _error(error.kind, error.message, log_tail=masked(plain_text(error.log_tail)))
            for error in run.errors
        ],
        "baseline": run.compared and _compared(run.compared, run),
    }
    document[KEY] = digest(valid_text(canonical(document)))
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
    # A terminal that shows the file must not take the control characters JSON leaves as they are.
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", valid_text(text)) + "\n"


def results_schema() -> Json:
    """Give the JSON Schema (draft 2020-12) of results.json."""
    text = resources.files(__package__).joinpath("results.schema.json").read_text("utf-8")
    schema: Json = json.loads(text)
    return schema


def _scenario(result: ScenarioResult, place: Place, index: int) -> Json:
    return {
        "name": result.scenario.name,
        "file": place.relative(result.scenario.file),
        "verdict": result.verdict,
        "reason": result.reason or None,
        "passed_calls": passed_calls(result),
        "calls_run": len(counted_calls(result)),
        "passed_interval": _interval(passing(result.calls)),
        "metrics": {
            metric: _figures(metric, found, result.scenario.name)
            for metric, found in pooled(result).items()
        },
        "checks": _checks(result.checks),
        "fingerprint": result.fingerprint and asdict(result.fingerprint),
        "comparisons": [_comparison(one) for one in result.comparisons],
        "calls": [
            _call(call, place.of_call(index, position))
            for position, call in enumerate(result.calls)
        ],
    }


def _figures(metric: str, found: Figures, name: str) -> Json:
    def shown(value: float | None) -> float | None:
        return None if value is None else rounded(metric, value)

    interval = found.interval(name)
    return {
        "n": len(found.values),
        "median": rounded(metric, found.median),
        "interval": interval and [rounded(metric, end) for end in interval],
        "p90": shown(found.p90),
        "p95": shown(found.p95),
        "p99": shown(found.p99),
        "max": rounded(metric, found.max),
        "rate": found.rate
        and {
            **_rate(found.rate),
            "kinds": {kind: _rate(rate) for kind, rate in found.kinds.items()},
        },
        "values": [kept(metric, value) for value in found.values],
        "calls": list(found.calls),
    }


def _rate(rate: Rate) -> Json:
    return {"times": rate.times, "of": rate.of, "interval": _interval(rate)}


def _interval(rate: Rate) -> list[int | float] | None:
    """Wilson's, 95 %; null for no try at all, which shows nothing."""
    return [number(end, 4) for end in rate.interval] if rate.of else None


def _compared(compared: Compared, run: RunResult) -> Json:
    here = {result.scenario.name for result in run.scenarios}
    return {
        "file": masked(compared.base),
        "version": compared.base_version,
        "started_at": compared.base_started_at,
        "notes": list(compared.notes),
        "not_in_this_run": [
            one.scenario for one in compared.comparisons if one.scenario not in here
        ],
    }


def _comparison(one: Comparison) -> Json:
    return {
        "metric": one.metric or None,
        "standing": one.standing,
        "message": one.message,
        "base": _side(one.base, one.metric),
        "new": _side(one.new, one.metric),
        "difference": _kept(one.difference, one.metric),
        "interval": one.interval and [_kept(end, one.metric) for end in one.interval],
        "allowed": _kept(one.allowed, one.metric),
        "could_show": _kept(one.could_show, one.metric),
    }


def _side(side: Side | None, metric: str) -> Json | None:
    return None if side is None else {"n": side.n, "figure": _kept(side.figure, metric)}


def _kept(value: float | None, metric: str) -> float | None:
    return None if value is None else kept(metric, value)


def _call(call: CallResult, files: CallFiles) -> Json:
    timeline = call.timeline
    return {
        "number": call.number,
        "verdict": call.verdict,
        "duration_ms": _ms(timeline.duration_ms),
        "ended_by": timeline.ended_by,
        "close_code": timeline.close_code,
        "t0_monotonic_ns": timeline.t0_monotonic_ns,
        "turns": [_turn(turn) for turn in call.turns],
        "checks": _checks(call.checks),
        "protocol": [
            {
                "code": finding.code,
                "kind": finding.kind,
                "severity": finding.severity,
                "count": finding.count,
                "first": masked(finding.first),
            }
            for finding in call.protocol
        ],
        "rig": _rig(timeline.rig),
        "detector": {"used": call.detector, "because": call.detector_because},
        "files": {
            "recording": files.recording,
            "bot_raw": files.bot_raw,
            "events": files.events,
            "timeline": files.timeline,
            "log": files.log,
        },
        "notes": [masked(note) for note in call.notes],
        "error": _error(call.error_kind or "error", call.error) if call.error else None,
        "replaced": call.replaced,
    }


def _turn(turn: TurnFacts) -> Json:
    return {
        "index": turn.index,
        "line": turn.line,
        "kind": turn.kind,
        "said": None if turn.said is None else _span(turn.said),
        "heard": [_span(burst) for burst in turn.heard],
        "response_ms": _ms(turn.response_ms),
        "stop_ms": _ms(turn.stop_ms),
        "clear_ms": _ms(turn.clear_ms),
        "text": turn.text,
    }


def _checks(checks: Iterable[Check]) -> list[Json]:
    return [
        {
            "id": check.id,
            "metric": check.metric,
            "value": judged_value(check),
            "limit": _plain_number(check.limit),
            "verdict": _CHECK_VERDICTS.get(check.verdict, check.verdict),
            "message": check.message,
            "line": check.line,
            "at_ms": _ms(check.at_ms),
        }
        for check in checks
    ]


def _rig(rig: Rig) -> Json:
    return {
        "late_p99_ms": _tenths(rig.late_p99_ms),
        "late_max_ms": _tenths(rig.late_max_ms),
        "loop_stall_ms": _tenths(rig.loop_stall_ms),
        "frames_sent": rig.frames_sent,
        "read_lag_ms": _tenths(rig.read_lag_ms),
        "stolen": rig.stolen and number(rig.stolen, 4),
        "starved": rig.starved and number(rig.starved, 4),
        "control_error_ms": _tenths(rig.control_error_ms),
    }


def _error(kind: str, message: str, **more: str) -> Json:
    return {"kind": kind, "message": masked(message), **more}


def _span(span: tuple[float, float]) -> list[int]:
    start_ms, end_ms = span
    return [round(start_ms), round(end_ms)]


def _ms(value: float | None) -> int | None:
    return None if value is None or not math.isfinite(value) else round(value)


def _tenths(value: float | None) -> int | float | None:
    return None if value is None or not math.isfinite(value) else number(value, 1)


def _plain_number(value: float | None) -> int | float | None:
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value == int(value) else value
