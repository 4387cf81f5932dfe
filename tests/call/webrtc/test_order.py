"""Packets are played in the order in which they were sent."""

import pytest
from pipecat_voice_test.call.webrtc.order import MOST_HELD, Order, Packet, ticks_between


def put(*sequences: int) -> tuple[list[int], int]:
    """What comes out for packets that come in that order, and how many were lost."""
    order = Order()
    ready = [
        packet.sequence
        for sequence in sequences
        for packet in order.put(Packet(sequence, 0, b"", 0.0))
    ]
    return ready, order.lost


@pytest.mark.parametrize(
    ("came", "played", "lost"),
    [
        pytest.param([7, 8, 9], [7, 8, 9], 0, id="in-order"),
        pytest.param([7, 9, 8, 10], [7, 8, 9, 10], 0, id="overtaken"),
        pytest.param([7, 8, 8, 9], [7, 8, 9], 0, id="twice"),
        pytest.param([7, 9, 10, 11, 12], [7, 9, 10, 11, 12], 1, id="lost"),
        pytest.param([7, 9, 10, 11, 12, 8], [7, 9, 10, 11, 12], 1, id="later-than-any-buffer"),
        pytest.param([65535, 1, 0, 2], [65535, 0, 1, 2], 0, id="past-the-end-of-the-counter"),
        pytest.param([7, 30_000, 30_001], [7, 30_000, 30_001], 0, id="another-stream"),
    ],
)
def test_packets_are_played_in_the_order_in_which_they_were_sent(
    came: list[int], played: list[int], lost: int
) -> None:
    assert put(*came) == (played, lost)


def test_no_more_than_three_packets_are_held_back_for_one_that_may_never_come() -> None:
    order = Order()
    order.put(Packet(0, 0, b"", 0.0))
    held = [order.put(Packet(n, 0, b"", 0.0)) for n in range(2, 2 + MOST_HELD)]

    assert held == [[]] * MOST_HELD
    assert len(order.put(Packet(2 + MOST_HELD, 0, b"", 0.0))) == MOST_HELD + 1


@pytest.mark.parametrize(
    ("timestamp", "before", "ticks"),
    [(960, 0, 960), (0, 960, -960), (480, (1 << 32) - 480, 960)],
)
def test_timestamps_are_compared_the_shorter_way_round(
    timestamp: int, before: int, ticks: int
) -> None:
    assert ticks_between(timestamp, before) == ticks
