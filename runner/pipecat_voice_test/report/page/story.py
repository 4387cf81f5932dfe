"""A call told second by second: who said what when, and what was measured there.

For those who cannot play the recording, or need not, because it is all here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.report.facts import rounded
from pipecat_voice_test.report.view.model import (
    CallView,
    Distance,
    Lane,
    Moment,
    MomentKind,
    Region,
    RegionKind,
)
from pipecat_voice_test.report.view.words import length

_MOST_BEATS = 400
_REGIONS = {
    RegionKind.CUT_IN: "cuts in on the caller",
    RegionKind.TALK_OVER: "talks on over the caller",
    RegionKind.GAP: "hole in the voice",
}
_MOMENTS = {
    MomentKind.CLEAR: ("bot", "clears what is queued"),
    MomentKind.KEY: ("caller", "presses"),
    MomentKind.FINDING: ("network", "would drop"),
    MomentKind.ENDED: ("network", ""),
}


@dataclass(frozen=True, slots=True)
class Beat:
    """One line of the story.

    Attributes:
        who: `caller`, `bot`, `network`, or `measured` for a figure.
        says: What was said, where it is known.
        does: What happened, in our words.
        verdict: Of a figure or a check; None for what just happened.
    """

    at_ms: float
    who: str
    does: str = ""
    says: str = ""
    verdict: Verdict | None = None


def story(view: CallView) -> list[Beat]:
    """Everything that people need to follow a call, in order."""
    beats = [
        *(_region(region) for region in view.regions),
        *(_moment(moment) for moment in view.moments if moment.kind in _MOMENTS),
        *(_distance(one) for one in view.distances if one.verdict is Verdict.PASSED),
        *_missed(view),
    ]
    beats.sort(key=lambda beat: beat.at_ms)
    return beats[:_MOST_BEATS]


def distance_text(metric: str, value_ms: float, limit_ms: float | None) -> str:
    """`response 812 ms, limit 1500 ms`."""
    name = metric.removesuffix("_ms").replace("_", " ")
    limit = "" if limit_ms is None else f", limit {rounded('_ms', limit_ms)} ms"
    return f"{name} {rounded('_ms', value_ms)} ms{limit}"


def without_fix(text: str) -> str:
    """What a check says, without the advice at its end."""
    return text.partition(" Fix: ")[0]


def _region(region: Region) -> Beat:
    lasts = length(region.to_ms - region.from_ms)
    if region.kind is RegionKind.SPEECH:
        if region.lane is Lane.CALLER and region.text.startswith("keys "):
            return Beat(region.from_ms, "caller", f"presses {region.text}")
        return Beat(region.from_ms, region.lane.value, f"speaks for {lasts}", region.text)
    return Beat(region.from_ms, "bot", f"{_REGIONS[region.kind]}, {lasts}")


def _moment(moment: Moment) -> Beat:
    who, does = _MOMENTS[moment.kind]
    text = f"{does}: {moment.text}" if does and moment.text else does or moment.text
    return Beat(moment.at_ms, who, text)


def _distance(one: Distance) -> Beat:
    text = distance_text(one.metric, one.value_ms, one.limit_ms)
    return Beat(one.to_ms, "measured", text, verdict=one.verdict)


def _missed(view: CallView) -> Iterator[Beat]:
    for miss in view.misses:
        if miss.at_ms is not None:
            yield Beat(miss.at_ms, "measured", without_fix(miss.text), verdict=miss.verdict)
