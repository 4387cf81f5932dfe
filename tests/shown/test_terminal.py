"""A whole run at a real terminal, as somebody in front of it sees it."""

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from shown.screen import Screen

COLUMNS, ROWS = 100, 30
BOT = f"{sys.executable} -m pipecat_voice_test.demo.bot --host 127.0.0.1 --port {{port}}"
SCENARIO = """
name: Greeting
turns:
  - expect: [{event: response, within_ms: 4000}]
  - hangup: true
    send_after: {event: bot_started_speaking, delay_ms: 300}
"""


def at_terminal(folder: Path) -> str:
    """Run the command at a terminal of its own; everything it wrote there."""
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    foreign = ("CI", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    env = {name: value for name, value in os.environ.items() if name not in foreign}
    (folder / ".git").mkdir()
    (folder / "a.yaml").write_text(SCENARIO)
    command = [sys.executable, "-m", "pipecat_voice_test", "run", "a.yaml", "--bot-command", BOT]
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=its,
        stdout=its,
        stderr=its,
        env=env | {"TERM": "xterm-256color"},
    ) as process:
        os.close(its)
        read = bytearray()
        try:
            while block := os.read(ours, 65536):
                read += block
        except OSError:  # Linux says that nobody is at the other end any more.
            pass
        finally:
            os.close(ours)
        process.wait(timeout=30)
    return read.decode().replace("\r\n", "\n")


@pytest.mark.realtime
def test_a_run_at_a_terminal_leaves_its_results_and_nothing_else(tmp_path: Path) -> None:
    written = at_terminal(tmp_path)

    screen = Screen(COLUMNS)
    screen.write(written)
    lines = screen.lines()
    assert "waits for" in written
    assert "0 of 1 call done" in written
    assert not [line for line in lines if "waits for" in line or "calls done" in line]
    assert sum("response median" in line for line in lines) == 1
    assert sum(" Greeting " in line for line in lines) == 1
    assert re.match(r"1 \w+ in ", lines[-3])
    assert lines[-2:] == [
        "Results: voice-test-results, JUnit: voice-test-results/junit.xml",
        "Page: voice-test-results/report.html",
    ]
    assert written.rfind("\x1b[?25h") > written.rfind("\x1b[?25l")  # The cursor is back.
