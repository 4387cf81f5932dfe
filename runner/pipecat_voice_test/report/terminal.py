"""What the command prints when a run is over: what went wrong, complete and last.

Plain lines; colour is the command's business. Nothing a bot or a scenario file says can move
the cursor or speak to the CI system from here.
"""

from collections.abc import Sequence

from pipecat_voice_test.measurement.results import Check, RunResult, ScenarioResult, Verdict
from pipecat_voice_test.report.comparison import comparison_lines
from pipecat_voice_test.report.facts import (
    BAD,
    PASSED_OVER,
    UNJUDGED,
    call_errors,
    check_line,
    counted_calls,
    counts_line,
    is_forgiven,
    missed_checks,
    reason_of,
    share_line,
    undecided,
    unshown_errors,
    words,
)
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.rig import rig_line
from pipecat_voice_test.report.text import masked, one_line, plain_text, shortened

_NAME_CHARACTERS = 200
_REASON_CHARACTERS = 8_000


def closing_lines(run: RunResult, place: Place) -> list[str]:
    """Tell how a run went: what was passed over, what could not be judged, what failed."""
    lines: list[str] = []
    numbered = list(enumerate(run.scenarios))
    for _, result in numbered:
        if result.verdict in PASSED_OVER:
            lines.append(f"{_title(result, place)}: {one_line(reason_of(result))}")
    for _, result in numbered:
        if result.verdict in UNJUDGED:
            lines += [_title(result, place), *_indented(reason_of(result))]
    for error in unshown_errors(run):
        lines += [f"{one_line(error.kind.replace('_', ' '))}:", *_indented(error.message)]
        if not _quotes(error.message, error.log_tail):
            lines += _indented(error.log_tail)
    for index, result in numbered:
        if result.verdict in BAD or is_forgiven(result):
            lines += [_title(result, place), *_failures(result, place, index)]
        elif undecided(result):
            lines.append(_title(result, place))
        lines += [f"  undecided: {one_line(line)}" for line in undecided(result)]
    if missed := missed_checks(run):
        verdict = words(missed[0].verdict)
        lines += [f"whole run: {verdict}", *(f"  {one_line(check.message)}" for check in missed)]
    if run.compared is not None:
        lines += comparison_lines(run.compared)
    rig = rig_line(run)
    return [*lines, *([rig] if rig else []), counts_line(run)]


def _quotes(message: str, log: str) -> bool:
    """Whether an error already shows the end of the bot's log as its evidence."""
    last = next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")
    return bool(last) and last in message


def _title(result: ScenarioResult, place: Place) -> str:
    where = f"{place.relative(result.scenario.file)}:{result.scenario.line_number}"
    title = f"{where}: {one_line(result.scenario.name, _NAME_CHARACTERS)}"
    told = result.verdict in BAD or is_forgiven(result)
    share = f", {line}" if told and (line := share_line(result)) else ""
    return f"{one_line(title)}: {words(result.verdict)}{share}"


def _failures(result: ScenarioResult, place: Place, index: int) -> list[str]:
    several = len(counted_calls(result)) > 1
    lines: list[str] = []
    for position, call in enumerate(result.calls):
        recording = place.of_call(index, position).recording
        shown = None if recording is None else place.shown(recording)
        suffix = f" (call {call.number})" if several else ""
        if not call.replaced:
            lines += _failed_lines(call.checks, suffix, shown)
    lines += _failed_lines(result.checks, "", None)
    if not lines:
        return _indented(reason_of(result))
    return lines + [line for error in call_errors(result) for line in _indented(error)]


def _failed_lines(checks: Sequence[Check], suffix: str, recording: str | None) -> list[str]:
    lines: list[str] = []
    for check in checks:
        if check.verdict is not Verdict.FAILED:
            continue
        lines.append(f"  {one_line(check_line(check))}{suffix}")
        if recording is not None:
            at = "" if check.at_ms is None else f" at {check.at_ms / 1000:.1f} s"
            lines.append(f"    hear it{at}: {recording}")
    return lines


def _indented(text: str) -> list[str]:
    whole = shortened(masked(plain_text(text)), _REASON_CHARACTERS)
    return [f"  {line}" for line in whole.splitlines()]
