"""A run as results.json keeps it, and as every report shows it.

Reports are rendered when a run ends, and again from its results.json. For both to say the same
to the last digit, figures are rounded and texts masked once, before anything is rendered.

No verdict is taken from what is rounded here (METRICS 8): verdicts stand as they were taken, a
check's value stays on its side of the limit, and the values of a call, which gates over several
calls look at, are kept whole.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from pipecat_voice_test.measurement.comparison.model import Compared, Comparison, Side
from pipecat_voice_test.measurement.results import (
    CallResult,
    Check,
    Control,
    RunResult,
    ScenarioResult,
    TurnFacts,
    Verdict,
)
from pipecat_voice_test.measurement.value import kept
from pipecat_voice_test.report.facts import judged_value
from pipecat_voice_test.report.text import masked, plain_text, valid_text
from pipecat_voice_test.scenario.limits import Limits
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.timeline import Rig, Timeline

SOURCE_BYTES = 256 * 1024
SOURCES_BYTES = 8 * 1024 * 1024
LOGGED_MOMENTS = 2000  # Of one call; a page of log has a time of its own every few lines still.
RIG_SPANS = 100  # Stalls of a call, and stretches in which it was starved.

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
_SOURCE_LINE_END = re.compile(r"\r\n|\r|\n")  # As the reader of scenarios counts lines.

Values = Mapping[str, tuple[float, ...]]


def kept_run(run: RunResult) -> RunResult:
    """A run as its results.json says it; one that is kept already comes back equal.

    Logs, which may be long, stay as they are: calls come with theirs from `kept_call`.
    """
    return replace(
        run,
        verdict=_RUN_VERDICTS.get(run.verdict, run.verdict),
        exit_code=int(run.exit_code),
        duration_ms=_whole(run.duration_ms),
        bot=replace(run.bot, name=masked(run.bot.name), ready_ms=_whole(run.bot.ready_ms)),
        scenarios=_with_sources(_scenario(result) for result in run.scenarios),
        run_checks=_checks(run.run_checks),
        errors=tuple(
            replace(
                error,
                message=masked(error.message),
                log_tail=masked(plain_text(error.log_tail)),
            )
            for error in run.errors
        ),
        control=run.control
        and Control(
            _tenths_or_none(run.control.response_error_ms),
            _tenths_or_none(run.control.stop_error_ms),
        ),
        compared=run.compared and _compared(run.compared),
    )


def kept_call(call: CallResult) -> CallResult:
    """A call as results.json and bot.log say it, without its sound and its events."""
    return replace(_call(call), bot_log=plain_text(call.bot_log))


def _call(call: CallResult) -> CallResult:
    return replace(
        call,
        timeline=_timeline(call.timeline),
        turns=tuple(_turn(turn) for turn in call.turns),
        checks=_checks(call.checks),
        metrics=_finite(call.metrics),
        slow=_finite(call.slow),
        rates=dict(call.rates),
        protocol=tuple(
            replace(found, first=masked(found.first), first_at_ms=_whole(found.first_at_ms))
            for found in call.protocol
        ),
        notes=tuple(masked(note) for note in call.notes),
        error=masked(call.error),
        error_kind=call.error_kind if call.error else "",
        gaps=tuple((_tenths(start_ms), _tenths(end_ms)) for start_ms, end_ms in call.gaps),
        logged=_thinned([(_whole(at_ms), line) for at_ms, line in call.logged]),
    )


@lru_cache(maxsize=256)  # Reports are written after every call, and scenarios stay.
def kept_source(text: str) -> str:
    """The text of a scenario file as plain text, each line masked and in its place.

    Past 256 KiB lines are left out.
    """
    left_bytes = SOURCE_BYTES
    lines: list[str] = []
    for line in _SOURCE_LINE_END.split(text[:SOURCE_BYTES]):
        shown = masked(plain_text(line)).replace("\n", " ")
        left_bytes -= len(shown.encode()) + 1
        if left_bytes < 0:
            break
        lines.append(shown)
    return "\n".join(lines)


def _with_sources(results: Iterable[ScenarioResult]) -> tuple[ScenarioResult, ...]:
    """Scenarios with the text of their file, as long as there is room for one more file."""
    texts: dict[str, str] = {}
    left_bytes = SOURCES_BYTES
    found: list[ScenarioResult] = []
    for result in results:
        file = str(result.scenario.file)
        if file not in texts:
            text = kept_source(result.scenario.source)
            size_bytes = len(text.encode())
            texts[file] = text if size_bytes <= left_bytes else ""
            left_bytes -= min(left_bytes, size_bytes)
        found.append(replace(result, scenario=replace(result.scenario, source=texts[file])))
    return tuple(found)


def _scenario(result: ScenarioResult) -> ScenarioResult:
    scenario = result.scenario
    return replace(
        result,
        # Intervals are drawn by the name, so it must be the one that a file can carry.
        scenario=Scenario(
            name=valid_text(scenario.name),
            file=scenario.file,
            line_number=scenario.line_number,
            turns=(),
            tags=scenario.tags,
            limits=_limits(scenario.limits),
            source=scenario.source,
        ),
        calls=tuple(_call(call) for call in result.calls),
        checks=_checks(result.checks),
        reason=masked(result.reason),
        comparisons=tuple(_comparison(one) for one in result.comparisons),
    )


def _limits(limits: Limits) -> Limits:
    gates = {
        metric: {statistic: float(limit) for statistic, limit in found.items()}
        for metric, found in limits.gates.items()
    }
    lines = {metric: line for metric in limits.own if (line := limits.line_of(metric)) is not None}
    return Limits(gates, limits.own, lines)


def _checks(checks: Iterable[Check]) -> tuple[Check, ...]:
    return tuple(
        replace(
            check,
            verdict=_CHECK_VERDICTS.get(check.verdict, check.verdict),
            message=masked(check.message),
            value=_finite_or_none(judged_value(check)),
            limit=_finite_or_none(check.limit),
            at_ms=_whole_or_none(check.at_ms),
        )
        for check in checks
    )


def _turn(turn: TurnFacts) -> TurnFacts:
    return replace(
        turn,
        said=None if turn.said is None else _span(turn.said),
        heard=tuple(_span(burst) for burst in turn.heard),
        response_ms=_whole_or_none(turn.response_ms),
        stop_ms=_whole_or_none(turn.stop_ms),
        clear_ms=_whole_or_none(turn.clear_ms),
    )


def _timeline(timeline: Timeline) -> Timeline:
    return Timeline(
        duration_ms=_whole(timeline.duration_ms),
        ended_by=timeline.ended_by,
        ended_at_ms=_whole(timeline.ended_at_ms),
        ended_how=timeline.ended_how,
        close_code=timeline.close_code,
        close_reason=masked(plain_text(timeline.close_reason)),
        t0_monotonic_ns=timeline.t0_monotonic_ns,
        stream_sid=timeline.stream_sid,
        call_sid=timeline.call_sid,
        rig=_rig(timeline.rig),
    )


def _rig(rig: Rig) -> Rig:
    return Rig(
        late_p99_ms=_tenths(rig.late_p99_ms),
        late_max_ms=_tenths(rig.late_max_ms),
        loop_stall_ms=_tenths(rig.loop_stall_ms),
        frames_sent=rig.frames_sent,
        read_lag_ms=_tenths(rig.read_lag_ms),
        stolen=None if rig.stolen is None else round(rig.stolen, 4),
        starved=None if rig.starved is None else round(rig.starved, 4),
        control_error_ms=_tenths_or_none(rig.control_error_ms),
        stalls=_longest(rig.stalls),
        starvations=_longest(rig.starvations),
    )


def _longest(spans: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """The longest of them, in order: a machine that stutters all through has too many to tell."""
    longest = sorted(spans, key=lambda span: span[0] - span[1])[:RIG_SPANS]
    return tuple((_tenths(start_ms), _tenths(end_ms)) for start_ms, end_ms in sorted(longest))


def _compared(compared: Compared) -> Compared:
    return replace(
        compared,
        base=masked(compared.base),
        comparisons=tuple(_comparison(one) for one in compared.comparisons),
    )


def _comparison(one: Comparison) -> Comparison:
    def near(value: float) -> float:
        return float(kept(one.metric, value))

    def near_or_none(value: float | None) -> float | None:
        return None if value is None else near(value)

    def side(found: Side | None) -> Side | None:
        return None if found is None else Side(found.n, near(found.figure))

    return replace(
        one,
        scenario=valid_text(one.scenario),
        base=side(one.base),
        new=side(one.new),
        difference=near_or_none(one.difference),
        interval=one.interval and (near(one.interval[0]), near(one.interval[1])),
        allowed=near_or_none(one.allowed),
        could_show=near_or_none(one.could_show),
    )


def _finite(values: Values) -> Values:
    return {
        metric: tuple(float(value) for value in found if math.isfinite(value))
        for metric, found in values.items()
    }


def _thinned(logged: list[tuple[float, int]]) -> tuple[tuple[float, int], ...]:
    """Every second, third, … moment of a log that has too many, the first one in any case."""
    step = math.ceil(len(logged) / LOGGED_MOMENTS)
    return tuple(logged[:: max(1, step)])


def _span(span: tuple[float, float]) -> tuple[float, float]:
    start_ms, end_ms = span
    return _whole(start_ms), _whole(end_ms)


def _finite_or_none(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _whole(value_ms: float) -> float:
    return _whole_or_none(value_ms) or 0.0


def _whole_or_none(value_ms: float | None) -> float | None:
    finite = _finite_or_none(value_ms)
    return None if finite is None else float(round(finite))


def _tenths(value_ms: float) -> float:
    return _tenths_or_none(value_ms) or 0.0


def _tenths_or_none(value_ms: float | None) -> float | None:
    finite = _finite_or_none(value_ms)
    return None if finite is None else round(finite, 1)
