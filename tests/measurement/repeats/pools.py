"""Calls and scenarios that hold nothing but numbers."""

from collections.abc import Sequence

from pipecat_voice_test.measurement.judge import judge_scenario
from pipecat_voice_test.measurement.results import CallResult, Check, ScenarioResult, Verdict
from pipecat_voice_test.scenario.limits import Limits
from pipecat_voice_test.scenario.model import TurnKind
from pipecat_voice_test.timeline import Timeline

from measurement.calls import scenario, turn

NO_TIMELINE = Timeline()


def answered(
    *values_ms: float,
    verdict: Verdict = Verdict.PASSED,
    replaced: bool = False,
    metric: str = "response_ms",
    number: int = 1,
) -> CallResult:
    """A call that measured these values of one metric."""
    return CallResult(number, verdict, NO_TIMELINE, metrics={metric: values_ms}, replaced=replaced)


def rated(metric: str, times: int, of: int) -> CallResult:
    """A call in which something succeeded so many times of so many."""
    return CallResult(
        1, Verdict.PASSED, NO_TIMELINE, metrics={metric: (times / of,)}, rates={metric: (times, of)}
    )


def result_of(*calls: CallResult, own: Limits | None = None, to_come: int = 0) -> ScenarioResult:
    scene = scenario(turn(TurnKind.LISTEN), **({} if own is None else {"limits": own}))
    return judge_scenario(scene, calls, to_come=to_come)


def in_brief(checks: Sequence[Check]) -> list[tuple[str, str, str]]:
    return [(each.id, str(each.verdict), each.message) for each in checks]
