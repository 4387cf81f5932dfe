"""What failed, complete: each check with its place, its fix, and the second to listen to.

Nothing of a check is left out, however many failed. Beside them stands what may explain them:
what was wrong on the wire, what the caller noted, and what the bot itself complained about.
"""

import re
from collections.abc import Iterator, Sequence

from pipecat_voice_test.measurement.results import CallResult, Check, ScenarioResult, Verdict
from pipecat_voice_test.report.facts import (
    BAD,
    call_errors,
    check_line,
    counted_calls,
    is_forgiven,
    number,
    reason_of,
    share_line,
    undecided,
    words,
)
from pipecat_voice_test.report.files import CallFiles, Place
from pipecat_voice_test.report.terminal.line import TEXT_CHARACTERS, Block, Line, indented, near
from pipecat_voice_test.report.text import masked, one_line
from pipecat_voice_test.timeline import Severity

_NAME_CHARACTERS = 200
_FIX = " Fix: "
_SHOWN = 3
_LOG_CHARACTERS = 256 * 1024
_COMPLAINT = re.compile(
    r"(?<![A-Z_])(?:ERROR|CRITICAL|FATAL)(?![A-Z_])|\bTraceback\b|[a-z](?:Error|Exception)\b"
    r"|\"(?:level|severity)\": ?\"(?:error|critical|fatal)\""
)


def title(scenario: ScenarioResult, place: Place) -> Line:
    """`tests/voice/hours.yaml:3: Opening hours: flaky, passed 2 of 3 calls (…)`."""
    where = f"{near(scenario.scenario.file, place)}:{scenario.scenario.line_number}"
    text = one_line(f"{where}: {one_line(scenario.scenario.name, _NAME_CHARACTERS)}")
    told = scenario.verdict in BAD or is_forgiven(scenario)
    share = f", {line}" if told and (line := share_line(scenario)) else ""
    return Line(f"{text}: {words(scenario.verdict)}{share}", scenario.verdict)


def failure(scenario: ScenarioResult, place: Place, index: int) -> Block:
    """Everything to know about a scenario that failed, now and then or forgiven included."""
    several = len(counted_calls(scenario)) > 1
    lines: Block = []
    for position, call in enumerate(scenario.calls):
        if not call.replaced:
            files = place.of_call(index, position)
            lines += _of_call(call, files, place, f" (call {call.number})" if several else "")
    lines += _checks(scenario.checks, "", None)
    if lines:
        lines += [line for error in call_errors(scenario) for line in indented(error)]
    else:
        lines = list(indented(reason_of(scenario)))
    return [title(scenario, place), *lines, *left_undecided(scenario)]


def left_undecided(scenario: ScenarioResult) -> Block:
    return [Line(f"  undecided: {one_line(line)}") for line in undecided(scenario)]


def check_lines(check: Check, suffix: str = "") -> Block:
    """A check that failed, with what to do about it on a line of its own."""
    what, _, fix = check_line(check).partition(_FIX)
    where = f"line {check.line}: " if check.turn is None and check.line is not None else ""
    lines = [Line(f"  {where}{one_line(masked(what), TEXT_CHARACTERS)}{suffix}")]
    return [*lines, Line(f"    Fix: {one_line(fix, TEXT_CHARACTERS)}")] if fix else lines


def _of_call(call: CallResult, files: CallFiles, place: Place, suffix: str) -> Block:
    shown = None if files.recording is None else near(place.output / files.recording, place)
    lines = _checks(call.checks, suffix, shown)
    return [*lines, *_evidence(call, files, place, suffix)] if lines else []


def _checks(checks: Sequence[Check], suffix: str, recording: str | None) -> Block:
    lines: Block = []
    for check in checks:
        if check.verdict is not Verdict.FAILED:
            continue
        lines += check_lines(check, suffix)
        if recording is not None:
            at = "" if check.at_ms is None else f" at {check.at_ms / 1000:.1f} s"
            lines.append(Line(f"    hear it{at}: {recording}"))
    return lines


def _evidence(call: CallResult, files: CallFiles, place: Place, suffix: str) -> Iterator[Line]:
    found = [f"note: {masked(note)}" for note in call.notes]
    found = [*_on_the_wire(call), *found]
    for text in found[:_SHOWN]:
        yield Line(f"  {one_line(text)}{suffix}")
    if len(found) > _SHOWN:
        yield Line(f"  (and {len(found) - _SHOWN} more like it)")
    complaints = _complaints(call.bot_log)
    if complaints:
        where = "" if files.log is None else f", {near(place.output / files.log, place)}"
        yield Line(f"  the bot's log of this call{suffix}{where}:")
        yield from (Line(f"    {one_line(masked(line))}") for line in complaints)


def _on_the_wire(call: CallResult) -> Iterator[str]:
    for found in call.protocol:
        if found.severity is Severity.WARNING:
            times = f", {found.count} times" if found.count > 1 else ""
            at_s = number(found.first_at_ms / 1000.0, 1)
            yield f"on the wire at {at_s} s{times}: {masked(found.first)}"


def _complaints(log: str) -> list[str]:
    """The last lines in which a bot says that something went wrong."""
    lines = log[-_LOG_CHARACTERS:].splitlines()
    return [one_line(line) for line in lines if _COMPLAINT.search(line)][-_SHOWN:]
