"""Output that nobody reads keeps nobody waiting."""

import io
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

import pytest
from pipecat_voice_test.shown.live import progress
from pipecat_voice_test.shown.progress import Loudness
from pipecat_voice_test.shown.unhurried import Unhurried


class Pipe:
    """A pipe; what is written to `out` waits until somebody reads at the other `end`."""

    def __init__(self) -> None:
        self.end, start = os.pipe()
        self.out: IO[str] = os.fdopen(start, "w")

    def read_all(self) -> str:
        with os.fdopen(self.end) as end:
            return end.read()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    with suppress(OSError):  # Nobody reads what is left in it.
        pipe.out.close()


def test_whoever_says_more_than_a_pipe_holds_does_not_wait_for_its_reader(pipe: Pipe) -> None:
    unhurried = Unhurried(pipe.out)
    for number in range(20_000):
        unhurried.write(f"line {number}\n")
    assert unhurried.is_behind

    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_all()))
    reader.start()
    unhurried.finish()
    pipe.out.close()
    reader.join()

    assert found[0].splitlines() == [f"line {number}" for number in range(20_000)]
    assert not unhurried.is_behind


def test_what_nobody_reads_does_not_fill_the_memory(pipe: Pipe) -> None:
    unhurried = Unhurried(pipe.out, at_most=100_000)
    for _ in range(30_000):
        unhurried.write("ten signs\n")

    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_all()))
    reader.start()
    while unhurried.is_behind:
        time.sleep(0.001)
    unhurried.write("the end\n")
    unhurried.finish()
    pipe.out.close()
    reader.join()

    lines = found[0].splitlines()
    told = [line for line in lines if line.endswith("left out, for nobody read them in time)")]
    assert lines[-1] == "the end"
    assert lines.count("ten signs") < 25_000
    assert lines.count("ten signs") + sum(int(line[1:].split()[0]) for line in told) == 30_000


def test_a_reader_who_goes_away_is_no_error(pipe: Pipe) -> None:
    unhurried = Unhurried(pipe.out)
    os.close(pipe.end)
    unhurried.write("anything\n")
    unhurried.finish()

    assert not unhurried.is_behind


def test_all_that_was_said_is_there_when_the_display_is_over() -> None:
    out = io.StringIO()
    with progress(Loudness.NORMAL, out, {}) as shown:
        for number in range(1000):
            shown.say(str(number))

    assert out.getvalue().split() == [str(number) for number in range(1000)]
