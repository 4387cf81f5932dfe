"""A machine that was too slow judges nobody; METRICS 7, P-22."""

import pytest
from pipecat_voice_test.measurement.judge import judge_scenario
from pipecat_voice_test.measurement.results import CallResult, Verdict
from pipecat_voice_test.scenario.model import TurnKind
from pipecat_voice_test.timeline import Rig

from measurement.calls import Call, expect, scenario, turn

FAILED, INCONCLUSIVE = Verdict.FAILED, Verdict.INCONCLUSIVE


def failing_call(rig: Rig) -> CallResult:
    call = Call(scenario(turn(TurnKind.LISTEN, expect("response", within_ms=500))), rig=rig)
    return call.caller_listens(0).bot_says(3000, 1000).caller_hangs_up(6000).judged


@pytest.mark.parametrize(
    ("rig", "reason"),
    [
        pytest.param(Rig(late_p99_ms=20.5), "late_p99 was 20.5 ms, limit 20", id="late_p99"),
        pytest.param(Rig(late_max_ms=101), "late_max was 101 ms, limit 100", id="late_max"),
        pytest.param(Rig(loop_stall_ms=150), "loop_stall was 150 ms, limit 100", id="loop_stall"),
    ],
)
def test_a_stalled_rig_voids_the_call_and_never_fails_the_bot(rig: Rig, reason: str) -> None:
    """METRICS 9.6."""
    result = failing_call(rig)

    assert result.verdict is INCONCLUSIVE
    assert {each.verdict for each in result.checks} == {INCONCLUSIVE}
    assert result.error_kind == "rig"
    assert result.error.startswith(f"this machine was too slow to judge the bot: {reason}")
    assert judge_scenario(scenario(turn(TurnKind.LISTEN)), [result]).verdict is INCONCLUSIVE


def test_a_rig_at_its_limits_is_fit() -> None:
    result = failing_call(Rig(late_p99_ms=20, late_max_ms=100, loop_stall_ms=100))

    assert result.verdict is FAILED
    assert result.error == ""
