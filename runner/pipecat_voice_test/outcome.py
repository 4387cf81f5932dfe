"""What a run has found out so far, as results and an exit code, at any moment."""

import time
import traceback
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pipecat_voice_test.errors import ExitCode, VoiceTestError
from pipecat_voice_test.measurement.comparison.fingerprint import Fingerprint
from pipecat_voice_test.measurement.comparison.model import Measured, Settings
from pipecat_voice_test.measurement.comparison.of_run import compared
from pipecat_voice_test.measurement.judge import judge_scenario
from pipecat_voice_test.measurement.repeats.whole_run import (
    exit_code_of,
    verdict_of,
    whole_run_checks,
)
from pipecat_voice_test.measurement.results import (
    BotFacts,
    CallResult,
    Check,
    Control,
    RunError,
    RunResult,
    ScenarioResult,
    Verdict,
)
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.scenario.shard import Shard, Share

LOG_LINES = 50


@dataclass
class Outcome:
    """Filled while the run goes on; `result` may be asked for at any moment.

    Attributes:
        scenarios: Everything selected, in order.
        shard: Whose share that is, or None for all there is.
        share: Where they stand among those of all shards.
        settings, runner: For whoever compares this run with another.
        baseline: What the results are held against once the run is over.
        over: No call will come any more.
        control: What came of the control bot, None if it was not called.
        not_run: Why calls that have not been made are not made, or empty.
        interrupted: Somebody ended the run.
        refused: Exit code of an error that is neither the bot's fault nor ours.
        internal: Something broke inside this program.
    """

    scenarios: Sequence[Scenario]
    seed: int
    shard: Shard | None = None
    share: Share | None = None
    settings: Settings = field(default_factory=Settings)
    runner: str = ""
    baseline: Measured | None = None
    over: bool = False
    control: Control | None = None
    fingerprints: dict[int, Fingerprint | None] = field(default_factory=dict)
    calls: dict[int, list[CallResult]] = field(default_factory=lambda: defaultdict(list))
    errors: list[RunError] = field(default_factory=list)
    not_run: str = ""
    interrupted: bool = False
    internal: bool = False
    refused: ExitCode | None = None
    _began_s: float = field(default_factory=time.monotonic)
    _ended_s: float | None = None
    _started_at: str = field(
        default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    )

    def made_ready(self, scenario: Scenario, fingerprint: Fingerprint | None) -> None:
        """Keep what a comparison wants to know of a scenario that can be played."""
        self.fingerprints[self.scenarios.index(scenario)] = fingerprint

    def add(self, scenario: Scenario, call: CallResult) -> None:
        """Keep what results need of a call; its sound and events lie on disk."""
        light = replace(call, timeline=call.timeline.without_contents())
        self.calls[self.scenarios.index(scenario)].append(light)

    def record(self, error: VoiceTestError, log: str = "") -> None:
        """An error of the bot, or of who asked, with the end of the bot's log."""
        tail = "\n".join(log.splitlines()[-LOG_LINES:])
        self.errors.append(RunError(error.kind, str(error), tail))

    def record_refusal(self, error: VoiceTestError) -> None:
        """The run cannot go on, and neither the bot nor this program is to blame."""
        self.record(error)
        self.refused = error.exit_code
        self.not_run = self.not_run or error.what

    def record_internal(self, error: BaseException) -> str:
        """A mistake of ours; gives its traceback."""
        self.internal = True
        text = "".join(traceback.format_exception(error))
        self.errors.append(RunError("internal_error", text))
        return text

    def knows(self, kind: str) -> bool:
        return any(error.kind == kind for error in self.errors)

    def is_lost(self, scenario: Scenario) -> bool:
        """Whether no further call can make the scenario pass."""
        index = self.scenarios.index(scenario)
        return self._scenario_result(index, scenario).verdict in (Verdict.FAILED, Verdict.FLAKY)

    def result(self, bot: BotFacts) -> RunResult:
        """The results as they stand."""
        scenarios = tuple(
            replace(
                self._scenario_result(index, scenario), fingerprint=self.fingerprints.get(index)
            )
            for index, scenario in enumerate(self.scenarios)
        )
        checks = whole_run_checks(scenarios)
        run = RunResult(
            verdict=Verdict.ERROR,
            exit_code=int(ExitCode.INTERNAL),
            seed=self.seed,
            started_at=self._started_at,
            duration_ms=self._duration_ms(),
            bot=bot,
            scenarios=scenarios,
            run_checks=checks,
            errors=tuple(self.errors),
            shard=self.shard,
            share=self.share,
            control=self.control,
            settings=self.settings,
            runner=self.runner,
        )
        if self.baseline is not None and self.over:
            run = compared(run, self.baseline)
        code = self._exit_code(run.scenarios, checks)
        return replace(run, verdict=verdict_of(code), exit_code=int(code))

    def _duration_ms(self) -> float:
        """Until now, or until the run was first found to be over: all its reports say the same."""
        now_s = time.monotonic()
        if self._ended_s is None and (self.over or self.refused is not None):
            self._ended_s = now_s
        return ((now_s if self._ended_s is None else self._ended_s) - self._began_s) * 1000.0

    def _scenario_result(self, index: int, scenario: Scenario) -> ScenarioResult:
        if scenario.skip_reason:
            return ScenarioResult(scenario, Verdict.SKIPPED, reason=scenario.skip_reason)
        calls = self.calls.get(index, [])
        made = [call for call in calls if call.verdict is not Verdict.NOT_RUN]
        if not made:
            reason = self.not_run or "not reached"
            return ScenarioResult(scenario, Verdict.NOT_RUN, tuple(calls), reason=reason)
        to_come = self.settings.repeat - sum(not call.replaced for call in made)
        in_order = sorted(made, key=lambda call: call.number)
        result = judge_scenario(scenario, in_order, to_come=max(0, to_come))
        cut = [call for call in calls if call.verdict is Verdict.NOT_RUN]
        return replace(result, calls=(*result.calls, *cut))

    def _exit_code(
        self, scenarios: Sequence[ScenarioResult], whole_run: Sequence[Check]
    ) -> ExitCode:
        """Several apply: the order is that of DESIGN 4."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        if self.internal:
            return ExitCode.INTERNAL
        if self.refused is not None:
            return self.refused  # Which the command ends with, whatever was found before.
        return exit_code_of(
            scenarios,
            whole_run,
            has_errors=bool(self.errors),
            may_be_empty=self.shard is not None,
        )
