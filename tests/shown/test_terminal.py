"""A whole run at a real terminal, as somebody in front of it sees it."""

import fcntl
import os
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from shown.screen import Screen

COLUMNS, ROWS = 100, 30
COMMAND = [sys.executable, "-m", "pipecat_voice_test", "demo", "-k", "keypad"]


def at_terminal(folder: Path, *arguments: str, **environ: str) -> str:
    """Run the command at a terminal of its own; everything it wrote there."""
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    foreign = ("CI", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    env = {name: value for name, value in os.environ.items() if name not in foreign}
    with subprocess.Popen(
        [*COMMAND, "--output-dir", str(folder), *arguments],
        stdin=its,
        stdout=its,
        stderr=its,
        env=env | {"TERM": "xterm-256color"} | environ,
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
    assert sum("✓ passed" in line for line in lines) == 1
    assert [line.partition(" in ")[0] for line in lines[-3:-2]] == ["1 passed"]
    assert [line.partition(": ")[0] for line in lines[-2:]] == ["Results", "Page"]
    assert written.rfind("\x1b[?25h") > written.rfind("\x1b[?25l")  # The cursor is back.


@pytest.mark.realtime
@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"CI": "true"}], ids=str)
def test_where_nothing_can_be_drawn_there_are_lines_only(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    written = at_terminal(tmp_path, "-v", **environ)

    assert "\x1b" not in written
    assert "\r" not in written
    assert "] Keypad menu #1: calling\n" in written
    assert "\npassed: Keypad menu: 1 of 1 calls passed; " in written
