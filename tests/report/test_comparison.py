"""What came of a comparison is in every report, what could not be compared included: M-31."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator
from measurement.comparison.runs import PLACE, SAME, answered, document_of, run
from pipecat_voice_test.github.annotations import annotations
from pipecat_voice_test.measurement.comparison.model import Compared
from pipecat_voice_test.measurement.comparison.of_run import compared, measured
from pipecat_voice_test.measurement.results import RunResult, Verdict
from pipecat_voice_test.report.comparison import comparison_lines
from pipecat_voice_test.report.junit.cases import junit_xml
from pipecat_voice_test.report.results_json import results_schema
from pipecat_voice_test.report.summary.markdown import summary_md
from pipecat_voice_test.report.terminal.closing import closing_lines

BASE = run(
    answered(*[640.0] * 5, name="Slower"),
    answered(*[640.0] * 5, name="Same"),
    answered(*[640.0] * 5, name="Changed | text"),
    answered(*[640.0] * 2, name="Few"),
    answered(*[640.0] * 5, name="Gone"),
)
CHANGED = replace(
    answered(*[640.0] * 5, name="Changed | text"),
    fingerprint=replace(SAME, script_sha256="6" * 64),
)


def held(*, verdict: Verdict = Verdict.FAILED) -> RunResult:
    """One scenario of each standing, as a run tells of it."""
    new = run(
        answered(*[900.0] * 5, name="Slower"),
        answered(*[650.0] * 5, name="Same"),
        CHANGED,
        answered(*[990.0] * 2, name="Few"),
        verdict=verdict,
    )
    return compared(new, replace(measured(BASE, "base.json"), version="0.1.0"))


RUN = held()


def told() -> Compared:
    assert RUN.compared is not None
    return replace(RUN.compared, notes=("workers: 4 in the baseline, 1 now",))


def test_what_people_read_when_a_run_is_over(golden: Callable[[str, str], None]) -> None:
    whole = replace(RUN, compared=told())

    golden("compared.txt", "\n".join(closing_lines(whole, PLACE)) + "\n")


def test_what_the_job_summary_shows(golden: Callable[[str, str], None]) -> None:
    golden("compared.md", summary_md(replace(RUN, compared=told()), PLACE))


def test_results_json_has_every_figure_of_it() -> None:
    document = document_of(RUN)
    Draft202012Validator(results_schema()).validate(document)

    assert document["baseline"]["not_in_this_run"] == ["Gone"]
    slower, _, changed, _ = document["scenarios"]
    message = slower["comparisons"][0].pop("message")
    assert message.startswith("response was 900 ms (median of 5), 640 ms in the baseline")
    assert slower["comparisons"][0] == {
        "metric": "response_ms",
        "standing": "regression",
        "base": {"n": 5, "figure": 640},
        "new": {"n": 5, "figure": 900},
        "difference": 260,
        "interval": [260, 260],
        "allowed": 100,
        "could_show": 100,
    }
    assert [one["standing"] for one in changed["comparisons"]] == ["not_comparable"]
    assert changed["checks"][0]["verdict"] == "skipped"


def test_junit_fails_the_scenario_and_shows_the_rest_in_its_output() -> None:
    root = ET.fromstring(junit_xml(RUN, PLACE).encode())
    cases = {case.get("name"): case for case in root.iter("testcase")}

    (failure,) = cases["Slower"].iter("failure")
    assert failure.get("type") == "response_ms"
    assert "260 ms slower" in (failure.text or "")
    assert [name for name, case in cases.items() if case.find("failure") is not None] == ["Slower"]
    (told,) = (one for one in root.iter("property") if one.get("name") == "baseline")
    assert (told.get("value") or "").startswith("compared with base.json (version 0.1.0, ")
    assert "; not comparable: only the baseline has this scenario: Gone" in told.get("value", "")
    output = cases["Changed | text"].findtext("system-out") or ""
    assert "baseline: not comparable: the scenario's text has changed" in output


def test_the_job_gets_a_warning_for_what_could_not_be_compared() -> None:
    notes = annotations(RUN, PLACE)

    warnings = [(note.title, note.text) for note in notes if note.level == "warning"]
    assert warnings == [
        (
            "baseline",
            "not comparable: the scenario's text has changed since the baseline: Changed | text",
        ),
        ("baseline", "not comparable: only the baseline has this scenario: Gone"),
    ]
    assert [note.level for note in notes].count("error") == 1


@pytest.mark.parametrize(
    ("new", "line"),
    [
        pytest.param(
            run(CHANGED),
            "  NOTHING COULD BE COMPARED, so nothing is known of regressions",
            id="nothing-comparable",
        ),
        pytest.param(
            run(answered(640.0, name="Same")),
            "  too few values for any verdict, so nothing is known of regressions: "
            "raise `--repeat` in both runs",
            id="too-few-everywhere",
        ),
    ],
)
def test_a_comparison_without_a_verdict_is_said_aloud(new: RunResult, line: str) -> None:
    found = compared(new, measured(BASE, "base.json")).compared
    assert found is not None

    assert comparison_lines(found)[-1] == line


def test_many_scenarios_with_one_reason_are_one_line() -> None:
    many = run(*(answered(640.0, name=f"s{number}") for number in range(30)))
    found = compared(run(), measured(many, "base.json")).compared
    assert found is not None

    assert comparison_lines(found)[1] == (
        "  not comparable: only the baseline has this scenario: "
        "s0, s1, s2, s3, s4, s5, s6, s7, s8, s9 and 20 more"
    )


def test_a_baselines_name_is_made_harmless() -> None:
    name = "base\x1b[2J\n::error::boo.json"
    found = compared(run(), measured(BASE, name)).compared
    assert found is not None

    assert "\x1b" not in comparison_lines(found)[0]
    assert "\n" not in comparison_lines(found)[0]
