"""Who speaks when, and where the bot's voice falls on the caller's or breaks off."""

from dataclasses import replace

import pytest
from measurement.calls import Call, answer, scenario, turn, voice
from measurement.test_judge import conversation
from pipecat_voice_test.measurement.judge import judge_scenario
from pipecat_voice_test.measurement.results import CallResult, TurnFacts, Verdict
from pipecat_voice_test.report.view.build import call_view
from pipecat_voice_test.report.view.model import Evidence, Lane, Region, RegionKind
from pipecat_voice_test.scenario.model import TurnKind
from pipecat_voice_test.timeline import Timeline

from report.runs import result

SPEECH, CUT_IN, TALK_OVER, GAP = RegionKind


def regions(call: Call | CallResult, evidence: Evidence = Evidence()) -> tuple[Region, ...]:  # noqa: B008
    if isinstance(call, Call):
        judged = call.judged
        return call_view(judge_scenario(call.scenario, [judged]), judged, evidence).regions
    return call_view(result(Verdict.PASSED, call), call, evidence).regions


def tens(found: tuple[Region, ...], *kinds: RegionKind) -> list[tuple[str, float, float]]:
    return [
        (region.kind.value, round(region.from_ms, -1), round(region.to_ms, -1))
        for region in found
        if region.kind in kinds
    ]


def asked(*lengths_ms: float) -> Call:
    turns = (turn(TurnKind.TURN, answer(), text="What are your opening hours?"),)
    return Call(scenario(*turns)).caller_says(0, 1000, *lengths_ms)


def test_both_lanes_of_a_call() -> None:
    found = regions(conversation())

    assert [(r.lane, r.text) for r in found if r.lane is Lane.CALLER] == [
        (Lane.CALLER, "What are your opening hours?"),
        (Lane.CALLER, ""),
    ]
    assert tens(found, SPEECH, TALK_OVER) == [
        ("speech", 600, 1800),
        ("speech", 2300, 3200),
        ("speech", 4500, 5800),
        ("speech", 6600, 8400),
        ("speech", 8000, 9100),
        ("talk_over", 8000, 8400),
        ("speech", 9900, 11_400),
    ]


def test_a_bot_that_speaks_into_a_pause_cuts_in_until_the_caller_is_done() -> None:
    cut_in = asked(800, 700, 600).bot_says(2200, 2000).caller_hangs_up(9000)

    assert tens(regions(cut_in), CUT_IN) == [("cut_in", 2200, 3100)]
    assert [r.text for r in regions(cut_in) if r.kind is CUT_IN] == ["cut-in, 900 ms"]


def test_a_short_sound_that_ends_by_itself_is_no_cut_in() -> None:
    """METRICS 3.2: it is a backchannel."""
    mhm = asked(2000).bot_says(1800, 300).bot_says(4000, 900).caller_hangs_up(9000)

    assert tens(regions(mhm), CUT_IN) == []


def test_a_sound_the_bot_takes_back_is_a_cut_in_as_far_as_the_events_tell() -> None:
    def evidence(discarded_ms: float) -> Evidence:
        line = {"t": 2150, "dir": "rig", "event": "playback_cleared", "discarded_ms": discarded_ms}
        return Evidence(events=(line,))

    short = asked(2000).bot_plays(1800, voice(900), ahead_ms=float("inf")).bot_clears(2150)
    short.bot_says(4000, 900).caller_hangs_up(9000)
    judged = short.judged

    assert tens(regions(judged, evidence(550)), CUT_IN) == [("cut_in", 1800, 2150)]
    # Its check points at it, too.
    assert tens(regions(judged), CUT_IN) == [("cut_in", 1800, 2150)]
    without = replace(judged, checks=())
    assert tens(regions(without, evidence(550)), CUT_IN) == [("cut_in", 1800, 2150)]
    assert tens(regions(without, evidence(0)), CUT_IN) == []
    assert tens(regions(without), CUT_IN) == []


@pytest.mark.parametrize(
    ("stop_ms", "to_ms"),
    [
        pytest.param(400.0, 8400, id="until-it-yields"),
        pytest.param(1500.0, 9100, id="as-long-as-the-caller-speaks"),
        pytest.param(None, 9100, id="it-never-yields"),
    ],
)
def test_talking_over_an_interruption(stop_ms: float | None, to_ms: float) -> None:
    turns = (
        TurnFacts(1, 20, TurnKind.TURN, said=(4500.0, 5800.0), heard=((6600.0, 12_000.0),)),
        TurnFacts(2, 30, TurnKind.BARGE_IN, said=(8000.0, 9100.0), stop_ms=stop_ms),
    )
    call = CallResult(1, Verdict.PASSED, Timeline(), turns=turns)

    assert tens(regions(call), TALK_OVER) == [("talk_over", 8000, to_ms)]


def test_holes_in_the_voice() -> None:
    held = asked(800).bot_says_with_dry_pauses(3000, 900, 240, 900).caller_hangs_up(9000)
    found = [region for region in regions(held) if region.kind is GAP]

    assert tens(tuple(found), GAP) == [("gap", 3900, 4140)]
    assert [(r.lane, r.text) for r in found] == [(Lane.BOT, "hole, 240 ms")]


def test_bursts_that_two_listening_turns_share_are_one_each() -> None:
    turns = [
        TurnFacts(index, 10, TurnKind.LISTEN, heard=((600.0, 1800.0), (2300.0, 3200.0)))
        for index in (0, 1)
    ]
    call = CallResult(1, Verdict.PASSED, Timeline(), turns=tuple(turns))

    assert tens(regions(call), SPEECH) == [("speech", 600, 1800), ("speech", 2300, 3200)]


def test_keys_stand_where_they_were_pressed() -> None:
    turns = (turn(TurnKind.DTMF, answer(), dtmf="12#"),)
    held = Call(scenario(*turns)).caller_presses(0, 1000, "12#").bot_says(2500, 900)
    (keys, _) = regions(held.caller_hangs_up(9000))

    assert keys == Region(Lane.CALLER, SPEECH, 1000.0, 1200.0, "keys 12#")


def test_what_was_said_is_plain_and_masked() -> None:
    said = TurnFacts(0, 1, TurnKind.TURN, said=(0.0, 9.0), text="\x1b[1mhi\n::x:: token=abc")
    call = CallResult(1, Verdict.PASSED, Timeline(), turns=(said,))

    assert regions(call)[0].text == "hi : :x:: token=***"
