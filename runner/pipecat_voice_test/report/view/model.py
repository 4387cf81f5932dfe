"""What there is to see of a call: the same for the page, the picture and the job summary.

A view is data: who draws it decides on colours and pixels. Times are milliseconds on the call
clock, and everything in a text that a bot or a scenario file had a hand in is plain and masked,
but not yet escaped for any markup.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.measurement.results import Verdict


class Lane(StrEnum):
    """Whose voice: the upper lane of every picture is the caller, the lower one the bot."""

    CALLER = "caller"
    BOT = "bot"


class RegionKind(StrEnum):
    """What a stretch of a lane is.

    `speech` is the voice of its lane. The others lie in the bot's lane: `cut_in` and
    `talk_over` are the part of its speech that fell on the caller's, in a turn and in a
    barge-in; `gap` is a hole in its voice (METRICS 3.5).
    """

    SPEECH = "speech"
    CUT_IN = "cut_in"
    TALK_OVER = "talk_over"
    GAP = "gap"


class MomentKind(StrEnum):
    """What happened at one instant."""

    MARK = "mark"  # The bot asked for it.
    MARK_RETURNED = "mark_returned"
    CLEAR = "clear"
    KEY = "key"
    FINDING = "finding"  # Something the real network would drop; PROTOCOL 4.2.
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of one lane; `text` is what is said in it, or what it is, or empty."""

    lane: Lane
    kind: RegionKind
    from_ms: float
    to_ms: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    at_ms: float
    kind: MomentKind
    text: str


@dataclass(frozen=True, slots=True)
class Distance:
    """A time that was measured, to be drawn as a bracket from one moment to another.

    Attributes:
        metric: Id of the metric, `response_ms`, `stop_ms`, …; to_ms - from_ms is its value.
        turn: Index of the turn.
        limit_ms: The strictest limit it was held against, or None.
        verdict: How that came out; `passed` where there is no limit.
    """

    metric: str
    turn: int
    from_ms: float
    to_ms: float
    limit_ms: float | None = None
    verdict: Verdict = Verdict.PASSED

    @property
    def value_ms(self) -> float:
        return self.to_ms - self.from_ms


@dataclass(frozen=True, slots=True)
class Miss:
    """A check that did not pass.

    Attributes:
        verdict: `failed` or `inconclusive`.
        text: The line people read, with turn and line: `facts.check_line`.
        metric: Id of the metric.
        line: Line of the scenario file, or None.
        at_ms: Where it can be heard, or None.
    """

    verdict: Verdict
    text: str
    metric: str
    line: int | None = None
    at_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """A row of the table of events; runs of audio messages are one row.

    Attributes:
        who: `bot`, `caller` or `network`.
        what: The event's name, as events.jsonl has it.
        detail: What else is known, as text.
    """

    at_ms: float
    who: str
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the bot's log; `at_ms` is when it was printed, None where nobody knows."""

    text: str
    at_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the files of a call say (P-70 to P-73), read back.

    Attributes:
        said: The left channel of call.wav, int16, 8000 Hz; sample 8·t is millisecond t.
        heard: The right one, as long.
        events: The lines of events.jsonl but those of audio, oldest first; for each run of
            audio messages in one direction one `{"event": "media", …}` with `t` of the first,
            `until` of the last, `dir`, `count` and `payload_bytes`.
        log: The text of bot.log.
    """

    said: Pcm = field(default_factory=lambda: np.zeros(0, np.int16))
    heard: Pcm = field(default_factory=lambda: np.zeros(0, np.int16))
    events: tuple[Mapping[str, Any], ...] = ()
    log: str = ""


@dataclass(frozen=True, slots=True)
class CallView:
    """One call, ready to be drawn.

    Attributes:
        misses: The worst one first: that is where a page opens.
        error: Why the call could not be judged, with its `Fix:`, on one line, or empty.
        worst_ms: Where the worst miss that can be heard is, or None.
    """

    name: str
    number: int
    verdict: Verdict
    duration_ms: float
    regions: tuple[Region, ...] = ()
    moments: tuple[Moment, ...] = ()
    distances: tuple[Distance, ...] = ()
    misses: tuple[Miss, ...] = ()
    events: tuple[Happened, ...] = ()
    log: tuple[LogLine, ...] = ()
    error: str = ""

    @property
    def worst_ms(self) -> float | None:
        return next((miss.at_ms for miss in self.misses if miss.at_ms is not None), None)
