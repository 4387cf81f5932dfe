"""What the scripts of the page are told of a call, as JSON has it: numbers, times and texts."""

import math
from typing import Any

from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.report.page.story import distance_text, without_fix
from pipecat_voice_test.report.view.model import CallView, Distance, Evidence, Miss, Region
from pipecat_voice_test.report.view.peaks import peaks

Json = dict[str, Any]

_PEAK_MS = 20.0  # A frame; finer is not seen even when zoomed in.
_MOST_PEAKS = 6000


def data_of(view: CallView, evidence: Evidence) -> Json:
    """All but where the recording is; times are milliseconds on the call clock."""
    count = min(math.ceil(view.duration_ms / _PEAK_MS), _MOST_PEAKS) if len(evidence.said) else 0
    return {
        "duration_ms": _ms(view.duration_ms),
        "worst_ms": _worst_ms(view),
        "said_peaks": peaks(evidence.said, count=count),
        "heard_peaks": peaks(evidence.heard, count=count),
        "regions": [_region(one) for one in view.regions],
        "moments": [
            {"at_ms": _ms(one.at_ms), "kind": one.kind.value, "text": one.text}
            for one in view.moments
        ],
        "distances": [_distance(one) for one in view.distances],
        "misses": [_miss(one) for one in view.misses],
        "log": [
            {"at_ms": _ms(line.at_ms), "line": number}
            for number, line in enumerate(view.log, 1)
            if line.at_ms is not None
        ],
    }


def _worst_ms(view: CallView) -> float | None:
    """Where a page may open: what nobody could judge is not the first thing to be shown."""
    heard = (one for one in view.misses if one.at_ms is not None)
    return next((_ms(one.at_ms) for one in heard if one.verdict is Verdict.FAILED), None)


def _region(one: Region) -> Json:
    return {
        "lane": one.lane.value,
        "kind": one.kind.value,
        "from_ms": _ms(one.from_ms),
        "to_ms": _ms(one.to_ms),
        "text": one.text,
    }


def _distance(one: Distance) -> Json:
    return {
        "metric": one.metric,
        "turn": one.turn,
        "from_ms": _ms(one.from_ms),
        "to_ms": _ms(one.to_ms),
        "limit_ms": _ms(one.limit_ms),
        "verdict": one.verdict.value,
        "text": distance_text(one.metric, one.value_ms, one.limit_ms),
    }


def _miss(one: Miss) -> Json:
    return {
        "at_ms": _ms(one.at_ms),
        "text": without_fix(one.text),
        "line": one.line,
        "verdict": one.verdict.value,
    }


def _ms(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 1)
