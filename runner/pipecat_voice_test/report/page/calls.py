"""One scenario and one call as the page shows them.

A call that passed is there to be looked at if somebody wants to, so it shows less of what can
be long; the files beside the page have it all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipecat_voice_test.measurement.results import (
    CallResult,
    Check,
    RunResult,
    ScenarioResult,
    Verdict,
)
from pipecat_voice_test.report.facts import (
    PASSED_OVER,
    UNJUDGED,
    check_line,
    counted_calls,
    is_forgiven,
    reason_of,
    share_line,
)
from pipecat_voice_test.report.files import CallFiles, Place
from pipecat_voice_test.report.page.data import data_of
from pipecat_voice_test.report.page.looks import href, name_of
from pipecat_voice_test.report.page.overview import call_id
from pipecat_voice_test.report.page.source import SourceLine, source_lines
from pipecat_voice_test.report.page.story import Beat, story
from pipecat_voice_test.report.rig import rig_properties
from pipecat_voice_test.report.text import masked, one_line
from pipecat_voice_test.report.view.misses import MISS_CHARACTERS
from pipecat_voice_test.report.view.model import CallView, Evidence, Happened, LogLine
from pipecat_voice_test.report.view.words import shown
from pipecat_voice_test.timeline import OVER_API

# What a call may show of what has no bound: where there is something to find, and where not.
EVENTS_SHOWN = {True: 600, False: 120}
LOG_BYTES_SHOWN = {True: 48 * 1024, False: 6 * 1024}
_FILE_WORDS = (
    ("recording", "call.wav", "recording: left the caller, right the bot as heard"),
    ("bot_raw", "bot_raw.wav", "all that the bot sent, without gaps"),
    ("events", "events.jsonl", "every message and event"),
    ("timeline", "timeline.png", "the picture"),
    ("log", "bot.log", "what the bot printed"),
)


@dataclass(frozen=True, slots=True)
class CheckRow:
    verdict: Verdict
    text: str
    at_ms: float | None


@dataclass(frozen=True, slots=True)
class FileLink:
    href: str
    name: str
    means: str


@dataclass(frozen=True, slots=True)
class CallPart:
    """A call, ready for its template.

    Attributes:
        id: By positions, `2-1`.
        name: Of its scenario, for whoever comes straight here.
        is_open: Whether it is unfolded when the page opens.
        data: For page.js, as JSON has it; all but where the recording is.
        samples: Of the recording; 0 if there is none.
        recording, picture: Links, or empty.
    """

    id: str
    name: str
    number: int
    verdict: Verdict
    replaced: bool
    is_open: bool
    duration_ms: float
    ended: str
    error: str
    checks: tuple[CheckRow, ...]
    story: tuple[Beat, ...]
    events: tuple[Happened, ...]
    events_left: int
    log: tuple[LogLine, ...]
    log_left: int
    log_has_times: bool
    findings: tuple[str, ...]
    notes: tuple[str, ...]
    detector: str
    rig: tuple[tuple[str, str], ...]
    files: tuple[FileLink, ...]
    recording: str
    picture: str
    samples: int
    data: Mapping[str, Any]

    @property
    def missed(self) -> tuple[CheckRow, ...]:
        return tuple(c for c in self.checks if c.verdict is Verdict.FAILED)


@dataclass(frozen=True, slots=True)
class ScenarioPart:
    """A scenario, ready for its template; `is_open` as for a call, for its text."""

    position: int
    name: str
    verdict: Verdict
    where: str
    share: str
    reason: str
    tags: tuple[str, ...]
    checks: tuple[CheckRow, ...]
    source: tuple[SourceLine, ...]
    file: str
    is_open: bool
    calls: int


def scenario_part(run: RunResult, index: int, place: Place) -> ScenarioPart:
    result = run.scenarios[index]
    scenario = result.scenario
    file = one_line(place.relative(scenario.file))
    begins = [
        one.scenario.line_number for one in run.scenarios if one.scenario.file == scenario.file
    ]
    passed = result.verdict is Verdict.PASSED and not is_forgiven(result)
    return ScenarioPart(
        position=index + 1,
        name=name_of(scenario.name),
        verdict=result.verdict,
        where=f"{file}, line {scenario.line_number}",
        share=share_line(result),
        reason=masked(reason_of(result)) if result.verdict in PASSED_OVER | UNJUDGED else "",
        tags=tuple(map(name_of, scenario.tags)),
        checks=tuple(_check_rows(result.checks)),
        source=tuple(source_lines(scenario, _failing(result), begins)),
        file=file,
        is_open=not passed,
        calls=len(result.calls),
    )


def call_part(
    result: ScenarioResult,
    where: tuple[int, int],
    view: CallView,
    evidence: Evidence,
    files: CallFiles,
) -> CallPart:
    """Put together what the page shows of one call.

    Args:
        result: Its scenario.
        where: Positions of scenario and call in the run, from 0.
        view: What there is to see of it.
        evidence: Of its recording, for the waveform.
        files: What it left on disk.
    """
    call = result.calls[where[1]]
    if call.replaced:  # Another one was made in its place, and is judged instead.
        view = replace(view, misses=())
    wanted = call.verdict is not Verdict.PASSED and not call.replaced
    log, log_left = _bounded_log(view.log, LOG_BYTES_SHOWN[wanted])
    events = view.events[: EVENTS_SHOWN[wanted]]
    samples = len(evidence.said) if files.recording else 0
    return CallPart(
        id=call_id(*where),
        name=view.name,
        number=call.number,
        verdict=call.verdict,
        replaced=call.replaced,
        is_open=wanted,
        duration_ms=view.duration_ms,
        ended=_ended(call),
        error=masked(call.error),
        checks=tuple(_check_rows(call.checks)),
        story=tuple(story(view)),
        events=events,
        events_left=len(view.events) - len(events),
        log=log,
        log_left=log_left,
        log_has_times=any(line.at_ms is not None for line in log),
        findings=tuple(_findings(call)),
        notes=tuple(shown(note) for note in call.notes),
        detector=shown(call.detector_because) or call.detector,
        rig=tuple((key.removeprefix("rig."), f"{value:g}") for key, value in _rig(call)),
        files=tuple(_links(files)),
        recording=href(files.recording) if files.recording else "",
        picture=href(files.timeline) if files.timeline else "",
        samples=samples,
        data=data_of(view, evidence),
    )


def _ended(call: CallResult) -> str:
    ended = call.timeline.ended_by.value.replace("_", " ")
    return f"{ended} over the call API" if call.timeline.ended_how in OVER_API else ended


def _rig(call: CallResult) -> Iterator[tuple[str, int | float]]:
    yield from rig_properties([call.timeline.rig]).items()


def _failing(result: ScenarioResult) -> frozenset[int]:
    checks = [check for call in counted_calls(result) for check in call.checks]
    return frozenset(
        check.line
        for check in (*checks, *result.checks)
        if check.verdict is Verdict.FAILED and check.line is not None
    )


def _check_rows(checks: Sequence[Check]) -> Iterator[CheckRow]:
    """Those that failed first, then what was not judged, then what passed; else in order."""
    for check in sorted(checks, key=lambda check: _CHECK_ORDER.get(check.verdict, 1)):
        yield CheckRow(check.verdict, shown(check_line(check), MISS_CHARACTERS), check.at_ms)


_CHECK_ORDER = {Verdict.FAILED: 0, Verdict.PASSED: 3, Verdict.SKIPPED: 2}


def _findings(call: CallResult) -> Iterator[str]:
    for found in call.protocol:
        code = f" ({found.code})" if found.code is not None else ""
        times = f", {found.count} times" if found.count > 1 else ""
        first = f", first: {found.first}" if found.first else ""
        kind = found.kind.replace("_", " ")
        yield shown(f"{found.severity.value}: {kind}{code}{times}{first}")


def _links(files: CallFiles) -> Iterator[FileLink]:
    for field, name, means in _FILE_WORDS:
        if path := getattr(files, field):
            yield FileLink(href(path), name, means)


def _bounded_log(lines: Sequence[LogLine], most_bytes: int) -> tuple[tuple[LogLine, ...], int]:
    """The last lines that fit, and how many are left out before them."""
    kept = 0
    for line in reversed(lines):
        most_bytes -= len(line.text) + 1
        if most_bytes < 0:
            break
        kept += 1
    return tuple(lines[len(lines) - kept :]), len(lines) - kept
