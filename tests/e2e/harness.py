"""Runs the whole tool against a bot, many bots side by side, and gives back what it found.

The calls are real: processes, sockets and time. To keep the suite short they are made a few
at a time in one event loop, before the tests that look at them.
"""

import asyncio
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pipecat_voice_test.bot.command import CommandBot
from pipecat_voice_test.bots import Bots
from pipecat_voice_test.call.loop import punctual_loop
from pipecat_voice_test.measurement.results import Check, RunResult, ScenarioResult, Verdict
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.run import Plan, Run
from pipecat_voice_test.scenario.load import load_paths
from pipecat_voice_test.voice.cache import SpeechCache
from pipecat_voice_test.voice.speaker import Speaker

AUDIO = Path(__file__).parents[2] / "examples" / "scenarios" / "audio"
DEMO_BOT = f"{sys.executable} -m pipecat_voice_test.demo.bot --host 127.0.0.1 --port {{port}}"
AT_ONCE = (12, 4, 1)


class Silent:
    """A watcher that shows nothing."""

    def preparing(self, scenarios: object) -> None: ...
    def bot_starting(self, bot: object) -> None: ...
    def bot_doing(self, text: str) -> None: ...
    def bot_ready(self, bot: object) -> None: ...
    def bot_stopping(self, bot: object) -> None: ...
    def speaking(self, texts: int) -> None: ...
    def calls_planned(self, playable: object, plan: object) -> None: ...
    def control_calling(self) -> None: ...
    def writing(self) -> None: ...
    def call_began(self, call: object) -> None: ...
    def call_ended(self, call: object, result: object) -> None: ...


@dataclass(frozen=True)
class Case:
    """One bot and the scenario it is called with."""

    name: str
    scenario: str
    options: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    repeat: int = 1


@dataclass(frozen=True)
class Found:
    """What the tool found out about a case."""

    run: RunResult
    folder: Path

    @property
    def scenario(self) -> ScenarioResult:
        return self.run.scenarios[0]

    @property
    def checks(self) -> list[Check]:
        return [check for call in self.scenario.calls for check in call.checks]

    @property
    def failed(self) -> list[str]:
        """Ids of the metrics that failed, in order, each once."""
        metrics = [c.metric for c in self.checks if c.verdict is Verdict.FAILED]
        return list(dict.fromkeys(metrics))

    def value(self, metric: str) -> float:
        """The first value of a metric in the last call that counts."""
        return self.scenario.calls[-1].metrics[metric][0]

    @property
    def void(self) -> bool:
        """Whether the machine was too slow for the last call, or to judge all of it."""
        return any(
            call.error_kind == "rig" or "this machine had too little" in call.error
            for call in self.scenario.calls[-1:]
        )

    @property
    def late_ms(self) -> float:
        """By how much this machine may have moved a boundary in the last call (M-2)."""
        return self.scenario.calls[-1].timeline.rig.late_max_ms

    def told(self) -> str:
        """Everything a person needs to understand a surprise."""
        calls = self.scenario.calls
        lines = [f"exit {self.run.exit_code}, {self.scenario.verdict}: {self.scenario.reason}"]
        lines += [f"{check.verdict}: {check.id}: {check.message}" for check in self.checks]
        lines += [f"error: {error.message}\n{error.log_tail}" for error in self.run.errors]
        lines += [f"{call.timeline.rig} {call.error}" for call in calls]
        return "\n".join(lines)


def hold_all(cases: Iterable[Case], folder: Path) -> dict[str, Found]:
    """Call every bot, some at once; where the machine was too slow, again with fewer at once."""
    with asyncio.Runner(loop_factory=partial(punctual_loop, AT_ONCE[0])) as runner:
        return runner.run(_hold_all({case.name: case for case in cases}, folder))


async def _hold_all(cases: Mapping[str, Case], folder: Path) -> dict[str, Found]:
    results: dict[str, Found] = {}
    for at_once in AT_ONCE:
        left = [case for name, case in cases.items() if name not in results or results[name].void]
        free = asyncio.Semaphore(at_once)
        found = await asyncio.gather(*(_one(case, folder / str(at_once), free) for case in left))
        results |= {case.name: result for case, result in zip(left, found, strict=True)}
    return results


async def _one(case: Case, folder: Path, free: asyncio.Semaphore) -> Found:
    async with free:
        return await hold(case, folder)


async def hold(case: Case, folder: Path) -> Found:
    """Call one bot as `run` does."""
    home = folder / case.name
    home.mkdir(parents=True)
    (home / ".git").mkdir()  # The root that `audio:` may not leave.
    (home / "audio").mkdir()
    for clip in AUDIO.glob("*.wav"):
        (home / "audio" / clip.name).write_bytes(clip.read_bytes())
    file = home / "scenario.yaml"
    file.write_text(f"name: {case.name}\n{case.scenario}")
    bots = Bots(lambda: CommandBot(f"{DEMO_BOT} {case.options}", env=case.env))
    results = ResultsFolder(home / "results", working=home)
    plan = Plan(tuple(load_paths([file], cwd=home)), repeat=case.repeat, control=False)
    result, _ = await Run(plan, bots, results, Speaker(None, SpeechCache(None)), Silent()).hold()
    return Found(result, home / "results")
