"""From the result of a call, and the files it left, to what there is to see of it."""

from pipecat_voice_test.measurement.results import CallResult, ScenarioResult
from pipecat_voice_test.report.view.distances import distances_of
from pipecat_voice_test.report.view.happened import happened_of
from pipecat_voice_test.report.view.log_lines import log_lines_of
from pipecat_voice_test.report.view.misses import misses_of, worst_call
from pipecat_voice_test.report.view.model import CallView, Evidence
from pipecat_voice_test.report.view.moments import moments_of
from pipecat_voice_test.report.view.regions import regions_of
from pipecat_voice_test.report.view.words import NAME_CHARACTERS, shown
from pipecat_voice_test.timeline import SAMPLES_PER_MS

__all__ = ["call_view", "worst_call"]

ERROR_CHARACTERS = 1000

NO_EVIDENCE = Evidence()


def call_view(
    result: ScenarioResult, call: CallResult, evidence: Evidence = NO_EVIDENCE
) -> CallView:
    """Gather what there is to see of one call of a scenario.

    Args:
        result: The scenario, and how it came out.
        call: One of its calls.
        evidence: What its files say; without any the result alone has to do.
    """
    regions, moments = regions_of(call, evidence), moments_of(call, evidence)
    duration_ms = call.timeline.duration_ms
    if duration_ms <= 0.0:  # A result that does not say; the recording does.
        duration_ms = len(evidence.said) / SAMPLES_PER_MS
    return CallView(
        name=shown(result.scenario.name, NAME_CHARACTERS),
        number=call.number,
        verdict=call.verdict,
        duration_ms=duration_ms,
        regions=regions,
        moments=moments,
        distances=distances_of(call),
        misses=misses_of(call),
        events=happened_of(evidence),
        log=log_lines_of(call, evidence),
        error=shown(call.error, ERROR_CHARACTERS),
    )
