"""A program that outlives the runner and removes what it left behind.

    python -m pipecat_voice_test.engine.cleaning.watchdog
        [--runner ID] [--leave NETWORK CONTAINER]… RUN_ID

Without `--runner` it is the runner's child: it reads lines from the runner, and the end of the
input means that the runner is dead, however it died. With `--runner` it is a container of its
own, the reaper, and waits until the engine says that the runner's container has ended.

Lines: `done` (everything is removed, go), `end PID STARTED` (a process group that would go on
creating containers, such as Compose, and has to be ended first), `coming` and `come` (before and
after the engine is asked for a container: in between, one may appear at any time).
"""

import argparse
import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import Any, TextIO

ON_DUTY = "on duty"
"""What the reaper prints when it can see the runner's container."""

QUIET_S = 2.0  # What was just being created appears after the first look.
AWAITED_S = 20.0  # The same where it is known that something was; engines can be slow.
PATIENCE_S = 60.0  # With an engine that does not answer, or is starting again.
_LOOK_S = 0.2

_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@dataclass
class LastWords:
    """What the runner has said that matters once it has gone.

    Attributes:
        to_end: Processes, with the moments of their starts.
        awaited: How many containers the engine has yet to answer for.
    """

    to_end: list[tuple[int, str]] = field(default_factory=list)
    awaited: int = 0


def main(words: list[str] | None = None, lines: TextIO | None = None) -> int:
    """The program; `lines` is what the runner says, standard input by default."""
    for number in _IGNORED:  # They are for the runner; we go when it has gone.
        signal.signal(number, signal.SIG_IGN)
    asked = _parser().parse_args(words)
    quiet_s = QUIET_S
    if asked.runner:
        _wait_for_container(asked.runner)
    else:
        said = listen(sys.stdin if lines is None else lines)
        if said is None:
            return 0
        for pid, started in said.to_end:
            _end_group(pid, started)
        quiet_s = AWAITED_S if said.awaited else QUIET_S
    return _sweep(asked.run_id, asked.leave, quiet_s, spare_reaper=bool(asked.runner))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipecat_voice_test.engine.cleaning.watchdog")
    parser.add_argument("run_id")
    parser.add_argument("--runner", default="")
    parser.add_argument("--leave", nargs=2, action="append", default=[])
    return parser


def listen(lines: TextIO) -> LastWords | None:
    """Until the runner has gone. None if nothing is left to do."""
    said = LastWords()
    for line in lines:
        match line.split():
            case ["done"]:
                return None
            case ["end", pid, started] if pid.isdecimal():
                said.to_end.append((int(pid), started))
            case ["coming"]:
                said.awaited += 1
            case ["come"]:
                said.awaited -= 1
            case _:
                pass  # The runner died in the middle of a line.
    return said


def _end_group(pid: int, started: str) -> None:
    """Unless its number belongs to somebody else by now."""
    from pipecat_voice_test.engine.cleaning.runner import started_at

    if started_at(pid) == started:
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


def _wait_for_container(runner: str) -> None:
    from pipecat_voice_test.engine.cleaning.runner import is_running
    from pipecat_voice_test.engine.client import Engine

    engine = Engine.connect()
    said = False
    while True:
        with contextlib.suppress(*_trouble()):
            if is_running(engine.client, runner) is False:
                return
            if not said:
                print(ON_DUTY, flush=True)  # noqa: T201 - the runner reads it
                said = True
            engine.client.api.wait(runner, timeout=None)
            continue
        time.sleep(_LOOK_S)


def _sweep(run_id: str, leave_pairs: list[list[str]], quiet_s: float, *, spare_reaper: bool) -> int:
    """Remove until nothing more has appeared for a while; 1 if something would not go."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return _sweep_once(run_id, leave_pairs, quiet_s, spare_reaper)
        except _trouble():
            if time.monotonic() >= deadline:
                return 1
            time.sleep(_LOOK_S)


def _sweep_once(
    run_id: str, leave_pairs: list[list[str]], quiet_s: float, spare_reaper: bool
) -> int:
    from pipecat_voice_test.engine.cleaning.ownership import remove_all
    from pipecat_voice_test.engine.client import Engine
    from pipecat_voice_test.engine.places.network import leave

    engine = Engine.connect()
    for network, container in leave_pairs:
        leave(engine.client, network, container)
    began = quiet_since = time.monotonic()
    problems: list[str] = []
    while (now := time.monotonic()) < min(quiet_since + quiet_s, began + PATIENCE_S):
        problems = remove_all(engine.client, run_id, spare_reaper=spare_reaper)
        if problems:
            quiet_since = now
        time.sleep(_LOOK_S)
    return 1 if problems else 0


def _trouble() -> tuple[Any, ...]:
    from pipecat_voice_test.engine.cleaning.ownership import ENGINE_TROUBLE
    from pipecat_voice_test.errors import EngineError

    return (*ENGINE_TROUBLE, EngineError)


if __name__ == "__main__":
    sys.exit(main())
