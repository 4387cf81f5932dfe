"""How a measured value reads."""

import pytest
from pipecat_voice_test.measurement.wording import band, reading


@pytest.mark.parametrize(
    ("metric", "value", "limit", "text"),
    [
        ("response_ms", 2210.0, 1500, "response was 2210 ms, limit 1500"),
        ("response_ms", 2210.4, 1500, "response was 2210 ms, limit 1500"),
        ("response_ms", 1500.4, 1500, "response was 1500.4 ms, limit 1500"),
        ("response_ms", 1500.04, 1500, "response was 1500.04 ms, limit 1500"),
        ("response_ms", 1499.6, 1500, "response was 1499.6 ms, limit 1500"),
        ("response_ms", 1500.0, 1500, "response was 1500 ms, limit 1500"),
        ("response_ms", 812.3, None, "response was 812 ms"),
        ("response_ms", None, 1500, "response never came, limit 1500"),
        ("response_ms", None, None, "response never came"),
        ("cut_in", 1.0, 0, "cut_in was 1, limit 0"),
        ("barge_in_ok", 0.5, 1.0, "barge_in_ok was 0.5, limit 1"),
    ],
)
def test_a_reading(metric: str, value: float | None, limit: float | None, text: str) -> None:
    assert reading(metric, value, limit) == text


@pytest.mark.parametrize(
    ("metric", "value_ms", "name"),
    [
        ("response_ms", 500, "excellent"),
        ("response_ms", 500.1, "good"),
        ("response_ms", 1500, "usable"),
        ("recovery_ms", 2500, "slow"),
        ("response_ms", 2501, "broken"),
        ("stop_ms", 300, "excellent"),
        ("stop_ms", 1000, "usable"),
        ("stop_ms", 2001, "broken"),
        ("greeting_ms", 100, ""),
    ],
)
def test_bands_are_what_a_caller_would_call_it(metric: str, value_ms: float, name: str) -> None:
    assert band(metric, value_ms) == name
