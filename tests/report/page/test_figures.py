"""How the values of each gated metric lie over the whole run."""

from dataclasses import replace

from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.report.page.figures import figures

from report.runs import LATE, PROMPT, call, result, run

TWICE = {"response_ms": (812.4, 2210.1)}
BAD = call(1, Verdict.FAILED, checks=(PROMPT, LATE), metrics=TWICE)


def test_a_value_has_the_verdict_and_the_second_of_its_check() -> None:
    (figure,) = figures(run(result(Verdict.FAILED, BAD)))
    good, bad = figure.plot.rows[0].dots

    assert (good.verdict, good.call, good.at_ms) == (Verdict.PASSED, "1-1", 812.4)
    assert (bad.verdict, bad.call, bad.at_ms) == (Verdict.FAILED, "1-1", 12_340.4)
    assert bad.text == "2210 ms: Opening hours"
    assert [point.value for point in figure.beyond] == [2210.1]


def test_two_limits_on_one_value_are_one_dot_as_bad_as_the_stricter_finds_it() -> None:
    lenient = replace(LATE, id="limits.response_ms.each", limit=4000, verdict=Verdict.PASSED)
    both = call(1, Verdict.FAILED, checks=(lenient, LATE), metrics={"response_ms": (2210.1,)})

    (figure,) = figures(run(result(Verdict.FAILED, both)))

    assert [dot.verdict for dot in figure.plot.rows[0].dots] == [Verdict.FAILED]
    assert [rule.text for rule in figure.plot.rules] == [
        "limit 4000 ms",
        "limit 1500 ms",
        "limit of the median 1500 ms",
    ]


def test_equal_values_of_two_turns_keep_their_own_verdicts() -> None:
    other = replace(LATE, turn=1, verdict=Verdict.PASSED, limit=3000, at_ms=5000)
    metrics = {"response_ms": (2210.1, 2210.1)}
    both = call(1, Verdict.FAILED, checks=(other, LATE), metrics=metrics)

    (figure,) = figures(run(result(Verdict.FAILED, both)))

    assert sorted(dot.verdict for dot in figure.plot.rows[0].dots) == ["failed", "passed"]


def test_calls_that_could_not_be_judged_have_no_part_in_it() -> None:
    void = call(1, Verdict.INCONCLUSIVE, metrics={"response_ms": (9999.0,)})
    again = replace(call(1), replaced=True)

    (figure,) = figures(run(result(Verdict.PASSED, void, again, call(2))))

    assert (figure.n, figure.worst) == (1, "812 ms")
    assert figure.plot.rows[0].dots[0].text == "812 ms: Opening hours, call 2"


def test_what_was_only_reported_and_has_no_limit_is_not_shown() -> None:
    one = call(1, metrics={"early": (0.0,), "clear_seen_ms": (340.0,)}, checks=())

    assert figures(run(result(Verdict.PASSED, one))) == []


def test_what_never_happened_is_quiet_and_a_zero_that_failed_is_not() -> None:
    never = call(1, metrics={"cut_in": (0.0,)}, checks=())
    missed = replace(LATE, metric="barge_in_ok", value=0.0, limit=1.0)
    failed = call(1, Verdict.FAILED, metrics={"barge_in_ok": (0.0,)}, checks=(missed,))

    (quiet,) = figures(run(result(Verdict.PASSED, never)))
    (loud,) = figures(run(result(Verdict.FAILED, failed)))

    assert (quiet.metric, quiet.is_quiet) == ("cut_in", True)
    assert (loud.metric, loud.is_quiet, loud.missed) == ("barge_in_ok", False, 1)


def test_of_a_metric_that_wants_much_the_least_is_the_worst() -> None:
    one = call(1, metrics={"pause_tolerance_ms": (480.0, 900.0)}, checks=())

    (figure,) = figures(run(result(Verdict.PASSED, one)))

    assert figure.worst == "480 ms"
