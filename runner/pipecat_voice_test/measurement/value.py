"""One measured value, and where in the call it belongs."""

from dataclasses import dataclass


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
    """

    metric: str
    value: float
    turn: int | None = None
    line: int | None = None
    at_ms: float | None = None
    gated: bool = True
    each: float | None = None
    because: str = ""
