"""summary.md: a table, what failed, nothing that a bot can turn into markup."""

from collections.abc import Callable

import pytest
from pipecat_voice_test.measurement.results import RunResult, Verdict
from pipecat_voice_test.report.summary.markdown import SUMMARY_BYTES, summary_md

from report.runs import (
    FORGIVEN,
    HOSTILE_RUN,
    LATE,
    ONE_OF_EACH,
    RUNS,
    TOO_FEW,
    call,
    place_of,
    result,
    run,
)


def rendered(what: RunResult) -> str:
    return summary_md(what, place_of(what))


@pytest.mark.parametrize("name", ["one-of-each", "never-started", "nothing"])
def test_whole_summary(golden: Callable[[str, str], None], name: str) -> None:
    golden(f"{name}.md", rendered(RUNS[name]))


def test_a_shard_says_which_it_is() -> None:
    counts = rendered(RUNS["a-shard"]).splitlines()[2]

    assert counts == "1 passed in 41.2 s, bot shop/bot:ci, seed 7, shard 1 of 2"


def test_hostile_text_is_shown_not_obeyed() -> None:
    text = rendered(HOSTILE_RUN)

    assert text.encode()
    for markup in ("<b>", "@someone", "*bold*", "\x1b", "[[", "\n::", "##vso", "hunter2", "s3cret"):
        assert markup not in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {row.count("|") for row in rows} == {7}


def test_a_huge_run_keeps_its_beginning_within_the_bound() -> None:
    failed = result(
        Verdict.FAILED, call(verdict=Verdict.FAILED, checks=(LATE,) * 1000), name="n" * 500
    )
    text = rendered(run(*[failed] * 100, verdict=Verdict.FAILED))

    assert len(text.encode()) <= SUMMARY_BYTES
    assert text.startswith("# pipecat-voice-test: failed\n")
    assert text.endswith("\n\n… and more; the whole is in results.json\n")


def test_a_small_run_is_whole() -> None:
    assert "and more" not in rendered(ONE_OF_EACH)


def test_a_limit_that_stayed_undecided_is_told() -> None:
    """M-22: beside a scenario that passed, for it did not keep that limit."""
    text = rendered(run(result(Verdict.PASSED, call(), checks=(TOO_FEW,))))

    assert "1 passed, 1 limit undecided in 41.2 s" in text
    assert "## undecided limits\n\n- Opening hours, line 7: too few for p95: 20 of 59" in text


def test_what_was_forgiven_is_told_with_its_rate() -> None:
    """M-24, M-25: always shown with its k of n."""
    lines = rendered(run(FORGIVEN)).splitlines()

    assert "| passed | Opening hours | 4 of 5 (38 to 96 %) | 812 ms (812 to 2210) | 2210 ms |" in (
        next(line for line in lines if line.startswith("| passed"))
    )
    assert lines[-5:] == [
        "## Opening hours: passed",
        "",
        "tests/voice/hours.yaml, line 3: passed 4 of 5 calls (Wilson 95 %: 38 to 96 %)",
        "",
        "- turn 3 (line 21): response was 2210 ms, limit 1500 (call 5)",
    ]


def test_a_failure_among_calls_that_decide_nothing_is_told_with_the_reason() -> None:
    calls = call(1, Verdict.FAILED, checks=(LATE,)), call(2, Verdict.INCONCLUSIVE, checks=())
    text = rendered(run(result(Verdict.INCONCLUSIVE, *calls, reason="passed 0 of 1, not decided")))

    assert text.splitlines()[-2:] == [
        "- turn 3 (line 21): response was 2210 ms, limit 1500 (call 1)",
        "- passed 0 of 1, not decided",
    ]
