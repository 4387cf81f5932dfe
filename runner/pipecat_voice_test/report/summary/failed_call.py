"""A call that failed: what was expected, what was heard, at which second, and a picture of it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipecat_voice_test.measurement.results import CallResult, Check, ScenarioResult, Verdict
from pipecat_voice_test.report.facts import check_line
from pipecat_voice_test.report.summary.expected import expected_of
from pipecat_voice_test.report.summary.mermaid import WRONG, gantt
from pipecat_voice_test.report.text import markdown_text, masked
from pipecat_voice_test.report.view.build import call_view
from pipecat_voice_test.report.view.misses import missed_checks

_ROWS = 50
_LINES = 20
_NOTHING = "–"  # noqa: RUF001  # An en dash, as tables have it.
_FIX = " Fix: "


def failed_call_md(
    result: ScenarioResult, call: CallResult, files: Sequence[str], *, draw: bool
) -> str:
    """Tell one failed call.

    Args:
        result: Its scenario.
        call: The call.
        files: What is to be heard and seen of it, as seen from the working directory.
        draw: Whether it has a picture.
    """
    failed = failed_of(call)
    blocks = [_title(call, files)]
    if failed:
        blocks.append("\n".join(_table(failed)))
    blocks += ["\n".join(found) for found in (fixes_of(failed), lines_of(call.error)) if found]
    if draw and (picture := gantt(call, call_view(result, replace(call, bot_log="")))):
        blocks.append(f"```mermaid\n{picture}\n```")
    return "\n\n".join(blocks)


def failed_of(call: CallResult) -> list[Check]:
    """The failed checks of a call, the worst first."""
    return [check for check in missed_checks(call) if check.verdict is Verdict.FAILED]


def second(at_ms: float | None) -> str:
    return _NOTHING if at_ms is None else f"{at_ms / 1000:.1f} s"


def heard(check: Check) -> str:
    """The failing line as every report has it; what to do about it stands apart."""
    return markdown_text(masked(check_line(check).partition(_FIX)[0]))


def lines_of(text: str) -> list[str]:
    """An error's lines as a list; the evidence below them is for the log."""
    lines = [line for line in masked(text).splitlines() if line.strip()]
    return [f"- {markdown_text(line)}" for line in lines[:_LINES]]


def _title(call: CallResult, files: Sequence[str]) -> str:
    shown = ", ".join(markdown_text(file, 4096) for file in files)
    return f"**call {call.number}**: {shown or 'no recording was written'}"


def _table(failed: Sequence[Check]) -> Iterator[str]:
    """The number of a row is that of its row in the picture."""
    yield f"| {WRONG} | at | expected | heard |"
    yield "|---:|---:|---|---|"
    for number, check in enumerate(failed[:_ROWS], 1):
        expected = markdown_text(expected_of(check))
        yield f"| {number} | **{second(check.at_ms)}** | {expected} | {heard(check)} |"
    if len(failed) > _ROWS:
        yield f"| {_NOTHING} | {_NOTHING} | {_NOTHING} | and {len(failed) - _ROWS} more |"


def fixes_of(failed: Sequence[Check]) -> list[str]:
    """What to do, each advice once."""
    told = dict.fromkeys(check.message.partition(_FIX)[2] for check in failed[:_ROWS])
    return [f"- Fix: {markdown_text(masked(fix))}" for fix in told if fix]
