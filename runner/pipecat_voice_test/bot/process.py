"""A child process, everything it starts, and what they print; none of it outlives us.

Threads and signals rather than asyncio's subprocesses, because ending a bot must work without
a running event loop too: in a signal handler, at exit, after a cancelled run.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from uuid import uuid4

from pipecat_voice_test.bot.listening import processes_of_group, processes_with_environment
from pipecat_voice_test.bot.log import LogRing

_READ_BYTES = 64 * 1024  # What a pipe holds.
_BREATH_S = 0.001  # Between reads, so that a bot that floods its log cannot starve the call.
_MARK = "PIPECAT_VOICE_TEST_BOT"


class ProcessGroup:
    """One command in a session of its own, its output merged into `log`."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str], log: LogRing) -> None:
        """Start it.

        Raises:
            OSError: The system could not start it.
        """
        # Children that leave the group still carry this, so they are found at the end.
        self._mark = uuid4().hex
        self._process = subprocess.Popen(
            arguments,
            env={**env, _MARK: self._mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            start_new_session=True,
        )
        self._watchdog = _start_watchdog(self._process.pid)
        self._reader = threading.Thread(target=self._read, args=(log,), daemon=True)
        self._reader.start()

    @property
    def processes(self) -> list[int]:
        """Ids of all that run in the group."""
        return processes_of_group(self._process.pid)

    def ended(self) -> str | None:
        """How the command ended, or None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        if code >= 0:
            return f"exited with code {code}"
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"

    def wait_for_output(self, timeout_s: float) -> None:
        """Let the last lines arrive after the end; a child that lives on may hold them open."""
        self._reader.join(timeout_s)

    def terminate(self) -> None:
        """Ask all of them to end."""
        self._signal(signal.SIGTERM)

    def gone(self) -> bool:
        """Has the command ended, been reaped, and left nobody behind in its group?"""
        if self._process.poll() is None:
            return False
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return not self.processes  # Dead children that nobody reaped are no longer alive.

    def kill(self, wait_s: float = 2.0) -> None:
        """End all of them, also those that left the group, and reap."""
        deadline = time.monotonic() + wait_s
        while True:
            if not self.gone():
                self._signal(signal.SIGKILL)
            strays = processes_with_environment(f"{_MARK}={self._mark}")
            for process in strays:
                with contextlib.suppress(OSError):
                    os.kill(process, signal.SIGKILL)
            if (self.gone() and not strays) or time.monotonic() > deadline:
                break
            time.sleep(0.01)
        if self._watchdog is not None:
            self._watchdog.kill()
            self._watchdog.wait()
            if self._watchdog.stdin is not None:
                self._watchdog.stdin.close()
            self._watchdog = None
        self._reader.join(1.0)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, number)

    def _read(self, log: LogRing) -> None:
        stdout = self._process.stdout
        if stdout is None:
            return
        with stdout:
            while data := stdout.read(_READ_BYTES):
                log.append(data)
                time.sleep(_BREATH_S)


def _start_watchdog(group: int) -> "subprocess.Popen[bytes] | None":
    """Ends the group when we vanish without a chance to do so: then its input ends."""
    try:
        return subprocess.Popen(
            ["/bin/sh", "-c", f"read _; kill -s KILL -- -{group}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={},
        )
    except OSError:
        return None  # A nicety; everything else works without it.
