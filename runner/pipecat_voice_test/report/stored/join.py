"""Several runs made into the one that they would have been: shards of a run, or runs side by side.

What one run would have worked out over all its calls is worked out anew. What each scenario came
to is taken as it is, for all calls of a scenario are in one run.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pipecat_voice_test.errors import ExitCode, NothingSelected
from pipecat_voice_test.measurement.comparison.of_shards import joined_comparison
from pipecat_voice_test.measurement.repeats.whole_run import (
    exit_code_of,
    first_of,
    verdict_of,
    whole_run_checks,
)
from pipecat_voice_test.measurement.results import (
    Check,
    Control,
    RunError,
    RunResult,
    ScenarioResult,
    Verdict,
)
from pipecat_voice_test.report.facts import unshown_errors
from pipecat_voice_test.report.stored.belonging import Part, missing_shard, refuse_misfits
from pipecat_voice_test.scenario.select import nothing_playable

_ENDED = frozenset({ExitCode.INTERRUPTED, ExitCode.INTERNAL})
# With errors, these say that a run did not go on, and not that its bot was ill.
_REFUSED = frozenset({ExitCode.USAGE, ExitCode.NOTHING_SELECTED, ExitCode.INCONCLUSIVE})

# Position of a part, and of a scenario in it.
Origin = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of several runs.

    Attributes:
        version: Of the program that held them.
        origins: Where each scenario of `run` comes from.
    """

    run: RunResult
    version: str
    origins: tuple[Origin, ...]


def join(parts: Sequence[Part]) -> Joined:
    """Make one run of several, at least one.

    A shard that is missing is an error of the run that is made, and no reason to lose the others.
    The run began when the first of them did, and took as long as the longest, as machines side by
    side do. Its control is that of the machine that measured worst.

    Raises:
        UsageError: They are not of one run.
    """
    refuse_misfits(parts)
    origins = _in_order(parts)
    scenarios = tuple(parts[part].run.scenarios[index] for part, index in origins)
    checks = whole_run_checks(scenarios)
    missing = missing_shard(parts)
    code = _exit_code(parts, scenarios, checks, is_whole=missing is None)
    measuring = [part for part in parts if part.run.scenarios] or [parts[0]]
    played = [part.run for part in measuring]
    run = RunResult(
        verdict=verdict_of(code),
        exit_code=int(code),
        seed=played[0].seed,
        started_at=min(part.run.started_at for part in parts),
        duration_ms=max(part.run.duration_ms for part in parts),
        bot=replace(played[0].bot, ready_ms=max(run.bot.ready_ms for run in played)),
        scenarios=scenarios,
        run_checks=checks,
        errors=(*_errors(parts, scenarios), *([missing] if missing is not None else [])),
        control=_worst(run.control for run in played),
        settings=played[0].settings,
        # Several classes of machine are one that no other run can be compared with (M-31).
        runner="; ".join(dict.fromkeys(run.runner for run in played)),
    )
    run = replace(run, compared=joined_comparison([part.run for part in parts], run))
    return Joined(run, measuring[0].version, origins)


def _in_order(parts: Sequence[Part]) -> tuple[Origin, ...]:
    """Those of shards in their places; else by file and line, as a folder is read."""
    placed: list[tuple[int, Origin]] = []
    rows: list[list[Origin]] = []
    for number, part in enumerate(parts):
        row = [(number, index) for index in range(len(part.run.scenarios))]
        if part.run.share is None:
            rows.append(row)
        else:
            placed += zip(part.run.share.places, row, strict=True)
    rows.append([origin for _, origin in sorted(placed)])

    def key(origin: Origin) -> tuple[Sequence[str], int]:
        scenario = parts[origin[0]].run.scenarios[origin[1]].scenario
        return scenario.file.parts, scenario.line_number

    return tuple(heapq.merge(*rows, key=key))


def _exit_code(
    parts: Sequence[Part],
    scenarios: Sequence[ScenarioResult],
    checks: Sequence[Check],
    *,
    is_whole: bool,
) -> ExitCode:
    codes = {
        exit_code_of(
            scenarios,
            checks,
            has_errors=any(
                _errors_of(part.run) and part.run.exit_code not in _REFUSED for part in parts
            ),
            may_be_empty=any(part.run.shard is not None for part in parts),
        )
    }
    for part in parts:
        code = ExitCode(part.run.exit_code)
        if code in _ENDED or (code in _REFUSED and _errors_of(part.run)):
            codes.add(code)
    if not is_whole:
        codes.add(ExitCode.INCONCLUSIVE)
    return first_of(codes)


def _errors_of(run: RunResult) -> list[RunError]:
    """Without the one that all its scenarios were skipped, which may not hold for all parts."""
    if not run.scenarios:
        return [*run.errors]
    return [error for error in run.errors if error.kind != NothingSelected.kind]


def _errors(parts: Sequence[Part], scenarios: Sequence[ScenarioResult]) -> Iterator[RunError]:
    """Each once, with the name of the part it is of, unless it is that of all or a scenario's."""
    if scenarios and all(result.verdict is Verdict.SKIPPED for result in scenarios):
        skipped = [replace(one.scenario, skip_reason=one.reason) for one in scenarios]
        nothing = nothing_playable(skipped)
        yield RunError(nothing.kind, str(nothing))
    met: dict[tuple[str, str], list[tuple[Part, RunError]]] = {}
    for part in parts:
        for error in _errors_of(part.run):
            met.setdefault((error.kind, error.message), []).append((part, error))
    for found in met.values():
        first = found[0][1]
        log = next((error.log_tail for _, error in found if error.log_tail), "")
        untold = dict.fromkeys(
            part.called for part, error in found if error in unshown_errors(part.run)
        )
        of_all = len(found) == len(parts)
        where = "" if of_all or not untold else f"{', '.join(untold)}: "
        yield RunError(first.kind, where + first.message, log)


def _worst(controls: Iterable[Control | None]) -> Control | None:
    """One that was not measured is worse than any that was."""
    known = [control for control in controls if control is not None]

    def badness(control: Control) -> tuple[bool, float]:
        return control.error_ms is None, control.error_ms or 0.0

    return max(known, key=badness, default=None)
