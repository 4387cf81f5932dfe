"""Healthy bots on a machine whose cores are kept busy by others: none may fail.

Calls pass, or end as inconclusive because frames were late, the loop stood still, or no CPU was
free (METRICS 7, P-22). `PVT_PIPECAT_PYTHON` names the Python of an environment with the locked
requirements of `examples/pipecat-bot`; without it only the demo bot is called.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pipecat_voice_test.measurement.results import CallResult, Verdict

from bench.rig import CHECKOUT, conversation, cores, demo_bot, run_calls, scenario
from bench.table import Found, Row, say

AT_ONCE = 8
STYLES = ("20", "200", "all")  # Milliseconds a message.
PIPECAT_AT_ONCE = 2
_LISTENS_S = 90.0
_ENDS_S = 10.0


def measure(folder: Path, *, quick: bool) -> Found:
    """Call the demo bot in several ways of sending, and a real Pipecat bot if there is one."""
    found = Found()
    with kept_busy(len(cores())):
        for style in STYLES[:1] if quick else STYLES:
            say(f"busy: {AT_ONCE} calls at once, --send {style}")
            with demo_bot("--send", style) as bot:
                name = f"demo bot, --send {style}"
                _add(found, name, _calls(folder / style, bot.url, AT_ONCE, 1 if quick else 2))
        python = os.environ.get("PVT_PIPECAT_PYTHON", "")
        if python:
            say(f"busy: {PIPECAT_AT_ONCE} calls of a Pipecat bot at once")
            with pipecat_bot(python) as url:
                calls = _calls(folder / "pipecat", url, PIPECAT_AT_ONCE, 1 if quick else 2)
                _add(found, "Pipecat bot", calls)
    return found


@contextlib.contextmanager
def kept_busy(count: int) -> Iterator[None]:
    """So many processes that do nothing but run, at normal priority."""
    busy = [
        subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(count)
    ]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
        for process in busy:
            process.wait()


@contextlib.contextmanager
def pipecat_bot(python: str, **variables: str) -> Iterator[str]:
    """Start the example bot with this Python; gives its address once it listens.

    It takes calls over WebRTC there as well.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [python, "examples/pipecat-bot/bot.py", "-t", "twilio", "--host", "127.0.0.1"]
    environment = {
        **os.environ,
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "a-token",
        **variables,
    }
    with subprocess.Popen(
        [*command, "--port", f"{port}"],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _wait_until_it_listens(port, process)
            yield f"ws://127.0.0.1:{port}/ws"
        finally:
            process.terminate()
            try:
                process.wait(_ENDS_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + _LISTENS_S
    while time.monotonic() < deadline_s and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.2)
    raise RuntimeError("the Pipecat bot did not start")


def _calls(folder: Path, url: str, workers: int, repeat: int) -> list[CallResult]:
    """As many different conversations at once, each so often."""
    talks = [scenario(conversation(1, number=n), folder / f"{n}") for n in range(workers)]
    run = run_calls(talks, url, folder / "results", workers=workers, repeat=repeat)
    return [call for result in run.scenarios for call in result.calls]


def _add(found: Found, name: str, calls: list[CallResult]) -> None:
    counted = [call for call in calls if not call.replaced]
    verdicts = Counter(str(call.verdict) for call in counted)
    bad = len(counted) - verdicts[Verdict.PASSED] - verdicts[Verdict.INCONCLUSIVE]
    found.rows.append(
        Row(
            f"{name}: passed / inconclusive / failed",
            f"{verdicts[Verdict.PASSED]} / {verdicts[Verdict.INCONCLUSIVE]} / {bad}",
            "0 failed",
            bool(counted) and not bad,
        )
    )
    rigs = [call.timeline.rig for call in counted]
    found.facts[name] = {
        "verdicts": dict(verdicts),
        "made_again": len(calls) - len(counted),
        "why": sorted({call.error.partition("\n")[0] for call in calls if call.error}),
        "failed": sorted(
            {
                check.message
                for call in calls
                for check in call.checks
                if check.verdict is Verdict.FAILED
            }
        ),
        "least_starved": min(
            (rig.starved for rig in rigs if rig.starved is not None), default=None
        ),
    }
