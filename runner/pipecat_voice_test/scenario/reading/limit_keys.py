"""The `limits:` block: gates laid over the defaults metric by metric; DESIGN 5 "Limits"."""

import math

from pipecat_voice_test.scenario.limits import (
    DEFAULT_LIMITS,
    METRICS,
    RATES,
    Limits,
    Metric,
    Statistic,
)
from pipecat_voice_test.scenario.reading.mistakes import Mistake, Place, did_you_mean, listed
from pipecat_voice_test.scenario.reading.nodes import Keys, Node, Scalar
from pipecat_voice_test.scenario.reading.wording import describe

# `report` is PROTOCOL P-30's word for it: measured and shown, but no gate.
_OFF = ("none", "report")
_OFF_FIX = "write `none` to switch it off"
# M-24: each call, or each of what a share is a share of.
_ALL = "all"
_PASSED = "passed"


def read_limits(node: Node, place: Place) -> tuple[Limits, list[Mistake]]:
    """The limits of one scenario, and what is wrong with them.

    A metric that is named has exactly the limits given; the others keep their defaults.
    """
    if _is_off(node):
        lines = dict.fromkeys(METRICS, place.top_line)
        return Limits({}, frozenset(METRICS), lines), []
    if not isinstance(node, Keys):
        what = f"`limits` must be a block of metrics or `none`, not {describe(node)}"
        return DEFAULT_LIMITS, [Mistake(place, what, "write `response_ms: 1500` lines under it")]
    gates = dict(DEFAULT_LIMITS.gates)
    lines = {}
    mistakes: list[Mistake] = []
    for id_, value in node.entries.items():
        where = node.place_of(id_)
        if id_ not in METRICS:
            mistakes.append(_unknown_metric(id_, where))
            continue
        lines[id_] = where.top_line
        gates[id_] = {}
        for statistic, limit, wrong in _gates(METRICS[id_], value, where):
            if wrong is not None:
                mistakes.append(wrong)
            elif limit is not None:
                gates[id_] = {**gates[id_], statistic: limit}
    kept = {id_: limits for id_, limits in gates.items() if limits}
    return Limits(kept, frozenset(lines), lines), mistakes


_Gate = tuple[Statistic, float | None, Mistake | None]


def _gates(metric: Metric, node: Node, place: Place) -> list[_Gate]:
    if metric.id == _PASSED and _is_off(node):
        return [(metric.statistics[0], None, _no_call_need_pass(place))]
    if _is_off(node) or (metric.id == _PASSED and _is_all(node)):
        return []
    if metric.id in RATES and _is_all(node):
        return [("at_least", 1.0, None)]
    if not isinstance(node, Keys):
        return [_gate(metric, metric.statistics[0], metric.id, node, place)]
    if not node.entries:
        wrong = Mistake(place, f"`{metric.id}` has no limit", _other_fix(metric))
        return [(metric.statistics[0], None, wrong)]
    known = {str(statistic): statistic for statistic in metric.statistics}
    gates: list[_Gate] = []
    for name, value in node.entries.items():
        where = node.place_of(name)
        statistic = known.get(name)
        if statistic is None:
            fix = did_you_mean(name, known, f"it takes {listed(known, 'or')}")
            wrong = Mistake(where, f"`{metric.id}` has no limit called `{name}`", fix)
            gates.append((metric.statistics[0], None, wrong))
        elif not _is_off(value):
            gates.append(_gate(metric, statistic, f"{metric.id}.{name}", value, where))
    return gates


def _gate(metric: Metric, statistic: Statistic, label: str, node: Node, place: Place) -> _Gate:
    limit = node.value if isinstance(node, Scalar) else None
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        what = f"`{label}` must be a number or {_word(metric)}, not {describe(node)}"
        fix = "write it in plain digits, without quotes and without a unit"
        return statistic, None, Mistake(place, what, _other_fix(metric) if limit is None else fix)
    if not (limit >= 0 or metric.id == "level") or math.isinf(limit):
        what = f"`{label}` must be at least 0, not {limit}"
        return statistic, None, Mistake(place, what, _other_fix(metric))
    wrong = _undecidable(metric, statistic, label, limit, place)
    return statistic, None if wrong else float(limit), wrong


def _undecidable(
    metric: Metric, statistic: Statistic, label: str, limit: float, place: Place
) -> Mistake | None:
    """A limit that no number of calls can keep, or none can miss; M-24."""
    if statistic == "lower_bound" and limit >= 1:
        what = f"`{label}` of {limit}: no number of calls, all of them good, proves so much"
        return Mistake(place, what, "write a share below 1, such as 0.8, which 16 clean ones prove")
    if statistic == "lower_bound" and limit == 0:
        what = f"`{label}` of {limit} is kept by any result"
        return Mistake(place, what, "write a share above 0, such as 0.8, which 16 clean ones prove")
    if metric.id == _PASSED and statistic == "at_least" and (limit < 1 or limit != int(limit)):
        what = f"`{label}` is a number of calls, from 1, not {limit}"
        return Mistake(place, what, "write `lower_bound` for a share, or `all`")
    if metric.id in RATES and limit > 1:
        what = f"`{label}` is a share from 0 to 1, not {limit}"
        return Mistake(place, what, "write 1.0 for all of them")
    return None


def _word(metric: Metric) -> str:
    """What stands for no limit of one's own."""
    return "`all`" if metric.id == _PASSED else "`none`"


def _other_fix(metric: Metric) -> str:
    return "write `all`, which is the default" if metric.id == _PASSED else _OFF_FIX


def _no_call_need_pass(place: Place) -> Mistake:
    what = "`passed` cannot be switched off: then no failed call would count"
    return Mistake(place, what, "write `all`, or `{at_least: 1}`")


def _unknown_metric(id_: str, place: Place) -> Mistake:
    with_unit = f"{id_}_ms"
    fix = did_you_mean(id_, METRICS, f"metrics are {listed(METRICS)}")
    return Mistake(
        place,
        f"unknown metric `{id_}`",
        f"did you mean `{with_unit}`?" if with_unit in METRICS else fix,
    )


def _is_off(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value in _OFF


def _is_all(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value == _ALL
