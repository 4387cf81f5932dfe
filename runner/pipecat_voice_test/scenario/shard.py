"""Whose share is what, when several machines divide a run among them (`--shard I/N`).

Knows no scenarios, so that `--help` need not load them.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several machines among which the scenarios are divided; `index` is from 1."""

    index: int
    total: int

    def __str__(self) -> str:
        return f"shard {self.index} of {self.total}"


@dataclass(frozen=True, slots=True)
class Share:
    """What one shard has of the scenarios that all of them have together.

    Attributes:
        places: Where each of its scenarios stands among all, from 0, in their order.
        among: How many there are.
    """

    places: tuple[int, ...]
    among: int


def deal(costs: Sequence[int], total: int) -> list[int]:
    """Deal jobs to as many shards: the index of a shard, from 1, for each job.

    In the order given, each job goes to the shard that has the least to do, the first of
    several. With the longest jobs in front, the busiest shard then has at most a third more
    to do than it would if they were divided in the best way.

    Args:
        costs: What each job takes, above 0.
        total: How many shards there are.

    Source: Graham, Bounds on Multiprocessing Timing Anomalies, 1969.
    """
    least = [(0, index) for index in range(1, total + 1)]  # In order, so a heap.
    owners: list[int] = []
    for cost in costs:
        load, index = least[0]
        owners.append(index)
        heapq.heapreplace(least, (load + cost, index))
    return owners
