"""results.json read back, so that reports can be made of it again, and several be joined.

What is read is the run as `kept_run` has it: every report of it is the one that was made when it
ended. The file may come from anybody, so files it names are taken only if they can lie beside it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipecat_voice_test.errors import ResultsError
from pipecat_voice_test.measurement.comparison.document import contradictions
from pipecat_voice_test.measurement.comparison.fingerprint import Fingerprint
from pipecat_voice_test.measurement.comparison.model import Compared, Comparison, Settings, Side
from pipecat_voice_test.measurement.comparison.pairs import ONLY_THEN
from pipecat_voice_test.measurement.comparison.sealed import Purpose, opened, shaped
from pipecat_voice_test.measurement.comparison.wording import not_comparable
from pipecat_voice_test.measurement.results import (
    BotFacts,
    Control,
    RunError,
    RunResult,
    ScenarioResult,
)
from pipecat_voice_test.report.files import CallFiles, Files
from pipecat_voice_test.report.stored.read_calls import call_of, checks_of
from pipecat_voice_test.report.stored.shape import (
    BaselinePart,
    ComparisonPart,
    Document,
    LimitsPart,
    ScenarioPart,
    SidePart,
)
from pipecat_voice_test.scenario.limits import Limits
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.scenario.shard import Shard, Share

GIVE_RESULTS = "give the results.json that a run left in its output folder."
_TO_REPORT = Purpose(
    ResultsError,
    give=GIVE_RESULTS,
    anew="use the version that wrote it, or make the run again with this one.",
    untouched="take the file as the run wrote it: reports of other figures would be of a run that "
    "nobody made.",
    to="make reports of",
    needs=("measures", "sources"),
)
# As we name them: nothing that leads out of the folder, ends a line or means something else.
_FILE = re.compile(r"(?:\w[\w .+-]*/)*\w[\w.-]*")


@dataclass(frozen=True, slots=True)
class Stored:
    """A run that was read back.

    Attributes:
        files: Of each call, as the file names them; they need not be there any more.
        version: Of the program that made the run.
    """

    run: RunResult
    files: Files
    version: str


def read_stored(data: bytes, shown: str, log_of: Callable[[str], str]) -> Stored:
    """Read a run back.

    Args:
        data: A results.json.
        shown: What to call it in messages.
        log_of: Gives the text of a bot.log by its path in the file, empty if it is gone.

    Raises:
        ResultsError: It is no such file, not whole, edited, or of a version that kept too little.
    """
    document = opened(data, shown, _TO_REPORT, contradictions)
    read = shaped(Document, document, shown, _TO_REPORT)
    files = {
        (index, position): CallFiles(**call.files.model_dump())
        for index, scenario in enumerate(read.scenarios)
        for position, call in enumerate(scenario.calls)
    }
    for found in files.values():
        for path in found.written():
            if not _FILE.fullmatch(path):
                raise ResultsError(
                    f"{shown} names a file that cannot lie beside it: {path!r:.200}.",
                    fix=GIVE_RESULTS,
                )
    return Stored(_run(read, log_of), files, read.tool.version)


def _run(read: Document, log_of: Callable[[str], str]) -> RunResult:
    return RunResult(
        verdict=read.verdict,
        exit_code=read.exit_code,
        seed=read.seed,
        started_at=read.started_at,
        duration_ms=read.duration_ms,
        bot=BotFacts(read.bot.launcher, read.bot.name, read.bot.ready_ms or 0.0),
        scenarios=tuple(
            _scenario(one, read.sources.get(one.file, ""), log_of) for one in read.scenarios
        ),
        run_checks=checks_of(read.run_checks),
        errors=tuple(RunError(one.kind, one.message, one.log_tail) for one in read.errors),
        shard=None if read.shard is None else Shard(read.shard.index, read.shard.total),
        share=None if read.share is None else Share(read.share.places, read.share.among),
        control=None if read.control is None else Control(**read.control.model_dump()),
        settings=Settings(**read.settings.model_dump()),
        runner=read.runner,
        compared=None if read.baseline is None else _compared(read.baseline, read.scenarios),
    )


def _scenario(read: ScenarioPart, source: str, log_of: Callable[[str], str]) -> ScenarioResult:
    of_then = read.fingerprint
    return ScenarioResult(
        scenario=Scenario(
            name=read.name,
            file=Path(read.file),
            line_number=read.line,
            turns=(),
            tags=read.tags,
            limits=_limits(read.limits),
            source=source,
        ),
        verdict=read.verdict,
        calls=tuple(call_of(call, log_of) for call in read.calls),
        checks=checks_of(read.checks),
        reason=read.reason or "",
        fingerprint=None if of_then is None else Fingerprint(**of_then.model_dump()),
        comparisons=tuple(_comparison(read.name, one) for one in read.comparisons),
    )


def _limits(read: LimitsPart) -> Limits:
    lines = {metric: line for metric, line in read.own.items() if line is not None}
    return Limits(read.gates, frozenset(read.own), lines)


def _compared(read: BaselinePart, scenarios: tuple[ScenarioPart, ...]) -> Compared:
    return Compared(
        base=read.file,
        base_version=read.version,
        base_started_at=read.started_at,
        comparisons=(
            *(_comparison(one.name, each) for one in scenarios for each in one.comparisons),
            *(not_comparable(name, ONLY_THEN) for name in read.not_in_this_run),
        ),
        notes=read.notes,
    )


def _comparison(scenario: str, read: ComparisonPart) -> Comparison:
    return Comparison(
        scenario=scenario,
        metric=read.metric or "",
        standing=read.standing,
        message=read.message,
        base=_side(read.base),
        new=_side(read.new),
        difference=read.difference,
        interval=read.interval,
        allowed=read.allowed,
        could_show=read.could_show,
    )


def _side(read: SidePart | None) -> Side | None:
    return None if read is None else Side(read.n, read.figure)
