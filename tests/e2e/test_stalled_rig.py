"""A rig that stands still voids the call and never fails the bot (METRICS 9.6), in a real call."""

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pipecat_voice_test.bot.command import CommandBot
from pipecat_voice_test.bots import Bots
from pipecat_voice_test.measurement.results import RunResult, Verdict
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.run import Plan, Run
from pipecat_voice_test.scenario.load import load_paths
from pipecat_voice_test.voice.cache import SpeechCache
from pipecat_voice_test.voice.speaker import Speaker

from e2e.harness import DEMO_BOT, Silent

pytestmark = pytest.mark.realtime

# The bot greets after 300 ms, so without a stall it fails.
SCENARIO = """
name: Greeting
turns:
  - expect: [{event: response, within_ms: 100}]
"""
STALL_AFTER_S = 0.2
STALL_S = 0.15


class Stalling(Silent):
    """Keeps the loop from running for a while in the middle of the first calls."""

    def __init__(self, times: int) -> None:
        self._left = times

    def call_began(self, call: object) -> None:
        if self._left:
            self._left -= 1
            asyncio.get_running_loop().call_later(STALL_AFTER_S, time.sleep, STALL_S)


@dataclass(frozen=True)
class Held:
    result: RunResult
    document: dict[str, Any]
    junit: str


async def hold(folder: Path, stalls: int) -> Held:
    (folder / ".git").mkdir(parents=True)
    file = folder / "scenario.yaml"
    file.write_text(SCENARIO)
    results = ResultsFolder(folder / "results", working=folder)
    plan = Plan(tuple(load_paths([file], cwd=folder)), control=False)
    bots = Bots(lambda: CommandBot(DEMO_BOT))
    speaker = Speaker(None, SpeechCache(None))
    result, _ = await Run(plan, bots, results, speaker, Stalling(stalls)).hold()
    document = json.loads((folder / "results" / "results.json").read_text())
    return Held(result, document, (folder / "results" / "junit.xml").read_text())


@pytest.fixture(scope="module")
def stalled(tmp_path_factory: pytest.TempPathFactory) -> Held:
    return asyncio.run(hold(tmp_path_factory.mktemp("stalled"), stalls=2))


def test_a_stall_voids_the_call_which_is_made_once_more_and_then_inconclusive(
    stalled: Held,
) -> None:
    """P-22: repeated once, exit 7."""
    (scenario,) = stalled.result.scenarios

    assert [call.replaced for call in scenario.calls] == [True, False]
    assert {call.verdict for call in scenario.calls} == {Verdict.INCONCLUSIVE}
    assert {call.error_kind for call in scenario.calls} == {"rig"}
    assert (scenario.verdict, stalled.result.exit_code) == (Verdict.INCONCLUSIVE, 7)
    assert not [c for call in scenario.calls for c in call.checks if c.verdict is Verdict.FAILED]


def test_it_is_an_error_and_no_failure_in_every_report(stalled: Held) -> None:
    """METRICS 8."""
    assert '<error type="rig" message="this machine was too slow to judge the bot' in stalled.junit
    assert "<failure" not in stalled.junit
    assert stalled.document["verdict"] == "inconclusive"


def test_where_it_stood_still_is_known_to_measurement(stalled: Held) -> None:
    """METRICS 7: a starvation gap that coincides with a rig stall is not charged to the bot."""
    for call in stalled.result.scenarios[0].calls:
        rig = call.timeline.rig
        lengths = [end_ms - begin_ms for begin_ms, end_ms in rig.stalls]

        assert rig.loop_stall_ms > 100
        assert max(lengths) >= 1000 * STALL_S
