"""A machine that could not judge the bot says so, and blames nobody (METRICS 7, P-22)."""

from dataclasses import replace

import pytest
from pipecat_voice_test.measurement.fitness import excused, excused_over, why_void
from pipecat_voice_test.measurement.judge import judge_scenario
from pipecat_voice_test.measurement.results import CallResult, Check, Verdict
from pipecat_voice_test.scenario.model import Scenario, TurnKind
from pipecat_voice_test.timeline import Rig

from measurement.calls import Call, answer, limits, scenario, turn

FIX = "\n  Fix: run fewer calls at once (`--workers`), or give the job more CPU"


def slow_bot(rig: Rig, *, answers_after_ms: float = 5000, blunders: bool = False) -> Call:
    """It answers five seconds after the caller, who speaks from 2000 to 3000."""
    call = Call(scenario(turn(TurnKind.TURN, answer(4000))), rig=rig)
    call.caller_says(0, 2000, 1000).bot_says(3000 + answers_after_ms, 2000)
    if blunders:
        call.bot_blunders(2500)
    return call.caller_hangs_up(12_000)


def failed(result: CallResult) -> set[str]:
    return {check.metric for check in result.checks if check.verdict is Verdict.FAILED}


@pytest.mark.parametrize(
    ("rig", "why"),
    [
        (Rig(20.0, 100.0, 100.0, 150), ""),
        (Rig(20.5), "late_p99 was 20.5 ms, limit 20"),
        (Rig(20.001), "late_p99 was 20.001 ms, limit 20"),
        (Rig(late_max_ms=101), "late_max was 101 ms, limit 100"),
        (Rig(loop_stall_ms=150), "loop_stall was 150 ms, limit 100"),
        (Rig(read_lag_ms=900, read_lags=1), ""),
        (Rig(read_lag_ms=150, read_lags=2), "read_lag was 150 ms, 2 times over the limit of 100"),
        (Rig(stolen=0.9, starved=1.0), ""),
    ],
)
def test_what_voids_a_call(rig: Rig, why: str) -> None:
    """METRICS 7: a reader who was late once is borne, one who was late twice is not."""
    text = f"this machine was too slow to judge the bot: {why}{FIX}" if why else ""

    assert why_void(rig) == text


def test_a_late_reader_voids_the_call_and_never_fails_the_bot() -> None:
    """METRICS 9.6."""
    result = slow_bot(Rig(read_lag_ms=150, read_lags=2)).judged

    assert (result.verdict, result.error_kind) == (Verdict.INCONCLUSIVE, "rig")
    assert {check.verdict for check in result.checks} == {Verdict.INCONCLUSIVE}


@pytest.mark.parametrize(
    ("rig", "why"),
    [
        (Rig(starved=0.62), "no CPU was free in 62% of the call, limit 25%"),
        (
            Rig(stolen=0.4, starved=0.0),
            "40% of the CPU time was taken by the host or by a quota, limit 25%",
        ),
        (
            Rig(starved=0.1, starvations=((4000.0, 5500.0),)),
            "no CPU was free for 1500 ms about 8.0 s into the call",
        ),
    ],
)
def test_what_a_bot_without_a_cpu_missed_is_not_held_against_it(rig: Rig, why: str) -> None:
    """With all CPUs kept busy by others not one healthy bot fails."""
    result = slow_bot(rig).judged

    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.error_kind == "rig"
    assert result.error == (
        "this machine had too little CPU for the bot, so what it missed is not held against it: "
        f"{why}{FIX}; a bot that alone uses all there is needs more"
    )


@pytest.mark.parametrize(
    "rig",
    [
        pytest.param(Rig(), id="the-system-is-silent"),
        pytest.param(Rig(starved=0.25, stolen=0.25), id="at-the-limit"),
        pytest.param(Rig(starved=0.1, starvations=((0.0, 1000.0),)), id="long-before"),
        pytest.param(Rig(starved=0.1, starvations=((11_000.0, 12_000.0),)), id="long-after"),
        pytest.param(Rig(starved=0.1, starvations=((7000.0, 7900.0),)), id="too-short"),
    ],
)
def test_a_bot_with_a_cpu_is_judged(rig: Rig) -> None:
    result = slow_bot(rig).judged

    assert (result.verdict, result.error) == (Verdict.FAILED, "")
    assert "response_ms" in failed(result)


@pytest.mark.parametrize(
    ("late_p99_ms", "verdict"), [(10.0, Verdict.FAILED), (10.1, Verdict.INCONCLUSIVE)]
)
def test_a_bot_that_missed_more_than_slowness_explains(
    late_p99_ms: float, verdict: Verdict
) -> None:
    """No answer in eight seconds: if we were in time, so could it have been."""
    call = Call(scenario(turn(TurnKind.TURN, answer(4000))))
    call.rig = Rig(late_p99_ms=late_p99_ms, starved=1.0)
    result = call.caller_says(0, 2000, 1000).caller_hangs_up(12_000).judged

    assert result.verdict is verdict
    assert ("missed_turn" in failed(result)) == (verdict is Verdict.FAILED)


@pytest.mark.parametrize(
    ("value", "limit", "verdict"),
    [
        (301.0, 100.0, Verdict.FAILED),
        (300.0, 100.0, Verdict.INCONCLUSIVE),
        (0.03, 0.01, Verdict.INCONCLUSIVE),
        (1.0, 0.0, Verdict.FAILED),
        (0.5, 1.0, Verdict.FAILED),
        (None, 100.0, Verdict.FAILED),
        (300.0, None, Verdict.FAILED),
    ],
)
def test_a_bot_without_a_cpu_is_three_times_slower_at_most(
    value: float | None, limit: float | None, verdict: Verdict
) -> None:
    """Also what has no measure of slowness, and what is too little instead of too much."""
    check = Check("limits.any", "response_ms", Verdict.FAILED, "", value, limit)
    ((found,), why) = excused([check], Rig(starved=1.0))

    assert found.verdict is verdict
    assert bool(why) == (verdict is Verdict.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("metric", "verdict"),
    [("longest_silence_ms", Verdict.INCONCLUSIVE), ("response_ms", Verdict.FAILED)],
)
def test_a_time_was_missed_where_it_ends(metric: str, verdict: Verdict) -> None:
    """A silence is heard from its begin on, and too long only at its end."""
    check = Check("limits.any", metric, Verdict.FAILED, "", 5500.0, 5000.0, at_ms=6800.0)
    ((found,), why) = excused([check], Rig(starved=0.2, starvations=((10_000.0, 13_000.0),)))

    assert found.verdict is verdict
    assert ("for 3000 ms about 12.3 s" in why) == (verdict is Verdict.INCONCLUSIVE)


def test_what_only_counts_an_answer_that_came_late_goes_with_it() -> None:
    """A late answer is a missed turn as well; METRICS 3.2."""
    late = Check("turns[0].expect[0]", "response_ms", Verdict.FAILED, "", 5000.0, 4000.0, 0)
    counted = [
        Check(f"turns[{index}].limits.{metric}.each", metric, Verdict.FAILED, "", 1.0, 0.0, index)
        for metric, index in (("missed_turn", 0), ("missed_turn", 1), ("cut_in", 0))
    ]
    found, _ = excused([counted[0], late, *counted[1:]], Rig(starved=1.0))

    assert [check.verdict for check in found] == [
        Verdict.INCONCLUSIVE,
        Verdict.INCONCLUSIVE,
        Verdict.FAILED,
        Verdict.FAILED,
    ]


def test_a_fault_that_no_lack_of_cpu_explains_stays_one() -> None:
    result = slow_bot(Rig(late_p99_ms=12.0, starved=1.0), blunders=True).judged

    assert result.verdict is Verdict.FAILED
    assert failed(result) == {"protocol"}
    assert result.error.startswith("this machine had too little CPU for the bot")


def test_a_bot_that_passes_on_a_starved_machine_has_passed() -> None:
    result = slow_bot(Rig(starved=1.0), answers_after_ms=800).judged

    assert (result.verdict, result.error, result.notes) == (Verdict.PASSED, "", ())


@pytest.mark.parametrize(("stolen", "notes"), [(0.05, 0), (0.06, 1), (None, 0)])
def test_stolen_time_is_warned_of(stolen: float | None, notes: int) -> None:
    """METRICS 7, `steal`: warn > 5 %."""
    result = slow_bot(Rig(stolen=stolen), answers_after_ms=800).judged

    assert len(result.notes) == notes
    assert all(
        note == "steal was 6% of the CPU time, usual is at most 5%: the host or a quota took it "
        "Fix: take a machine that is not shared, or raise the job's CPU limit."
        for note in result.notes
    )


def pooled(rig: Rig) -> tuple[Scenario, list[CallResult]]:
    """Five calls that pass, with a median over the scenario's limit, one on another machine."""
    strict = limits(response_ms={"median": 1000})
    calls = []
    for number in range(1, 6):
        call = slow_bot(rig if number == 3 else Rig(), answers_after_ms=1200)
        call.scenario = replace(call.scenario, limits=strict)
        calls.append(replace(call.judged, number=number))
    return call.scenario, calls


def test_values_of_a_starved_call_decide_no_gate_over_several() -> None:
    """M-5, M-20."""
    result = judge_scenario(*pooled(Rig(starved=0.9)))
    (check,) = result.checks

    assert result.verdict is Verdict.INCONCLUSIVE
    assert check.verdict is Verdict.INCONCLUSIVE
    assert check.message.endswith(
        " (in a call that counts no CPU was free in 90% of the call, limit 25%)"
    )
    assert judge_scenario(*pooled(Rig())).verdict is Verdict.FAILED


def test_how_many_calls_passed_is_counted_all_the_same() -> None:
    """The calls were excused one by one."""
    text = "passed in 1 of 5 calls"
    check = Check("limits.passed.at_least", "passed", Verdict.FAILED, text, 1.0, 5.0)

    assert excused_over([check], [Rig(late_p99_ms=12.0, starved=1.0)]) == [check]
