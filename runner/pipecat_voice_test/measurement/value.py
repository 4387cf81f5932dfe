"""One measured value, and where in the call it belongs."""

from dataclasses import dataclass

# Raised when a metric comes to mean something else: a baseline from before is then refused.
MEASURES = 1

# Times whose `at_ms` is the moment they begin at; that of all others is the one they end at.
FROM_ITS_MOMENT = frozenset({"worst_gap_ms", "longest_silence_ms", "lets_go_ms"})


@dataclass(frozen=True, slots=True)
class Value:
    """One measured value.

    Attributes:
        metric: Its id in METRICS.
        value: Milliseconds for ids that end in `_ms`, else a count or a share.
        turn: The turn it belongs to; for a count the first turn that contributed.
        line: Line of the scenario file that turn stands on.
        at_ms: Where in the recording it can be heard.
        gated: Whether the `each` limit of the metric applies to it.
        each: A limit that stands in for the metric's own `each`.
        because: What people should know beside the number.
        of: For a share (M-24), of how many; 0 for all else.
        kind: For a metric taken per kind (METRICS 3.4), of which; empty for none.
    """

    metric: str
    value: float
    turn: int | None = None
    line: int | None = None
    at_ms: float | None = None
    gated: bool = True
    each: float | None = None
    because: str = ""
    of: int = 0
    kind: str = ""


def kept(metric: str, value: float) -> float:
    """A value as results keep it: times to 0.1 ms (M-1), all else to four places."""
    near = round(value, 1 if metric.endswith("_ms") else 4)
    return int(near) if near == int(near) else near
