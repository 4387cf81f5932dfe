"""How far a run is: which of its calls came out how, and about how long the rest takes.

Made of what a run tells its watcher, with times it is told; knows no clock and no terminal.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipecat_voice_test.measurement.results import CallResult, Verdict
from pipecat_voice_test.report.facts import words
from pipecat_voice_test.scenario.length import expected_ms
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.shown.left import Countdown, Lengths, about, elapsed, left_s

_COUNTED = (Verdict.PASSED, Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE)
# These were held to their end, however they came out.
_PLAYED = (Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE)
_ESTIMATE_EVERY_S = 1.0


class Plan(Protocol):
    """What a tally wants to know of a `run.Plan`."""

    @property
    def repeat(self) -> int: ...
    @property
    def workers(self) -> int: ...
    @property
    def max_time_s(self) -> float: ...


@dataclass
class Tally:
    """Filled while calls are made; calls are known by any key, scenarios as the same objects.

    Attributes:
        playable: Scenarios to be called; each once, in this order, then each once more, ….
        planned_s: When that was known, and the time for the whole run began.
        done: Calls that stand; one that will be made again does not.
    """

    playable: Sequence[Scenario]
    plan: Plan
    planned_s: float
    done: int = 0
    _verdicts: Counter[Verdict] = field(default_factory=Counter)
    _of_scenario: dict[int, set[Verdict]] = field(default_factory=lambda: defaultdict(set))
    _again: int = 0
    _going: dict[int, tuple[int, float]] = field(default_factory=dict)
    _to_redo: Counter[int] = field(default_factory=Counter)
    _countdown: Countdown = field(default_factory=Countdown)
    _estimated: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        scripted = {id(one): expected_ms(one) / 1000.0 for one in self.playable}
        self._lengths = Lengths(scripted)
        once = [id(one) for one in self.playable]
        self._waiting = once * self.plan.repeat

    @property
    def calls(self) -> int:
        """All that are to be made, but for those made again."""
        return len(self.playable) * self.plan.repeat

    def whole_s(self) -> float:
        """About how long all calls take, before any is made."""
        waiting_s = [self._lengths.about_s(key) for key in self._waiting]
        return left_s([], waiting_s, self._lines())

    def began(self, call: int, scenario: Scenario, now_s: float) -> None:
        key = id(scenario)
        self._going[call] = (key, now_s)
        if self._to_redo[key]:
            self._to_redo[key] -= 1
        elif key in self._waiting:
            self._waiting.remove(key)  # Hardly ever but the first one.
        self._estimated = None

    def ended(self, call: int, scenario: Scenario, result: CallResult, now_s: float) -> None:
        key, began_s = self._going.pop(call, (id(scenario), now_s))
        self._estimated = None
        if result.verdict in _PLAYED and now_s > began_s:
            self._lengths.learn(key, now_s - began_s)
        if result.replaced:
            self._again += 1
            self._to_redo[key] += 1
            return
        self.done += 1
        self._verdicts[result.verdict] += 1
        self._of_scenario[key].add(result.verdict)

    # --- what is to be said ---------------------------------------------------------------

    def counts(self) -> Iterator[tuple[str, Verdict | None]]:
        """`3 failed` and the like, each with what its colour stands for."""
        for verdict in _COUNTED:
            if self._verdicts[verdict]:
                yield f"{self._verdicts[verdict]} {words(verdict)}", verdict
        if flaky := sum(self._is_flaky(found) for found in self._of_scenario.values()):
            yield f"{flaky} scenario{'s' * (flaky != 1)} flaky", Verdict.FLAKY
        if self._again:
            yield f"{self._again} made again", None

    def has_failed(self) -> bool:
        return self._verdicts[Verdict.FAILED] > 0

    def left_s(self, now_s: float) -> float:
        """About how long the calls still take, or until the run's time is over; never below 0."""
        return self._countdown.look(self._estimate_s(now_s), now_s)

    def left(self, now_s: float) -> str:
        """In words; empty while there is no call."""
        if not self._going:
            return ""
        return f"{about(self.left_s(now_s))} left"

    def line(self, now_s: float) -> str:
        """All of it in one line of a log."""
        calls = self.calls
        counts = "".join(f", {text}" for text, _ in self.counts())
        left = f", {left}" if (left := self.left(now_s)) else ""
        done = f"{self.done} of {calls} call{'s' * (calls != 1)} done"
        return f"{done}{counts}; {elapsed(now_s - self.planned_s)} so far{left}"

    def _estimate_s(self, now_s: float) -> float:
        if self._estimated is None or now_s - self._estimated[1] >= _ESTIMATE_EVERY_S:
            going_s = [
                self._lengths.rest_s(key, now_s - at_s) for key, at_s in self._going.values()
            ]
            waiting = [*(+self._to_redo).elements(), *self._waiting]
            waiting_s = [self._lengths.about_s(key) for key in waiting]
            until_over_s = self.planned_s + self.plan.max_time_s - now_s
            self._estimated = min(left_s(going_s, waiting_s, self._lines()), until_over_s), now_s
        estimate_s, at_s = self._estimated
        return max(0.0, estimate_s - (now_s - at_s))

    def _lines(self) -> int:
        return max(1, min(self.plan.workers, self.calls), len(self._going))

    @staticmethod
    def _is_flaky(found: set[Verdict]) -> bool:
        return {Verdict.PASSED, Verdict.FAILED} <= found
