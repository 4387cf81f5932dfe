"""From calls to figures: how often a fault was noticed, and who was blamed for nothing. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.detect.calling import Call
from bench.detect.case import Case


@dataclass(frozen=True, slots=True)
class Counted:
    """One case, with its calls counted.

    Attributes:
        name: Of the case.
        names: Of all cases that a healthy bot's calls stand for; see `Case.same_as_healthy`.
        metrics: One of them had to be named; empty for a healthy bot.
        asked: How many calls were to be judged.
        judged: How many were.
        noticed: Calls in which a fault's own metric was named, or a healthy bot was blamed.
        void: Calls that this machine was too slow for, each made again.
        named: How many calls each metric was named in.
        told: What people read in the first call that came out wrong.
        detectors: How many calls each detector heard the bot in.
    """

    name: str
    bot: str
    asked: int
    judged: int
    noticed: int
    void: int
    defect: str = ""
    note: str = ""
    names: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    named: dict[str, int] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    detectors: dict[str, int] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        """Noticed every time, or for a healthy bot never, in as many calls as were asked for."""
        wanted = self.judged if self.metrics else 0
        return self.judged >= self.asked and self.noticed == wanted

    def as_json(self) -> dict[str, Any]:
        """For the disk."""
        return asdict(self)

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "Counted":
        """What `as_json` gave."""
        lists = {name: tuple(entry[name]) for name in ("names", "metrics", "told")}
        return cls(**(entry | lists))


def counted(case: Case, calls: Sequence[Call], asked: int, names: Sequence[str] = ()) -> Counted:
    """Count the calls of one case."""
    judged = [call for call in calls if not call.void]
    noticed = [call for call in judged if is_noticed(case, call)]
    wrong = [call for call in judged if is_noticed(case, call) != bool(case.metrics)]
    told = wrong[0].told if wrong else ()
    if len(judged) < asked:
        told = (*told, *(call.void for call in calls if call.void))[:3]
    return Counted(
        case.name,
        case.bot,
        asked,
        len(judged),
        len(noticed),
        len(calls) - len(judged),
        case.defect,
        case.note,
        tuple(names),
        case.metrics,
        dict(Counter(metric for call in judged for metric in call.named).most_common()),
        told,
        dict(Counter(call.detector for call in judged)),
    )


def is_noticed(case: Case, call: Call) -> bool:
    """Whether a call shows the fault, or blames a healthy bot."""
    if case.metrics:
        return any(metric in case.metrics for metric in call.named)
    return bool(call.named)
