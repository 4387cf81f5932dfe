"""Intervals of quantiles: whole calls are drawn, and always the same ones; M-23, M-32."""

import hashlib
import random
from collections.abc import Sequence

import numpy as np
import pytest
from pipecat_voice_test.measurement.statistics import bootstrap
from pipecat_voice_test.measurement.statistics.bootstrap import (
    RESAMPLES,
    Sample,
    median_difference_interval,
    quantile_interval,
)

NAME = "Opening hours"


def sample(*calls: Sequence[float]) -> Sample:
    """One list of values for each call."""
    values = tuple(value for call in calls for value in call)
    return Sample(values, tuple(n for n, call in enumerate(calls, 1) for _ in call))


def drifting(calls: int, turns: int, *, seed: int = 1, faster_ms: float = 0) -> Sample:
    """Turns of one call resemble each other: calls spread by 100 ms, turns within one by 20."""
    dice = random.Random(seed)
    slow_ms = [900 - faster_ms + dice.gauss(0, 100) for _ in range(calls)]
    return sample(*([ms + dice.gauss(0, 20) for _ in range(turns)] for ms in slow_ms))


UNEVEN = sample([810, 1200, 640], [905], [1500, 1490, 1510, 1480], [700, 720])


def copied(given: Sample, share: float) -> tuple[float, float]:
    """The same rule written down plainly: draw calls, copy their values, take the quantile."""
    seed = int.from_bytes(hashlib.sha256(NAME.encode()).digest()[:16], "big")
    raw = np.random.PCG64(seed).random_raw
    numbers = sorted(set(given.calls))
    found = []
    for _ in range(RESAMPLES):
        drawn = [numbers[((int(raw()) >> 32) * len(numbers)) >> 32] for _ in numbers]
        values = [
            v for d in drawn for v, c in zip(given.values, given.calls, strict=True) if c == d
        ]
        found.append(float(np.quantile(values, share)))
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_whole_calls_are_drawn_and_their_values_pooled(share: float) -> None:
    found = quantile_interval(UNEVEN, share, name=NAME)

    assert found == pytest.approx(copied(UNEVEN, share))


def test_the_same_data_give_the_same_interval_to_the_last_bit() -> None:
    """METRICS 9.7. The figures hold for every Python and every numpy, so they stand here."""
    of_thirty = sample(*([n * n % 997 + 0.25, n * 13 % 101] for n in range(30, 60)))

    assert quantile_interval(UNEVEN, 0.5, name=NAME) == (720.0, 1490.0)
    assert quantile_interval(of_thirty, 0.5, name=NAME) == (70.5, 100.0)
    assert median_difference_interval(of_thirty, UNEVEN, name=NAME) == (-1407.0, -623.875)


def test_the_order_in_which_values_come_does_not_matter() -> None:
    pairs = list(zip(UNEVEN.values, UNEVEN.calls, strict=True))
    turned = Sample(*zip(*reversed(pairs), strict=True))

    assert quantile_interval(turned, 0.5, name=NAME) == quantile_interval(UNEVEN, 0.5, name=NAME)


def test_values_that_are_all_alike_need_no_draw() -> None:
    assert quantile_interval(sample([0.0], [0.0, 0.0]), 0.5, name=NAME) == (0.0, 0.0)


def test_another_scenario_draws_others() -> None:
    ours, other = (quantile_interval(drifting(40, 1), 0.5, name=n) for n in (NAME, "Parking"))

    assert ours != other


def test_how_the_work_is_divided_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = quantile_interval(UNEVEN, 0.5, name=NAME)
    monkeypatch.setattr(bootstrap, "_CELLS", 7 * len(UNEVEN.values))
    quantile_interval.cache_clear()

    assert quantile_interval(UNEVEN, 0.5, name=NAME) == whole


def test_turns_of_one_call_count_as_what_they_are() -> None:
    """Taken singly, 200 turns of 20 calls would show an interval several times too narrow."""
    by_call = drifting(20, 10)
    singly = Sample(by_call.values, tuple(range(200)))
    low, high = quantile_interval(by_call, 0.5, name=NAME) or (0.0, 0.0)
    single_low, single_high = quantile_interval(singly, 0.5, name=NAME) or (0.0, 0.0)

    assert high - low > 1.5 * (single_high - single_low)


def test_the_interval_holds_the_true_median_about_as_often_as_it_says() -> None:
    """95 in 100, less what 20 calls cannot tell; the same random numbers in every run."""
    held = 0
    for seed in range(100):
        low, high = quantile_interval(drifting(20, 3, seed=seed), 0.5, name=NAME) or (0.0, 0.0)
        held += low <= 900 <= high

    assert 88 <= held <= 100


@pytest.mark.parametrize(
    "given",
    [pytest.param(sample([]), id="nothing"), pytest.param(sample([1, 2, 3]), id="one-call")],
)
def test_fewer_than_two_calls_show_no_spread(given: Sample) -> None:
    assert quantile_interval(given, 0.5, name=NAME) is None


def test_values_and_calls_belong_together() -> None:
    with pytest.raises(ValueError, match="2 values of 1 calls"):
        Sample((1.0, 2.0), (1,))


# --- two runs -----------------------------------------------------------------------------


def test_a_difference_lies_around_what_was_taken_away() -> None:
    """M-32: median(new) - median(base)."""
    low, high = median_difference_interval(
        drifting(20, 5, seed=3, faster_ms=300), drifting(20, 5, seed=4), name=NAME
    )

    assert low < -300 < high
    assert high < 0


def test_no_difference_has_an_interval_around_zero() -> None:
    low, high = median_difference_interval(drifting(20, 5), drifting(20, 5), name=NAME)

    assert low < 0 < high


def test_the_two_sides_are_drawn_independently() -> None:
    """The same draws for both would cancel out, and every interval would be nothing wide."""
    low, high = median_difference_interval(UNEVEN, UNEVEN, name=NAME)

    assert high - low > 100


def test_a_difference_is_the_same_every_time() -> None:
    new, base = drifting(6, 2, seed=8), drifting(5, 4, seed=9)

    assert median_difference_interval(new, base, name=NAME) == median_difference_interval(
        new, base, name=NAME
    )


def test_with_one_call_a_side_its_values_are_drawn() -> None:
    low, high = median_difference_interval(
        sample([700, 800, 900, 1000, 1100]), sample([600, 610, 620, 630, 640]), name=NAME
    )

    assert 60 <= low < 280 < high <= 500
