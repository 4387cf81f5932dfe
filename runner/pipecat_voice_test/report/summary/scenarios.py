"""What went wrong, scenario by scenario: failures, what is flaky, what could not be judged.

Each kind has a part of its own and says whose doing it is, so that nobody looks for a fault of
the bot where the machine was too slow, or takes a call that passed for the end of a fault.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipecat_voice_test.measurement.results import CallResult, RunResult, ScenarioResult, Verdict
from pipecat_voice_test.report.facts import (
    is_forgiven,
    reason_of,
    share_line,
    words,
)
from pipecat_voice_test.report.files import PAGE, Place
from pipecat_voice_test.report.summary.failed_call import (
    failed_call_md,
    failed_of,
    fixes_of,
    heard,
    lines_of,
    second,
)
from pipecat_voice_test.report.text import markdown_text, masked
from pipecat_voice_test.report.view.misses import severity

PICTURES = 10
CALLS_TOLD = 3  # Of one scenario; what else failed is a line each.
_LINES = 100
_NAMES = 10
NAME_CHARACTERS = 200

# Positions: of the scenario in the run, and of the call in the scenario.
At = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Part:
    """Scenarios that came out alike.

    Attributes:
        title: Its heading, before the number of scenarios.
        told: What the reader should know before the first of them.
        takes: Whether a scenario belongs to it.
    """

    title: str
    told: str
    takes: Callable[[ScenarioResult], bool]


def _is(verdict: Verdict) -> Callable[[ScenarioResult], bool]:
    return lambda result: result.verdict is verdict


PARTS = (
    _Part("Failed", "", _is(Verdict.FAILED)),
    _Part(
        "Flaky",
        "Some calls failed and some passed. The failed ones count: they are the bot's, or of "
        "something it depends on. Hear one of each to find what differs.",
        _is(Verdict.FLAKY),
    ),
    _Part("Error", "The bot could not be tested, so nothing was judged.", _is(Verdict.ERROR)),
    _Part(
        "Inconclusive",
        "Not the bot's fault, and no pass either: it could not be judged here, for the reason "
        "given. Do what stands behind `Fix:`, then run again.",
        _is(Verdict.INCONCLUSIVE),
    ),
    _Part(
        "Passed, but not in every call",
        "The scenario's limit on `passed` allows for it.",
        is_forgiven,
    ),
)


def scenario_pieces(run: RunResult, place: Place) -> Iterator[str]:
    """Every scenario that did not simply pass, in pieces that are whole by themselves."""
    drawn, left = _drawn(run)
    for part in PARTS:
        mine = [(at, result) for at, result in enumerate(run.scenarios) if part.takes(result)]
        if not mine:
            continue
        count = f"{len(mine)} scenario{'s' * (len(mine) != 1)}"
        yield f"\n## {part.title}: {count}" + (f"\n\n{part.told}" if part.told else "")
        for at, result in mine:
            yield _scenario(result, place, at, drawn)
    if left:
        yield f"\nOnly the {PICTURES} worst calls have a picture here; {PAGE} has all of them."


def _drawn(run: RunResult) -> tuple[frozenset[At], int]:
    """Which calls get a picture: the worst of each scenario, and of these the worst.

    Returns:
        Their positions, and how many failed calls go without.
    """
    ranked: list[tuple[float, At]] = []
    failed = 0
    for index, result in enumerate(run.scenarios):
        calls = _failed_calls(result)
        failed += len(calls)
        if calls:
            position, call = calls[0]
            ranked.append((-_severity(call), (index, position)))
    drawn = frozenset(at for _, at in sorted(ranked)[:PICTURES])
    return drawn, failed - len(drawn)


def _failed_calls(result: ScenarioResult) -> list[tuple[int, CallResult]]:
    """The failed calls with their positions, the worst first."""
    failed = [
        (position, call)
        for position, call in enumerate(result.calls)
        if call.verdict is Verdict.FAILED and not call.replaced
    ]
    return sorted(failed, key=lambda one: (-_severity(one[1]), one[0]))


def _severity(call: CallResult) -> float:
    return max(map(severity, failed_of(call)), default=0.0)


def _scenario(result: ScenarioResult, place: Place, index: int, drawn: frozenset[At]) -> str:
    name = markdown_text(result.scenario.name, NAME_CHARACTERS) or "(without a name)"
    file = markdown_text(place.relative(result.scenario.file), 4096)
    share = markdown_text(share_line(result))
    blocks = [
        f"\n### {name}",
        f"{file}, line {result.scenario.line_number}{f': {share}' if share else ''}",
    ]
    calls = _failed_calls(result)
    over_all = _over_all_calls(result)
    if result.verdict in (Verdict.ERROR, Verdict.INCONCLUSIVE) or not (calls or over_all):
        blocks.append("\n".join(lines_of(reason_of(result))))
    blocks += [
        failed_call_md(
            result,
            call,
            _files(place, (index, position)),
            draw=(index, position) in drawn,
        )
        for position, call in calls[:CALLS_TOLD]
    ]
    if more := calls[CALLS_TOLD:]:
        blocks.append(_folded(more, place, index))
    if over_all:
        blocks.append("\n".join(over_all))
    if result.verdict is Verdict.FLAKY and (passed := _to_compare(result, place, index)):
        blocks.append(passed)
    return "\n\n".join(blocks)


def _over_all_calls(result: ScenarioResult) -> list[str]:
    failed = [check for check in result.checks if check.verdict is Verdict.FAILED]
    lines = [f"- over all calls: {heard(check)}" for check in failed[:_LINES]]
    return lines + fixes_of(failed)


def _files(place: Place, at: At) -> list[str]:
    """What of a call is to be heard and seen, as seen from the working directory."""
    files = place.of_call(*at)
    return [place.shown(file) for file in (files.recording, files.timeline) if file is not None]


def _folded(calls: Sequence[tuple[int, CallResult]], place: Place, index: int) -> str:
    lines = [
        f"- call {call.number}, {_worst_line(call)}: {_shown(place, (index, position))}"
        for position, call in calls[:_LINES]
    ]
    if len(calls) > _LINES:
        lines.append(f"- and {len(calls) - _LINES} more")
    count = f"{len(calls)} more failed call{'s' * (len(calls) != 1)}"
    return fold(count, "\n".join(lines))


def _worst_line(call: CallResult) -> str:
    failed = failed_of(call)
    if not failed:
        return "without a failed check"
    return f"{second(failed[0].at_ms)}, {heard(failed[0])}"


def _to_compare(result: ScenarioResult, place: Place, index: int) -> str:
    """A call that passed, to hear what differs."""
    for position, call in enumerate(result.calls):
        passed = call.verdict is Verdict.PASSED and not call.replaced
        if passed and _recording(place, (index, position)) is not None:
            return f"call {call.number} passed: {_shown(place, (index, position))}"
    return ""


def _recording(place: Place, at: At) -> str | None:
    recording = place.of_call(*at).recording
    return None if recording is None else place.shown(recording)


def _shown(place: Place, at: At) -> str:
    recording = _recording(place, at)
    return "no recording" if recording is None else markdown_text(recording, 4096)


def passed_over_pieces(run: RunResult) -> Iterator[str]:
    """What was skipped or not reached, by its reason: fifty scenarios may share one."""
    for verdict in (Verdict.NOT_RUN, Verdict.SKIPPED):
        by_reason: dict[str, list[str]] = {}
        for result in run.scenarios:
            if result.verdict is verdict:
                by_reason.setdefault(reason_of(result), []).append(result.scenario.name)
        if by_reason:
            lines = [_of_reason(*one) for one in list(by_reason.items())[:_LINES]]
            if len(by_reason) > _LINES:
                lines.append(f"- and {len(by_reason) - _LINES} more reasons")
            yield f"\n## {words(verdict).capitalize()}\n\n" + "\n".join(lines)


def _of_reason(reason: str, names: Sequence[str]) -> str:
    shown = [markdown_text(name, NAME_CHARACTERS) for name in names[:_NAMES]]
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return f"- {markdown_text(masked(reason))}: {', '.join(shown)}{more}"


def fold(title: str, body: str) -> str:
    """Fold Markdown away under a title of our own words."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"
