"""Quantiles interpolate between order statistics; M-23."""

import numpy as np
import pytest
from pipecat_voice_test.measurement.statistics.quantiles import median, quantile


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.5, 2.5), (0.9, 3.7), (0.0, 1.0), (1.0, 4.0)],
)
def test_quantiles_interpolate_between_order_statistics(share: float, expected: float) -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], share) == pytest.approx(expected)


@pytest.mark.parametrize("count", [1, 2, 3, 59, 299])
@pytest.mark.parametrize("share", [0.025, 0.5, 0.9, 0.95, 0.99])
def test_quantiles_are_what_most_tools_say(count: int, share: float) -> None:
    values = [(index * 7919) % 1009 + 0.25 for index in range(count)]

    assert quantile(values, share) == pytest.approx(float(np.quantile(values, share)))


def test_the_median_is_the_middle_one() -> None:
    assert median([9.0, 1.0, 2.0]) == 2.0
