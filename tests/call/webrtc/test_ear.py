"""The ear clock of a WebRTC call is the RTP playout clock of the received track (PROTOCOL 9.7)."""

import itertools
import random
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from pipecat_voice_test.call.webrtc.ear import ALLOWANCE_MS, BUFFERED_MS, STEP_TICKS, EarClock

PACKET_MS = 20
PACKET_TICKS = 960
FIRST = (1 << 32) - 5 * PACKET_TICKS  # Soon past the end of the counter.
WAY_MS = 1_000.3  # From one clock to the other; means nothing by itself.


@dataclass(frozen=True)
class Laid:
    """Where one packet was heard, by the clock it was spoken on."""

    spoken_ms: float
    heard_ms: float
    cut_ms: float

    @property
    def late_ms(self) -> float:
        return self.heard_ms - WAY_MS - self.spoken_ms - self.cut_ms

    @property
    def end_ms(self) -> float:
        return self.heard_ms + PACKET_MS - self.cut_ms


def lay(
    late_ms: Iterable[float], *, quiet: Iterable[bool] = (), bot_runs: float = 1.0
) -> list[Laid]:
    """Lay a packet every 20 ms that comes so much later than it might.

    Args:
        late_ms: One number for each packet.
        quiet: Which packets are pauses; none if it is empty.
        bot_runs: How fast the bot's clock is.
    """
    clock, laid = EarClock(), []
    pauses = itertools.chain(quiet, itertools.repeat(False))
    for number, (late, is_quiet) in enumerate(zip(late_ms, pauses, strict=False)):
        timestamp = (FIRST + number * PACKET_TICKS) % (1 << 32)
        spoken_ms = number * PACKET_MS / bot_runs
        at_ms, cut = clock.lay(
            timestamp, PACKET_TICKS, WAY_MS + spoken_ms + late, is_quiet=is_quiet
        )
        laid.append(Laid(spoken_ms, at_ms, cut / 48))
    return laid


def holes_ms(laid: list[Laid]) -> list[float]:
    """What the caller hears of silence between packets."""
    pairs = itertools.pairwise(laid)
    return [gap for a, b in pairs if (gap := round(b.heard_ms - a.end_ms, 3)) > 0]


def test_a_packet_is_heard_when_it_comes_and_a_little_later() -> None:
    assert [round(one.late_ms, 6) for one in lay([0.0] * 10)] == [ALLOWANCE_MS] * 10


def test_jitter_neither_makes_holes_nor_adds_up() -> None:
    dice = random.Random(6)
    laid = lay([dice.uniform(0.0, 30.0) for _ in range(500)], quiet=itertools.cycle([False, True]))

    assert holes_ms(laid) == []
    # As soon as a quick one has come, the clock is known, and the next pause sets it right.
    assert all(abs(one.late_ms - ALLOWANCE_MS) <= 1.5 for one in laid[100:])


def test_speech_is_never_cut_and_never_torn_by_jitter() -> None:
    dice = random.Random(7)
    laid = lay([dice.uniform(0.0, BUFFERED_MS) for _ in range(500)])

    assert {one.cut_ms for one in laid} == {0.0}
    assert holes_ms(laid) == []


def test_what_is_later_than_any_buffer_leaves_a_hole() -> None:
    laid = lay([0.0] * 10 + [200.0] + [180.0, 160.0, 140.0] + [0.0] * 20)

    assert holes_ms(laid) == [pytest.approx(200.0 - ALLOWANCE_MS, abs=0.2)]
    assert laid[20].late_ms == pytest.approx(200.0, abs=0.2)


def test_a_hole_that_may_be_our_own_is_not_heard() -> None:
    """This machine stood still for 200 ms and then read what had come meanwhile."""
    clock = EarClock()
    heard = []
    for number in range(40):
        came_ms = WAY_MS + number * PACKET_MS
        stood_still = 200.0 <= came_ms - WAY_MS < 400.0
        at_ms = WAY_MS + 400.0 if stood_still else came_ms
        since_ms = WAY_MS + 190.0 if stood_still else None
        first_ms, cut = clock.lay(
            number * PACKET_TICKS, PACKET_TICKS, at_ms, is_quiet=False, unread_since_ms=since_ms
        )
        heard.append(first_ms - came_ms)
        assert cut == 0

    assert heard == [pytest.approx(ALLOWANCE_MS)] * 40


def test_lost_time_is_made_good_in_the_next_pause() -> None:
    late = [0.0] * 10 + [200.0, 180.0, 160.0, 140.0] + [0.0] * 40
    laid = lay(late, quiet=[False] * 24 + [True] * 20)

    assert laid[23].late_ms == pytest.approx(200.0, abs=0.2)
    assert sum(one.cut_ms for one in laid[24:44]) == pytest.approx(200.0 - ALLOWANCE_MS, abs=1.2)
    assert laid[50].late_ms == pytest.approx(ALLOWANCE_MS, abs=1.2)


def test_what_was_sent_in_one_go_is_heard_one_after_the_other() -> None:
    """A bot without pacing: four seconds of sound in no time."""
    laid = lay([-PACKET_MS * n for n in range(200)])

    assert holes_ms(laid) == []
    assert laid[-1].heard_ms - laid[0].heard_ms == pytest.approx(199 * PACKET_MS)


@pytest.mark.parametrize("bot_runs", [0.9995, 1.0005], ids=["slow", "fast"])
def test_clocks_that_run_apart_do_not_part_in_pauses(bot_runs: float) -> None:
    """500 ppm is what a clock is corrected by at most."""
    laid = lay([0.0] * 5_000, quiet=itertools.cycle([False] * 49 + [True]), bot_runs=bot_runs)

    assert all(abs(one.late_ms - ALLOWANCE_MS) < 8.0 for one in laid)


def test_a_pause_in_the_packets_is_a_pause_at_the_ear() -> None:
    """A bot may send nothing while it is silent; its timestamps tell for how long."""
    clock = EarClock()
    first, _ = clock.lay(0, PACKET_TICKS, 100.0, is_quiet=False)
    second, _ = clock.lay(50 * PACKET_TICKS, PACKET_TICKS, 1_100.0, is_quiet=False)

    assert second - first == 1_000.0


def test_a_bot_that_begins_to_count_anew_is_heard_on() -> None:
    clock = EarClock()
    first, _ = clock.lay(1_000_000, PACKET_TICKS, 100.0, is_quiet=False)
    second, _ = clock.lay(5, PACKET_TICKS, 120.0, is_quiet=False)

    assert second - first == pytest.approx(20.0, abs=0.2)


def test_everything_is_laid_on_whole_samples() -> None:
    """Else a sample would come or go where times are rounded."""
    dice = random.Random(8)
    laid = lay([dice.uniform(0.0, 100.0) for _ in range(300)], quiet=itertools.cycle([True, False]))
    step_ms = STEP_TICKS / 48
    steps = [(one.heard_ms - laid[0].heard_ms) / step_ms for one in laid]

    assert all(abs(step - round(step)) < 1e-6 for step in steps)
    assert all(after.heard_ms >= one.end_ms - 1e-9 for one, after in itertools.pairwise(laid))
