"""What the command costs beyond its calls: `run` from start to exit, and `--help`."""

import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bench.numbers import Spread
from bench.rig import GREETING, as_installed, scenario
from bench.table import Found, Row, say

OVERHEAD_S = 1.5
HELP_S = 0.3
_HELPS = 15
_BOT = f"{sys.executable} -m pipecat_voice_test.demo.bot --port {{port}}"
_TOOL = [sys.executable, "-m", "pipecat_voice_test"]


def measure_overhead(folder: Path, *, quick: bool) -> Found:
    """Wall time of `run` minus the length of its calls, for one scenario and for several."""
    several = 3 if quick else 10
    found = Found()
    say("overhead: once, to compile")
    _run(folder / "first", 1)
    for count in (1, several):
        say(f"overhead: `run` with {count} scenario{'s' * (count > 1)}")
        facts = _run(folder / str(count), count)
        found.facts[str(count)] = facts
        each_s = facts["overhead_s"] / count
        many = f"{count} scenarios, each" if count > 1 else "one scenario"
        found.rows.append(
            Row(
                f"{many}: beyond its call",
                f"{each_s:.2f} s",
                f"≤ {OVERHEAD_S:g} s",
                each_s <= OVERHEAD_S,
            )
        )
        if count == 1:
            steps = ("import", "prepare", "bot_start", "around_call", "close")
            found.rows.append(
                Row(
                    "  import / prepare / start of the bot / around the call / end",
                    " / ".join(f"{facts[f'{step}_s']:.2f}" for step in steps) + " s",
                )
            )
    return found


def _run(folder: Path, count: int) -> dict[str, float]:
    """Run the command; the stages are told apart by the moments its lines come in."""
    for number in range(1, count + 1):
        scenario(GREETING.format(number=number), folder / f"{number}")
    command = [*_TOOL, "run", *(f"{folder}/{n}/scenario.yaml" for n in range(1, count + 1))]
    command += ["--bot-command", _BOT, "--output-dir", str(folder / "results")]
    began_s = time.monotonic()
    lines: list[tuple[float, str]] = []
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env=as_installed(folder.parent / "bytecode") | {"CI": "1"},
        cwd=folder,
    ) as process:
        assert process.stdout is not None
        lines = [(time.monotonic() - began_s, line) for line in process.stdout]
    wall_s = time.monotonic() - began_s
    results = json.loads((folder / "results" / "results.json").read_text())
    calls = [call for found in results["scenarios"] for call in found["calls"]]
    calls_s = sum(call["duration_ms"] for call in calls) / 1000
    preparing_s, waiting_s, listens_s = (
        _when(lines, text) for text in ("preparing", "waiting for the bot", "the bot listens")
    )
    ended_s = max((at for at, line in lines if line.startswith("[")), default=wall_s)
    return {
        "wall_s": wall_s,
        "calls_s": calls_s,
        "overhead_s": wall_s - calls_s,
        "import_s": preparing_s,
        "prepare_s": waiting_s - preparing_s,
        "bot_start_s": listens_s - waiting_s,
        "around_call_s": ended_s - listens_s - calls_s,
        "close_s": wall_s - ended_s,
    }


def _when(lines: list[tuple[float, str]], text: str) -> float:
    return next((at for at, line in lines if text in line), 0.0)


def measure_help(folder: Path, *, quick: bool) -> Found:
    """Time `--help`, and a Python that does nothing."""
    say(f"help: {_HELPS} times `--help`")
    command = str(Path(sys.executable).with_name("pipecat-voice-test"))
    tool = [command] if Path(command).exists() else _TOOL
    environment = as_installed(folder / "bytecode")
    commands = {
        "--help": [*tool, "--help"],
        "run --help": [*tool, "run", "--help"],
        "python": [sys.executable, "-c", "pass"],
    }
    taken = {
        name: Spread.of(_seconds(command, environment) for _ in range(_HELPS))
        for name, command in commands.items()
    }
    found = Found(facts={name: asdict(spread) for name, spread in taken.items()})
    for name, spread in taken.items():
        ours = name == "--help"
        found.rows.append(
            Row(
                "a Python that does nothing" if name == "python" else f"pipecat-voice-test {name}",
                f"{spread.p50:.3f} s, at most {spread.max:.3f} s",
                f"under {HELP_S:g} s" if ours else "",
                spread.p50 < HELP_S if ours else None,
            )
        )
    return found


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    began_s = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=environment)
    return time.perf_counter() - began_s
