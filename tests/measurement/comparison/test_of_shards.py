"""What shards found against one baseline is what the whole run would have found."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from pipecat_voice_test.measurement.comparison.model import Compared
from pipecat_voice_test.measurement.comparison.of_run import compared, measured
from pipecat_voice_test.measurement.comparison.of_shards import joined_comparison
from pipecat_voice_test.measurement.results import RunResult, ScenarioResult
from pipecat_voice_test.timeline import Rig

from measurement.comparison.runs import answered, call, run, scenario

FAST, SLOW = [640.0] * 5, [900.0] * 5
BASE = measured(
    run(
        answered(*FAST, name="a"),
        answered(*FAST, name="gone"),
        answered(*FAST, name="b"),
        answered(640.0, name="once"),
        scenario(call(1, rig=Rig(starved=0.5), response_ms=(640.0,)), name="starved then"),
        answered(*FAST, name="c"),
        answered(*FAST, name="gone too"),
    ),
    "main.json",
)
STARVED = scenario(
    call(1, rig=Rig(starved=0.5), response_ms=(2000.0,)), *answered(*FAST).calls[1:], name="c"
)
SHARES: dict[str, Sequence[Sequence[ScenarioResult]]] = {
    "alike": [[answered(*FAST, name="a")], [answered(*SLOW, name="b")]],
    "a-new-one": [[answered(*FAST, name="new"), answered(*SLOW, name="a")], [], []],
    "called-once": [
        [answered(640.0, name="a"), answered(*FAST, name="once")],
        [answered(640.0, name="b")],
    ],
    "starved-in-one": [[answered(*FAST, name="a")], [STARVED]],
    "starved-in-both": [
        [replace(STARVED, scenario=replace(STARVED.scenario, name="a"))],
        [STARVED, answered(640.0, name="b")],
    ],
    "other-workers": [[answered(*FAST, name="a")], [answered(*FAST, name="b")]],
}


def held(name: str, scenarios: Sequence[ScenarioResult]) -> RunResult:
    """A run against the baseline."""
    settings = replace(run().settings, workers=4 if name == "other-workers" else 1)
    return compared(run(*scenarios, settings=settings), BASE)


@pytest.mark.parametrize("name", SHARES)
def test_shards_compared_are_the_whole_run_compared(name: str) -> None:
    shards = [held(name, share) for share in SHARES[name]]
    whole = held(name, [result for share in SHARES[name] for result in share])
    joined = joined_comparison(
        shards, replace(whole, scenarios=tuple(r for s in shards for r in s.scenarios))
    )

    assert isinstance(joined, Compared)
    assert joined == whole.compared


def test_only_what_no_shard_has_is_only_in_the_baseline() -> None:
    shards = [held("alike", share) for share in SHARES["alike"]]
    found = joined_comparison(shards, run(*(r for s in shards for r in s.scenarios)))

    assert found is not None
    missing = [one.scenario for one in found.comparisons if not one.metric]
    assert missing == ["gone", "once", "starved then", "c", "gone too"]


def test_runs_that_were_not_compared_stay_so() -> None:
    assert joined_comparison([run(), run()], run()) is None


def test_a_shard_that_was_cut_off_before_it_was_compared_takes_nothing_from_the_others() -> None:
    first, second = (held("alike", share) for share in SHARES["alike"])
    cut = replace(second, compared=None, scenarios=())
    found = joined_comparison([cut, first], run(*first.scenarios))

    assert found is not None
    assert found.notes == (first.compared.notes if first.compared else None)
