"""ctrf.json follows the format's own schema and says what JUnit says."""

import json
import os
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft7Validator, FormatChecker
from pipecat_voice_test.measurement.results import RunResult, Verdict
from pipecat_voice_test.report.ctrf import ctrf_json
from pipecat_voice_test.report.junit.cases import junit_xml
from pipecat_voice_test.report.text import xml_text
from pipecat_voice_test.report.write import ResultsFolder

from report.runs import (
    FORGIVEN,
    LATE,
    ONE_OF_EACH,
    RUNS,
    VERSION,
    call,
    place_of,
    result,
    run,
    scenario,
)

# Of the npm package `ctrf`, MIT licence.
SCHEMA = os.environ.get("PVT_CTRF_SCHEMA", "")
STATUSES = ("passed", "failed", "skipped", "pending", "other")
EVERY_RUN = pytest.mark.parametrize("what", RUNS.values(), ids=RUNS)


def rendered(what: RunResult) -> Any:
    return json.loads(ctrf_json(what, place_of(what), version=VERSION))


def cases_in(what: RunResult) -> Any:
    return rendered(what)["results"]["tests"]


def test_one_of_each(golden: Callable[[str, str], None]) -> None:
    golden("ctrf.json", ctrf_json(ONE_OF_EACH, place_of(ONE_OF_EACH), version=VERSION))


@pytest.mark.skipif(not SCHEMA, reason="PVT_CTRF_SCHEMA names no schema (see .ci/run)")
@EVERY_RUN
def test_every_run_follows_the_schema_of_ctrf(what: RunResult) -> None:
    validator = Draft7Validator(
        json.loads(Path(SCHEMA).read_text("utf-8")), format_checker=FormatChecker()
    )

    assert [error.message for error in validator.iter_errors(rendered(what))] == []


@EVERY_RUN
def test_the_counts_add_up(what: RunResult) -> None:
    results = rendered(what)["results"]
    summary, found = results["summary"], Counter(one["status"] for one in results["tests"])

    assert summary["tests"] == len(results["tests"]) == sum(summary[key] for key in STATUSES)
    assert {key: summary[key] for key in STATUSES} == {key: found[key] for key in STATUSES}
    assert summary["flaky"] == sum(bool(one.get("flaky")) for one in results["tests"])
    assert summary["stop"] - summary["start"] == summary["duration"] == 41_234


@EVERY_RUN
def test_its_tests_are_the_cases_of_junit_in_their_order(what: RunResult) -> None:
    cases = ET.fromstring(junit_xml(what, place_of(what)).encode()).findall(".//testcase")
    elements = {"failure": "failed", "error": "other"}
    tests = cases_in(what)

    assert len(tests) == len(cases)
    for test, case in zip(tests, cases, strict=True):
        outcome = next((child for child in case if child.tag in (*elements, "skipped")), None)
        assert test["duration"] == round(1000 * float(case.get("time", "")))
        message = None if outcome is None else outcome.get("message")
        assert message == (xml_text(test["message"]) if "message" in test else None)
        if outcome is None:
            assert test["status"] == "passed"
        elif outcome.tag in elements:
            assert test["status"] == elements[outcome.tag]
        else:
            assert test["status"] in ("skipped", "pending")


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        pytest.param(Verdict.PASSED, "passed", id="passed"),
        pytest.param(Verdict.FAILED, "failed", id="failed"),
        pytest.param(Verdict.FLAKY, "failed", id="flaky-has-failed-m25"),
        pytest.param(Verdict.INCONCLUSIVE, "other", id="a-slow-machine-fails-no-bot"),
        pytest.param(Verdict.ERROR, "other", id="nor-does-an-error"),
        pytest.param(Verdict.SKIPPED, "skipped", id="skipped"),
        pytest.param(Verdict.NOT_RUN, "pending", id="what-was-not-reached-waits"),
    ],
)
def test_a_verdict_becomes_a_status(verdict: Verdict, status: str) -> None:
    (test,) = cases_in(run(result(verdict)))

    assert (test["status"], test["rawStatus"]) == (status, verdict.value)


def test_only_what_passed_in_the_end_is_flaky_to_ctrf() -> None:
    flaky = result(Verdict.FLAKY, call(1), call(2, Verdict.FAILED, checks=(LATE,)))
    forgiven, failed = cases_in(run(FORGIVEN, flaky))

    assert (forgiven["status"], forgiven["flaky"]) == ("passed", True)
    assert (failed["status"], failed["flaky"]) == ("failed", False)


def test_every_call_is_an_attempt_and_none_a_retry_m25() -> None:
    (test,) = cases_in(
        run(result(Verdict.FLAKY, call(1), call(2, Verdict.FAILED, checks=(LATE,)), call(3)))
    )

    assert "retries" not in test
    assert [
        (
            one["attempt"],
            one["status"],
            one.get("message"),
            one.get("line"),
            len(one["attachments"]),
        )
        for one in test["retryAttempts"]
    ] == [
        (1, "passed", None, None, 4),
        (2, "failed", "turn 3 (line 21): response was 2210 ms, limit 1500", 21, 4),
        (3, "passed", None, None, 4),
    ]


def test_a_void_call_is_told_from_the_one_in_its_place_p22() -> None:
    (test,) = cases_in(run(result(Verdict.PASSED, call(1, Verdict.PASSED, replaced=True), call(1))))

    assert [one["status"] for one in test["retryAttempts"]] == ["other", "passed"]
    assert test["extra"]["pipecat-voice-test/scenario"]["calls_run"] == 1


def test_one_call_has_no_attempts_beside_it() -> None:
    (test,) = cases_in(run(result(Verdict.PASSED, call())))

    assert "retryAttempts" not in test


def test_attachments_have_a_type_and_a_name_that_tells_calls_apart() -> None:
    (test,) = cases_in(run(result(Verdict.PASSED, call())))

    assert test["attachments"][0] == {
        "name": "call-1/call.wav",
        "contentType": "audio/wav",
        "path": "voice-test-results/s0/call-1/call.wav",
    }
    assert [one["contentType"] for one in test["attachments"][1:]] == [
        "audio/wav",
        "application/x-ndjson",
        "text/plain",
    ]


def test_a_test_is_the_same_one_in_every_run_wherever_it_stands() -> None:
    here = result(Verdict.PASSED, call())
    moved = result(Verdict.FAILED, call(verdict=Verdict.FAILED, checks=(LATE,)))
    moved = replace(moved, scenario=replace(moved.scenario, line_number=99))
    other = result(name="another")
    first, second = cases_in(run(here, other)), cases_in(run(other, moved))

    assert first[0]["id"] == second[1]["id"]
    assert first[0]["id"] != first[1]["id"]
    assert uuid.UUID(first[0]["id"]).version == 5


def test_two_of_a_name_have_an_id_each() -> None:
    ids = [test["id"] for test in cases_in(run(result(), result(), result()))]

    assert len(set(ids)) == 3


def test_the_report_has_another_id_where_anything_differs() -> None:
    first, again = rendered(ONE_OF_EACH), rendered(ONE_OF_EACH)
    other = rendered(replace(ONE_OF_EACH, seed=8))

    assert first == again
    assert first["reportId"] != other["reportId"]
    assert uuid.UUID(first["reportId"]).version == 5


def test_tags_and_a_name_that_is_empty() -> None:
    tagged = replace(result(), scenario=replace(scenario(""), tags=("smoke", "barge-in")))
    (test,) = cases_in(run(tagged))

    assert (test["name"], test["tags"]) == ("(without a name)", ["smoke", "barge-in"])


@pytest.mark.parametrize(
    ("started_at", "start"),
    [
        pytest.param("2026-01-01T00:00:00Z", 1_767_225_600_000, id="whole-seconds"),
        pytest.param("2026-01-01T00:00:00.250Z", 1_767_225_600_250, id="with-a-fraction"),
        pytest.param("2026-02-31T00:00:00Z", 0, id="no-such-day"),
        pytest.param("now", 0, id="a-word"),
        pytest.param("", 0, id="nothing"),
    ],
)
def test_a_run_begins_when_it_says(started_at: str, start: int) -> None:
    document = rendered(replace(run(), started_at=started_at))

    assert document["results"]["summary"]["start"] == start
    assert document["timestamp"].endswith("Z")


def test_it_lies_beside_junit_and_is_known_as_ours(tmp_path: Path) -> None:
    ResultsFolder(tmp_path).write_run(ONE_OF_EACH)
    first = (tmp_path / "ctrf.json").read_bytes()
    ResultsFolder(tmp_path)  # Takes it away, as it does with every report of an earlier run.

    assert json.loads(first)["results"]["summary"]["tests"] == 8
    assert not (tmp_path / "ctrf.json").exists()
