"""When a figure is worse than it was, and what people read of it: M-32 to M-34."""

import pytest
from pipecat_voice_test.measurement.comparison.model import Comparison, Standing
from pipecat_voice_test.measurement.comparison.rules import (
    LATENCIES,
    RATES,
    compare_latency,
    compare_rate,
)
from pipecat_voice_test.measurement.comparison.wording import FIX
from pipecat_voice_test.measurement.statistics.bootstrap import Sample, median_difference_interval
from pipecat_voice_test.scenario.limits import METRICS

WORSE, NO_WORSE, TOO_FEW = Standing.REGRESSION, Standing.NO_REGRESSION, Standing.TOO_FEW


def values(*found_ms: float) -> Sample:
    """One value of each call."""
    return Sample(found_ms, tuple(range(1, len(found_ms) + 1)))


def around(middle_ms: float, n: int, spread_ms: float) -> Sample:
    """`n` values evenly on both sides of their median."""
    return values(*(middle_ms + spread_ms * (2 * i / (n - 1) - 1) for i in range(n)))


def response(base: Sample | None, new: Sample | None) -> Comparison:
    return compare_latency("Opening hours", "response_ms", base, new)


@pytest.mark.parametrize(
    ("base", "new", "standing"),
    [
        pytest.param(around(640, 20, 50), around(900, 20, 50), WORSE, id="slower-by-a-lot"),
        pytest.param(around(640, 20, 50), around(640, 20, 50), NO_WORSE, id="the-same"),
        pytest.param(around(900, 20, 50), around(640, 20, 50), NO_WORSE, id="faster"),
        # The floor of 100 ms: certain, and nothing anybody would notice.
        pytest.param(
            around(640, 400, 20), around(739, 400, 20), NO_WORSE, id="many-values-99-ms-slower"
        ),
        pytest.param(
            around(640, 400, 20), around(742, 400, 20), WORSE, id="many-values-102-ms-slower"
        ),
        # The floor of a tenth.
        pytest.param(
            around(2000, 400, 20), around(2199, 400, 20), NO_WORSE, id="less-than-a-tenth-slower"
        ),
        pytest.param(
            around(2000, 400, 20), around(2202, 400, 20), WORSE, id="more-than-a-tenth-slower"
        ),
        # The interval: a huge difference of medians that chance can make.
        pytest.param(
            values(300, 400, 500, 2900, 3000),
            values(300, 400, 2000, 2900, 3000),
            NO_WORSE,
            id="few-values-1500-ms-slower",
        ),
        pytest.param(
            values(480, 490, 500, 510, 520),
            values(1980, 1990, 2000, 2010, 2020),
            WORSE,
            id="few-values-that-agree",
        ),
    ],
)
def test_a_latency_is_worse_only_by_both_rules_m32(
    base: Sample, new: Sample, standing: Standing
) -> None:
    assert response(base, new).standing is standing


def test_exactly_the_floor_is_no_regression_m32() -> None:
    found = response(values(*[600.0] * 5), values(*[700.0] * 5))

    assert (found.interval, found.difference, found.standing) == ((100, 100), 100, NO_WORSE)


@pytest.mark.parametrize(
    ("base_n", "new_n", "standing"),
    [
        pytest.param(4, 5, TOO_FEW, id="four-against-five"),
        pytest.param(5, 4, TOO_FEW, id="five-against-four"),
        pytest.param(5, 5, WORSE, id="five-against-five"),
        pytest.param(1, 100, TOO_FEW, id="one-against-a-hundred"),
    ],
)
def test_fewer_than_five_values_are_information_only_m34(
    base_n: int, new_n: int, standing: Standing
) -> None:
    found = response(values(*[500.0] * base_n), values(*[3000.0] * new_n))

    assert found.standing is standing


def test_values_of_one_call_count_each_for_themselves() -> None:
    one_call = Sample((500.0, 900.0, 1300.0, 1700.0, 2100.0), (1,) * 5)

    low_ms, high_ms = response(one_call, one_call).interval or (0, 0)
    assert low_ms < -400
    assert high_ms > 400


def test_turns_of_one_call_resemble_each_other_so_calls_are_drawn_m23() -> None:
    """Ten values of two calls: as single values they would look certain."""
    base = Sample((500.0,) * 5 + (510.0,) * 5, (1,) * 5 + (2,) * 5)
    new = Sample((480.0,) * 5 + (900.0,) * 5, (1,) * 5 + (2,) * 5)

    assert response(base, new).standing is NO_WORSE


def test_two_calls_that_agree_by_chance_are_not_enough() -> None:
    """Their medians say the same, and the values within them lie far apart."""
    base = Sample((300.0, 640.0, 650.0, 660.0, 640.0, 1900.0), (1, 1, 1, 2, 2, 2))
    new = Sample((300.0, 780.0, 790.0, 800.0, 780.0, 1900.0), (1, 1, 1, 2, 2, 2))
    by_calls = median_difference_interval(new, base, name="Opening hours")

    found = response(base, new)

    assert by_calls[0] > 0
    assert found.interval is not None
    assert found.interval[0] < 0
    assert found.standing is NO_WORSE


def test_the_interval_repeats_bit_for_bit_m23() -> None:
    base, new = around(640, 21, 300), around(700, 13, 400)

    assert [response(base, new) for _ in range(3)] == [response(base, new)] * 3


@pytest.mark.parametrize(
    ("base", "new", "message"),
    [
        pytest.param(
            values(*[640.0] * 5),
            values(*[900.0] * 6),
            "response was 900 ms (median of 6), 640 ms in the baseline (median of 5): "
            f"260 ms slower (95 % interval 260 to 260 ms), 100 ms allowed. {FIX}",
            id="regression",
        ),
        pytest.param(
            values(*[1640.0] * 5),
            values(*[1600.0] * 5),
            "response was 1600 ms (median of 5), 1640 ms in the baseline (median of 5): "
            "40 ms faster (95 % interval -40 to -40 ms); 164 ms could have been shown",
            id="no-worse",
        ),
        pytest.param(
            values(640.0),
            values(641.0, 641.0),
            "response was 641 ms (median of 2), 640 ms in the baseline (median of 1): "
            "1 ms slower; information only, for a verdict 5 values are needed on either side",
            id="too-few",
        ),
        pytest.param(
            values(*[640.0] * 5),
            None,
            "response never came, 640 ms in the baseline (median of 5); "
            "information only, for a verdict 5 values are needed on either side",
            id="none-now",
        ),
        pytest.param(
            None,
            values(*[640.0] * 5),
            "response was 640 ms (median of 5), never came in the baseline; "
            "information only, for a verdict 5 values are needed on either side",
            id="none-before",
        ),
    ],
)
def test_how_a_latency_reads(base: Sample | None, new: Sample | None, message: str) -> None:
    assert response(base, new).message == message


@pytest.mark.parametrize(
    ("base", "new", "standing", "message"),
    [
        pytest.param(
            (5, 5), (1, 5), WORSE,
            f"passed in 1 of 5, in the baseline 5 of 5: hardly by chance (p = 0.024). {FIX}",
            id="five-to-one",
        ),
        pytest.param(
            (5, 5), (2, 5), NO_WORSE,
            "passed in 2 of 5, in the baseline 5 of 5; a drop to 1 of 5 could have been shown",
            id="five-to-two",
        ),
        pytest.param(
            (20, 20), (15, 20), WORSE,
            f"passed in 15 of 20, in the baseline 20 of 20: hardly by chance (p = 0.024). {FIX}",
            id="twenty-to-fifteen",
        ),
        pytest.param(
            (20, 20), (16, 20), NO_WORSE,
            "passed in 16 of 20, in the baseline 20 of 20; "
            "a drop to 15 of 20 could have been shown",
            id="twenty-to-sixteen",
        ),
        pytest.param(
            (1, 5), (0, 5), NO_WORSE,
            "passed in 0 of 5, in the baseline 1 of 5; "
            "these numbers could have shown no drop at all",
            id="nothing-left-to-lose",
        ),
        pytest.param(
            (0, 5), (5, 5), NO_WORSE,
            "passed in 5 of 5, in the baseline 0 of 5; "
            "these numbers could have shown no drop at all",
            id="better",
        ),
        pytest.param(
            (4, 4), (0, 40), TOO_FEW,
            "passed in 0 of 40, in the baseline 4 of 4; "
            "information only, for a verdict 5 values are needed on either side",
            id="too-few",
        ),
    ],
)  # fmt: skip
def test_a_rate_is_worse_if_it_fell_and_that_is_hardly_chance_m33(
    base: tuple[int, int], new: tuple[int, int], standing: Standing, message: str
) -> None:
    found = compare_rate("Opening hours", "passed", base, new)

    assert (found.standing, found.message) == (standing, message)


def test_what_is_compared_are_metrics() -> None:
    assert set(LATENCIES) | set(RATES) <= set(METRICS)
    assert all(METRICS[metric].gates.get("each") for metric in LATENCIES)
