"""How loud a recording is along its length."""

import numpy as np
import pytest
from pipecat_voice_test.report.view.peaks import peaks

FULL = 32767


@pytest.mark.parametrize(
    ("samples", "count", "found"),
    [
        pytest.param([], 3, [0, 0, 0], id="nothing"),
        pytest.param([FULL], 0, [], id="no-pieces"),
        pytest.param([0, 0, FULL, 0, 0, 0], 3, [0, 100, 0], id="where-it-is-loud"),
        pytest.param([0, -16384, 100, 8192], 2, [50, 25], id="without-its-sign"),
        pytest.param([-32768, 0], 1, [100], id="the-loudest-there-is"),
        pytest.param([FULL, 0], 4, [100, 100, 0, 0], id="fewer-samples-than-pieces"),
        pytest.param([0] * 7 + [FULL], 3, [0, 0, 100], id="the-last-sample-counts"),
        pytest.param([33] * 10, 1, [0], id="the-noise-of-a-line-is-nothing"),
    ],
)
def test_peaks(samples: list[int], count: int, found: list[int]) -> None:
    assert peaks(np.array(samples, np.int16), count=count) == found


def test_one_channel_of_a_recording_of_two_will_do() -> None:
    both = np.array([[1000, FULL], [2000, 0]], np.int16)

    assert peaks(both[:, 1], count=2) == [100, 0]
