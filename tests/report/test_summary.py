"""summary.md: a table, what failed, nothing that a bot can turn into markup."""

from collections.abc import Callable

import pytest
from pipecat_voice_test.measurement.results import RunResult, Verdict
from pipecat_voice_test.report.summary import SUMMARY_BYTES, summary_md

from report.runs import HOSTILE_RUN, LATE, ONE_OF_EACH, RUNS, call, place_of, result, run


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
