"""A reader who was late shows; a bot that sends much at once does not look like one."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.call.reading import BYTES_PER_MS, Reading
from pipecat_voice_test.call.websocket import dial

from call.servers import TEXT, accepting, frame

READ_BYTES = 1024  # What a look takes out of the buffer.


class Reader:
    """Reads as our loop does: a bit at a time, at once, unless it stands still."""

    def __init__(self) -> None:
        self.reading = Reading()
        self.now_ms = 5_000.0
        self._arrives: list[tuple[float, int]] = []
        self._arrived = self._read = 0

    def bot_says(
        self, at_ms: float, for_ms: float, *, message_ms: float, pace: float = 1.0
    ) -> None:
        """Speech in messages of one length, at this multiple of its own pace."""
        for number in range(round(for_ms / message_ms)):
            sent_ms = at_ms + number * message_ms / pace
            self._arrives.append((sent_ms, round(message_ms * BYTES_PER_MS)))

    def run(self, until_ms: float, *, step_ms: float = 0.1) -> None:
        """Look every 10 ms, and whenever something is there every `step_ms`."""
        while self.now_ms < until_ms:
            self._arrive()
            if self._arrived > self._read:
                taken = min(self._arrived - self._read, READ_BYTES)
                self._read += taken
                self.reading.looked(self.now_ms, self._arrived - self._read, taken)
                self.now_ms += step_ms
            else:
                due = [at_ms for at_ms, _ in self._arrives if at_ms > self.now_ms]
                self.reading.looked(self.now_ms, 0)
                self.now_ms = min([self.now_ms + 10.0, *due])

    def stall(self, for_ms: float) -> None:
        self.now_ms += for_ms

    def _arrive(self) -> None:
        while self._arrives and self._arrives[0][0] <= self.now_ms:
            self._arrived += self._arrives.pop(0)[1]


@pytest.mark.parametrize(
    ("message_ms", "pace"),
    [
        pytest.param(20, 1.0, id="frames"),
        pytest.param(200, 1.0, id="fifths-of-a-second"),
        pytest.param(120, 1.0, id="just-over-the-limit"),
        pytest.param(1000, 1.0, id="seconds"),
        pytest.param(10_000, 1.0, id="ten-seconds-at-once"),
        pytest.param(60_000, 1.0, id="a-minute-at-once"),
        pytest.param(20, 1000.0, id="frames-as-fast-as-they-can-be-sent"),
        pytest.param(20, 80.0, id="frames-about-as-fast-as-they-are-read"),
        pytest.param(40, 1.5, id="a-little-faster-than-it-is-heard"),
    ],
)
def test_a_healthy_reader_is_never_late_however_the_bot_sends(
    message_ms: float, pace: float
) -> None:
    """METRICS 7 and 9.2: what arrived in one go is no evidence of late reading."""
    reader = Reader()
    reader.bot_says(5_300, 60_000, message_ms=message_ms, pace=pace)
    reader.run(66_000)

    assert reader.reading.times_late == 0
    assert reader.reading.worst_ms < 100.0


@pytest.mark.parametrize("message_ms", [20, 60, 200])
def test_a_reader_who_stood_still_was_late_by_so_much(message_ms: float) -> None:
    """METRICS 7, `read_lag`: bytes waiting when read, at the pace of speech."""
    reader = Reader()
    reader.bot_says(5_300, 10_000, message_ms=message_ms)
    reader.run(6_000)
    for _ in range(3):
        reader.stall(250)
        reader.run(reader.now_ms + 1000)

    assert reader.reading.times_late == 3
    assert reader.reading.worst_ms == pytest.approx(250, abs=60)


def test_a_reader_who_cannot_keep_up_is_late_though_it_never_stands_still() -> None:
    """Fifty lines in a slow loop: every look takes 70 ms, and less than came in that time."""
    reader = Reader()
    reader.bot_says(5_300, 20_000, message_ms=20)
    reader.run(20_000, step_ms=70.0)

    assert reader.reading.times_late >= 2


def test_a_short_stall_is_none() -> None:
    reader = Reader()
    reader.bot_says(5_300, 10_000, message_ms=20)
    reader.run(6_000)
    for _ in range(20):
        reader.stall(90)
        reader.run(reader.now_ms + 100)

    assert reader.reading.times_late == 0
    assert reader.reading.worst_ms == pytest.approx(90, abs=25)


def test_nothing_is_late_before_the_first_look() -> None:
    """The clock may be at any time when the connection is made."""
    reading = Reading()
    reading.looked(9_000_000.0, 0, 4000)

    assert (reading.worst_ms, reading.times_late) == (0.0, 0)


@contextmanager
def speaking() -> Iterator[str]:
    """A bot in a thread of its own, which speaks at its own pace until it is hung up on."""

    def speak() -> None:
        line, _ = server.accept()
        with line, suppress(OSError):
            line.sendall(accepting(line.recv(4096).decode()))
            while True:
                line.sendall(frame(TEXT, b"x" * 316))
                time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=speak)
        thread.start()
        yield f"ws://127.0.0.1:{server.getsockname()[1]}/ws"
        thread.join(10)


def test_a_line_that_nobody_read_for_a_while_says_so() -> None:
    """METRICS 7: the loop stands still, the bot does not."""

    async def call(url: str) -> Reading:
        line = (await dial(url, SystemClock())).socket
        for _ in range(3):
            await asyncio.sleep(0.15)
            line.received()
            time.sleep(0.3)  # noqa: ASYNC251  # This is the stall.
        await asyncio.sleep(0.15)
        line.abort()
        return line.reading

    with speaking() as url:
        reading = asyncio.run(call(url))

    assert reading.times_late >= 2
    assert reading.worst_ms > 100
