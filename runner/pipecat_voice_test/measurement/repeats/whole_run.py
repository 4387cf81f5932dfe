"""How a whole run came out: its gates, its exit code and its verdict; DESIGN 4, M-21a.

The same rules for a run that was held here and for one that was joined from shards.
"""

from collections.abc import Collection, Iterable, Sequence

from pipecat_voice_test.errors import ExitCode
from pipecat_voice_test.measurement.fitness import excused_over
from pipecat_voice_test.measurement.repeats.gates import run_checks
from pipecat_voice_test.measurement.repeats.pool import judged
from pipecat_voice_test.measurement.results import Check, ScenarioResult, Verdict

# Where several apply, the first one counts. What was refused, and a selection that left nothing,
# come with another only where several runs are joined.
PRECEDENCE = (
    ExitCode.INTERRUPTED,
    ExitCode.INTERNAL,
    ExitCode.FAILED,
    ExitCode.USAGE,
    ExitCode.BOT_ERROR,
    ExitCode.INCONCLUSIVE,
    ExitCode.NOTHING_SELECTED,
    ExitCode.PASSED,
)
_VERDICTS = {
    ExitCode.PASSED: Verdict.PASSED,
    ExitCode.FAILED: Verdict.FAILED,
    ExitCode.INCONCLUSIVE: Verdict.INCONCLUSIVE,
}


def whole_run_checks(scenarios: Sequence[ScenarioResult]) -> tuple[Check, ...]:
    """The gates over all calls, without what a lack of CPU explains; in the scenarios' order."""
    rigs = [call.timeline.rig for result in scenarios for call in judged(result.calls)]
    return tuple(excused_over(run_checks(scenarios), rigs))


def exit_code_of(
    scenarios: Sequence[ScenarioResult],
    checks: Iterable[Check],
    *,
    has_errors: bool = False,
    may_be_empty: bool = False,
) -> ExitCode:
    """What follows from what was found out about the bot.

    Args:
        scenarios: All of the run.
        checks: Gates over the whole run.
        has_errors: Something kept the run, or part of it, from judging the bot.
        may_be_empty: No scenario at all is nothing bad: a shard for which none was left.
    """
    verdicts = {result.verdict for result in scenarios}
    whole_run = {check.verdict for check in checks}
    if Verdict.FAILED in whole_run or verdicts & {Verdict.FAILED, Verdict.FLAKY}:
        return ExitCode.FAILED
    if has_errors or Verdict.ERROR in verdicts:
        return ExitCode.BOT_ERROR
    if verdicts & {Verdict.INCONCLUSIVE, Verdict.NOT_RUN} or Verdict.INCONCLUSIVE in whole_run:
        return ExitCode.INCONCLUSIVE
    if verdicts <= {Verdict.SKIPPED} and (scenarios or not may_be_empty):
        return ExitCode.NOTHING_SELECTED
    return ExitCode.PASSED


def first_of(codes: Collection[ExitCode]) -> ExitCode:
    """The one that counts of several, at least one."""
    return min(codes, key=PRECEDENCE.index)


def verdict_of(code: int) -> Verdict:
    """The verdict of a run that ends with this exit code."""
    return _VERDICTS.get(ExitCode(code), Verdict.ERROR)
