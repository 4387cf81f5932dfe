"""What so many of so many show, and when a rate has dropped; M-24, M-33.

The long figures are those of scipy 1.17.1: `binomtest(k, n).proportion_ci(method="wilson")` and
`fisher_exact([[new, of_new - new], [base, of_base - base]], alternative="less")`.
"""

import pytest
from pipecat_voice_test.measurement.statistics.rates import (
    clean_needed,
    drop_probability,
    is_drop,
    largest_drop_result,
    lower_bound,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("times", "of", "low", "high"),
    [
        (0, 5, 0.0, 0.43448246478317476),
        (3, 3, 0.4385029682449546, 1.0),
        (3, 5, 0.23072428127601297, 0.8823792257673521),
        (4, 5, 0.3755346297625253, 0.9637758913675698),
        (5, 5, 0.5655175352168251, 1.0),
        (10, 10, 0.7224672001371109, 1.0),
        (20, 20, 0.8388748419471808, 1.0),
        (59, 59, 0.9388706294732116, 1.0),
        (187, 200, 0.891980920700931, 0.9616236453508471),
        (0, 0, 0.0, 1.0),
    ],
)
def test_the_wilson_interval_of_a_rate(times: int, of: int, low: float, high: float) -> None:
    assert wilson_interval(times, of) == pytest.approx((low, high), abs=1e-14)


@pytest.mark.parametrize(
    ("of", "percent"), [(3, 44), (5, 57), (10, 72), (20, 84), (59, 94)], ids=str
)
def test_what_a_clean_record_proves(of: int, percent: int) -> None:
    """M-24 names these."""
    assert round(100 * lower_bound(of, of)) == percent


@pytest.mark.parametrize(
    ("bound", "needed"),
    [(0.0, 1), (0.2, 1), (0.5, 4), (0.8, 16), (0.9, 35), (0.95, 73), (0.99, 381), (1.0, None)],
)
def test_how_many_clean_calls_prove_a_rate(bound: float, needed: int | None) -> None:
    assert clean_needed(bound) == needed


@pytest.mark.parametrize("percent", range(1, 100, 7))
def test_no_smaller_number_would_do(percent: int) -> None:
    needed = clean_needed(percent / 100)

    assert needed is not None
    assert lower_bound(needed, needed) >= percent / 100
    assert needed == 1 or lower_bound(needed - 1, needed - 1) < percent / 100


@pytest.mark.parametrize(
    ("new", "of_new", "base", "of_base", "expected"),
    [
        (1, 5, 5, 5, 0.023809523809523808),
        (2, 5, 5, 5, 0.08333333333333333),
        (4, 5, 5, 5, 0.5),
        (14, 20, 20, 20, 0.0100980100980101),
        (41, 50, 49, 50, 0.007830244948022765),
        (180, 200, 97, 100, 0.02227776026808218),
        pytest.param(5, 5, 1, 5, 1.0, id="better"),
        pytest.param(0, 5, 0, 5, 1.0, id="never-worked"),
        pytest.param(0, 0, 5, 5, 1.0, id="not-tried"),
    ],
)
def test_fishers_exact_test_one_sided(
    new: int, of_new: int, base: int, of_base: int, expected: float
) -> None:
    assert drop_probability(new, of_new, base, of_base) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("new", "of_new", "base", "of_base", "dropped"),
    [
        pytest.param(1, 5, 5, 5, True, id="M-33-five-to-one"),
        pytest.param(2, 5, 5, 5, False, id="M-33-five-to-two"),
        pytest.param(0, 3, 3, 3, False, id="p-of-exactly-0.05-is-not-below"),
        pytest.param(20, 20, 14, 20, False, id="better"),
    ],
)
def test_a_drop_is_told_from_chance(
    new: int, of_new: int, base: int, of_base: int, dropped: bool
) -> None:
    assert is_drop(new, of_new, base, of_base) is dropped


@pytest.mark.parametrize(
    ("of_new", "base", "of_base", "most"),
    [
        pytest.param(5, 5, 5, 1, id="M-33"),
        pytest.param(20, 20, 20, 15, id="twenty"),
        pytest.param(3, 3, 3, None, id="three-against-three-show-nothing"),
        pytest.param(5, 1, 5, None, id="nothing-to-lose"),
    ],
)
def test_the_smallest_drop_that_would_have_shown(
    of_new: int, base: int, of_base: int, most: int | None
) -> None:
    assert largest_drop_result(of_new, base, of_base) == most


@pytest.mark.parametrize(("times", "of"), [(-1, 5), (6, 5)])
def test_more_than_all_is_no_rate(times: int, of: int) -> None:
    with pytest.raises(ValueError, match="is no rate"):
        wilson_interval(times, of)
