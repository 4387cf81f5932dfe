"""Whoever removes a run's containers when the runner cannot, because it was killed.

A child process notices the runner's death by the end of a pipe, which no kind of death can
avoid. It dies with us when our whole container is killed; then another container, the reaper,
is told by the engine.
"""

import contextlib
import logging
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Self

from pipecat_voice_test.engine.cleaning.reaper import PROGRAM, Reaper, python_paths, reaper_options
from pipecat_voice_test.engine.cleaning.runner import started_at
from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.places.surroundings import Home

_GO_S = 2.0
_REAPER_S = 10.0
# What the child needs to reach the same engine, and nothing else: CI systems find what is left
# of a job by its environment, and kill it.
_PASSED_ON = {
    "ALL_PROXY", "HOME", "HTTPS_PROXY", "HTTP_PROXY", "LANG", "LD_LIBRARY_PATH", "NO_PROXY",
    "PATH", "SSH_AUTH_SOCK", "TMPDIR", "USER",
}  # fmt: skip
_PASSED_ON_PREFIXES = ("DOCKER_", "PYTHON", "SSL_", "LC_")

log = logging.getLogger(__name__)


class Guard:
    """On duty from `start` until it is dismissed."""

    def __init__(self, child: subprocess.Popen[bytes] | None, reaper: Reaper | None) -> None:
        self._child = child
        self._reaper = reaper

    @classmethod
    def start(
        cls,
        engine: Engine,
        home: Home | None,
        run_id: str,
        labels: Mapping[str, str],
        leave: Sequence[str] = (),
    ) -> Self:
        """Call it before anything of the run is created; returns in milliseconds.

        Args:
            engine: The engine.
            home: The container in which we run, if any.
            run_id: Whose belongings are to be removed.
            labels: For the reaper.
            leave: Networks that our container joins, to be taken out of them.
        """
        words, options = [run_id], None
        if home is not None:
            words += [word for network in leave for word in ("--leave", network, home.stack)]
            options = reaper_options(home, engine.address, words, labels)
        child = _start_child(engine, words)
        return cls(child, None if options is None else Reaper(engine, options))

    def settle(self) -> None:
        """Wait until the reaper runs, or could not be started."""
        if self._reaper is not None and not self._reaper.settle(_REAPER_S):
            log.warning("the engine takes long to start the watcher of this container")

    def end_with_us(self, pid: int) -> None:
        """A process group that creates containers, and must not go on when we are killed."""
        self._say(f"end {pid} {started_at(pid)}")

    def coming(self) -> None:
        """The engine is about to be asked for a container, which appears even if we die."""
        self._say("coming")

    def come(self) -> None:
        """The engine has answered."""
        self._say("come")

    def call_off_reaper(self) -> bool:
        """Before all of the run is removed, the reaper too; False if it may yet appear."""
        return self._reaper is None or self._reaper.dismiss(_GO_S)

    def dismiss(self) -> None:
        """Everything is removed: nothing is left to do. May be called twice."""
        self._say("done")
        self._let_go()
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_GO_S)

    def take_over(self) -> None:
        """Something is left: the child is to try on, as if we had been killed."""
        self._let_go()
        child, self._child = self._child, None
        if child is not None:
            threading.Thread(target=child.wait, daemon=True).start()

    def _say(self, line: str) -> None:
        if self._child is not None and self._child.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                self._child.stdin.write(f"{line}\n".encode())

    def _let_go(self) -> None:
        if self._child is not None and self._child.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                self._child.stdin.close()


def _start_child(engine: Engine, words: Sequence[str]) -> subprocess.Popen[bytes] | None:
    """In a session of its own, so that no Ctrl-C and no terminal's end reaches it."""
    try:
        return subprocess.Popen(
            [*PROGRAM, *words],
            bufsize=0,  # What is said is said at once, and from a signal handler too.
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,  # Whoever reads our output must not wait for it.
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=child_environment(engine, os.environ),
            start_new_session=True,
        )
    except OSError as error:
        log.warning("no watchdog could be started, should this program be killed: %s", error)
        return None


def child_environment(engine: Engine, environ: Mapping[str, str]) -> dict[str, str]:
    """Of our own environment, what it takes to reach the same engine and to start Python."""
    passed_on = {
        name: value
        for name, value in environ.items()
        if name.upper() in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }
    if not engine.client.api.base_url.startswith("https"):  # A context knows more than an address.
        passed_on["DOCKER_HOST"] = engine.address
    return {**passed_on, **python_paths()}
