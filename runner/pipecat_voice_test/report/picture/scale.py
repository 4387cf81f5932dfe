"""From call time to pixels, and the steps of a time axis."""

import math
from dataclasses import dataclass

LEAST_TICK_PX = 58

_STEPS_MS = (
    100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scale:
    """One strip: a stretch of the call from edge to edge of the plot.

    Attributes:
        left, right: Pixels of the plot, half open.
        last: Whether what happens at its very end belongs to it.
    """

    left: int
    right: int
    from_ms: float
    to_ms: float
    last: bool = True

    def x(self, at_ms: float) -> int:
        """The pixel of a moment; what lies outside is at the edge."""
        share = (at_ms - self.from_ms) / (self.to_ms - self.from_ms)
        return self.left + round(max(0.0, min(1.0, share)) * (self.right - 1 - self.left))

    def has(self, at_ms: float) -> bool:
        """Whether a moment is of this strip; every moment is of just one."""
        if at_ms < self.from_ms:
            return self.from_ms == 0.0
        return at_ms < self.to_ms or self.last

    def shows(self, from_ms: float, to_ms: float) -> bool:
        """Whether part of a stretch is of this strip."""
        return self.has(from_ms) or (from_ms < self.from_ms < to_ms)

    def ticks_ms(self) -> list[float]:
        """The moments the axis is labelled at: as many as have room, at round seconds."""
        a_ms_px = (self.right - self.left) / (self.to_ms - self.from_ms)
        fitting = (step for step in _STEPS_MS if step * a_ms_px >= LEAST_TICK_PX)
        step = next(fitting, float(_STEPS_MS[-1]))
        while step * a_ms_px < LEAST_TICK_PX:
            step *= 2
        first = math.ceil(self.from_ms / step)
        count = math.floor(self.to_ms / step) - first + 1
        return [(first + number) * step for number in range(count)]


def seconds(at_ms: float) -> str:
    """A second of the axis, without idle decimals."""
    return f"{at_ms / 1000:.1f}".removesuffix(".0")
