"""The table at the end of a run: bounded, and what matters most last."""

import pytest
from pipecat_voice_test.measurement.results import RunResult, Verdict
from pipecat_voice_test.report.terminal.line import texts
from pipecat_voice_test.report.terminal.rows import row_lines, rows

from report.runs import ONE_OF_EACH, call, result, run


def passing(count: int) -> RunResult:
    """Scenario n has answered in n ms, and stopped in 1000 + n."""
    return run(
        *(
            result(
                Verdict.PASSED,
                call(metrics={"response_ms": (float(n),), "stop_ms": (1000.0 + n,)}),
                name=f"s{n}",
            )
            for n in range(1, count + 1)
        ),
        result(Verdict.FAILED, call(verdict=Verdict.FAILED), name="late"),
        result(Verdict.SKIPPED, reason="a persona", name="persona"),
    )


def test_what_matters_most_stands_last() -> None:
    assert [row.verdict for row in rows(ONE_OF_EACH)] == [
        Verdict.PASSED,
        Verdict.SKIPPED,
        Verdict.NOT_RUN,
        Verdict.INCONCLUSIVE,
        Verdict.ERROR,
        Verdict.FLAKY,
        Verdict.FAILED,
    ]


def test_the_cells_of_a_scenario() -> None:
    assert [row.cells for row in rows(ONE_OF_EACH)][-2:] == [
        ("moody bot", "2 of 3", "812 ms", "2210 ms", "–"),  # noqa: RUF001
        ("late bot", "0 of 1", "1511 ms", "2210 ms", "420 ms"),
    ]


def test_hundreds_that_passed_are_one_row_with_the_figures_of_all() -> None:
    assert [(row.verdict, *row.cells) for row in rows(passing(201))] == [
        (Verdict.PASSED, "201 scenarios", "201 of 201", "101 ms", "201 ms", "1201 ms"),
        (Verdict.SKIPPED, "persona", "–", "–", "–", "–"),  # noqa: RUF001
        (Verdict.FAILED, "late", "0 of 1", "812 ms", "812 ms", "–"),  # noqa: RUF001
    ]


@pytest.mark.parametrize(("at_most", "shown"), [(30, 3), (203, 203)])
def test_whoever_wants_to_see_all_rows_sees_them(at_most: int, shown: int) -> None:
    assert len(rows(passing(201), at_most=at_most)) == shown


def test_without_a_table_a_row_is_a_line_in_words() -> None:
    assert texts([row_lines(passing(2))]) == [
        "passed: s1: 1 of 1 calls passed; response median 1 ms, max 1 ms; stop max 1001 ms",
        "passed: s2: 1 of 1 calls passed; response median 2 ms, max 2 ms; stop max 1002 ms",
        "failed: late: 0 of 1 calls passed; response median 812 ms, max 812 ms",
    ]
