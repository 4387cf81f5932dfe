"""The gates a scenario may set, and what holds if it does not.

Ids, definitions and defaults are those of METRICS 3; a metric may be measured and reported
without having a gate (M-6). `limits:` in a file is laid over the defaults metric by metric.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Statistic = Literal["each", "median", "p90", "p95", "p99", "at_least"]

# How many values a distribution gate needs before it means something; M-22.
VALUES_NEEDED: Mapping[Statistic, int] = {"median": 5, "p90": 29, "p95": 59, "p99": 299}


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric that can be gated.

    Attributes:
        id: Its name in scenario files, results and reports.
        means: One line for people.
        gates: The default limits: per value (`each`, `at_least`) or over the pool (M-21).
        statistics: Which limits make sense for it.
    """

    id: str
    means: str
    gates: Mapping[Statistic, float]
    statistics: tuple[Statistic, ...] = ("each",)


_TIMES: tuple[Statistic, ...] = ("each", "median", "p90", "p95", "p99")

METRICS: Mapping[str, Metric] = {
    metric.id: metric
    for metric in (
        # 3.1 setting up
        Metric("connect_ms", "from TCP connect to the open WebSocket", {"each": 5000}, _TIMES),
        Metric(
            "greeting_ms", "from the start of the call to its first words", {"each": 4000}, _TIMES
        ),
        Metric("greeting_missing", "the bot should have spoken first and did not", {"each": 0}),
        # 3.2 taking turns
        Metric(
            "response_ms",
            "from the end of the caller's speech to the answer",
            {"median": 1500, "each": 4000},
            _TIMES,
        ),
        Metric("missed_turn", "the caller was not answered", {"each": 0}),
        Metric("cut_in", "the bot spoke while the caller had the floor", {"each": 0}),
        Metric("cut_in_overlap_ms", "time in which both spoke because of cut-ins", {}, _TIMES),
        Metric("cut_in_at_ms", "how far into the utterance the bot cut in", {}, _TIMES),
        Metric("bot_backchannel", "short sounds of the bot while the caller spoke", {}),
        Metric(
            "pause_tolerance_ms",
            "the longest pause inside an utterance that was borne",
            {"at_least": 500},
            ("at_least",),
        ),
        Metric("early", "answers sooner than 100 ms", {}),
        # 3.3 interrupting the bot
        Metric(
            "stop_ms", "how long the bot talks over a caller who interrupts", {"each": 1000}, _TIMES
        ),
        Metric("no_yield", "the bot did not yield to an interruption", {"each": 0}),
        Metric("talk_over_ms", "time in which both spoke after an interruption", {}, _TIMES),
        Metric(
            "stale_audio_ms",
            "old speech that popped up after the bot had yielded",
            {"each": 200},
            _TIMES,
        ),
        Metric("early_answer", "the bot spoke again before the interrupter had finished", {}),
        Metric(
            "recovery_ms",
            "from the end of an interruption to the answer",
            {"median": 1500, "each": 4000},
            _TIMES,
        ),
        Metric("clear_seen_ms", "from the interruption to the bot's `clear`", {}, _TIMES),
        Metric("cleared_ms", "unheard audio that `clear` threw away", {}, _TIMES),
        Metric(
            "barge_in_ok",
            "share of interruptions that were yielded to and answered",
            {"at_least": 1.0},
            ("at_least",),
        ),
        # 3.4 not being interrupted
        Metric("false_yield", "the bot lost the floor to a sound that should not take it", {}),
        # 3.6 ending
        Metric("response_duration_ms", "length of the bot's reply", {}, _TIMES),
        Metric("tail_lost_ms", "speech still queued when the bot hung up", {"each": 100}, _TIMES),
        Metric(
            "hang_up_delay_ms", "from the bot's last word to its hanging up", {"each": 5000}, _TIMES
        ),
        Metric("lets_go_ms", "from the caller's hanging up to the bot's", {"each": 5000}, _TIMES),
        Metric("protocol", "messages the real network would drop", {"each": 0}),
    )
}

# Ids of METRICS that later versions will measure: named here so that a limit on one is
# refused with a reason instead of "did you mean".
NOT_YET_MEASURED = frozenset(
    {
        "hold_rate",
        "false_response",
        "longest_silence_ms",
        "silence_share",
        "gaps",
        "worst_gap_ms",
        "gap_share",
        "level_dbov",
        "clipping",
        "burst_ahead_ms",
    }
)

# A turn marked `slow: true` has this single limit on its answer instead; METRICS 3.2.
SLOW_RESPONSE_MS = 6000


@dataclass(frozen=True, slots=True)
class Limits:
    """The gates of one scenario: metric id to statistic to limit.

    Attributes:
        gates: What holds, defaults included.
        own: Ids of the metrics the scenario itself set or switched off.
        lines: Where in the file each own limit stands, from 1.
    """

    gates: Mapping[str, Mapping[Statistic, float]]
    own: frozenset[str] = frozenset()
    lines: Mapping[str, int] | None = None

    def of(self, metric: str) -> Mapping[Statistic, float]:
        """The limits on one metric; empty if it is only reported."""
        return self.gates.get(metric, {})

    def line_of(self, metric: str) -> int | None:
        return None if self.lines is None else self.lines.get(metric)


DEFAULT_LIMITS = Limits({metric.id: metric.gates for metric in METRICS.values() if metric.gates})
