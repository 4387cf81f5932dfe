"""How long a run still takes: a fair estimate that is shown calmly."""

from itertools import pairwise

import pytest
from pipecat_voice_test.shown.left import Countdown, Lengths, about, elapsed, left_s


@pytest.mark.parametrize(
    ("going_s", "waiting_s", "lines", "expected_s"),
    [
        pytest.param([], [], 1, 0, id="nothing-is-left"),
        pytest.param([7.0], [], 1, 7, id="one-goes-on"),
        pytest.param([3.0], [10.0, 10.0], 1, 23, id="one-after-the-other"),
        pytest.param([3.0, 9.0], [], 2, 9, id="the-longest-of-those-at-once"),
        pytest.param([3.0, 9.0], [10.0], 2, 13, id="the-next-takes-the-line-that-is-free-first"),
        pytest.param([], [30.0] * 25, 20, 60, id="a-second-round-for-few"),
        pytest.param([5.0], [10.0] * 3, 3, 15, id="lines-that-are-free-already"),
        pytest.param([], [2.0] * 5000, 10, 1000, id="thousands"),
    ],
)
def test_each_call_takes_the_line_that_is_free_first(
    going_s: list[float], waiting_s: list[float], lines: int, expected_s: float
) -> None:
    assert left_s(going_s, waiting_s, lines) == pytest.approx(expected_s)


def test_before_any_call_a_script_says_how_long_it_takes() -> None:
    assert Lengths({1: 20.0, 2: 40.0}).about_s(2) == 40


def test_a_call_takes_as_long_as_those_of_its_scenario_took() -> None:
    lengths = Lengths({1: 20.0})
    lengths.learn(1, 26)
    lengths.learn(1, 34)

    assert lengths.about_s(1) == 30


def test_what_is_known_of_one_scenario_stretches_what_others_promise() -> None:
    lengths = Lengths({1: 20.0, 2: 40.0})
    for _ in range(100):
        lengths.learn(1, 30)

    assert lengths.about_s(2) == pytest.approx(60, rel=0.02)


def test_a_call_that_is_overdue_is_never_taken_for_ended() -> None:
    lengths = Lengths({1: 20.0})

    assert lengths.rest_s(1, 5) == 15
    assert lengths.rest_s(1, 100) == 10
    assert Lengths({1: 1.0}).rest_s(1, 1) == 1


def shown(estimates: list[float], every_s: float = 0.5) -> list[float]:
    countdown = Countdown()
    return [countdown.look(estimate, n * every_s) for n, estimate in enumerate(estimates)]


def test_an_estimate_that_is_right_runs_with_the_clock() -> None:
    assert shown([60 - n / 2 for n in range(121)])[::20] == [60, 50, 40, 30, 20, 10, 0]


def test_an_estimate_that_leaps_moves_what_is_shown_by_and_by() -> None:
    """Two thirds of the way in five seconds."""
    found = shown([60.0] + [600 - n / 2 for n in range(1, 200)])

    assert max(later - now for now, later in pairwise(found)) < 60
    assert found[10] == pytest.approx(600 - 5 - 540 / 2.718, abs=1)
    assert found[-1] == pytest.approx(600 - 199 / 2, abs=1)


@pytest.mark.parametrize("estimate_s", [0.0, 3.0, -5.0])
def test_what_is_shown_is_never_below_zero(estimate_s: float) -> None:
    assert min(shown([estimate_s] * 100)) >= 0


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (0, "about 5 s"),
        (3, "about 5 s"),
        (23, "about 25 s"),
        (57, "about 55 s"),
        (58, "about 1 min"),
        (89, "about 1 min"),
        (91, "about 2 min"),
        (6 * 60 + 20, "about 6 min"),
        (59 * 60, "about 59 min"),
        (3600, "about 1 h"),
        (2 * 3600 + 9 * 60, "about 2 h 10 min"),
        (3 * 3600 - 60, "about 3 h"),
    ],
)
def test_no_finer_than_anybody_can_know(left: float, words: str) -> None:
    assert about(left) == words


@pytest.mark.parametrize(("passed_s", "text"), [(0, "0:00"), (151.9, "2:31"), (3723, "1:02:03")])
def test_elapsed(passed_s: float, text: str) -> None:
    assert elapsed(passed_s) == text
