"""The arithmetic of `python -m bench`, and how it finds the truth in the demo bot's log."""

import json

import pytest
from pipecat_voice_test.measurement.results import TurnFacts
from pipecat_voice_test.scenario.model import TurnKind

from bench.numbers import Errors, Spread, drift_ms
from bench.table import Found, Row, table
from bench.truth import Entry, Pair, calls_of, response_pairs, stop_pairs

ZERO_NS = 7_000_000_000


@pytest.mark.parametrize(
    ("late_ms", "drift"),
    [
        pytest.param([], 0.0, id="no-frames-have-none"),
        pytest.param([4.0], 0.0, id="one-frame-has-none"),
        pytest.param([3.0] * 100, 0.0, id="late-by-the-same-all-along-is-no-drift"),
        pytest.param([0.0, 0.5, 1.0, 1.5], 1.5, id="later-and-later-is"),
        pytest.param([2.0, 1.0, 0.0], -2.0, id="it-has-a-sign"),
        pytest.param([0.0] * 50 + [30.0] + [0.0] * 50, 0.0, id="a-hiccup-is-none"),
    ],
)
def test_drift(late_ms: list[float], drift: float) -> None:
    assert drift_ms(late_ms) == pytest.approx(drift)


@pytest.mark.parametrize(
    ("values", "spread"),
    [
        pytest.param([], Spread(0), id="of-nothing"),
        pytest.param([3.0], Spread(1, 3.0, 3.0, 3.0, 3.0), id="of-one-value"),
        pytest.param(range(101), Spread(101, 50.0, 95.0, 99.0, 100.0), id="of-many"),
        pytest.param([2.0, 1.0], Spread(2, 1.5, 1.95, 1.99, 2.0), id="between-values"),
    ],
)
def test_spread(values: list[float], spread: Spread) -> None:
    found = Spread.of(values)

    assert found.count == spread.count
    assert (found.p50, found.p95, found.p99, found.max) == pytest.approx(
        (spread.p50, spread.p95, spread.p99, spread.max)
    )


def test_a_value_without_a_truth_counts_as_missed_and_not_as_exact() -> None:
    errors = Errors.of([(100.0, 100.0), (112.0, 100.0), (None, 100.0), (100.0, None)], 10.0)

    assert (errors.count, errors.unmatched, errors.within_share) == (2, 2, 0.25)
    assert (errors.bias_ms, errors.off_ms.max) == (6.0, 12.0)


def test_no_values_at_all_are_not_within_anything() -> None:
    assert Errors.of([], 10.0) == Errors(0, 0, 0.0, 0.0, Spread(0))


def turn(
    said: tuple[float, float] | None, response_ms: float | None, stop_ms: float | None = None
) -> TurnFacts:
    return TurnFacts(0, 1, TurnKind.BARGE_IN, said=said, response_ms=response_ms, stop_ms=stop_ms)


def answer(end_ms: float, at_ms: float) -> Entry:
    """The bot's own call time runs 5 ms behind that of the call."""
    end_ns = ZERO_NS + round((end_ms + 5) * 1e6)
    return {"event": "answer", "caller_end_ns": end_ns, "caller_end_ms": end_ms, "at_ms": at_ms}


def stopped(onset_ms: float, at_ms: float) -> Entry:
    onset_ns = ZERO_NS + round((onset_ms + 5) * 1e6)
    return {
        "event": "stopped", "caller_onset_ns": onset_ns, "caller_onset_ms": onset_ms,
        "at_ms": at_ms,
    }  # fmt: skip


BY_KEY: Entry = {"event": "answer", "key_ns": ZERO_NS, "key_ms": 0.0, "at_ms": 500.0}


@pytest.mark.parametrize(
    ("turns", "entries", "pairs"),
    [
        pytest.param([], [answer(900, 1600)], [], id="no-turn-no-value"),
        pytest.param([turn(None, 300)], [answer(900, 1600)], [], id="listening-has-no-truth"),
        pytest.param(
            [turn((100, 905), 702)], [answer(900, 1600)], [(702, 700)], id="measured-and-true"
        ),
        pytest.param([turn((100, 905), None)], [], [(None, None)], id="no-answer-at-all"),
        pytest.param(
            [turn((100, 905), 702)], [answer(400, 1100)], [(702, None)], id="another-answer"
        ),
        pytest.param(
            [turn((100, 905), 702), turn((5000, 6005), None)],
            [answer(6000, 6800), answer(900, 1600)],
            [(702, 700), (None, 800)],
            id="each-turn-has-its-own-whatever-their-order",
        ),
        pytest.param(
            [turn((100, 905), 702)], [BY_KEY], [(702, None)], id="an-answer-to-a-key-is-none"
        ),
    ],
)
def test_the_truth_about_responses(
    turns: list[TurnFacts], entries: list[Entry], pairs: list[Pair]
) -> None:
    assert response_pairs(turns, entries, ZERO_NS) == pairs


@pytest.mark.parametrize(
    ("turns", "entries", "pairs"),
    [
        pytest.param([turn((100, 905), 702)], [answer(900, 1600)], [], id="nobody-interrupted"),
        pytest.param(
            [turn((105, 905), 702, 301)], [stopped(100, 400)], [(301, 300)], id="measured-and-true"
        ),
        pytest.param(
            [turn((105, 905), 702)], [stopped(100, 400)], [(None, 300)], id="it-was-not-noticed"
        ),
        pytest.param(
            [turn((105, 905), 702, 301)], [stopped(900, 1300)], [(301, None)], id="it-was-invented"
        ),
    ],
)
def test_the_truth_about_interruptions(
    turns: list[TurnFacts], entries: list[Entry], pairs: list[Pair]
) -> None:
    assert stop_pairs(turns, entries, ZERO_NS) == pairs


def test_a_log_is_split_by_call() -> None:
    entries = [
        {"call_sid": "CA1", "n": 1},
        {"call_sid": "CA2", "n": 2},
        {"call_sid": "CA1", "n": 3},
    ]

    calls = calls_of(map(json.dumps, entries))

    assert {sid: [entry["n"] for entry in of_call] for sid, of_call in calls.items()} == {
        "CA1": [1, 3],
        "CA2": [2],
    }


def test_the_table_has_every_figure_beside_its_target() -> None:
    rows = [Row("late by", "1.25 ms", "≤ 2 ms", True), Row("for comparison", "900 ms")]

    assert table({"pacing": Found(rows)}).splitlines() == [
        "                  measured here  target  met",
        "PACING",
        "  late by         1.25 ms        ≤ 2 ms  yes",
        "  for comparison  900 ms",
    ]
