"""Runs of the real command, and what they leave behind on a container engine."""

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from again import TooLate
from pipecat_voice_test.engine.cleaning.ownership import ROLE, RUN, RUNNER, Role
from pipecat_voice_test.engine.cleaning.runner import Runner

COMMAND = str(Path(sys.executable).with_name("pipecat-voice-test"))
RESULTS = "voice-test-results"
GREETING = """
name: Greeting
limits: none
turns:
  - expect: [{event: response, within_ms: 5000}]
  - hangup: true
    send_after: {event: bot_started_speaking, delay_ms: 100}
"""
# A call that goes on until somebody ends it.
LONG = """
name: Long call
limits: none
turns:
  - expect: [{event: response, within_ms: 5000}]
  - wait_ms: 50000
"""
LOOK_S = 0.05
_UNFIT = "This machine does not measure the control bot right"


@dataclass(frozen=True)
class Ended:
    """How a run came out; `printed` is all that it put on standard output and error."""

    exit_code: int
    printed: str
    took_s: float
    peak_bytes: int
    folder: Path

    @cached_property
    def results(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.folder / RESULTS / "results.json").read_text())
        return read

    @cached_property
    def junit(self) -> ET.Element:
        return ET.parse(self.folder / RESULTS / "junit.xml").getroot()

    @property
    def kinds(self) -> list[str]:
        return [error["kind"] for error in self.results["errors"]]

    @property
    def message(self) -> str:
        """Of every error, one after the other."""
        return "\n".join(error["message"] for error in self.results["errors"])

    @property
    def harmful(self) -> list[str]:
        """What it printed that a CI system would obey, or that would act on a terminal."""
        lines = [line for line in self.printed.split("\n") if line.lstrip().startswith("::")]
        lines += [line for line in self.printed.split("\n") if "##[" in line]
        return lines + [one for one in self.printed if not one.isprintable() and one != "\n"]

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [call for one in self.results["scenarios"] for call in one["calls"]]

    def logs(self) -> list[Path]:
        """Where it says what the bot printed, call by call."""
        return [self.folder / RESULTS / call["files"]["log"] for call in self.calls]


def refuse_unfit(printed: str) -> None:
    """A run that called nobody, because this machine was too busy, says nothing.

    Raises:
        TooLate: It printed that it did so.
    """
    if _UNFIT in printed:
        raise TooLate(printed)


def write_scenarios(folder: Path, scenarios: Sequence[str]) -> list[str]:
    """Their names in the folder, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"scenario-{number}.yaml" for number, _ in enumerate(scenarios, 1)]
    for name, scenario in zip(names, scenarios, strict=True):
        (folder / name).write_text(scenario)
    return names


class Started:
    """A run of the command that goes on."""

    def __init__(
        self,
        folder: Path,
        options: Sequence[str],
        *,
        scenarios: Sequence[str] = (GREETING,),
        env: Mapping[str, str] | None = None,
    ) -> None:
        paths = write_scenarios(folder, scenarios)
        self._folder = folder
        self._began_s = time.monotonic()
        self._printed = b""
        self._news = threading.Condition()
        self._peak_bytes = 0
        self.process = subprocess.Popen(
            [COMMAND, "run", *paths, *options],
            cwd=folder,
            env={**os.environ, "CI": "true", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def printed(self) -> str:
        return self._printed.decode(errors="replace")

    def wait_for(self, pattern: str, within_s: float = 60.0) -> None:
        """Until it has printed something that fits."""
        with self._news:
            found = self._news.wait_for(
                lambda: re.search(pattern, self.printed) or _UNFIT in self.printed, within_s
            )
        refuse_unfit(self.printed)
        assert found, f"no {pattern!r} in: {self.printed}"

    def wait(self, within_s: float = 120.0) -> Ended:
        """Until it has ended by itself; `TooLate` if the machine was too busy to call anybody."""
        deadline = time.monotonic() + within_s
        while self.process.poll() is None:
            self._peak_bytes = max(self._peak_bytes, _peak_bytes(self.process.pid))
            if time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"it does not end: {self.printed}")
            time.sleep(LOOK_S)
        took_s = time.monotonic() - self._began_s
        # Nothing that it started may hold on to its output.
        self._reader.join(5.0)
        assert not self._reader.is_alive(), "somebody still holds its standard output"
        refuse_unfit(self.printed)
        code = self.process.returncode
        return Ended(code, self.printed, took_s, self._peak_bytes, self._folder)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            while data := os.read(output.fileno(), 65536):
                with self._news:
                    self._printed += data
                    self._news.notify_all()


def _peak_bytes(pid: int) -> int:
    with contextlib.suppress(OSError, AttributeError):
        status = Path(f"/proc/{pid}/status").read_text()
        found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
        return int(found[1]) * 1024 if found else 0
    return 0


class Belonging(NamedTuple):
    """Something on an engine that a run has created."""

    run_id: str
    role: str
    what: str


def left_by(client: Any, runner: int | str, *, but: Role | None = None) -> list[Belonging]:
    """What there is on an engine of a runner's; nothing if it has tidied up.

    Args:
        client: A `docker.DockerClient`.
        runner: Its process on this machine, or the id of its container.
        but: A role that does not count.
    """
    owned = {"label": RUNNER}
    found = [
        (one["Labels"], f"container {one['Names']}, {one['State']}")
        for one in client.api.containers(all=True, filters=owned)
    ]
    found += [
        (one["Labels"], f"network {one['Name']}") for one in client.api.networks(filters=owned)
    ]
    volumes = client.api.volumes(filters=owned)["Volumes"] or []
    found += [(one["Labels"], f"volume {one['Name']}") for one in volumes]
    return [
        Belonging(labels[RUN], labels[ROLE], what)
        for labels, what in found
        if _is_of(labels[RUNNER], runner) and labels[ROLE] != but
    ]


def _is_of(label: str, runner: int | str) -> bool:
    named = Runner.parse(label)
    assert named is not None, label
    return runner in (named.pid, named.container)


def processes_of(run_id: str) -> list[str]:
    """Command lines on this machine that name a run: those of its watchdog and reaper."""
    return [" ".join(words) for words in _command_lines() if run_id in words]


def _command_lines() -> Iterator[list[str]]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield file.read_bytes().decode(errors="replace").split("\0")
