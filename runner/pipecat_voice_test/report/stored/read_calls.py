"""A call of results.json, read back."""

from collections.abc import Callable, Iterable

from pipecat_voice_test.measurement.results import CallResult, Check, FindingCount, TurnFacts
from pipecat_voice_test.report.stored.call_json import NO_KIND
from pipecat_voice_test.report.stored.shape import (
    CallPart,
    CheckPart,
    FindingPart,
    RigPart,
    TurnPart,
)
from pipecat_voice_test.timeline import Rig, Timeline


def call_of(read: CallPart, log_of: Callable[[str], str]) -> CallResult:
    """The call as `kept_call` has it, with its log if that is still there."""
    error = read.error
    return CallResult(
        number=read.number,
        verdict=read.verdict,
        timeline=_timeline(read),
        turns=tuple(_turn(turn) for turn in read.turns),
        checks=checks_of(read.checks),
        metrics=read.metrics,
        slow=read.slow,
        rates=read.rates,
        protocol=tuple(_finding(finding) for finding in read.protocol),
        notes=read.notes,
        error="" if error is None else error.message,
        error_kind="" if error is None or error.kind == NO_KIND else error.kind,
        bot_log=log_of(read.files.log) if read.files.log is not None else "",
        replaced=read.replaced,
        detector=read.detector.used,
        detector_because=read.detector.because,
        gaps=read.gaps,
        logged=read.logged,
    )


def checks_of(read: Iterable[CheckPart]) -> tuple[Check, ...]:
    return tuple(Check(**check.model_dump()) for check in read)


def _timeline(read: CallPart) -> Timeline:
    return Timeline(
        duration_ms=read.duration_ms or 0.0,
        ended_by=read.ended_by,
        ended_how=read.ended_how,
        ended_at_ms=read.ended_at_ms,
        close_code=read.close_code,
        close_reason=read.close_reason,
        t0_monotonic_ns=read.t0_monotonic_ns,
        stream_sid=read.stream_sid,
        call_sid=read.call_sid,
        rig=_rig(read.rig),
    )


def _rig(read: RigPart) -> Rig:
    return Rig(
        late_p99_ms=read.late_p99_ms or 0.0,
        late_max_ms=read.late_max_ms or 0.0,
        loop_stall_ms=read.loop_stall_ms or 0.0,
        frames_sent=read.frames_sent,
        read_lag_ms=read.read_lag_ms or 0.0,
        stolen=read.stolen,
        starved=read.starved,
        control_error_ms=read.control_error_ms,
        stalls=read.stalls,
        starvations=read.starvations,
    )


def _turn(read: TurnPart) -> TurnFacts:
    return TurnFacts(**read.model_dump())


def _finding(read: FindingPart) -> FindingCount:
    return FindingCount(**read.model_dump())
