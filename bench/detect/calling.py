"""Calls one case's bot so many times, as `run` does, and says what was noticed in each call.

A case has a process of its own, as its bot has, so that getting one ready disturbs no other. A
call that this machine was too slow for says nothing about the bot: it is made again, a few
times, and counted.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipecat_voice_test.bot.url import UrlBot
from pipecat_voice_test.bots import Bots
from pipecat_voice_test.call.loop import punctual_loop
from pipecat_voice_test.measurement.results import CallResult, Check, RunResult, Verdict
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.run import Plan, Run
from pipecat_voice_test.scenario.limits import METRICS
from pipecat_voice_test.scenario.load import load_paths
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.shown.progress import Loudness, Progress
from pipecat_voice_test.voice.cache import SpeechCache
from pipecat_voice_test.voice.speaker import Speaker

from bench.detect.case import Case
from bench.detect.sounds import write_sounds
from bench.rig import AUDIO, CHECKOUT, stop

ROUNDS = 4  # How often calls are made again in all.
MAX_CALL_S = 60
_START_S = 60.0
_LOG = "bot.log"


@dataclass(frozen=True, slots=True)
class Call:
    """What the tool said about one call.

    Attributes:
        named: Ids of the metrics that failed a check or were told to be unusual, in order.
        told: The lines people read about them.
        void: Why it could not be judged here, or empty.
        detector: What found the bot's speech.
    """

    named: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    void: str = ""
    detector: str = "level"


def call_case(case: Case, calls: int, pipecat: str = "") -> list[Call]:
    """Every call of a case, the void ones too; `calls` of them count, if the machine bears it."""
    found: list[Call] = []
    for _ in range(ROUNDS):
        missing = calls - sum(not call.void for call in found)
        if not missing:
            break
        found += _called(case, missing, pipecat)
    return found


def _called(case: Case, calls: int, pipecat: str) -> list[Call]:
    with tempfile.TemporaryDirectory(prefix="detect-") as name:
        folder = Path(name).resolve()
        scenarios = [scenario_of(case.scenario, case.name, folder / "a")]
        if case.beside:
            scenarios.insert(0, scenario_of(case.beside, "beside", folder / "b"))
        plan = Plan(
            tuple(scenarios),
            repeat=calls,
            workers=min(calls, case.at_once) * len(scenarios),
            control=False,
        )
        with _bot(case, folder / _LOG, pipecat) as url:
            run = _run(plan, url, folder)
        log = (folder / _LOG).read_text(errors="replace")
    judged = run.scenarios[-1]
    calls_made = [call_of(result) for result in judged.calls]
    if not calls_made:
        reasons = [error.message for error in run.errors] or [judged.reason]
        raise RuntimeError(f"{case.name}: nobody was called: {reasons[0]}\n{log[-2000:]}")
    return calls_made


def call_of(result: CallResult) -> Call:
    """What the tool said about a call it made."""
    failed = [check for check in result.checks if check.verdict is Verdict.FAILED]
    told = [*map(_line, failed), *_unusual(result.notes)]
    named = [*(check.metric for check in failed), *(_unusual_metrics(result.notes))]
    # What failed in spite of a machine that was too slow is not counted either.
    judged = result.verdict in (Verdict.PASSED, Verdict.FAILED) and not result.replaced
    void = "" if judged else result.error or _why(result) or f"{result.verdict}"
    return Call(tuple(dict.fromkeys(named)), tuple(told), void, result.detector)


def _why(result: CallResult) -> str:
    open_checks = (c.message for c in result.checks if c.verdict is Verdict.INCONCLUSIVE)
    return next(open_checks, "")


def _line(check: Check) -> str:
    return f"{check.metric}: {check.message}"


def _unusual(notes: Sequence[str]) -> list[str]:
    """The notes that tell of an unusual value."""
    return [note for note in notes if ", usual is" in note]


def _unusual_metrics(notes: Sequence[str]) -> list[str]:
    first_words = (note.split()[0] for note in _unusual(notes))
    ids = {metric.removesuffix("_ms"): metric for metric in METRICS}
    return [ids[word] for word in first_words if word in ids]


def scenario_of(text: str, name: str, folder: Path) -> Scenario:
    """Read a scenario, with its recordings beside it in a folder that is not there yet."""
    (folder / ".git").mkdir(parents=True)  # The root that `audio:` may not leave.
    shutil.copytree(AUDIO, folder / "audio")
    write_sounds(folder / "audio")
    file = folder / "scenario.yaml"
    file.write_text(f'name: "{name}"\ncall: {{max_call_s: {MAX_CALL_S}}}\n{text}')
    (loaded,) = load_paths([file], cwd=folder)
    return loaded


def _run(plan: Plan, url: str, folder: Path) -> RunResult:
    runs: list[RunResult] = []

    async def hold(progress: Progress) -> None:
        results = ResultsFolder(folder / "results", working=folder)
        speaker = Speaker(None, SpeechCache(None))
        run, _ = await Run(plan, Bots(lambda: UrlBot(url)), results, speaker, progress).hold()
        runs.append(run)  # Not returned; see `rig.run_calls`.

    with (
        Path(os.devnull).open("w") as nowhere,
        Progress(nowhere, Loudness.NORMAL) as progress,
        asyncio.Runner(loop_factory=partial(punctual_loop, plan.workers)) as runner,
    ):
        runner.run(hold(progress))
    return runs[0]


@contextlib.contextmanager
def _bot(case: Case, log: Path, pipecat: str) -> Iterator[str]:
    """Start the case's bot in a process of its own; its address, once it listens."""
    port = _free_port()
    command, environment = _command(case, port, pipecat)
    with (
        log.open("wb") as printed,
        subprocess.Popen(
            command, stdout=printed, stderr=printed, env=os.environ | environment, cwd=CHECKOUT
        ) as process,
    ):
        try:
            _wait_for(port, process)
            yield f"ws://127.0.0.1:{port}/ws"
        finally:
            stop(process)


def _command(case: Case, port: int, pipecat: str) -> tuple[list[str], dict[str, str]]:
    environment = dict(case.env)
    if case.bot == "pipecat":
        command = [pipecat, "examples/pipecat-bot/bot.py", "-t", "twilio"]
        environment |= {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "none"}
        if case.fault:
            environment["BOT_FAULT"] = case.fault
    else:
        command = [sys.executable, "-m", "pipecat_voice_test.demo.bot", *case.options.split()]
        if case.fault:
            command += ["--fault", case.fault]
    return [*command, "--host", "127.0.0.1", "--port", f"{port}"], environment


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Until it listens, or has ended: then the run says so, with what it printed."""
    give_up_s = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < give_up_s:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
