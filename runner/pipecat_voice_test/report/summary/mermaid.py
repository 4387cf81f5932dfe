"""A call as a picture that GitHub draws from text: a Gantt chart with an axis in seconds.

The caller's speech is one row, the bot's another, and what missed its limit has rows of its own
in red. Every word in it is ours: nothing a bot, a scenario or a stored result says gets in, for
what would have to be escaped depends on the version of the library that draws it.

GitHub draws no text of more than 50 000 characters.

Sources: https://mermaid.js.org/syntax/gantt.html,
https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/creating-diagrams
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from pipecat_voice_test.measurement.results import CallResult, Check, Verdict
from pipecat_voice_test.measurement.wording import number
from pipecat_voice_test.report.summary.expected import WANTED
from pipecat_voice_test.report.view.misses import missed_checks
from pipecat_voice_test.report.view.model import (
    CallView,
    Distance,
    Lane,
    MomentKind,
    Region,
    RegionKind,
)
from pipecat_voice_test.report.view.words import counted, length
from pipecat_voice_test.scenario.limits import METRICS

MOST_CHARACTERS = 49_000
_BARS = 150  # Of one lane; so many fill any screen.
_MISSES = 8
_WHOLE_MS = 60_000.0  # A longer call is shown about what failed.
_BEFORE_MS, _AFTER_MS = 15_000.0, 10_000.0
_LEAST_SHARE = 0.004  # Of the width: what is shorter would not be seen.
_LABELLED_SHARE = 0.075  # A label that does not fit stands in the way of the next bar.
_LATE_SHARE = 0.8
_NO_LABEL = "·"
WRONG = "✗"  # Also keeps a metric's name from being read as a word of the language.

# Up to so many seconds, how far apart ticks are.
_TICKS = ((12, "1second"), (30, "2second"), (75, "5second"), (150, "10second"), (900, "1minute"))

# Which failed metrics make a stretch of the bot's lane part of what went wrong.
_AT_FAULT: Mapping[RegionKind, tuple[frozenset[str], str]] = {
    RegionKind.CUT_IN: (frozenset({"cut_in", "cut_in_overlap_ms", "cut_in_at_ms"}), "cuts in"),
    RegionKind.TALK_OVER: (
        frozenset({"stop_ms", "no_yield", "talk_over_ms", "barge_in_ok"}),
        "talks on",
    ),
    RegionKind.GAP: (frozenset({"gaps", "worst_gap_ms", "gap_share"}), "holes"),
}
# What scenarios wait for by names that are no metrics.
_EVENTS = frozenset(
    {"bot_started_speaking", "bot_stopped_speaking", "bot_interrupted", "call_ended", "clear"}
    | {"mark", "response"}
)

Part = tuple[float, float]


def gantt(call: CallResult, view: CallView) -> str:
    """Draw one call, or the part of it about what failed; empty if there is nothing to draw.

    Args:
        call: Has the checks.
        view: What there is to see of that call.
    """
    if not (math.isfinite(view.duration_ms) and view.duration_ms > 0 and view.regions):
        return ""
    failed = [check for check in missed_checks(call) if check.verdict is Verdict.FAILED]
    part = shown_part(failed, view)
    span = f"{_seconds(part[0])} to {_seconds(part[1])} s"
    lines = [
        "---",
        "displayMode: compact",
        "---",
        "gantt",
        f"accTitle: the call from {span}",
        f"accDescr: who spoke when, and {counted(len(failed), 'failed check')}",
        "dateFormat x",
        "axisFormat %s s",
        *_ticks(part),
        "todayMarker off",
        "section call",
        *_task(span, "done", part, part),
        *_moments(view, part),
        "section caller",
        *_speech(view, Lane.CALLER, "active", part),
        "section bot",
        *_speech(view, Lane.BOT, "", part),
        *_at_fault(failed, view, part),
        *_missed(failed, view, part),
    ]
    text = "\n".join(lines)
    return text if len(text) <= MOST_CHARACTERS else ""


def shown_part(failed: Sequence[Check], view: CallView) -> Part:
    """The whole of a short call; of a long one what lies about its failures, worst first."""
    end_ms = view.duration_ms
    moments = [
        check.at_ms for check in failed if check.at_ms is not None and 0 <= check.at_ms <= end_ms
    ]
    if end_ms <= _WHOLE_MS or not moments:
        return 0.0, end_ms
    near = [at_ms for at_ms in moments if abs(at_ms - moments[0]) <= _WHOLE_MS / 2]
    return max(0.0, min(near) - _BEFORE_MS), min(end_ms, max(near) + _AFTER_MS)


def _ticks(part: Part) -> list[str]:
    seconds = (part[1] - part[0]) / 1000
    found = next((tick for up_to, tick in _TICKS if seconds <= up_to), None)
    return [] if found is None else [f"tickInterval {found}"]


# --- rows ---------------------------------------------------------------------------------


def _moments(view: CallView, part: Part) -> Iterator[str]:
    for moment in view.moments:
        if moment.kind is MomentKind.CLEAR:
            yield from _milestone("clear", "", moment.at_ms, part)


def _speech(view: CallView, lane: Lane, look: str, part: Part) -> Iterator[str]:
    spoken = [
        region
        for region in view.regions
        if region.lane is lane and region.kind is RegionKind.SPEECH
    ]
    drawn = [line for region in spoken for line in _stretch(region, look, part)]
    # A section without a task is not drawn, and the other lane would be taken for it.
    yield from drawn[:_BARS] or _milestone("silent", look, part[0], part)


def _stretch(region: Region, look: str, part: Part) -> Iterator[str]:
    """A bar with its length on it, where that fits."""
    length_ms = region.to_ms - region.from_ms
    fits = length_ms >= _LABELLED_SHARE * (part[1] - part[0])
    label = length(length_ms) if fits else _NO_LABEL
    yield from _task(label, look, (region.from_ms, region.to_ms), part)


def _at_fault(failed: Sequence[Check], view: CallView, part: Part) -> Iterator[str]:
    """What the bot's voice did wrong, each kind in a section of its own."""
    metrics = {check.metric for check in failed}
    for kind, (causes, what) in _AT_FAULT.items():
        found = [region for region in view.regions if region.kind is kind]
        tasks = [line for region in found for line in _stretch(region, "crit", part)]
        if causes & metrics and tasks:
            yield f"section {what}"
            yield from tasks[:_BARS]


def _missed(failed: Sequence[Check], view: CallView, part: Part) -> Iterator[str]:
    """What failed, by the number it has beside the picture: the time measured, or the moment.

    Each has a section of its own, for in one they would share a row and hide each other's label.
    """
    for place, check in enumerate(failed[:_MISSES], 1):
        for task in _miss(check, view, part):
            yield f"section {WRONG} {place}"
            yield task


def _miss(check: Check, view: CallView, part: Part) -> Iterator[str]:
    name = f"{WRONG} {_name(check.metric)}"
    limit = f", limit {number(check.limit)}" if _is_figure(check.limit) else ""
    distance = _distance(check, view.distances)
    if distance is not None:
        label = f"{name} {number(distance.value_ms, beside=check.limit)} ms{limit}"
        yield from _task(label, "crit", (distance.from_ms, distance.to_ms), part)
    elif check.at_ms is not None:
        yield from _milestone(name, "crit", check.at_ms, part)


def _distance(check: Check, distances: Sequence[Distance]) -> Distance | None:
    mine = (
        one
        for one in distances
        if one.metric == check.metric
        and one.turn == (check.turn or 0)
        and one.verdict is Verdict.FAILED
        and math.isfinite(one.value_ms)
    )
    return next(mine, None)


def _name(metric: str) -> str:
    """Name a metric; a stored result may say anything, and only what we know is drawn."""
    name = metric.removesuffix("_ms")
    known = metric in METRICS or metric in WANTED or name in _EVENTS
    return name.replace("_", " ") if known else "check"


# --- tasks --------------------------------------------------------------------------------


def _task(label: str, look: str, of_ms: Part, part: Part) -> Iterator[str]:
    """A bar from one moment to another, as far as it is in the part that is shown."""
    if not all(map(math.isfinite, of_ms)):
        return
    from_ms, to_ms = max(of_ms[0], part[0]), min(of_ms[1], part[1])
    if to_ms < from_ms:
        return
    least_ms = max(1, round(_LEAST_SHARE * (part[1] - part[0])))
    look = f"{look}, " if look else ""
    yield f"{label}: {look}{round(from_ms)}, {max(least_ms, round(to_ms - from_ms))}ms"


def _milestone(label: str, look: str, at_ms: float, part: Part) -> Iterator[str]:
    """A diamond; towards the end a thin bar, whose label is put beside it on the other side."""
    if not (math.isfinite(at_ms) and part[0] <= at_ms <= part[1]):
        return
    if at_ms - part[0] > _LATE_SHARE * (part[1] - part[0]):
        yield from _task(label, look, (at_ms, at_ms), part)
        return
    look = f"{look}, " if look else ""
    yield f"{label}: {look}milestone, {round(at_ms)}, 0ms"


def _is_figure(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _seconds(at_ms: float) -> str:
    return f"{at_ms / 1000:.1f}"
