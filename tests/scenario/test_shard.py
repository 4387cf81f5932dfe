"""Several machines divide the scenarios among them without talking to each other."""

import random
from pathlib import Path

import pytest
from pipecat_voice_test.scenario.length import expected_ms
from pipecat_voice_test.scenario.model import Scenario, Turn, TurnKind
from pipecat_voice_test.scenario.select import share_of
from pipecat_voice_test.scenario.shard import Shard, deal


def _one(name: str, wait_ms: int = 1000, *, skipped: bool = False) -> Scenario:
    turns = (Turn(0, 3, TurnKind.WAIT, wait_ms=wait_ms),)
    return Scenario(name, Path("s.yaml"), 1, turns, skip_reason="a persona" if skipped else "")


def _some(number: int) -> list[Scenario]:
    """As many, of very different lengths, some of which are skipped."""
    dice = random.Random(number)
    return [
        _one(f"call {n}", dice.choice([500, 2000, 2000, 9000, 40_000]), skipped=n % 7 == 3)
        for n in range(number)
    ]


def _shares(scenarios: list[Scenario], total: int) -> list[list[Scenario]]:
    return [share_of(scenarios, Shard(index, total)) for index in range(1, total + 1)]


@pytest.mark.parametrize(
    ("costs", "total", "owners"),
    [
        pytest.param([5, 4, 3], 1, [1, 1, 1], id="one-shard-has-all"),
        pytest.param([5, 4, 3], 3, [1, 2, 3], id="each-has-one"),
        pytest.param([5, 4, 3], 5, [1, 2, 3], id="the-last-shards-have-none"),
        pytest.param([9, 5, 4, 1], 2, [1, 2, 2, 1], id="the-one-with-the-least-is-next"),
        pytest.param([3, 3, 3, 3], 2, [1, 2, 1, 2], id="alike-ones-take-turns"),
        pytest.param([], 2, [], id="nothing"),
    ],
)
def test_who_gets_what(costs: list[int], total: int, owners: list[int]) -> None:
    assert deal(costs, total) == owners


@pytest.mark.parametrize("number", [0, 1, 2, 3, 7, 20, 100])
def test_every_scenario_is_in_exactly_one_shard_and_in_order(number: int) -> None:
    scenarios = _some(number)
    for total in [*range(1, 12), 150]:
        shares = _shares(scenarios, total)

        assert sorted(one.name for share in shares for one in share) == sorted(
            one.name for one in scenarios
        )
        for share in shares:
            assert share == [one for one in scenarios if one in share]


def test_the_order_in_which_files_were_found_does_not_matter() -> None:
    scenarios = _some(30)
    mixed = random.Random(1).sample(scenarios, len(scenarios))
    for index in (1, 2, 3, 4):
        one, other = share_of(scenarios, Shard(index, 4)), share_of(mixed, Shard(index, 4))

        assert {scenario.name for scenario in one} == {scenario.name for scenario in other}


def test_no_shard_takes_much_longer_than_another() -> None:
    scenarios = [_one(f"call {n}", 1000 * (n % 9 + 1)) for n in range(40)]
    for total in (2, 3, 4, 5):
        loads = [sum(map(expected_ms, share)) for share in _shares(scenarios, total)]

        assert max(loads) - min(loads) <= max(map(expected_ms, scenarios))
        assert max(loads) <= 1.1 * sum(loads) / total


def test_a_long_call_is_alone_while_the_others_share() -> None:
    scenarios = [_one("a"), _one("b"), _one("long", 60_000), _one("c")]

    assert [[one.name for one in share] for share in _shares(scenarios, 2)] == [
        ["long"],
        ["a", "b", "c"],
    ]


@pytest.mark.parametrize(
    ("playable", "skipped", "total"),
    [
        pytest.param(1, 5, 3, id="one-to-play"),
        pytest.param(3, 1, 4, id="more-shards-than-work"),
        pytest.param(3, 9, 2, id="enough-for-all"),
    ],
)
def test_no_shard_has_skipped_scenarios_only(playable: int, skipped: int, total: int) -> None:
    scenarios = [_one(f"play {n}") for n in range(playable)]
    scenarios += [_one(f"skip {n}", skipped=True) for n in range(skipped)]

    for share in _shares(scenarios, total):
        assert not share or any(not one.skip_reason for one in share)


def test_skipped_scenarios_alone_are_divided_too() -> None:
    scenarios = [_one(f"skip {n}", skipped=True) for n in range(3)]

    assert [len(share) for share in _shares(scenarios, 2)] == [2, 1]


def test_a_shard_says_which_it_is() -> None:
    assert str(Shard(2, 3)) == "shard 2 of 3"
