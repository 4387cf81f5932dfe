"""What is kept of a run is rounded and masked once, and never on the other side of a limit."""

from dataclasses import replace

import pytest
from pipecat_voice_test.measurement.results import RunResult, Verdict
from pipecat_voice_test.report.stored.kept import (
    LOGGED_MOMENTS,
    SOURCE_BYTES,
    SOURCES_BYTES,
    kept_call,
    kept_run,
    kept_source,
)

from report.runs import FAILED_CALL, HOSTILE, LATE, RUNS, call, result, run
from report.stored.runs import uneven_run


@pytest.mark.parametrize("what", [*RUNS.values(), uneven_run(7)])
def test_what_is_kept_is_kept_as_it_is(what: RunResult) -> None:
    once = kept_run(what)

    assert kept_run(once) == once


def test_values_are_kept_whole_and_times_of_people_are_rounded() -> None:
    found = kept_call(
        replace(
            FAILED_CALL,
            metrics={"response_ms": (812.4375, float("nan"))},
            gaps=((1.26, 3.04),),
        )
    )

    assert found.metrics == {"response_ms": (812.4375,)}
    assert found.gaps == ((1.3, 3.0),)
    assert found.turns[1].heard == ((9000, 10_520), (13_611, 14_900))
    assert found.timeline.rig.late_p99_ms == 1.3


def test_a_check_stays_on_its_side_of_the_limit() -> None:
    """METRICS 8."""
    check = replace(LATE, value=1500.04, limit=1500.0)

    (found,) = kept_call(call(checks=(check,))).checks
    assert found.value == 1500.04


def test_secrets_are_kept_nowhere() -> None:
    secret = "token=s3cret"
    spoilt = replace(
        call(verdict=Verdict.ERROR, error=secret),
        notes=(secret,),
        timeline=replace(FAILED_CALL.timeline, close_reason=secret),
    )
    what = result(Verdict.ERROR, spoilt, reason=secret)
    what = replace(what, scenario=replace(what.scenario, source=f"# {secret}"))

    assert "s3cret" not in repr(kept_run(run(what)))
    assert kept_run(run(what)).scenarios[0].scenario.source == "# token=***"


def test_a_log_with_more_moments_than_fit_keeps_some_of_all_of_it() -> None:
    logged = tuple((float(number), number + 1) for number in range(LOGGED_MOMENTS * 3 - 1))

    found = kept_call(replace(call(), logged=logged)).logged
    assert found == logged[::3]
    assert len(found) == LOGGED_MOMENTS


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a: 1\r\nb: 2\rc: 3\n", "a: 1\nb: 2\nc: 3\n", id="every-line-end"),
        pytest.param("a: \u2028b\x85\x0cc", "a:  bc", id="what-ends-no-line-for-the-reader"),
        pytest.param("password: abc\nb: 2", "password: ***\nb: 2", id="a-secret-keeps-its-line"),
        pytest.param("\x1b[31m::error::x", ": :error::x", id="nothing-that-acts"),
        pytest.param("", "", id="none"),
    ],
)
def test_a_scenarios_text_keeps_its_lines_in_their_places(text: str, shown: str) -> None:
    assert kept_source(text) == shown


def test_a_long_text_is_cut_after_a_whole_line() -> None:
    line = "# é" + "x" * 95
    found = kept_source(f"{line}\n" * 3000)

    assert set(found.split("\n")) == {line}
    assert SOURCE_BYTES - 102 < len(found.encode()) <= SOURCE_BYTES


def test_texts_of_more_files_than_there_is_room_for_are_left_out() -> None:
    text = "#" * (SOURCE_BYTES - 1)
    count = SOURCES_BYTES // SOURCE_BYTES + 3
    what = [
        replace(one, scenario=replace(one.scenario, source=text + str(number)[:0]))
        for number in range(count)
        for one in [result(name=f"{number}", file=f"{number}.yaml")]
    ]

    sources = [one.scenario.source for one in kept_run(run(*what)).scenarios]
    assert sum(map(len, sources)) <= SOURCES_BYTES
    assert sources[0] == text
    assert sources[-1] == ""


def test_hostile_texts_are_kept_without_what_acts() -> None:
    found = kept_call(call(bot_log=HOSTILE))

    assert "\x1b" not in found.bot_log
    assert "##vso[" not in found.bot_log
