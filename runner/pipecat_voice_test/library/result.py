"""What came of one call, for a test that asserts something about it."""

from dataclasses import dataclass, field, fields
from pathlib import Path

from pipecat_voice_test.measurement.results import CallResult, ScenarioResult, Verdict
from pipecat_voice_test.report.files import CallFiles, Place
from pipecat_voice_test.report.terminal.failures import failure, title
from pipecat_voice_test.report.terminal.line import near, texts
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.timeline import Timeline


@dataclass(frozen=True, slots=True, repr=False)
class HeldCall(CallResult):
    """A `CallResult` that tells its story: `assert result.passed, result.story`.

    Attributes:
        scenario: What was played.
        folder: Where the call's files lie (`call.wav`, …), or None if none were asked for.
        story: The verdict, and if it is not good, why, and what to do about it.
    """

    scenario: Scenario = field(default_factory=lambda: Scenario("", Path(), 1, ()))
    folder: Path | None = None
    story: str = ""

    @property
    def passed(self) -> bool:
        """Whether the bot could be judged here, and did what the scenario asks for."""
        return self.verdict is Verdict.PASSED

    @property
    def recording(self) -> Path | None:
        """Left what was said, right what was heard; None if it was not written."""
        path = None if self.folder is None else self.folder / "call.wav"
        return path if path is not None and path.exists() else None

    def __str__(self) -> str:
        return self.story

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.story}>"


def held(
    result: CallResult, scenario: Scenario, *, output: Path | None = None, files: CallFiles
) -> HeldCall:
    """A result with its story; `files` are in `output`."""
    place = Place(Path.cwd(), output or Path(), {(0, 0): files})
    whole = ScenarioResult(scenario, result.verdict, (result,), reason=result.error)
    if result.verdict is Verdict.PASSED:
        lines = [title(whole, place).text]
    else:
        lines = texts([failure(whole, place, 0)])
    folder = None
    if output is not None and (written := files.written()):
        folder = output / Path(written[0]).parent
        lines.append(f"  all of it: {near(output / 'report.html', place)}")
    values = {one.name: getattr(result, one.name) for one in fields(CallResult)}
    return HeldCall(**values, scenario=scenario, folder=folder, story="\n".join(lines))


def skipped(scenario: Scenario) -> HeldCall:
    """The result of a scenario that cannot be played over a phone line; nobody was called."""
    result = CallResult(
        1, Verdict.SKIPPED, Timeline(), error=scenario.skip_reason, error_kind="skipped"
    )
    return held(result, scenario, files=CallFiles())


def assert_passed(result: CallResult) -> None:
    """Fail with everything there is to know about it, unless the call has passed.

    Raises:
        AssertionError: The bot misbehaved, or could not be judged.
    """
    __tracebackhide__ = True  # pytest then shows the line of the test.
    if result.verdict is not Verdict.PASSED:
        failed = [check.message for check in result.checks if check.verdict is not Verdict.PASSED]
        told = [f"the call {result.verdict}", *failed, result.error]
        raise AssertionError(getattr(result, "story", "") or "\n  ".join(filter(None, told)))
