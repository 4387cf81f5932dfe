"""The gates a scenario may set, and what holds if it does not.

Ids, definitions and defaults are those of METRICS 3; a metric may be measured and reported
without having a gate (M-6). `limits:` in a file is laid over the defaults metric by metric.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Statistic = Literal["each", "median", "p90", "p95", "p99", "at_least", "lower_bound"]

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
        fix: What usually causes a bad value, and what to do about it; ends the failing line.
        usual: The least and the most that is usual (METRICS 3.5 "warn outside"); a value
            beyond is told as a note of the call and fails nothing. None on an open side.
    """

    id: str
    means: str
    gates: Mapping[Statistic, float]
    statistics: tuple[Statistic, ...] = ("each",)
    fix: str = ""
    usual: tuple[float | None, float | None] = (None, None)

    def is_usual(self, value: float) -> bool:
        """Whether nobody need be told of this value."""
        least, most = self.usual
        return (least is None or value >= least) and (most is None or value <= most)


_SIGNED: tuple[Statistic, ...] = ("at_least", "each")
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
            ("at_least", "lower_bound"),
        ),
        # 3.4 not being interrupted
        Metric("false_yield", "the bot lost the floor to a sound that should not take it", {}),
        Metric(
            "hold_rate",
            "share of sounds that should not take the floor and did not",
            {},
            ("at_least", "lower_bound"),
        ),
        Metric("false_response", "the bot answered a sound that was not meant for it", {}),
        # 3.5 silence and sound
        Metric(
            "longest_silence_ms",
            "the longest stretch in which neither side speaks",
            {"each": 5000},
            _TIMES,
            fix="say something while a tool runs, or mark the turn `slow: true`.",
        ),
        Metric("silence_share", "share of the call in silences over 2000 ms", {}),
        Metric("gaps", "holes of 60 ms and more in the bot's voice", {}),
        Metric(
            "worst_gap_ms",
            "the longest hole in the bot's voice",
            {"each": 200},
            _TIMES,
            fix="send audio as soon as it is made and never slower than it plays; a blocked "
            "event loop or a speech service slower than real time does this.",
        ),
        Metric(
            "gap_share",
            "share of the bot's voice lost in holes of 40 ms and more",
            {"each": 0.01},
            fix="send audio as soon as it is made and never slower than it plays; a blocked "
            "event loop or a speech service slower than real time does this.",
        ),
        Metric(
            "level",
            "loudness of the bot's voice in dBov",
            {},
            _SIGNED,
            fix="set the gain of the voice so that its speech lies near -26 dBov.",
            usual=(-36.0, -12.0),
        ),
        Metric(
            "clipping",
            "share of the bot's samples at the ends of the scale",
            {},
            fix="lower the gain of the voice before it is encoded.",
            usual=(None, 0.001),
        ),
        Metric(
            "dc_offset",
            "how far the bot's voice is off the zero line, as a share of the scale",
            {},
            fix="take the mean off before encoding; unsigned samples read as signed do this.",
            usual=(None, 0.02),
        ),
        Metric("burst_ahead_ms", "most audio ever queued but unheard", {}, _TIMES),
        # The bot's audio, whole and rightly coded.
        Metric(
            "file_header",
            "messages whose payload begins with the header of a sound file",
            {"each": 0},
            fix="send raw μ-law: strip the header that the speech service puts before its audio.",
        ),
        Metric(
            "linear_pcm",
            "linear samples were sent where the network plays μ-law",
            {"each": 0},
            fix="encode to 8 kHz μ-law before sending (`audioop.lin2ulaw`, or Pipecat's "
            "TwilioFrameSerializer).",
        ),
        Metric(
            "byte_swapped",
            "samples were sent, or encoded, with their bytes in the wrong order",
            {"each": 0},
            fix="samples are little-endian 16 bit: swap the bytes (`audioop.byteswap`) of what "
            "the speech service gives before it is encoded.",
        ),
        Metric(
            "a_law",
            "A-law was sent where the network plays μ-law",
            {"each": 0},
            fix="encode with μ-law (`audioop.lin2ulaw`), the only coding of Media Streams.",
        ),
        Metric(
            "double_base64",
            "payloads that are base64 within base64",
            {"each": 0},
            fix="encode the payload once: the speech service's audio was base64 already.",
        ),
        Metric(
            "wrong_speed",
            "the bot's voice plays too fast or too slow",
            {"each": 0},
            fix="resample to 8000 Hz before encoding; other rates play at another speed.",
        ),
        Metric(
            "looped",
            "the same piece of speech over and over",
            {"each": 0},
            fix="empty the buffer once it has been sent; a retry that sends it again does this.",
        ),
        # 3.6 ending
        Metric(
            "cut_goodbye",
            "the bot hung up in the middle of a word",
            {"each": 0},
            fix="hang up when the last words have been heard: wait for the mark sent after them.",
        ),
        Metric("response_duration_ms", "length of the bot's reply", {}, _TIMES),
        Metric("tail_lost_ms", "speech still queued when the bot hung up", {"each": 100}, _TIMES),
        Metric(
            "hang_up_delay_ms", "from the bot's last word to its hanging up", {"each": 5000}, _TIMES
        ),
        Metric("lets_go_ms", "from the caller's hanging up to the bot's", {"each": 5000}, _TIMES),
        Metric("protocol", "messages the real network would drop", {"each": 0}),
        # M-24: over all calls of a scenario; without a limit all of them have to pass.
        Metric("passed", "calls of the scenario that passed", {}, ("at_least", "lower_bound")),
    )
}

# Shares of what could be judged. A limit of 1 on one holds in every call; a lower one, and a
# `lower_bound`, are about all calls of the scenario together (M-24).
RATES = frozenset({"barge_in_ok", "hold_rate"})

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
