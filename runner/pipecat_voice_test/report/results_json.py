"""results.json: the whole run for machines, in the shape of DESIGN 6.

Times are whole milliseconds on the call clock. What a check measured keeps 0.1 ms, and more
where that would put it on the other side of its limit. The schema lies beside this module and
is shipped with the package.
"""

import json
import re
from dataclasses import asdict
from importlib import resources

from pipecat_voice_test import __version__
from pipecat_voice_test.measurement.comparison.digest import KEY, canonical, digest
from pipecat_voice_test.measurement.comparison.model import Compared, Comparison, Side
from pipecat_voice_test.measurement.repeats.pool import Rate, passing
from pipecat_voice_test.measurement.results import RunResult, ScenarioResult
from pipecat_voice_test.measurement.value import MEASURES, kept
from pipecat_voice_test.report.facts import (
    Figures,
    counted_calls,
    number,
    passed_calls,
    pooled,
    rounded,
)
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.stored.call_json import (
    Json,
    call_json,
    checks_json,
    error_json,
    plain_number,
    tenths,
    whole,
)
from pipecat_voice_test.report.stored.kept import kept_run
from pipecat_voice_test.report.text import json_text, valid_text
from pipecat_voice_test.scenario.limits import Limits

SCHEMA_VERSION = 1
TOOL = "pipecat-voice-test"

# Lists of numbers are one line each: there are many, and a number a line is none to read.
_NUMBERS = re.compile(r"\[\n\s+(-?\d[-+.eE\d]*(?:,\n\s+-?\d[-+.eE\d]*)*)\n\s+\]")


def results_json(run: RunResult, place: Place, *, version: str = __version__) -> str:
    """Render a run as strict JSON: no NaN, and text that every UTF-8 reader takes.

    It says all that the other reports are made of, so that they can be made again of it.
    """
    run = kept_run(run)
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
        "duration_ms": whole(run.duration_ms),
        "verdict": run.verdict,
        "exit_code": run.exit_code,
        "bot": {
            "launcher": run.bot.launcher,
            "name": run.bot.name,
            "ready_ms": whole(run.bot.ready_ms),
        },
        "control": run.control
        and {
            "response_error_ms": tenths(run.control.response_error_ms),
            "stop_error_ms": tenths(run.control.stop_error_ms),
        },
        "scenarios": [
            _scenario(scenario, place, index) for index, scenario in enumerate(run.scenarios)
        ],
        "run_checks": checks_json(run.run_checks),
        "errors": [
            error_json(error.kind, error.message, log_tail=error.log_tail) for error in run.errors
        ],
        "baseline": run.compared and _compared(run.compared, run),
        "sources": _sources(run, place),
    }
    document[KEY] = digest(valid_text(canonical(document)))
    return _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", json_text(document))


def results_schema() -> Json:
    """Give the JSON Schema (draft 2020-12) of results.json."""
    text = resources.files(__package__).joinpath("results.schema.json").read_text("utf-8")
    schema: Json = json.loads(text)
    return schema


def _scenario(result: ScenarioResult, place: Place, index: int) -> Json:
    return {
        "name": result.scenario.name,
        "file": place.relative(result.scenario.file),
        "line": result.scenario.line_number,
        "tags": list(result.scenario.tags),
        "verdict": result.verdict,
        "reason": result.reason or None,
        "passed_calls": passed_calls(result),
        "calls_run": len(counted_calls(result)),
        "passed_interval": _interval(passing(result.calls)),
        "metrics": {
            metric: _figures(metric, found, result.scenario.name)
            for metric, found in pooled(result).items()
        },
        "limits": _limits(result.scenario.limits),
        "checks": checks_json(result.checks),
        "fingerprint": result.fingerprint and asdict(result.fingerprint),
        "comparisons": [_comparison(one) for one in result.comparisons],
        "calls": [
            call_json(call, place.of_call(index, position))
            for position, call in enumerate(result.calls)
        ],
    }


def _limits(limits: Limits) -> Json:
    """What holds, and which metrics the scenario says something about itself, in which line."""
    return {
        "gates": {
            metric: {statistic: plain_number(limit) for statistic, limit in gates.items()}
            for metric, gates in limits.gates.items()
        },
        "own": {metric: limits.line_of(metric) for metric in sorted(limits.own)},
    }


def _sources(run: RunResult, place: Place) -> dict[str, str]:
    scenarios = (result.scenario for result in run.scenarios)
    return {place.relative(one.file): one.source for one in scenarios if one.source}


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
        "file": compared.base,
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
        "base": _side(one.base),
        "new": _side(one.new),
        "difference": plain_number(one.difference),
        "interval": one.interval and [plain_number(end) for end in one.interval],
        "allowed": plain_number(one.allowed),
        "could_show": plain_number(one.could_show),
    }


def _side(side: Side | None) -> Json | None:
    return None if side is None else {"n": side.n, "figure": plain_number(side.figure)}
