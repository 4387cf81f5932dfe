"""When a figure is worse than it was: M-31 to M-34.

Latencies are all metrics that say how long people wait for the bot; each has a default limit
too. What only explains them (`clear_seen`, `talk_over`, …), and counts, are not compared: one
more is a failure of its own, not a drift.
"""

from collections.abc import Iterator

from pipecat_voice_test.measurement.comparison import wording
from pipecat_voice_test.measurement.comparison.model import (
    Compared,
    Comparison,
    Measured,
    MeasuredScenario,
    Side,
    Standing,
)
from pipecat_voice_test.measurement.comparison.pairs import paired, why_not_comparable
from pipecat_voice_test.measurement.statistics.bootstrap import (
    Sample,
    median_difference_interval,
)
from pipecat_voice_test.measurement.statistics.quantiles import median
from pipecat_voice_test.measurement.statistics.rates import (
    drop_probability,
    is_drop,
    largest_drop_result,
)

LATENCIES = (
    "connect_ms",
    "greeting_ms",
    "response_ms",
    "stop_ms",
    "recovery_ms",
    "hang_up_delay_ms",
    "lets_go_ms",
)
RATES = ("passed", "barge_in_ok", "hold_rate")
VALUES_NEEDED = 5  # M-34
# Fewer calls than this show too little of how calls differ: drawing from two or three of them
# called every seventh healthy bot slower, and less than every twentieth with the wider interval.
CALLS_NEEDED = 5
FLOOR_MS = 100.0  # M-32
FLOOR_SHARE = 0.1


def compare(base: Measured, new: Measured) -> Compared:
    """Hold a run against another that was kept as its baseline."""
    comparisons: list[Comparison] = []
    called_once = []
    for was, now in paired(base, new):
        reason = why_not_comparable(base, new, was, now)
        if reason:
            scenario = now or was
            assert scenario is not None
            comparisons.append(wording.not_comparable(scenario.name, reason))
        elif was is not None and now is not None:
            comparisons += _scenario(was, now)
            if min(was.judged, now.judged) == 1:
                called_once.append(now.name)
    return Compared(
        base.shown,
        base.version,
        base.started_at,
        tuple(comparisons),
        (*wording.notes(base, new), *wording.called_once(called_once)),
    )


def _scenario(base: MeasuredScenario, new: MeasuredScenario) -> Iterator[Comparison]:
    for metric in LATENCIES:
        was, now = base.samples.get(metric), _fed(new, metric)
        if was is not None or now is not None:
            yield compare_latency(new.name, metric, was, now)
    for metric in RATES:
        if metric in base.rates or metric in new.rates:
            none = (0, 0)
            yield compare_rate(
                new.name, metric, base.rates.get(metric, none), new.rates.get(metric, none)
            )


def compare_latency(
    scenario: str, metric: str, base: Sample | None, new: Sample | None
) -> Comparison:
    """M-32: slower by more than the floor, and hardly by chance.

    Args:
        scenario: Its name; also the seed of the bootstrap (M-23).
        metric: Id of a metric in ms.
        base: Its values in the baseline; None if there were none.
        new: Its values now.
    """
    was, now = _side(base), _side(new)
    if base is None or new is None or min(was.n, now.n) < VALUES_NEEDED:
        return wording.latency(
            Comparison(
                scenario, metric, Standing.TOO_FEW, "", was, now,
                difference=now.figure - was.figure if was.n and now.n else None,
            )
        )  # fmt: skip
    difference_ms = now.figure - was.figure
    low_ms, high_ms = _interval(new, base, scenario)
    allowed_ms = max(FLOOR_MS, FLOOR_SHARE * was.figure)
    worse = low_ms > 0 and difference_ms > allowed_ms
    return wording.latency(
        Comparison(
            scenario,
            metric,
            Standing.REGRESSION if worse else Standing.NO_REGRESSION,
            "",
            was,
            now,
            difference_ms,
            (low_ms, high_ms),
            allowed_ms,
            # A difference that spreads as this one does counts once its low end is above 0.
            max(allowed_ms, difference_ms - low_ms),
        )
    )


def _interval(new: Sample, base: Sample, name: str) -> tuple[float, float]:
    """By whole calls (M-23); with few of them the wider of that and the one by single values."""
    low_ms, high_ms = median_difference_interval(new, base, name=name)
    if min(new.call_count, base.call_count) >= CALLS_NEEDED:
        return low_ms, high_ms
    alone = (Sample(side.values, tuple(range(len(side.values)))) for side in (new, base))
    by_value = median_difference_interval(*alone, name=name)
    return min(low_ms, by_value[0]), max(high_ms, by_value[1])


def compare_rate(
    scenario: str, metric: str, base: tuple[int, int], new: tuple[int, int]
) -> Comparison:
    """M-33: lower, and hardly by chance. Both sides as (successes, tries)."""
    (was_times, was_of), (now_times, now_of) = base, new
    was, now = _rate(*base), _rate(*new)
    if min(was_of, now_of) < VALUES_NEEDED:
        found = Comparison(
            scenario, metric, Standing.TOO_FEW, "", was, now,
            difference=now.figure - was.figure if was_of and now_of else None,
        )  # fmt: skip
        return wording.rate(found, base, new)
    could_show = largest_drop_result(now_of, was_times, was_of)
    worse = is_drop(now_times, now_of, was_times, was_of)
    found = Comparison(
        scenario,
        metric,
        Standing.REGRESSION if worse else Standing.NO_REGRESSION,
        "",
        was,
        now,
        now.figure - was.figure,
        could_show=None if could_show is None else could_show / now_of,
    )
    p = drop_probability(now_times, now_of, was_times, was_of)
    return wording.rate(found, base, new, p=p, could_show=could_show)


def _fed(new: MeasuredScenario, metric: str) -> Sample | None:
    """The values without those of starved calls, which make a healthy bot look slower.

    In a baseline they stay: they can only make a regression look smaller.
    """
    all_of_them = new.samples.get(metric, Sample((), ()))
    pairs = zip(all_of_them.values, all_of_them.calls, strict=True)
    kept = [(value, call) for value, call in pairs if call not in new.starved]
    return Sample(tuple(v for v, _ in kept), tuple(c for _, c in kept)) if kept else None


def _side(sample: Sample | None) -> Side:
    return Side(0, 0.0) if sample is None else Side(len(sample.values), median(sample.values))


def _rate(times: int, of: int) -> Side:
    return Side(of, times / of if of else 0.0)
