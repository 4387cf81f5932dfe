"""How far a run is, while its calls are made on a clock that jumps."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from pipecat_voice_test.measurement.results import CallResult, Verdict
from pipecat_voice_test.run import Plan, interleaved
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.shown.tally import Tally
from pipecat_voice_test.timeline import Timeline

from shown.phones import result, scenario

ONE, TWO = scenario("one"), scenario("two")
AGAIN = CallResult(1, Verdict.INCONCLUSIVE, Timeline(), replaced=True)


def tally(repeat: int = 1, workers: int = 1, max_time_s: float = 1800.0) -> Tally:
    return Tally([ONE, TWO], Plan((), repeat=repeat, workers=workers, max_time_s=max_time_s), 0.0)


def make(of: Tally, *calls: tuple[Scenario, CallResult], each_s: float = 10.0) -> float:
    """Make calls one after the other; gives the time at their end."""
    now_s = 0.0
    for number, (one, found) in enumerate(calls):
        of.began(number, one, now_s)
        now_s += each_s
        of.ended(number, one, found, now_s)
    return now_s


def test_calls_are_counted_by_how_they_came_out() -> None:
    found = tally(repeat=3)
    make(
        found,
        (ONE, result()),
        (TWO, result(Verdict.INCONCLUSIVE)),
        (ONE, result(Verdict.FAILED)),
        (TWO, result(Verdict.ERROR)),
    )

    assert found.line(40.0) == (
        "4 of 6 calls done, 1 passed, 1 failed, 1 error, 1 inconclusive, 1 scenario flaky; "
        "0:40 so far"
    )


def test_a_call_that_is_made_again_is_not_done() -> None:
    """P-22."""
    found = tally()
    make(found, (ONE, AGAIN))
    assert found.line(10.0) == "0 of 2 calls done, 1 made again; 0:10 so far"

    found.began(7, ONE, 10.0)
    found.ended(7, ONE, result(), 20.0)
    assert found.line(20.0) == "1 of 2 calls done, 1 passed, 1 made again; 0:20 so far"


def test_only_calls_to_the_end_say_how_long_a_call_is() -> None:
    found = tally(repeat=2)
    now_s = make(found, (ONE, result()), (TWO, result(Verdict.ERROR)), each_s=20.0)
    found.began(9, ONE, now_s)

    scripted_s = tally().whole_s() / 2
    stretched = (30 + 20) / (30 + scripted_s)
    assert found.left_s(now_s) == pytest.approx(20 + scripted_s * stretched)


def test_no_time_is_left_beyond_that_of_the_run() -> None:
    found = tally(repeat=100, max_time_s=60.0)
    found.began(0, ONE, 5.0)

    assert found.left(5.0) == "about 55 s left"


def test_nothing_is_said_of_the_time_left_while_nobody_is_called() -> None:
    found = tally()
    assert found.left(0.0) == ""

    make(found, (ONE, result()), (TWO, result()))
    assert found.left(20.0) == ""


# --- a whole run on a clock that jumps ----------------------------------------------------

LENGTHS_S = {"one": 24.0, "two": 9.0}


def looks(found: Tally, repeat: int, workers: int, every_s: float = 0.5) -> Iterator[float]:
    """Hold all calls of a plan, as workers do; what is shown, from look to look."""
    jobs = interleaved([ONE, TWO], repeat)
    going: dict[int, tuple[float, Scenario]] = {}
    now_s, number = 0.0, 0
    while True:
        for key, (end_s, one) in list(going.items()):
            if end_s <= now_s:
                del going[key]
                found.ended(key, one, replace(result(), number=key), now_s)
        while len(going) < workers and (job := next(jobs, None)):
            number += 1
            # Calls of a scenario differ by up to a sixth.
            length_s = LENGTHS_S[job[0].name] * (1 + (number % 5 - 2) / 12)
            going[number] = (now_s + length_s, job[0])
            found.began(number, job[0], now_s)
        if not going:
            return
        yield found.left_s(now_s)
        now_s += every_s


@pytest.mark.parametrize(("repeat", "workers"), [(1, 1), (10, 1), (10, 4), (60, 20), (40, 7)])
def test_the_time_left_is_about_right_and_never_jumps(repeat: int, workers: int) -> None:
    shown = list(looks(tally(repeat, workers), repeat, workers))
    whole_s = len(shown) * 0.5

    assert min(shown) >= 0
    assert max(abs(later - now) for now, later in pairwise(shown)) < 0.05 * whole_s + 1
    for look, left in enumerate(shown):
        if look * 0.5 > 0.4 * whole_s:
            assert left == pytest.approx(whole_s - look * 0.5, abs=0.15 * whole_s + 5)
