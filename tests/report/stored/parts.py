"""Runs to be joined."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipecat_voice_test.measurement.results import RunResult, ScenarioResult, Verdict
from pipecat_voice_test.report.stored.belonging import Part
from pipecat_voice_test.scenario.shard import Shard, Share

from report.runs import VERSION, call, result, run


def passed(name: str, *, file: str = "tests/voice/hours.yaml", line: int = 1) -> ScenarioResult:
    """A scenario with one call that passed."""
    found = result(Verdict.PASSED, call(), name=name, file=file)
    return replace(found, scenario=replace(found.scenario, line_number=line))


def of(name: str, verdict: Verdict, *, reason: str = "") -> ScenarioResult:
    return result(verdict, name=name, reason=reason)


def part(
    shown: str,
    *scenarios: ScenarioResult,
    shard: tuple[int, int] | None = None,
    share: tuple[Sequence[int], int] | None = None,
    version: str = VERSION,
    **facts: Any,
) -> Part:
    """A run that lies in a folder; `share` as places and among how many."""
    whose = None if shard is None else Shard(*shard)
    which = None if share is None else Share(tuple(share[0]), share[1])
    return Part(shown, replace(run(*scenarios), shard=whose, share=which, **facts), version)


def three(**facts: Any) -> list[Part]:
    """All shards of a run of five scenarios `a` to `e`, dealt as `1 2 3 1 2`."""
    a, b, c, d, e = (passed(name, line=line) for line, name in enumerate("abcde", 1))
    return [
        part("out/1", a, d, shard=(1, 3), share=([0, 3], 5), **facts),
        part("out/2", b, e, shard=(2, 3), share=([1, 4], 5), **facts),
        part("out/3", c, shard=(3, 3), share=([2], 5), **facts),
    ]


def names(found: RunResult) -> list[str]:
    return [one.scenario.name for one in found.scenarios]
