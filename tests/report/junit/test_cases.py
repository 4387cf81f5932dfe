"""JUnit XML as GitHub, GitLab and Jenkins read it, in both families (DESIGN 7, METRICS 8)."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, cast

import pytest
from junitparser import JUnitXml
from lxml import etree  # type: ignore[import-untyped]  # It ships no types.
from pipecat_voice_test.measurement.results import RunError, RunResult, ScenarioResult, Verdict
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.junit.cases import Family, junit_xml
from pipecat_voice_test.timeline import Timeline

from report.runs import (
    DEAF,
    FAILED_CALL,
    FORGIVEN,
    HOSTILE,
    LATE,
    MEDIAN,
    NEVER_STARTED,
    ONE_OF_EACH,
    OUTPUT,
    PROMPT,
    RUNS,
    TOO_FEW,
    VERSION,
    WORKING,
    call,
    place_of,
    result,
    run,
)

FAMILIES: tuple[Family, ...] = ("extended", "strict")
VERSIONS = {"pipecat-voice-test": VERSION}
XSD = os.environ.get("PVT_JUNIT_XSD", "")


def document(what: RunResult, family: Family = "extended") -> str:
    return junit_xml(what, place_of(what), family=family, versions=VERSIONS)


def root_of(what: RunResult, family: Family = "extended") -> Any:
    return etree.fromstring(document(what, family).encode())


def case_of(what: ScenarioResult | RunResult, family: Family = "extended") -> Any:
    whole = what if isinstance(what, RunResult) else run(what)
    return root_of(whole, family).find("testsuite/testcase")


def output_of(what: ScenarioResult, family: Family = "extended") -> list[str]:
    return cast("str", case_of(what, family).findtext("system-out", "")).splitlines()


def properties_of(case: Any) -> dict[str, str]:
    return {item.get("name"): item.get("value") for item in case.iterfind("properties/property")}


@pytest.mark.parametrize("family", FAMILIES)
def test_one_of_each(golden: Callable[[str, str], None], family: Family) -> None:
    golden(f"one_of_each.{family}.xml", document(ONE_OF_EACH, family))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_bot_that_never_started(golden: Callable[[str, str], None], family: Family) -> None:
    golden(f"never_started.{family}.xml", document(NEVER_STARTED, family))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("what", RUNS.values(), ids=RUNS)
def test_an_independent_reader_finds_the_same_counts(
    what: RunResult, family: Family, tmp_path: Path
) -> None:
    path = tmp_path / "junit.xml"
    path.write_bytes(document(what, family).encode())
    (suite,) = JUnitXml.fromfile(str(path))
    kinds = [type(item).__name__ for case in suite for item in case.result]

    assert suite.tests == len(list(suite))
    assert suite.failures == kinds.count("Failure")
    assert suite.errors == kinds.count("Error")
    assert suite.skipped == kinds.count("Skipped")


@pytest.mark.skipif(not XSD, reason="PVT_JUNIT_XSD names no schema (see .ci/run)")
@pytest.mark.parametrize("what", RUNS.values(), ids=RUNS)
def test_strict_follows_the_jenkins_xunit_schema(what: RunResult) -> None:
    schema = etree.XMLSchema(etree.parse(XSD))

    assert schema.validate(root_of(what, "strict")), schema.error_log


def test_strict_has_no_attribute_or_element_beyond_the_schema() -> None:
    root = root_of(ONE_OF_EACH, "strict")

    assert root.find(".//properties") is None
    assert {key for case in root.iter("testcase") for key in case.keys()} == {  # noqa: SIM118
        "name",
        "classname",
        "time",
    }
    assert "skipped" not in root.attrib


def test_strict_moves_properties_behind_the_attachments() -> None:
    extended = properties_of(case_of(ONE_OF_EACH))
    lines = output_of(ONE_OF_EACH.scenarios[0], "strict")

    assert lines[0] == "[[ATTACHMENT|voice-test-results/s0/call-1/call.wav]]"
    assert lines[4:6] == ["[[PROPERTY|file=tests/voice/hours.yaml]]", "[[PROPERTY|line=3]]"]
    assert [line for line in lines[6:] if "version" not in line] == [
        f"[[PROPERTY|{key}={value}]]" for key, value in extended.items() if "version" not in key
    ]


def test_a_shard_is_named_once_for_the_suite() -> None:
    suite = root_of(RUNS["a-shard"]).find("testsuite")

    assert properties_of(suite)["shard"] == "1/2"
    assert "shard" not in properties_of(root_of(RUNS["nothing"]).find("testsuite"))
    assert "shard" not in properties_of(case_of(RUNS["a-shard"]))


@pytest.mark.parametrize(
    ("what", "element", "kind"),
    [
        pytest.param(result(Verdict.PASSED, call()), None, None, id="passed"),
        pytest.param(result(Verdict.FAILED, FAILED_CALL), "failure", "response_ms", id="failed"),
        pytest.param(
            result(Verdict.FLAKY, call(1), call(2, Verdict.FAILED, checks=(DEAF, LATE))),
            "failure",
            "no_yield",
            id="flaky-is-a-failure-m25",
        ),
        pytest.param(
            result(Verdict.FAILED, call(), checks=(MEDIAN,)),
            "failure",
            "response_ms",
            id="a-gate-over-all-calls-m21",
        ),
        pytest.param(
            result(
                Verdict.FAILED,
                call(verdict=Verdict.FAILED, checks=(), error="no", error_kind="bot_not_reading"),
            ),
            "failure",
            "bot_not_reading",
            id="failed-before-any-check",
        ),
        pytest.param(
            result(Verdict.ERROR, call(verdict=Verdict.ERROR, error="x", error_kind="bot_exited")),
            "error",
            "bot_exited",
            id="error",
        ),
        pytest.param(
            result(Verdict.INCONCLUSIVE, reason="late"),
            "error",
            "inconclusive",
            id="trouble-of-the-rig-is-no-failure-m5",
        ),
        pytest.param(result(Verdict.SKIPPED, reason="a"), "skipped", "skipped", id="skipped"),
        pytest.param(result(Verdict.NOT_RUN, reason="a"), "skipped", "not_run", id="not-run"),
        pytest.param(result(Verdict.NOT_RUN), "skipped", "not_run", id="without-a-reason"),
    ],
)
def test_a_verdict_becomes(what: ScenarioResult, element: str | None, kind: str | None) -> None:
    outcomes = [item for item in case_of(what) if item.tag not in ("properties", "system-out")]

    assert [item.tag for item in outcomes] == ([element] if element else [])
    assert [item.get("type") for item in outcomes] == ([kind] if kind else [])
    assert all(item.get("message") for item in outcomes)


@pytest.mark.parametrize(
    ("what", "lines"),
    [
        pytest.param(
            result(Verdict.FAILED, call(verdict=Verdict.FAILED, checks=(PROMPT, LATE, DEAF))),
            [
                "turn 3 (line 21): response was 2210 ms, limit 1500",
                "turn 3 (line 19): the bot did not yield to an interruption",
            ],
            id="every-failed-check-is-a-line",
        ),
        pytest.param(
            result(
                Verdict.FLAKY,
                call(1, Verdict.FAILED, checks=(LATE,)),
                call(2),
                call(3, Verdict.FAILED, checks=(LATE,)),
                checks=(MEDIAN,),
            ),
            [
                "turn 3 (line 21): response was 2210 ms, limit 1500 (call 1)",
                "turn 3 (line 21): response was 2210 ms, limit 1500 (call 3)",
                "response was 1700 ms, limit 1500 (median of 8)",
            ],
            id="several-calls-are-told-apart",
        ),
        pytest.param(
            result(
                Verdict.FAILED,
                call(verdict=Verdict.FAILED, checks=(replace(LATE, line=None),)),
            ),
            ["turn 3: response was 2210 ms, limit 1500"],
            id="a-turn-without-a-line",
        ),
        pytest.param(
            result(
                Verdict.FAILED,
                call(1, Verdict.INCONCLUSIVE, checks=(DEAF,), replaced=True),
                call(2, Verdict.FAILED, checks=(LATE,)),
            ),
            ["turn 3 (line 21): response was 2210 ms, limit 1500"],
            id="a-replaced-call-says-nothing-p22",
        ),
    ],
)
def test_the_body_of_a_failure(what: ScenarioResult, lines: list[str]) -> None:
    assert case_of(what).findtext("failure").splitlines() == lines


def test_flaky_shows_how_many_calls_passed_m25() -> None:
    failure = case_of(result(Verdict.FLAKY, call(1), call(2, Verdict.FAILED, checks=(LATE,))))

    assert failure.find("failure").get("message") == (
        "passed 1 of 2 calls (Wilson 95 %: 9 to 91 %): "
        "turn 3 (line 21): response was 2210 ms, limit 1500 (call 2)"
    )


def test_what_was_forgiven_passes_and_is_still_told_m24() -> None:
    case = case_of(FORGIVEN)
    output = output_of(FORGIVEN)

    assert [child.tag for child in case] == ["properties", "system-out"]
    assert (
        "12.3 s into voice-test-results/s0/call-5/call.wav: "
        "turn 3 (line 21): response was 2210 ms, limit 1500"
    ) in output
    assert "passed 4 of 5 calls (Wilson 95 %: 38 to 96 %)" in output


def test_a_limit_that_stayed_undecided_is_told_m22() -> None:
    undecided = result(Verdict.PASSED, call(), checks=(TOO_FEW,))

    assert f"undecided: line 7: {TOO_FEW.message}" in output_of(undecided)
    assert properties_of(case_of(undecided))["undecided_limits"] == "1"


def test_an_error_ends_with_the_fix() -> None:
    error = case_of(NEVER_STARTED).find("error")

    assert error.get("message") == "shop/bot:ci did not listen on port 7860 within 60000 ms."
    assert error.text.splitlines()[1] == "  Fix: bind the server to 0.0.0.0 (not localhost)."


def test_times_add_up_to_the_millisecond() -> None:
    calls = [call(number, timeline=Timeline(duration_ms=33.4)) for number in range(1, 4)]
    root = root_of(run(*(result(Verdict.PASSED, *calls, name=str(n)) for n in range(100))))
    times = [Decimal(case.get("time")) for case in root.iter("testcase")]

    assert times[0] == Decimal("0.100")
    assert root.get("time") == root[0].get("time") == str(sum(times)) == "10.000"


@pytest.mark.parametrize(
    ("file", "classname", "shown"),
    [
        pytest.param("tests/voice/a.yaml", ".tests.voice", "tests/voice/a.yaml", id="below"),
        pytest.param(f"{WORKING}/tests/a.yaml", ".tests", "tests/a.yaml", id="absolute"),
        pytest.param("a.yaml", "", "a.yaml", id="no-folder"),
        pytest.param("/srv/calls/a.yaml", ".calls", "../../../srv/calls/a.yaml", id="outside"),
        pytest.param("v1.2/a b/a.yaml", ".v1_2.a_b", "v1.2/a b/a.yaml", id="dots-and-blanks"),
    ],
)
def test_where_a_case_comes_from(file: str, classname: str, shown: str) -> None:
    case = case_of(result(Verdict.PASSED, call(), file=file))

    assert case.get("classname") == f"pipecat_voice_test{classname}"
    assert (case.get("file"), case.get("line")) == (shown, "3")


def test_properties_hold_metrics_rig_seed_and_versions() -> None:
    assert properties_of(case_of(result(Verdict.FAILED, FAILED_CALL))) == {
        "verdict": "failed",
        "calls_run": "1",
        "passed_calls": "0",
        "passed.low": "0",
        "passed.high": "0.7935",
        "undecided_limits": "0",
        "response_ms.n": "2",
        "response_ms.median": "1511",
        "response_ms.max": "2210",
        "stop_ms.n": "1",
        "stop_ms.median": "420",
        "stop_ms.max": "420",
        "no_yield.n": "1",
        "no_yield.median": "1",
        "no_yield.max": "1",
        "rig.late_p99_ms": "1.3",
        "rig.late_max_ms": "4",
        "rig.loop_stall_ms": "2.5",
        "rig.read_lag_ms": "12.3",
        "rig.stolen": "0.0123",
        "rig.starved": "0",
        "rig.control_error_ms": "1.4",
        "rig.frames_sent": "750",
        "seed": "7",
        "version.pipecat-voice-test": VERSION,
    }


def test_properties_hold_what_the_figures_show_m23_m24() -> None:
    calls = [
        replace(
            call(number, metrics={"response_ms": values_ms, "barge_in_ok": (1.0,)}),
            rates={"barge_in_ok": (1, 1)},
        )
        for number, values_ms in enumerate([(700.0,) * 30, (800.0,) * 30, (900.0,) * 30], 1)
    ]
    found = properties_of(case_of(result(Verdict.PASSED, *calls)))

    assert {
        name: value for name, value in found.items() if name.startswith(("resp", "barge", "passed"))
    } == {
        "passed_calls": "3",
        "passed.low": "0.4385",
        "passed.high": "1",
        "response_ms.n": "90",
        "response_ms.median": "800",
        "response_ms.p90": "900",
        "response_ms.p95": "900",
        "response_ms.max": "900",
        "response_ms.low": "700",
        "response_ms.high": "900",
        "barge_in_ok.n": "3",
        "barge_in_ok.median": "1",
        "barge_in_ok.max": "1",
        "barge_in_ok.times": "3",
        "barge_in_ok.of": "3",
        "barge_in_ok.low": "0.4385",
        "barge_in_ok.high": "1",
    }


def test_the_failing_calls_recording_comes_first() -> None:
    lines = output_of(
        result(Verdict.FLAKY, call(1), call(2, Verdict.FAILED, checks=(LATE,)), call(3))
    )
    attached = [line for line in lines if line.startswith("[[")]

    assert attached[0] == "[[ATTACHMENT|voice-test-results/s0/call-2/call.wav]]"
    assert [line for line in attached if "call.wav" in line][1:] == [
        "[[ATTACHMENT|voice-test-results/s0/call-1/call.wav]]",
        "[[ATTACHMENT|voice-test-results/s0/call-3/call.wav]]",
    ]


@pytest.mark.parametrize(
    ("output", "path"),
    [
        pytest.param(OUTPUT, "voice-test-results/c/call.wav", id="below-the-working-directory"),
        pytest.param(PurePosixPath("out"), "out/c/call.wav", id="relative"),
        pytest.param(PurePosixPath("/mnt/r"), "../../../mnt/r/c/call.wav", id="elsewhere"),
        pytest.param(WORKING, "c/call.wav", id="the-working-directory-itself"),
    ],
)
def test_attachments_are_relative_to_the_working_directory(
    output: PurePosixPath, path: str
) -> None:
    what = run(result(Verdict.PASSED, call()))
    files = replace(place_of(what).of_call(0, 0), recording="c/call.wav")
    text = junit_xml(what, Place(WORKING, output, {(0, 0): files}))

    assert f"<system-out>[[ATTACHMENT|{path}]]\n" in text


def test_a_failure_points_at_the_second_of_the_recording() -> None:
    assert (
        "12.3 s into voice-test-results/s0/call-1/call.wav: "
        "turn 3 (line 21): response was 2210 ms, limit 1500"
    ) in output_of(result(Verdict.FAILED, FAILED_CALL))


def test_the_log_of_the_bot_ends_the_output() -> None:
    log = "".join(f"line {n}\n" for n in range(1, 101))
    lines = output_of(result(Verdict.PASSED, call(bot_log=log)))

    assert lines[4] == "The bot's log of call 1, last 50 lines:"
    assert lines[5:] == [f"line {n}" for n in range(51, 101)]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "line",
    [
        "[[ATTACHMENT|/etc/passwd]]",
        "[[attachment|/etc/passwd]]",
        "[[ATT\x00ACHMENT|/etc/passwd]]",
        "[[ATT\x1b[0mACHMENT|/etc/passwd]]",
        "[[[[ATTACHMENT|/etc/passwd]]",
        "[\u202e[ATTACHMENT|/etc/passwd]]",
        "[[ ATTACHMENT|/etc/passwd]]",
    ],
)
def test_a_bot_cannot_attach_files(line: str, family: Family) -> None:
    check = replace(LATE, message=line)
    what = result(
        Verdict.FAILED, call(verdict=Verdict.FAILED, checks=(check,), bot_log=f"a\n{line}\n")
    )
    text = document(run(what), family)

    assert "/etc/passwd" in text
    assert not re.search(r"\[\[\s*ATTACHMENT\|/etc", text, re.IGNORECASE)


@pytest.mark.parametrize("family", FAMILIES)
def test_names_survive_as_far_as_xml_can_hold_them(family: Family) -> None:
    expected = HOSTILE.replace("\r\n", "\n")
    for lost in "\x00\x1b\x07\udc80\ufffe":
        expected = expected.replace(lost, "\ufffd")
    cases = list(root_of(RUNS["hostile"], family).iter("testcase"))

    assert cases[0].get("name") == expected
    assert cases[1].get("name") == "n" * 1_000_000


@pytest.mark.parametrize(
    ("verdicts", "element"),
    [
        pytest.param([Verdict.PASSED, Verdict.FAILED], "failure", id="failed"),
        pytest.param([Verdict.PASSED, Verdict.SKIPPED], None, id="passed"),
        pytest.param([Verdict.SKIPPED], "skipped", id="too-few-values-m22"),
        pytest.param([Verdict.PASSED, Verdict.INCONCLUSIVE], "error", id="not-judged"),
    ],
)
def test_gates_over_the_whole_run_are_one_case_m21a(
    verdicts: list[Verdict], element: str | None
) -> None:
    checks = tuple(replace(MEDIAN, verdict=verdict) for verdict in verdicts)
    case = case_of(run(run_checks=checks))
    outcomes = {"failure", "error", "skipped"} & {item.tag for item in case}

    assert (case.get("name"), case.get("classname")) == ("whole run", "pipecat_voice_test")
    assert outcomes == ({element} if element else set())


@pytest.mark.parametrize(
    ("what", "tests", "errors"),
    [
        pytest.param(NEVER_STARTED, 1, 1, id="nothing-else-to-show"),
        pytest.param(RUNS["not-run-for-the-bot"], 2, 1, id="scenarios-were-not-run"),
        pytest.param(
            run(
                result(Verdict.ERROR, call(verdict=Verdict.ERROR, error="it ended\n  Fix: x")),
                errors=(RunError("bot_exited", "it ended"),),
            ),
            1,
            1,
            id="a-scenario-says-so-already",
        ),
        pytest.param(run(), 0, 0, id="nothing-was-selected"),
    ],
)
def test_what_stopped_the_run_is_one_error_case(what: RunResult, tests: int, errors: int) -> None:
    root = root_of(what)

    assert (root.get("tests"), root.get("errors")) == (str(tests), str(errors))
