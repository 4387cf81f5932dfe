"""What the shards of a run found against one baseline, as the whole run would have found it.

Each shard held its own scenarios against the whole baseline. So what every one of them has to
say of the baseline alone is said once, and what counts their own calls is counted again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from pipecat_voice_test.measurement.comparison.model import Compared
from pipecat_voice_test.measurement.comparison.of_run import measured
from pipecat_voice_test.measurement.comparison.wording import called_once, starved_now
from pipecat_voice_test.measurement.results import RunResult


def joined_comparison(shards: Sequence[RunResult], whole: RunResult) -> Compared | None:
    """The comparisons of several runs together; None if none of them was compared.

    Args:
        shards: The runs, all that were compared with the same baseline.
        whole: Made of them, with all their scenarios in order.
    """
    told = [shard for shard in shards if shard.compared is not None]
    compared = [shard.compared for shard in shards if shard.compared is not None]
    if not compared:
        return None
    here = {result.scenario.name for result in whole.scenarios}
    only_in_baseline = [one for one in compared[0].comparisons if one.scenario not in here]
    of_scenarios = chain.from_iterable(result.comparisons for result in whole.scenarios)
    comparisons = (*of_scenarios, *only_in_baseline)
    notes = _notes(told, replace(whole, compared=replace(compared[0], comparisons=comparisons)))
    return replace(compared[0], comparisons=comparisons, notes=tuple(notes))


def _notes(shards: Sequence[RunResult], whole: RunResult) -> Iterator[str]:
    """As one comparison notes it, in that order.

    The shards' own notes differ in two only, which count calls and scenarios. One of these says
    that calls were starved, and what stands around it is the same in all of them.
    """
    fullest = next((shard for shard in shards if list(starved_now(measured(shard)))), shards[0])
    counted = {text for shard in shards for text in _starved(shard)}
    once = {text for shard in shards for text in _once(shard)}
    for text in _said_by(fullest):
        if text in counted:
            yield from _starved(whole)
        elif text not in once:
            yield text
    said = {*_said_by(fullest), *counted, *once}
    yield from dict.fromkeys(text for s in shards for text in _said_by(s) if text not in said)
    yield from _once(whole)


def _starved(run: RunResult) -> Iterator[str]:
    return starved_now(measured(run))


def _once(run: RunResult) -> Iterator[str]:
    """Every scenario that was compared has, on either side, a rate of calls that passed."""
    comparisons = run.compared.comparisons if run.compared is not None else ()
    return called_once(
        [
            one.scenario
            for one in comparisons
            if one.metric == "passed" and one.base and one.new and min(one.base.n, one.new.n) == 1
        ]
    )


def _said_by(run: RunResult) -> tuple[str, ...]:
    return run.compared.notes if run.compared is not None else ()
