"""The worst miss first: there a page opens."""

from dataclasses import replace

import pytest
from pipecat_voice_test.measurement.results import Check, Verdict
from pipecat_voice_test.report.view.misses import Worst, misses_of, worst_call

from report.runs import DEAF, LATE, ONE_OF_EACH, PROMPT, call, result, run

FAILED, INCONCLUSIVE, ERROR = Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.ERROR


def check(
    metric: str, value: float | None, limit: float | None, at_ms: float | None = 1000.0
) -> Check:
    return Check(f"limits.{metric}", metric, FAILED, metric, value, limit, None, 5, at_ms)


def order(*checks: Check) -> list[str]:
    return [miss.metric for miss in misses_of(call(checks=checks))]


LATE_BY_HALF = check("response_ms", 2250, 1500)
LATE_BY_ALL = check("stop_ms", 2000, 1000, 9000.0)
ONE_CUT_IN = check("cut_in", 1, 0, 9000.0)


@pytest.mark.parametrize(
    ("checks", "metrics"),
    [
        pytest.param((LATE_BY_HALF, LATE_BY_ALL), ["stop_ms", "response_ms"],
                     id="furthest-beyond-its-limit-relative-to-it"),
        pytest.param((check("early_ms", 1, 0), LATE_BY_HALF), ["early_ms", "response_ms"],
                     id="a-limit-of-nothing"),
        pytest.param((check("worst_gap_ms", 10_000, 200), check("ended_by", None, None)),
                     ["ended_by", "worst_gap_ms"], id="a-bot-that-is-gone"),
        pytest.param((check("worst_gap_ms", 10_000, 200), check("response_ms", None, 1500)),
                     ["response_ms", "worst_gap_ms"], id="an-answer-that-never-came"),
        pytest.param((check("stop_ms", 1900, 1000), check("no_yield", 1, 0)),
                     ["no_yield", "stop_ms"], id="a-bot-that-does-not-yield"),
        pytest.param((LATE_BY_HALF, ONE_CUT_IN), ["cut_in", "response_ms"],
                     id="a-count-is-as-far-beyond-as-it-is-high"),
        pytest.param((check("protocol", 4000, 0), check("response_ms", 60_000, 1500)),
                     ["response_ms", "protocol"], id="one-mistake-a-thousand-times"),
        pytest.param((check("gap_share", 0.011, 0.01), LATE_BY_HALF),
                     ["response_ms", "gap_share"], id="a-share-just-beyond"),
        pytest.param((check("pause_tolerance_ms", 0, 500), LATE_BY_HALF),
                     ["pause_tolerance_ms", "response_ms"], id="below-the-least"),
        pytest.param((LATE_BY_ALL, replace(ONE_CUT_IN, at_ms=100.0)), ["cut_in", "stop_ms"],
                     id="of-two-as-bad-the-earlier-one"),
        pytest.param((check("barge_in_ok", 0.0, 1.0, None), LATE_BY_ALL),
                     ["stop_ms", "barge_in_ok"], id="of-two-as-bad-the-one-to-be-heard"),
        pytest.param((replace(LATE_BY_ALL, verdict=INCONCLUSIVE), LATE_BY_HALF),
                     ["response_ms", "stop_ms"], id="what-failed-before-what-was-not-judged"),
        pytest.param((PROMPT, replace(LATE, verdict=Verdict.SKIPPED)), [], id="nothing-missed"),
        pytest.param((check("response_ms", float("nan"), 1500), LATE_BY_HALF),
                     ["response_ms", "response_ms"], id="what-is-no-number"),
    ],
)  # fmt: skip
def test_the_worst_first(checks: tuple[Check, ...], metrics: list[str]) -> None:
    assert order(*checks) == metrics


def test_of_a_void_call_what_kept_its_limit_is_no_miss() -> None:
    """M-5: all its checks are inconclusive, whatever came of them."""
    checks = (
        check("missed_turn", 0, 0),
        check("stop_ms", 900, 1000),
        check("ended_by", None, None),
        replace(check("barge_in_ok", 1.0, 1.0), id="limits.barge_in_ok.at_least"),
        replace(check("pause_tolerance_ms", 300, 500), id="limits.pause_tolerance_ms.at_least"),
        check("response_ms", None, 1500),
        check("worst_gap_ms", 300, 200),
    )
    void = tuple(replace(one, verdict=INCONCLUSIVE) for one in checks)

    found = misses_of(call(verdict=INCONCLUSIVE, checks=void, error="too slow"))

    assert [miss.metric for miss in found] == ["response_ms", "worst_gap_ms", "pause_tolerance_ms"]
    assert len(misses_of(call(verdict=INCONCLUSIVE, checks=void))) == len(void)


def test_a_miss_reads_as_in_every_report() -> None:
    (miss,) = misses_of(call(checks=(LATE,)))

    assert miss.text == "turn 3 (line 21): response was 2210 ms, limit 1500"
    assert (miss.verdict, miss.line, miss.at_ms) == (FAILED, 21, 12_340.4)


def test_a_miss_is_one_plain_line_without_secrets() -> None:
    hostile = replace(LATE, message="\x1b[31mred\n::error::x token=abc123 <b>" + "y" * 5000)
    (miss,) = misses_of(call(checks=(hostile,)))

    assert miss.text.startswith("turn 3 (line 21): red : :error::x token=*** <b>yyy")
    assert len(miss.text) < 1100


def test_the_worst_call_of_a_run_and_its_second() -> None:
    assert worst_call(ONE_OF_EACH) == Worst(1, 0, DEAF.at_ms)


@pytest.mark.parametrize(
    ("calls", "worst"),
    [
        pytest.param([call()], None, id="all-is-well"),
        pytest.param([call(1), call(2, FAILED, checks=(LATE,))], (0, 1, LATE.at_ms), id="one"),
        pytest.param(
            [call(1, FAILED, checks=(LATE,)), call(2, FAILED, checks=(DEAF,))],
            (0, 1, DEAF.at_ms), id="the-worse-one",
        ),
        pytest.param(
            [call(1, FAILED, checks=(LATE,)), call(2, FAILED, checks=(LATE,))],
            (0, 0, LATE.at_ms), id="of-two-as-bad-the-first",
        ),
        pytest.param(
            [call(1, ERROR, checks=(), error="gone"), call(2, FAILED, checks=(LATE,))],
            (0, 1, LATE.at_ms), id="a-failure-before-an-error",
        ),
        pytest.param(
            [call(1, INCONCLUSIVE, checks=(replace(DEAF, verdict=INCONCLUSIVE),)),
             call(2, ERROR, checks=(), error="gone")],
            (0, 1, None), id="an-error-before-the-undecided",
        ),
        pytest.param([call(1, ERROR, checks=(), error="gone")], (0, 0, None),
                     id="nothing-to-be-heard"),
        pytest.param(
            [call(1, FAILED, checks=(LATE, replace(DEAF, verdict=INCONCLUSIVE, at_ms=1.0))),
             call(2, FAILED, checks=(replace(LATE, value=9000.0, at_ms=2.0),))],
            (0, 1, 2.0), id="what-is-undecided-beside-a-failure-does-not-count",
        ),
        pytest.param([call(1, FAILED, checks=(LATE,), replaced=True), call(2)], None,
                     id="a-call-that-was-made-again"),
        pytest.param([call(1, FAILED, checks=(replace(LATE, turn=None, line=None, at_ms=None),))],
                     (0, 0, None), id="a-check-without-turn-or-moment"),
    ],
)  # fmt: skip
def test_where_a_page_opens(calls: list, worst: tuple[int, int, float | None] | None) -> None:  # type: ignore[type-arg]
    assert worst_call(run(result(FAILED, *calls))) == worst


def test_a_run_without_calls_has_no_worst_one() -> None:
    assert worst_call(run()) is None
