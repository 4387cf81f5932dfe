"""About how long a run still takes; seconds everywhere, and no clock but the one that is told.

A call takes as long as those of its scenario that were made took on average. Before there is
one, its script says how long, stretched by as much as calls of other scenarios were longer or
shorter than their scripts say.
"""

import heapq
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

# Scripts are trusted like this much of a call that went as they say.
_TRUST_S = 30.0
_OVERDUE = 0.1
_AT_LEAST_S = 1.0
_PLAYED_THROUGH = 500
_SETTLES_S = 5.0


class Lengths:
    """About how long a call of each scenario takes; scenarios are known by any key.

    Args:
        scripted_s: What the script of each says, above 0.
    """

    def __init__(self, scripted_s: Mapping[int, float]) -> None:
        self._scripted_s = dict(scripted_s)
        self._took_s: dict[int, list[float]] = defaultdict(list)
        self._measured_s = self._promised_s = _TRUST_S

    def learn(self, key: int, took_s: float) -> None:
        """A call of that scenario was made, and took this long."""
        self._took_s[key].append(took_s)
        self._measured_s += took_s
        self._promised_s += self._scripted_s[key]

    def about_s(self, key: int) -> float:
        """What its next call takes, above 0."""
        took_s = self._took_s.get(key)
        if took_s:
            return max(_AT_LEAST_S, sum(took_s) / len(took_s))
        return max(_AT_LEAST_S, self._scripted_s[key] * self._measured_s / self._promised_s)

    def rest_s(self, key: int, elapsed_s: float) -> float:
        """What a call that goes on for so long still takes: above 0, however late it is."""
        return max(self.about_s(key) - elapsed_s, _OVERDUE * elapsed_s, _AT_LEAST_S)


def left_s(going_s: Sequence[float], waiting_s: Sequence[float], lines: int) -> float:
    """How long until the last call ends, if each that waits takes the line that is free first.

    Args:
        going_s: What each call that goes on still takes.
        waiting_s: What each that has not begun takes, in the order in which they will.
        lines: How many calls there are at once, 1 or more.
    """
    if not waiting_s:
        return max(going_s, default=0.0)
    # Of thousands only the last ones decide which line is idle in the end.
    cut = max(0, len(waiting_s) - _PLAYED_THROUGH)
    head_s = sum(waiting_s[:cut]) / lines
    free_s = [head_s + rest_s for rest_s in going_s] + [head_s] * (lines - len(going_s))
    heapq.heapify(free_s)
    for takes_s in waiting_s[cut:]:
        heapq.heapreplace(free_s, free_s[0] + takes_s)
    return max(free_s)


class Countdown:
    """A time left that people can follow: it runs with the clock, and drifts to what is known.

    What is estimated moves with every call that ends. What is shown moves towards it, two
    thirds of the way in five seconds, and is never below 0.
    """

    def __init__(self) -> None:
        self._left_s: float | None = None
        self._at_s = 0.0

    def look(self, estimate_s: float, now_s: float) -> float:
        """What to show now; the first estimate is shown as it is."""
        if self._left_s is None:
            self._left_s, self._at_s = max(0.0, estimate_s), now_s
            return self._left_s
        passed_s = max(0.0, now_s - self._at_s)
        self._at_s = now_s
        left_s = max(0.0, self._left_s - passed_s)
        left_s += (estimate_s - left_s) * (1.0 - math.exp(-passed_s / _SETTLES_S))
        self._left_s = max(0.0, left_s)
        return self._left_s


def about(left_s: float) -> str:
    """In words, no finer than anybody can know: `about 25 s`, `about 6 min`, `about 2 h 10 min`."""
    if left_s < 57.5:
        return f"about {max(5, 5 * round(left_s / 5))} s"
    minutes = round(left_s / 60)
    if minutes < 60:
        return f"about {max(1, minutes)} min"
    hours, minutes = divmod(10 * round(minutes / 10), 60)
    return f"about {hours} h" + (f" {minutes} min" if minutes else "")


def elapsed(passed_s: float) -> str:
    """Minutes and seconds, hours if there are: `2:31`, `1:02:03`."""
    minutes, seconds = divmod(int(passed_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
