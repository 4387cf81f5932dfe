"""results.json as its reader sees it: every key that a report needs, with its type.

Names are those of the file; `results.schema.json` says what they mean.
"""

from typing import Annotated, Any

from pydantic import Field

from pipecat_voice_test.measurement.comparison.model import Standing
from pipecat_voice_test.measurement.comparison.sealed import Part
from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.scenario.limits import Statistic
from pipecat_voice_test.scenario.model import TurnKind
from pipecat_voice_test.timeline import EndedBy, EndedHow, Severity

# A century is no length of a run; a report that says when it ended has no number for more.
Length = Annotated[float, Field(ge=0, le=3.2e12)]
Counted = Annotated[int, Field(ge=1)]
Span = tuple[float, float]
Values = dict[str, tuple[float, ...]]


class CheckPart(Part):
    id: str
    metric: str
    verdict: Verdict
    message: str
    value: float | None
    limit: float | None
    turn: int | None
    line: int | None
    at_ms: float | None


class TurnPart(Part):
    index: int
    line: int
    kind: TurnKind
    name: str
    said: Span | None
    heard: tuple[Span, ...]
    response_ms: float | None
    stop_ms: float | None
    clear_ms: float | None
    text: str | None
    keys: str


class FindingPart(Part):
    code: int | None
    kind: str
    severity: Severity
    count: int
    first: str
    first_at_ms: float


class RigPart(Part):
    late_p99_ms: float | None
    late_max_ms: float | None
    loop_stall_ms: float | None
    frames_sent: int
    read_lag_ms: float | None
    stolen: float | None
    starved: float | None
    control_error_ms: float | None
    stalls: tuple[Span, ...] = ()
    starvations: tuple[Span, ...] = ()


class FilesPart(Part):
    recording: str | None
    bot_raw: str | None
    events: str | None
    timeline: str | None
    log: str | None


class DetectorPart(Part):
    used: str
    because: str


class ErrorPart(Part):
    kind: str
    message: str
    log_tail: str = ""


class CallPart(Part):
    number: Counted
    verdict: Verdict
    duration_ms: Length | None
    ended_by: EndedBy
    ended_how: EndedHow | None = None
    ended_at_ms: float
    close_code: int | None
    close_reason: str
    t0_monotonic_ns: int
    call_sid: str
    stream_sid: str
    turns: tuple[TurnPart, ...]
    checks: tuple[CheckPart, ...]
    metrics: Values
    slow: Values
    rates: dict[str, tuple[int, int]]
    gaps: tuple[Span, ...]
    protocol: tuple[FindingPart, ...]
    rig: RigPart
    detector: DetectorPart
    files: FilesPart
    logged: tuple[tuple[float, int], ...]
    notes: tuple[str, ...]
    error: ErrorPart | None
    replaced: bool


class LimitsPart(Part):
    gates: dict[str, dict[Statistic, float]]
    own: dict[str, int | None]


class FingerprintPart(Part):
    script_sha256: str
    audio_sha256: str
    line: dict[str, Any]


class SidePart(Part):
    n: int
    figure: float


class ComparisonPart(Part):
    metric: str | None
    standing: Standing
    message: str
    base: SidePart | None
    new: SidePart | None
    difference: float | None
    interval: Span | None
    allowed: float | None
    could_show: float | None


class ScenarioPart(Part):
    name: str
    file: str
    line: int
    tags: tuple[str, ...]
    verdict: Verdict
    reason: str | None
    limits: LimitsPart
    checks: tuple[CheckPart, ...]
    fingerprint: FingerprintPart | None
    comparisons: tuple[ComparisonPart, ...]
    calls: tuple[CallPart, ...]


class ToolPart(Part):
    version: str


class SettingsPart(Part):
    provider: str
    workers: int
    repeat: int
    fresh_bot: bool


class ShardPart(Part):
    index: Counted
    total: Counted


class SharePart(Part):
    places: tuple[int, ...]
    among: int


class BotPart(Part):
    launcher: str
    name: str
    ready_ms: float | None


class ControlPart(Part):
    response_error_ms: float | None
    stop_error_ms: float | None


class BaselinePart(Part):
    file: str
    version: str
    started_at: str
    notes: tuple[str, ...]
    not_in_this_run: tuple[str, ...]


class Document(Part):
    tool: ToolPart
    runner: str
    settings: SettingsPart
    seed: int
    shard: ShardPart | None
    share: SharePart | None = None
    started_at: str
    duration_ms: Length
    verdict: Verdict
    exit_code: Annotated[int, Field(ge=0, le=7)]
    bot: BotPart
    control: ControlPart | None
    scenarios: tuple[ScenarioPart, ...]
    run_checks: tuple[CheckPart, ...]
    errors: tuple[ErrorPart, ...]
    baseline: BaselinePart | None
    sources: dict[str, str]
