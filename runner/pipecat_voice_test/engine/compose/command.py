"""The Compose command: where it is, and what it says.

It is a plugin of the `docker` command, but runs by itself as well, so no `docker` command is
needed. Our additions to a Compose file need `!override`, which came with 2.24.4.

Sources: https://docs.docker.com/compose/install/linux/,
https://docs.docker.com/reference/compose-file/merge/#replace-value
"""

import atexit
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Self

from pipecat_voice_test.engine.plain import plain
from pipecat_voice_test.errors import EngineError

OLDEST = (2, 24, 4)
_NAME = "docker-compose"
# In the order in which the `docker` command looks for its plugins.
_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
    "/opt/homebrew/lib/docker/cli-plugins",
    "/Applications/Docker.app/Contents/Resources/cli-plugins",
)
_VERSION_S = 10.0
_KEPT_CHARACTERS = 64 * 1024


@dataclass(frozen=True, slots=True)
class Ended:
    """How a Compose command ended.

    Attributes:
        printed: The end of what it printed, without what could act on a terminal.
        late: It was ended because its time was over.
    """

    code: int
    printed: str
    late: bool = False


class Compose:
    """One Compose command of this machine, and whatever of it is running now."""

    def __init__(self, program: str, environ: Mapping[str, str] = os.environ) -> None:
        self.program = program
        self._environ = dict(environ)
        if not environ.get("BUILDX_CONFIG") and not _can_be_written(_config_folder(environ)):
            self._environ["BUILDX_CONFIG"] = _notes()
        self._given_up = False
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The first one that is new enough.

        Raises:
            EngineError: There is none.
        """
        too_old = []
        for program in _candidates(environ):
            version = _version(program, environ)
            if version is None:
                continue
            if version >= OLDEST:
                return cls(program, environ)
            too_old.append(f"{program} is version {'.'.join(map(str, version))}")
        oldest = ".".join(map(str, OLDEST))
        raise EngineError(
            f"`--bot-compose` needs Docker Compose {oldest} or newer, and there is none here.",
            fix="install the package `docker-compose-plugin` of Docker, or `docker-compose` of\n"
            "Debian 13: `docker compose version` must say so; our own image has it inside.",
            evidence="\n".join(too_old),
        )

    def ask(self, words: Sequence[str]) -> tuple[Ended, str]:
        """Run it for what it answers: how it ended, and its standard output alone."""
        with self._started(words, subprocess.PIPE) as process:
            output, complaints = process.communicate()
        return Ended(process.returncode, plain(complaints)), output

    def run(
        self,
        words: Sequence[str],
        given: str,
        *,
        tell: Callable[[str], None],
        guard: Callable[[int], None] = lambda pid: None,
        within_s: float | None = None,
    ) -> Ended:
        """Run it to its end. Blocks.

        Args:
            words: Its arguments.
            given: Its standard input.
            tell: Given every line it prints, in this thread.
            guard: Given its process id, which is also that of its process group.
            within_s: When to end it; None for never.
        """
        late = threading.Event()
        kept = ""
        with self._started(words, subprocess.STDOUT) as process:
            guard(process.pid)

            def end() -> None:
                late.set()
                _kill(process)

            timer = threading.Timer(within_s or 0, end)
            timer.daemon = True
            if within_s is not None:
                timer.start()
            try:
                _feed(process.stdin, given)
                assert process.stdout is not None
                for line in process.stdout:
                    shown = plain(line).rstrip()
                    kept = f"{kept}{shown}\n"[-_KEPT_CHARACTERS:]
                    tell(shown)
                process.wait()
            finally:
                timer.cancel()
        return Ended(process.returncode, kept, late.is_set())

    def give_up(self) -> bool:
        """End what runs, and let nothing begin any more; whether something ran.

        May be called in a signal handler: it takes no lock.
        """
        self._given_up = True
        process = self._process
        return process is not None and _kill(process)

    @contextlib.contextmanager
    def _started(self, words: Sequence[str], complaints: int) -> Iterator[subprocess.Popen[str]]:
        """In a session of its own: Ctrl-C is for us, and all it starts can be ended with it."""
        with self._lock:
            self._process = process = subprocess.Popen(
                [self.program, "--ansi", "never", *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=self._environ,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
            if self._given_up:  # By somebody who did not see this process yet.
                _kill(process)
            with process:
                try:
                    yield process
                except BaseException:
                    _kill(process)
                    raise
                finally:
                    self._process = None


def _candidates(environ: Mapping[str, str]) -> Iterator[str]:
    """Programs that may be it, the `docker` command's own first; not all of them are there."""
    folders = [*_config_folders(environ), *_FOLDERS]
    found = [str(path) for folder in folders if (path := Path(folder, _NAME)).is_file()]
    if on_path := shutil.which(_NAME, path=environ.get("PATH")):
        found.append(on_path)
    yield from dict.fromkeys(found)


@cache
def _notes() -> str:
    """A folder of ours in which a build may note what it used; gone when we end."""
    folder = tempfile.TemporaryDirectory(prefix="pvt-buildx-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    return folder.name


def _config_folder(environ: Mapping[str, str]) -> Path:
    """Where the `docker` command keeps its settings, whether or not it is there."""
    return Path(environ.get("DOCKER_CONFIG") or f"{environ.get('HOME') or ''}/.docker")


def _can_be_written(folder: Path) -> bool:
    there = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    return there.is_dir() and os.access(there, os.W_OK)


def _config_folders(environ: Mapping[str, str]) -> Iterator[str]:
    config = _config_folder(environ)
    yield f"{config}/cli-plugins"
    with contextlib.suppress(OSError, ValueError, AttributeError):
        extra = json.loads(Path(config, "config.json").read_bytes()).get("cliPluginsExtraDirs")
        yield from (str(folder) for folder in extra or ())


def _version(program: str, environ: Mapping[str, str]) -> tuple[int, ...] | None:
    try:
        result = subprocess.run(
            [program, "version", "--short"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=dict(environ),
            timeout=_VERSION_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(rb"v?(\d+)\.(\d+)\.(\d+)", result.stdout.strip())
    return tuple(int(part) for part in found.groups()) if found else None


def _feed(stdin: IO[str] | None, text: str) -> None:
    if stdin is not None:
        with contextlib.suppress(OSError):  # It ended before it had read all.
            stdin.write(text)
            stdin.close()


def _kill(process: subprocess.Popen[str]) -> bool:
    """End it with all it started; whether it was still there. Reaps nobody."""
    if process.returncode is not None:
        return False
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    return True
