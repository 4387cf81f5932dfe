"""JUnit XML, as GitHub, GitLab and Jenkins read it.

`<failure>`: the bot misbehaved. `<error>`: the bot could not be judged. The difference decides
who looks at it, so a problem of the rig never becomes a `<failure>`.

Attachments use the `[[ATTACHMENT|path]]` line in `<system-out>` that Jenkins and GitLab turn
into links; GitLab shows the first one only. `strict` keeps to what the Jenkins xUnit schema
allows; properties, `file` and `line` of a test case then become `[[PROPERTY|k=v]]` lines.

Sources: https://kohsuke.org/2012/03/13/attaching-files-to-junit-tests/,
https://github.com/jenkinsci/xunit-plugin (junit-10.xsd)
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Literal

from pipecat_voice_test import __version__
from pipecat_voice_test.measurement.repeats.pool import passing
from pipecat_voice_test.measurement.results import (
    CallResult,
    Check,
    RunError,
    RunResult,
    ScenarioResult,
    Verdict,
)
from pipecat_voice_test.report.comparison import comparison_lines
from pipecat_voice_test.report.facts import (
    BAD,
    PASSED_OVER,
    UNJUDGED,
    call_errors,
    check_line,
    counted_calls,
    failed_checks,
    is_forgiven,
    metrics_of,
    number,
    passed_calls,
    pooled,
    reason_of,
    share_line,
    undecided,
    unshown_errors,
    whole_run_verdict,
)
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.junit.document import Case, Outcome, document
from pipecat_voice_test.report.rig import rig_properties
from pipecat_voice_test.report.text import log_tail, masked, one_line, plain_text, shortened

Family = Literal["extended", "strict"]

SUITE = "pipecat-voice-test"
CLASS_PREFIX = "pipecat_voice_test"
BODY_CHARACTERS = 65_536
WHOLE_RUN_RECORDINGS = 20
VERSIONS = {SUITE: __version__}  # What took part, if nobody says more.

# Whose recording is worth hearing first.
_CALL_ORDER = (Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE)


def junit_xml(
    run: RunResult,
    place: Place,
    *,
    family: Family = "extended",
    versions: Mapping[str, str] | None = None,
) -> str:
    """Render the whole run as one JUnit document.

    Args:
        run: What was found out; also a run in which no call was held gives a document.
        place: Where the files lie, for attachments relative to the working directory.
        family: `strict` validates against the Jenkins xUnit schema.
        versions: What took part, by name; the tool itself if not given.
    """
    common = _common(run, versions)
    cases = cases_of(run, place, common)
    suite_properties = {
        **common,
        "bot.launcher": run.bot.launcher,
        "bot.name": masked(run.bot.name),
        "exit_code": str(int(run.exit_code)),
    }
    if run.compared is not None:
        suite_properties["baseline"] = "; ".join(
            line.strip() for line in comparison_lines(run.compared)
        )
    if run.shard is not None:
        suite_properties["shard"] = f"{run.shard.index}/{run.shard.total}"
    return document(
        SUITE, cases, suite_properties, timestamp=run.started_at, strict=family == "strict"
    )


def cases_of(run: RunResult, place: Place, common: Mapping[str, str]) -> list[Case]:
    """One case for each scenario, in order; then `whole run` and what kept us from judging.

    Args:
        run: What was found out.
        place: Where the files lie.
        common: Properties that every case has.
    """
    cases = [
        _scenario_case(scenario, place, index, common)
        for index, scenario in enumerate(run.scenarios)
    ]
    if run.run_checks:
        cases.append(_whole_run_case(run, place, common))
    if errors := unshown_errors(run):
        cases.append(_error_case(errors, common))
    return cases


def _common(run: RunResult, versions: Mapping[str, str] | None) -> dict[str, str]:
    named = {f"version.{name}": version for name, version in (versions or VERSIONS).items()}
    return {"seed": str(run.seed), **named}


def _scenario_case(
    result: ScenarioResult, place: Place, index: int, common: Mapping[str, str]
) -> Case:
    return Case(
        name=result.scenario.name,
        classname=_classname(result.scenario.file, place),
        file=place.relative(result.scenario.file),
        line=result.scenario.line_number,
        time_ms=round(sum(call.timeline.duration_ms for call in result.calls)),
        outcome=_outcome(result),
        properties={**_properties(result), **common},
        attachments=[
            place.shown(file)
            for position, _ in _worst_first(result)
            for file in place.of_call(index, position).written()
        ],
        output=_output(result, place, index),
    )


def _classname(file: PurePath, place: Place) -> str:
    """Name the folder, dotted, as seen from the working directory."""
    folders = PurePath(place.relative(file)).parts[:-1]
    if not folders or folders[0] in ("..", "/") or PurePath(folders[0]).is_absolute():
        folders = folders[-1:]  # Outside: how to get there says nothing.
    named = [re.sub(r"[^\w-]", "_", folder) for folder in folders if folder.strip("./\\")]
    return ".".join([CLASS_PREFIX, *named])


def _outcome(result: ScenarioResult) -> Outcome | None:
    if result.verdict in PASSED_OVER:
        return Outcome("skipped", result.verdict.value, one_line(reason_of(result)))
    if result.verdict in UNJUDGED:
        reason = _harmless(reason_of(result))
        kinds = (call.error_kind for call in counted_calls(result) if call.error_kind)
        return Outcome(
            "error", next(kinds, result.verdict.value), _first_line(reason), _bounded(reason)
        )
    if result.verdict in BAD:
        return _failure(result)
    return None


def _failure(result: ScenarioResult) -> Outcome:
    failed = failed_checks(result)
    lines = [one_line(found.line) for found in failed]
    if not failed:  # For example a bot that left before anything could be checked.
        lines = _harmless(reason_of(result)).splitlines()
    message = lines[0] if len(failed) < 2 else f"{lines[0]} (and {len(failed) - 1} more)"
    if share := share_line(result):
        message = f"{share}: {message}"
    kinds = (call.error_kind for call in counted_calls(result) if call.error_kind)
    kind = failed[0].check.metric if failed else next(kinds, result.verdict.value)
    return Outcome("failure", kind, message, _bounded("\n".join(lines)))


def _properties(result: ScenarioResult) -> dict[str, str]:
    calls = counted_calls(result)
    named: dict[str, int | float] = {
        "calls_run": len(calls),
        "passed_calls": passed_calls(result),
        **_proven(result),
        **metrics_of(pooled(result), result.scenario.name),
        **rig_properties([call.timeline.rig for call in calls]),
    }
    return {"verdict": result.verdict.value, **{key: str(value) for key, value in named.items()}}


def _proven(result: ScenarioResult) -> dict[str, int | float]:
    """What the number of calls that passed shows: the Wilson 95 % interval (M-24)."""
    rate = passing(result.calls)
    if not rate.of:
        return {}
    low, high = (number(end, 4) for end in rate.interval)
    return {"passed.low": low, "passed.high": high, "undecided_limits": len(undecided(result))}


def _output(result: ScenarioResult, place: Place, index: int) -> list[str]:
    """Say where each failure can be heard, then how the bot's log ends."""
    calls = _worst_first(result)
    lines = [
        f"{check.at_ms / 1000:.1f} s into {place.shown(recording)}: {one_line(check_line(check))}"
        for position, call in calls
        if (recording := place.of_call(index, position).recording) is not None
        for check in call.checks
        if check.verdict is Verdict.FAILED and check.at_ms is not None
    ]
    if is_forgiven(result):
        lines.append(share_line(result))
    lines += [f"undecided: {one_line(line)}" for line in undecided(result)]
    if result.verdict in BAD:  # An `<error>` has these in its body.
        lines += [_bounded(_harmless(error)) for error in call_errors(result)]
    lines += [f"baseline: {one_line(one.message)}" for one in result.comparisons]
    if calls and (tail := log_tail(calls[0][1].bot_log)):
        lines += [f"The bot's log of call {calls[0][1].number}, last {len(tail)} lines:", *tail]
    return lines


def _worst_first(result: ScenarioResult) -> list[tuple[int, CallResult]]:
    def rank(item: tuple[int, CallResult]) -> tuple[bool, int]:
        call = item[1]
        known = call.verdict in _CALL_ORDER
        return call.replaced, _CALL_ORDER.index(call.verdict) if known else len(_CALL_ORDER)

    return sorted(enumerate(result.calls), key=rank)


def _whole_run_case(run: RunResult, place: Place, common: Mapping[str, str]) -> Case:
    recordings = [
        place.shown(file)
        for index, scenario in enumerate(run.scenarios)
        for position in range(len(scenario.calls))
        if (file := place.of_call(index, position).recording) is not None
    ]
    return Case(
        name="whole run",
        classname=CLASS_PREFIX,
        outcome=_whole_run_outcome(run.run_checks),
        properties=common,
        attachments=recordings[:WHOLE_RUN_RECORDINGS],
        output=[one_line(check_line(check)) for check in run.run_checks],
    )


def _whole_run_outcome(checks: Sequence[Check]) -> Outcome | None:
    verdict = whole_run_verdict(checks)
    if verdict is Verdict.PASSED:
        return None
    deciding = [check for check in checks if check.verdict is verdict] or list(checks)
    lines = [one_line(check_line(check)) for check in deciding]
    body = _bounded("\n".join(lines))
    if verdict is Verdict.FAILED:
        return Outcome("failure", deciding[0].metric, lines[0], body)
    if verdict is Verdict.SKIPPED:
        return Outcome("skipped", "skipped", _bounded("; ".join(lines)))
    return Outcome("error", verdict.value, lines[0], body)


def _error_case(errors: Sequence[RunError], common: Mapping[str, str]) -> Case:
    """What kept the run from judging the bot, where no scenario says so."""
    messages = [_harmless(error.message) or error.kind for error in errors]
    output: list[str] = []
    for error in errors:
        if tail := log_tail(error.log_tail):
            output += [f"The bot's log, last {len(tail)} lines:", *tail]
    return Case(
        name="the bot could be tested",
        classname=CLASS_PREFIX,
        outcome=Outcome(
            "error", errors[0].kind, _first_line(messages[0]), _bounded("\n".join(messages))
        ),
        properties=common,
        output=output,
    )


def _harmless(text: str) -> str:
    return masked(plain_text(text))


def _first_line(text: str) -> str:
    return one_line(text.partition("\n")[0])


def _bounded(text: str) -> str:
    return shortened(text, BODY_CHARACTERS)
