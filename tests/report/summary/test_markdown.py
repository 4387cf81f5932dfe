"""summary.md: a table, what failed, nothing that a bot can turn into markup."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from pipecat_voice_test.measurement.results import RunResult, Verdict
from pipecat_voice_test.report.summary.markdown import MANY, SUMMARY_BYTES, summary_md
from pipecat_voice_test.report.summary.scenarios import PICTURES

from report.runs import (
    FAILED_CALL,
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
    assert {row.count("|") for row in rows} == {7, 5}


def many(verdict: Verdict, count: int, *, calls: int = 1, checks: int = 1) -> RunResult:
    bad = [
        call(number, verdict, checks=(LATE,) * checks, timeline=FAILED_CALL.timeline)
        for number in range(1, calls + 1)
    ]
    drawn = [replace(one, turns=FAILED_CALL.turns) for one in bad]
    return run(
        *[result(verdict, *drawn, name=f"{number} {'n' * 100}") for number in range(count)],
        verdict=verdict,
    )


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(many(Verdict.FAILED, 5000), id="five-thousand-failures"),
        pytest.param(many(Verdict.FAILED, 100, calls=200), id="repeated-often"),
        pytest.param(many(Verdict.FAILED, 60, checks=1000), id="with-many-checks"),
        pytest.param(many(Verdict.PASSED, 20_000), id="all-passed"),
    ],
)
def test_a_huge_run_keeps_its_beginning_within_the_bound(what: RunResult) -> None:
    text = rendered(what)

    assert len(text.encode()) <= SUMMARY_BYTES
    assert text.startswith(f"# pipecat-voice-test: {what.verdict}\n")
    assert text.count("```") == 2 * text.count("```mermaid") <= 2 * PICTURES
    assert text.count("<details>") == text.count("</details>")


def test_what_found_no_room_is_counted() -> None:
    text = rendered(many(Verdict.FAILED, 3000))
    told = text.count("\n### ")

    assert 1000 < told < 3000
    assert f"… and {3000 - told} more; there was no room for them" in text


def test_the_worst_calls_have_a_picture_and_the_rest_are_referred_to_the_page() -> None:
    slower = [replace(LATE, value=1500.0 + 100 * number) for number in range(30)]
    failed = [replace(FAILED_CALL, checks=(check,), metrics={}, number=1) for check in slower]
    text = rendered(run(*[result(Verdict.FAILED, one) for one in failed]))
    last = text.split("\n### ")[-PICTURES:]

    assert text.count("```mermaid") == PICTURES
    assert all("```mermaid" in one for one in last)
    assert "Only the 10 worst calls have a picture here; report.html has all of them." in text


def test_a_long_run_shows_what_did_not_pass_and_folds_the_rest() -> None:
    passed = [result(Verdict.PASSED, call(), name=f"fine {number}") for number in range(MANY)]
    text = rendered(run(*passed, *ONE_OF_EACH.scenarios))
    table, folded = text.split("<details><summary>26 passed, 1 skipped, 1 not run</summary>")

    assert [line.split(" |")[0] for line in table.splitlines() if line.startswith("| ")][1:5] == [
        "| failed",
        "| flaky",
        "| error",
        "| inconclusive",
    ]
    assert folded.count("| passed | ") == 26


def test_of_many_failed_calls_the_worst_are_told_whole() -> None:
    calls = [
        replace(FAILED_CALL, number=number, checks=(replace(LATE, value=2000.0 + number),))
        for number in range(1, 8)
    ]
    text = rendered(run(result(Verdict.FAILED, *calls)))
    told, folded = text.split("<details><summary>4 more failed calls</summary>")

    assert re.findall(r"\*\*call (\d)\*\*", told) == ["7", "6", "5"]
    assert re.findall(r"- call (\d), 12.3 s, turn 3", folded) == ["4", "3", "2", "1"]


def test_flaky_and_inconclusive_stand_apart_and_say_whose_doing_it_is() -> None:
    parts = rendered(ONE_OF_EACH).split("\n## ")
    flaky = next(part for part in parts if part.startswith("Flaky: 1 scenario"))
    inconclusive = next(part for part in parts if part.startswith("Inconclusive: 1 scenario"))

    assert "### moody bot\n" in flaky
    assert "The failed ones count" in flaky
    assert "call 1 passed: voice-test-results/s2/call-1/call.wav" in flaky
    assert "### busy machine\n" in inconclusive
    assert "Not the bot's fault, and no pass either" in inconclusive


def test_a_failed_call_says_what_was_expected_and_heard_and_when() -> None:
    lines = rendered(ONE_OF_EACH).splitlines()

    assert "**call 1**: voice-test-results/s1/call-1/call.wav" in lines
    assert (
        "| 2 | **12.3 s** | at most 1500 ms: from the end of the caller's speech to the answer "
        "| turn 3 (line 21): response was 2210 ms, limit 1500 |"
    ) in lines


def test_what_to_do_stands_apart_from_what_was_heard() -> None:
    message = "worst_gap was 700 ms, limit 200: in turn 1 Fix: send audio as soon as it is made."
    check = replace(LATE, metric="worst_gap_ms", message=message)
    failed = call(verdict=Verdict.FAILED, checks=(check, replace(check, at_ms=9.0)))
    text = rendered(run(result(Verdict.FAILED, failed)))

    assert "turn 3 (line 21): worst_gap was 700 ms, limit 200: in turn 1 |" in text
    assert text.count("- Fix: send audio as soon as it is made.") == 1


def test_a_small_run_is_whole() -> None:
    assert "no room" not in rendered(ONE_OF_EACH)


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
    assert "## Passed, but not in every call: 1 scenario" in lines
    assert "tests/voice/hours.yaml, line 3: passed 4 of 5 calls (Wilson 95 %: 38 to 96 %)" in lines
    assert "**call 5**: voice-test-results/s0/call-5/call.wav" in lines


def test_a_failure_among_calls_that_decide_nothing_is_told_with_the_reason() -> None:
    calls = call(1, Verdict.FAILED, checks=(LATE,)), call(2, Verdict.INCONCLUSIVE, checks=())
    text = rendered(run(result(Verdict.INCONCLUSIVE, *calls, reason="passed 0 of 1, not decided")))

    part = text[text.index("## Inconclusive") :]
    assert "- passed 0 of 1, not decided\n" in part
    assert "turn 3 (line 21): response was 2210 ms, limit 1500 |" in part
