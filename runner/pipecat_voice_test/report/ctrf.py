"""ctrf.json: the run in the Common Test Report Format, for the tools that read it.

The tests are the cases of JUnit, told in the same words. What could not be judged is `other`, so
nothing but the bot's own doing is ever `failed`; what was not reached is `pending`.

A flaky scenario has failed (M-25). CTRF calls a test flaky only if it passed in the end: here
that is one whose limit on `passed` forgave a call. Every call is an attempt, but `retries` stays
away, for none was made because another failed, and readers take a test that passed with retries
for flaky.

Only fields that every published version of the schema knows are used, because readers refuse a
report with any other.

Sources: https://github.com/ctrf-io/ctrf (spec/ctrf.md, schema/ctrf.schema.json), RFC 9562 (UUID)
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from pipecat_voice_test import __version__
from pipecat_voice_test.measurement.results import (
    CallResult,
    RunResult,
    ScenarioResult,
    Verdict,
)
from pipecat_voice_test.report.facts import (
    check_line,
    counted_calls,
    failed_checks,
    is_forgiven,
    judged_value,
    metrics_of,
    number,
    passed_calls,
    pooled,
)
from pipecat_voice_test.report.files import CallFiles, Place
from pipecat_voice_test.report.junit.cases import cases_of
from pipecat_voice_test.report.junit.document import Case
from pipecat_voice_test.report.rig import rig_properties
from pipecat_voice_test.report.text import json_text, masked, one_line, plain_text, shortened

SPEC_VERSION = "0.0.0"
TOOL = "pipecat-voice-test"
NAME_CHARACTERS = 1000
_TAG_CHARACTERS = 200
_PATH_CHARACTERS = 4096
_MESSAGE_CHARACTERS = 8_000

# The key under which all that CTRF has no field for is found, at every level.
_RUN, _SCENARIO, _CALL = f"{TOOL}/run", f"{TOOL}/scenario", f"{TOOL}/call"

_STATUS = {
    Verdict.PASSED: "passed",
    Verdict.FAILED: "failed",
    Verdict.FLAKY: "failed",
    Verdict.SKIPPED: "skipped",
    Verdict.NOT_RUN: "pending",
    Verdict.ERROR: "other",
    Verdict.INCONCLUSIVE: "other",
}
_OF_ELEMENT = {"failure": "failed", "skipped": "skipped", "error": "other"}
_STATUSES = ("passed", "failed", "skipped", "pending", "other")
_CONTENT_TYPES = {
    ".wav": "audio/wav",
    ".jsonl": "application/x-ndjson",
    ".png": "image/png",
    ".log": "text/plain",
}
_TIME = re.compile(
    r"([1-9]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?)Z"
)
_NAMESPACE = bytes.fromhex("3d4e6d3e1f0b5c8f9a57c2f1d0e46b92")  # Of our UUIDs; any would do.

Json = dict[str, Any]


def ctrf_json(run: RunResult, place: Place, *, version: str = __version__) -> str:
    """Render a run; the same run gives the same document, and any other one another `reportId`."""
    tests = list(_tests(run, cases_of(run, place, {}), place))
    started_ms = _epoch_ms(run.started_at)
    duration_ms = max(0, round(run.duration_ms))
    results = {
        "tool": {"name": TOOL, "version": version},
        "summary": {
            "tests": len(tests),
            **{status: _count(tests, "status", status) for status in _STATUSES},
            "flaky": _count(tests, "flaky", True),
            "start": started_ms,
            "stop": started_ms + duration_ms,
            "duration": duration_ms,
        },
        "tests": tests,
        "environment": {
            "reportName": TOOL,
            "appName": masked(one_line(run.bot.name, NAME_CHARACTERS)),
        },
        "extra": {_RUN: _run(run)},
    }
    document: Json = {
        "reportFormat": "CTRF",
        "specVersion": SPEC_VERSION,
        "generatedBy": f"{TOOL} {version}",
        "timestamp": f"{np.datetime64(started_ms + duration_ms, 'ms')}Z",
        "results": results,
    }
    head = {"reportFormat": "CTRF", "specVersion": SPEC_VERSION}
    return json_text({**head, "reportId": _uuid(json_text(document)), **document})


def _count(tests: Iterable[Json], key: str, value: object) -> int:
    return sum(test.get(key) == value for test in tests)


def _run(run: RunResult) -> Json:
    rigs = [call.timeline.rig for result in run.scenarios for call in counted_calls(result)]
    return {
        "verdict": run.verdict,
        "exit_code": int(run.exit_code),
        "seed": run.seed,
        "shard": run.shard and {"index": run.shard.index, "total": run.shard.total},
        "launcher": run.bot.launcher,
        "machine": one_line(run.runner),
        "workers": run.settings.workers,
        "repeat": run.settings.repeat,
        **rig_properties(rigs),
    }


# --- tests --------------------------------------------------------------------------------


def _tests(run: RunResult, cases: Sequence[Case], place: Place) -> Iterator[Json]:
    taken: set[str] = set()
    for index, case in enumerate(cases):
        test = _of_case(case, taken)
        if index < len(run.scenarios):
            test |= _of_scenario(run.scenarios[index], place, index)
        yield test


def _of_case(case: Case, taken: set[str]) -> Json:
    outcome = case.outcome
    status = "passed" if outcome is None else _OF_ELEMENT[outcome.element]
    test: Json = {
        "id": _unused_id(case, taken),
        "name": one_line(case.name, NAME_CHARACTERS) or "(without a name)",
        "status": status,
        "duration": case.time_ms,
        "rawStatus": "passed" if outcome is None else outcome.kind,
        "type": "e2e",
    }
    if outcome is not None:
        test["message"] = outcome.message
        if outcome.body:
            test["trace"] = outcome.body
    if case.file is not None:
        file = shortened(one_line(case.file, _PATH_CHARACTERS), _PATH_CHARACTERS)
        test |= {"filePath": file, "line": case.line, "suite": _suite(file)}
    if case.output:
        test["stdout"] = list(case.output)
    if case.attachments:
        test["attachments"] = [_attachment(path) for path in case.attachments]
    return test


def _of_scenario(result: ScenarioResult, place: Place, index: int) -> Json:
    more: Json = {
        "status": _STATUS[result.verdict],
        "rawStatus": result.verdict.value,
        "flaky": is_forgiven(result),
    }
    if result.scenario.tags:
        more["tags"] = [one_line(tag, _TAG_CHARACTERS) for tag in result.scenario.tags]
    if len(result.calls) > 1:
        more["retryAttempts"] = [
            _attempt(call, position + 1, place.of_call(index, position), place)
            for position, call in enumerate(result.calls)
        ]
    more["extra"] = {
        _SCENARIO: {
            "calls_run": len(counted_calls(result)),
            "passed_calls": passed_calls(result),
            "metrics": metrics_of(pooled(result), result.scenario.name),
            "failed_checks": [
                {
                    "call": found.call,
                    "metric": found.check.metric,
                    "value": judged_value(found.check),
                    "limit": None if found.check.limit is None else number(found.check.limit, 4),
                    "line": found.check.line,
                    "at_ms": None if found.check.at_ms is None else round(found.check.at_ms),
                }
                for found in failed_checks(result)
            ],
        }
    }
    return more


def _attempt(call: CallResult, attempt: int, files: CallFiles, place: Place) -> Json:
    failed = [check for check in call.checks if check.verdict is Verdict.FAILED]
    told = [one_line(check_line(check)) for check in failed]
    error = shortened(masked(plain_text(call.error)), _MESSAGE_CHARACTERS)
    attempted: Json = {
        "attempt": attempt,
        "status": "other" if call.replaced else _STATUS[call.verdict],
        "duration": round(call.timeline.duration_ms),
    }
    if told or error:
        attempted["message"] = told[0] if told else error.partition("\n")[0]
        attempted["trace"] = "\n".join([*told, *([error] if error else [])])
    if failed and failed[0].line is not None:
        attempted["line"] = failed[0].line
    if paths := files.written():
        attempted["attachments"] = [_attachment(place.shown(path)) for path in paths]
    attempted["extra"] = {
        _CALL: {"number": call.number, "verdict": call.verdict, "replaced": call.replaced}
    }
    return attempted


def _attachment(path: str) -> Json:
    """Named by its folder too, for every call has files of the same names."""
    parts = PurePosixPath(path)
    return {
        "name": "/".join(parts.parts[-2:]),
        "contentType": _CONTENT_TYPES.get(parts.suffix, "application/octet-stream"),
        "path": path,
    }


def _suite(file: str) -> list[str]:
    parts = [part for part in PurePosixPath(file).parts if part.strip("./\\")]
    return parts or [TOOL]


# --- identity and time --------------------------------------------------------------------


def _unused_id(case: Case, taken: set[str]) -> str:
    """The same in every run for the same file and name; the line may move."""
    key = f"{case.file or ''}\0{case.name}"
    name, again = key, 1
    while (found := _uuid(name)) in taken:
        again += 1
        name = f"{key}\0{again}"
    taken.add(found)
    return found


def _uuid(text: str) -> str:
    """A UUID of version 5."""
    name = _NAMESPACE + text.encode("utf-8", "surrogatepass")
    octets = bytearray(hashlib.sha1(name, usedforsecurity=False).digest()[:16])
    octets[6] = octets[6] & 0x0F | 0x50
    octets[8] = octets[8] & 0x3F | 0x80
    hexed = octets.hex()
    return "-".join((hexed[:8], hexed[8:12], hexed[12:16], hexed[16:20], hexed[20:]))


def _epoch_ms(started_at: str) -> int:
    """Milliseconds since 1970; 0 for what is no time of ours."""
    found = _TIME.fullmatch(started_at)
    if found is None:
        return 0
    try:
        return int(np.datetime64(found[1], "ms").astype(np.int64))
    except ValueError:  # The 31st of February.
        return 0
