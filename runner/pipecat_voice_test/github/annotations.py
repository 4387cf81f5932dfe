"""What went wrong, as notes on the scenario files' own lines.

GitHub shows at most ten errors and ten warnings of a step, so there are ten notes in all, what
the bot did wrong first, and the last of them says how many more there would be.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pipecat_voice_test.errors import ExitCode, ScenarioError
from pipecat_voice_test.github.commands import command
from pipecat_voice_test.measurement.results import (
    Check,
    RunError,
    RunResult,
    ScenarioResult,
    Verdict,
)
from pipecat_voice_test.report.comparison import not_compared, silence
from pipecat_voice_test.report.facts import (
    BAD,
    check_line,
    counted_calls,
    reason_of,
    unshown_errors,
    words,
)
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.results_json import TOOL
from pipecat_voice_test.report.text import masked, one_line, plain_text, shortened

MOST = 10
_TITLE_CHARACTERS = 200
_TEXT_CHARACTERS = 1_500
_TEXT_LINES = 12
_EVIDENCE_LINES = 6  # The log has all of it; this is what a traceback ends with.
_FILE_AND_LINE = re.compile(r"(?P<file>[^\n]+?):(?P<line>[0-9]{1,9}): ")
_FIX = "  Fix: "


@dataclass(frozen=True, slots=True)
class Annotation:
    """One note; without a file it belongs to the whole step."""

    level: str
    title: str
    text: str
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        properties = {
            "file": plain_text(self.file),
            "line": "" if self.line is None else str(self.line),
            "title": masked(one_line(self.title, _TITLE_CHARACTERS)),
        }
        text = shortened(masked(plain_text(self.text)), _TEXT_CHARACTERS)
        return command(self.level, text, properties)


def annotations(run: RunResult, place: Place, warnings: Sequence[str] = ()) -> list[Annotation]:
    """At most ten notes on a run: failures, then errors, then what could not be judged."""
    found = [
        *_failures(run, place),
        *_errors(run, place),
        *_unjudged(run, place),
        *(Annotation("warning", TOOL, warning) for warning in warnings),
    ]
    kept = found[:MOST]
    if len(found) > MOST:
        text = f"{kept[-1].text}\nand {len(found) - MOST} more; the job summary has all of them"
        kept[-1] = replace(kept[-1], text=text)
    return kept


# --- what the bot did wrong ---------------------------------------------------------------


def _failures(run: RunResult, place: Place) -> Iterator[Annotation]:
    for index, result in enumerate(run.scenarios):
        if result.verdict in BAD:
            found = list(_failed_checks(result, index, place))
            yield from found or [_about(result, "error", place)]
    for check in run.run_checks:
        if check.verdict is Verdict.FAILED:
            yield Annotation("error", "whole run", check_line(check))


def _failed_checks(result: ScenarioResult, index: int, place: Place) -> Iterator[Annotation]:
    """One note for each check, however many calls it failed in; then the gates over them."""
    times = Counter(check.id for call in counted_calls(result) for check in _failed(call.checks))
    noted = set[str]()
    for position, call in enumerate(result.calls):
        for check in () if call.replaced else _failed(call.checks):
            if check.id in noted:
                continue
            noted.add(check.id)
            lines = [check_line(check)]
            if times[check.id] > 1:
                lines.append(f"in {times[check.id]} of {len(counted_calls(result))} calls")
            if recording := place.of_call(index, position).recording:
                at = "" if check.at_ms is None else f" at {check.at_ms / 1000:.1f} s"
                lines.append(f"hear it{at}: {place.shown(recording)}")
            yield _about(result, "error", place, "\n".join(lines), check.line)
    for check in _failed(result.checks):
        yield _about(result, "error", place, check_line(check), check.line)


def _failed(checks: Iterable[Check]) -> Iterator[Check]:
    return (check for check in checks if check.verdict is Verdict.FAILED)


# --- what could not be judged -------------------------------------------------------------


def _errors(run: RunResult, place: Place) -> Iterator[Annotation]:
    for result in run.scenarios:
        if result.verdict is Verdict.ERROR:
            yield _about(result, "error", place)
    yield from (_of_the_run(error) for error in unshown_errors(run))


def _of_the_run(error: RunError) -> Annotation:
    """A mistake in a scenario file is noted where it is; such messages begin with the place."""
    text = _gist(error.message)
    where = _FILE_AND_LINE.match(text) if error.kind == ScenarioError.kind else None
    if where is not None:
        text, file, line = text[where.end() :], where["file"], int(where["line"])
        return Annotation("error", "scenario file", text, file, line)
    return Annotation("error", error.kind.replace("_", " "), text)


def _unjudged(run: RunResult, place: Place) -> Iterator[Annotation]:
    for result in run.scenarios:
        if result.verdict is Verdict.INCONCLUSIVE:
            yield _about(result, "warning", place)
    if run.compared is not None:
        told = filter(None, (*not_compared(run.compared), silence(run.compared)))
        yield from (Annotation("warning", "baseline", text) for text in told)
    left = [result for result in run.scenarios if result.verdict is Verdict.NOT_RUN]
    # In any other case what kept the run from them has a note of its own.
    if left and run.exit_code == ExitCode.INCONCLUSIVE:
        count = f"{len(left)} scenario{'s' * (len(left) != 1)}"
        yield Annotation("warning", f"{count} not run", reason_of(left[0]))


def _about(
    result: ScenarioResult, level: str, place: Place, text: str = "", line: int | None = None
) -> Annotation:
    scenario = result.scenario
    title = f"{scenario.name}: {words(result.verdict)}"
    file = place.relative(scenario.file)
    return Annotation(
        level, title, text or _gist(reason_of(result)), file, line or scenario.line_number
    )


def _gist(text: str) -> str:
    """An error in short: what happened, its fix, and the end of its evidence."""
    lines = text.splitlines()
    if text.startswith("Traceback"):
        return lines[-1]
    fix = next((number for number, line in enumerate(lines) if line.startswith(_FIX)), None)
    if fix is None:
        return "\n".join(lines[:_TEXT_LINES])
    end = fix + 1
    while end < len(lines) and lines[end].startswith(" " * len(_FIX)):
        end += 1
    evidence = lines[end:]
    told = [line.strip() for line in lines[:end]]
    if len(evidence) > _EVIDENCE_LINES:
        told.append("…")
    return "\n".join(told + [line.removeprefix("  ") for line in evidence[-_EVIDENCE_LINES:]])
