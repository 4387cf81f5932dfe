"""timeline.png: a call as a picture, for everybody who sees no page.

1200 pixels wide, so that GitLab and Jenkins show it as it is. A call that is longer than a
minute or so is broken into strips, as a page breaks a line; they grow longer rather than more
than six, so a picture of ten minutes is bounded, too.
"""

import math
from dataclasses import replace
from itertools import pairwise

from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.report.picture.canvas import png
from pipecat_voice_test.report.picture.captions import untold
from pipecat_voice_test.report.picture.header import MARGIN_PX, header
from pipecat_voice_test.report.picture.legend import legend
from pipecat_voice_test.report.picture.scale import Scale
from pipecat_voice_test.report.picture.shapes import (
    Box,
    Frame,
    Ink,
    Line,
    Picture,
    Shape,
    picture,
)
from pipecat_voice_test.report.picture.strip import Voice, strip
from pipecat_voice_test.report.picture.waves import gain_of, usual_peak
from pipecat_voice_test.report.view.model import CallView, Evidence, Lane, RegionKind
from pipecat_voice_test.timeline import SAMPLES_PER_MS

WIDTH_PX = 1200
LEFT_PX = 92
STRIP_MS, MOST_STRIPS = 75_000.0, 6
LEAST_MS = 1000.0
# What comes after the call (a bot that does not let go) is shown as far as this.
MOST_AFTER_MS = 5000.0
SOUND = 0.01  # Of full scale; the noise of a line is less.
_BEYOND = 1.01  # What happens at the very end is not at the edge.


def timeline_png(view: CallView, evidence: Evidence) -> bytes:
    """Draw a call; the same one always gives the same bytes."""
    return png(timeline_layout(view, evidence), evidence)


def timeline_layout(view: CallView, evidence: Evidence) -> Picture:
    """Say where everything goes."""
    view = replace(view, moments=untold(view.moments, view.regions))
    shapes, flags, bottom = header(view, WIDTH_PX)
    voices = {
        Lane.CALLER: _voice(view, Lane.CALLER, evidence.said, "nothing was said"),
        Lane.BOT: _voice(view, Lane.BOT, evidence.heard, "nothing was heard"),
    }
    scales = scales_of(view, evidence)
    for scale in scales:
        strip_shapes, bottom = strip(view, flags, scale, bottom + 14, voices)
        shapes += strip_shapes
    shapes.append(Line(Box(MARGIN_PX, bottom + 10, WIDTH_PX - MARGIN_PX, bottom + 11), Ink.GRID))
    legend_shapes, bottom = legend(view, WIDTH_PX, bottom + 20)
    height = bottom + 8
    frame: list[Shape] = [Frame(Box(0, 0, WIDTH_PX, height), Ink.EDGE)]
    return picture(WIDTH_PX, height, frame + shapes + legend_shapes)


def _voice(view: CallView, lane: Lane, pcm: Pcm, silent: str) -> Voice:
    peak = usual_peak(pcm)
    speaks = any(one.lane is lane and one.kind is RegionKind.SPEECH for one in view.regions)
    return Voice(gain_of(peak), "" if speaks or peak > SOUND else silent)


def scales_of(view: CallView, evidence: Evidence) -> list[Scale]:
    """The strips: as many as the call is long, of the same length."""
    end_ms = _end_ms(view, evidence) * _BEYOND
    count = max(1, min(MOST_STRIPS, math.ceil(end_ms / STRIP_MS)))
    edges = [end_ms * number / count for number in range(count + 1)]
    right = WIDTH_PX - MARGIN_PX
    return [
        Scale(LEFT_PX, right, start, end, last=end == edges[-1]) for start, end in pairwise(edges)
    ]


def _end_ms(view: CallView, evidence: Evidence) -> float:
    recorded_ms = max(len(evidence.said), len(evidence.heard)) / SAMPLES_PER_MS
    ends = [region.to_ms for region in view.regions]
    call_ms = max([LEAST_MS, view.duration_ms, recorded_ms, *ends])
    after = [
        *(distance.to_ms for distance in view.distances),
        *(moment.at_ms for moment in view.moments),
        *(miss.at_ms for miss in view.misses if miss.at_ms is not None),
    ]
    return max(call_ms, min(call_ms + MOST_AFTER_MS, max(after, default=0.0)))
