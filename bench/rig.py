"""What the parts share: the demo bot, scenarios for it, and runs of the tool in this process."""

import asyncio
import contextlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from pipecat_voice_test.bot.url import UrlBot
from pipecat_voice_test.bots import Bots
from pipecat_voice_test.call.loop import punctual_loop
from pipecat_voice_test.doors.entrance import Entrance
from pipecat_voice_test.measurement.results import CallResult, RunResult
from pipecat_voice_test.one_call import OneCall
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.run import Plan, Run
from pipecat_voice_test.scenario.load import load_paths
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.shown.progress import Loudness, Progress
from pipecat_voice_test.voice.cache import SpeechCache
from pipecat_voice_test.voice.speaker import Speaker

CHECKOUT = Path(__file__).parents[1]
AUDIO = CHECKOUT / "examples" / "scenarios" / "audio"
_STOP_S = 5.0

LISTEN = """
name: Listen
turns:
  - wait_ms: {wait_ms}
"""
GREETING = """
name: Greeting {number}
turns:
  - expect: [{{event: response, within_ms: 5000}}]
"""
_CONVERSATION = """
name: Conversation {number}
stop_on_failure: false
call: {{max_call_s: {max_call_s}}}
turns:
  - expect: [{{event: response, within_ms: 5000}}]
  - wait_ms: {wait_ms}
"""
# The demo bot's replies are long and short in turn: the long one is interrupted.
_EXCHANGE = """
  - audio: audio/one_moment_please.wav
    expect: [{{event: response, within_ms: 4000}}]
  - audio: audio/dont_know_who_sent_this.wav
    send_after: {{event: bot_started_speaking, delay_ms: {delay_ms}}}
    expect:
      - {{event: bot_interrupted, within_ms: 1500}}
      - {{event: response, within_ms: 4000}}
"""


def conversation(
    exchanges: int, *, number: int = 0, interrupt_after_ms: int = 1000, max_call_s: int = 120
) -> str:
    """A scenario of `exchanges` times a question, and an interruption of the answer.

    Those of different `number` do not keep step with each other: a bot that has to act in many
    calls at the same moment is late itself.
    """
    wait_ms = 1 + number * 173 % 2500
    text = _CONVERSATION.format(number=number, max_call_s=max_call_s, wait_ms=wait_ms)
    for exchange in range(exchanges):
        # Interruptions meet every phase of a frame.
        delay_ms = interrupt_after_ms + (number * 37 + exchange * 137) % 1100
        text += _EXCHANGE.format(delay_ms=delay_ms)
    return text


def scenario(text: str, folder: Path) -> Scenario:
    """Read a scenario, with the example recordings beside it."""
    (folder / ".git").mkdir(parents=True, exist_ok=True)  # The root that `audio:` may not leave.
    shutil.copytree(AUDIO, folder / "audio", dirs_exist_ok=True)
    file = folder / "scenario.yaml"
    file.write_text(text)
    (loaded,) = load_paths([file], cwd=folder)
    return loaded


def as_installed(bytecode: Path) -> dict[str, str]:
    """An environment like ours, without our options, and with bytecode as installed programs have.

    To compile the program takes longer than to run it, and some megabytes, so let each program
    run once before it is measured.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PVT_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {"PYTHONPYCACHEPREFIX": str(bytecode)}


@dataclass(frozen=True, slots=True)
class DemoBot:
    """A demo bot in a process of its own."""

    url: str
    pid: int

    def cpu_s(self) -> float | None:
        """The CPU time it has used, None where the system does not say."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def demo_bot(*options: str) -> Iterator[DemoBot]:
    """Start one, and stop it at the end."""
    command = [sys.executable, "-m", "pipecat_voice_test.demo.bot", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            listening = process.stdout.readline().split()
            if not listening:
                raise RuntimeError("the demo bot did not start")
            yield DemoBot(listening[-1], process.pid)
        finally:
            stop(process)


def stop(process: subprocess.Popen[Any]) -> None:
    """End a bot, by force if it takes its time."""
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()


class _Watching(Progress):
    """The display of `run`, which nobody sees, and a look at each call with all it left."""

    def __init__(self, nowhere: IO[str], look: Callable[[CallResult], None]) -> None:
        super().__init__(nowhere, Loudness.NORMAL)
        self._look_at_call = look

    def call_ended(self, call: OneCall, result: CallResult) -> None:
        super().call_ended(call, result)
        self._look_at_call(result)


def run_calls(
    scenarios: Sequence[Scenario],
    bot_url: str,
    results: Path,
    *,
    workers: int,
    repeat: int = 1,
    entrance: Entrance = Entrance(),  # noqa: B008  (frozen)
    look: Callable[[CallResult], None] = lambda result: None,
) -> RunResult:
    """Call as `run` does; `look` sees each call before its sound and events are let go."""
    runs: list[RunResult] = []

    async def hold(progress: Progress) -> None:
        folder = ResultsFolder(results, working=results.parent)
        speaker = Speaker(None, SpeechCache(None))
        plan = Plan(
            tuple(scenarios), repeat=repeat, workers=workers, control=False, entrance=entrance
        )
        bots = Bots(lambda: UrlBot(bot_url))
        result, _ = await Run(plan, bots, folder, speaker, progress).hold()
        # Not returned: `asyncio.run` writes down the `repr` of what comes back, all of it, when
        # it looks at the handler of SIGINT, in which the task is.
        runs.append(result)

    with (
        Path(os.devnull).open("w") as nowhere,
        _Watching(nowhere, look) as progress,
        asyncio.Runner(loop_factory=partial(punctual_loop, workers)) as runner,
    ):
        runner.run(hold(progress))
    return runs[0]


def machine() -> dict[str, Any]:
    """What the figures depend on; ask before anything is measured."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cores": len(cores()),
        "load_before": round(os.getloadavg()[0], 2),
    }


def cores() -> list[int]:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
