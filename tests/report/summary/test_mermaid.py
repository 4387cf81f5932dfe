"""A failed call as a picture that GitHub draws: its own words only, in seconds, never too long."""

import re
from dataclasses import replace
from typing import Any

import pytest
from pipecat_voice_test.measurement.results import CallResult, Check, TurnFacts, Verdict
from pipecat_voice_test.report.summary.mermaid import MOST_CHARACTERS, gantt, shown_part
from pipecat_voice_test.report.view.build import call_view
from pipecat_voice_test.report.view.model import CallView
from pipecat_voice_test.scenario.limits import METRICS
from pipecat_voice_test.scenario.model import TurnKind
from pipecat_voice_test.timeline import Timeline

from report.runs import DEAF, FAILED_CALL, HOSTILE, LATE, call, result

TASK = r"(?:✗ )?[A-Za-z0-9 ,.·-]+: (?:[a-z]+, )*\d+, \d+ms"
LINE = re.compile(
    rf"---|displayMode: compact|gantt|acc(?:Title|Descr): [A-Za-z0-9 ,.]+|dateFormat x"
    rf"|axisFormat %s s|tickInterval \d+(?:second|minute)|todayMarker off"
    rf"|section (?:call|caller|bot|cuts in|talks on|holes|✗ \d)|{TASK}"
)


def drawn(what: CallResult) -> list[str]:
    return gantt(what, call_view(result(Verdict.FAILED, what), what)).splitlines()


def talk(count: int, *checks: Check, every_ms: float = 5000.0) -> CallResult:
    """A call in which each side speaks `count` times in turn."""
    return replace(
        call(
            verdict=Verdict.FAILED, checks=checks, timeline=Timeline(duration_ms=count * every_ms)
        ),
        turns=tuple(
            TurnFacts(
                index,
                10 + index,
                TurnKind.TURN,
                said=(index * every_ms, index * every_ms + 1200.0),
                heard=((index * every_ms + 2000.0, (index + 1) * every_ms - 500.0),),
                response_ms=800.0,
            )
            for index in range(count)
        ),
    )


def section(lines: list[str], name: str) -> list[str]:
    begin = lines.index(f"section {name}") + 1
    end = next((n for n in range(begin, len(lines)) if "section" in lines[n]), len(lines))
    return lines[begin:end]


def test_each_side_has_a_row_and_what_failed_is_red() -> None:
    lines = drawn(FAILED_CALL)

    assert section(lines, "caller") == ["1.3 s: active, 10100, 1300ms"]
    assert section(lines, "bot") == [
        "1.6 s: 812, 1588ms",
        "1.5 s: 9000, 1520ms",
        "1.3 s: 13611, 1289ms",
    ]
    assert section(lines, "talks on") == ["·: crit, 10100, 420ms"]
    assert section(lines, "✗ 1") == ["✗ no yield: crit, milestone, 10100, 0ms"]
    assert section(lines, "✗ 2") == ["✗ response 2210 ms, limit 1500: crit, 10130, 2210ms"]


def test_a_short_call_is_drawn_whole_with_the_seconds_of_its_recording() -> None:
    lines = drawn(FAILED_CALL)

    assert section(lines, "call")[0] == "0.0 to 15.0 s: done, 0, 15000ms"
    assert {"dateFormat x", "axisFormat %s s", "tickInterval 2second"} <= set(lines)


def test_of_a_long_call_the_part_about_the_failure_is_drawn() -> None:
    late = replace(LATE, turn=20, at_ms=103_410.0)
    lines = drawn(talk(40, late))

    assert section(lines, "call") == ["88.4 to 113.4 s: done, 88410, 25000ms"]
    assert len(section(lines, "caller")) == 5


def test_failures_far_apart_do_not_shrink_the_worst_one() -> None:
    checks = [replace(DEAF, at_ms=100_000.0), replace(DEAF, at_ms=10_000.0)]

    assert shown_part(checks, CallView("", 1, Verdict.FAILED, 200_000.0)) == (85_000.0, 110_000.0)


@pytest.mark.parametrize("every_ms", [10.0, 100.0, 5000.0])
def test_a_call_of_a_thousand_turns_is_still_drawn_by_github(every_ms: float) -> None:
    lines = drawn(talk(1000, *[replace(LATE, turn=n, at_ms=3.0) for n in range(1000)]))

    assert len("\n".join(lines)) <= MOST_CHARACTERS
    assert all(map(LINE.fullmatch, lines))


@pytest.mark.parametrize("metric", [*METRICS, "ended_by", "mark", "call_ended_ms", "section"])
def test_every_metric_has_a_label_that_is_no_keyword(metric: str) -> None:
    lines = drawn(talk(3, replace(LATE, metric=metric, value=None, turn=1, at_ms=7000.0)))
    name = metric.removesuffix("_ms").replace("_", " ") if metric != "section" else "check"

    assert f"✗ {name}: crit, milestone, 7000, 0ms" in lines


def test_nothing_of_a_bot_or_a_scenario_is_in_a_picture() -> None:
    turn = replace(talk(1).turns[0], name=HOSTILE, text=HOSTILE)
    spoilt = replace(
        talk(2, replace(LATE, metric=HOSTILE, message=HOSTILE, turn=0, at_ms=10.0)),
        turns=(turn,),
        error=HOSTILE,
        notes=(HOSTILE,),
    )

    assert [line for line in drawn(spoilt) if not LINE.fullmatch(line)] == []
    assert "✗ check: crit, milestone, 10, 0ms" in drawn(spoilt)


NAN, ENDLESS = float("nan"), float("inf")


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param({"timeline": Timeline(duration_ms=NAN)}, id="no-length"),
        pytest.param({"timeline": Timeline(duration_ms=0.0)}, id="never-began"),
        pytest.param({"turns": ()}, id="nobody-spoke"),
    ],
)
def test_without_anything_to_see_there_is_no_picture(spoilt: dict[str, Any]) -> None:
    assert drawn(replace(talk(1, LATE), **spoilt)) == []


def test_figures_that_are_none_are_left_out() -> None:
    odd = replace(LATE, value=NAN, limit=ENDLESS, turn=0, at_ms=100.0)
    turn = replace(talk(1).turns[0], heard=((NAN, 100.0), (5.0, ENDLESS), (900.0, 800.0)))
    lines = drawn(replace(talk(1, odd), turns=(turn,)))

    assert [line for line in lines if not LINE.fullmatch(line)] == []


def test_a_side_that_said_nothing_is_still_named() -> None:
    turn = replace(talk(1).turns[0], heard=())
    lines = drawn(replace(talk(1, LATE), turns=(turn,)))

    assert section(lines, "bot") == ["silent: milestone, 0, 0ms"]
