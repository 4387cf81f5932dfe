"""A container's output comes through whole, however the stream is cut."""

import random
import socket
import struct
import threading

import pytest
from pipecat_voice_test.engine.output import Frames, follow


def frame(data: bytes, stream: int = 1) -> bytes:
    return struct.pack(">BxxxL", stream, len(data)) + data


LINES = [b"one\n", b"", b"two\n" * 40, b"\x00\x01" * 9, b"three\n"]
STREAM = b"".join(frame(line, 1 + at % 2) for at, line in enumerate(LINES))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 64, len(STREAM)])
def test_frames_are_the_same_in_pieces_of(size: int) -> None:
    frames = Frames()

    pieces = [frames.feed(STREAM[at : at + size]) for at in range(0, len(STREAM), size)]

    assert b"".join(pieces) == b"".join(LINES)


def test_frames_are_the_same_in_pieces_of_any_size() -> None:
    dice = random.Random(1)
    lines = [bytes(dice.randrange(200)) for _ in range(300)]
    stream = b"".join(frame(line) for line in lines)
    frames, got, at = Frames(), b"", 0

    while at < len(stream):
        size = dice.randrange(1, 300)
        got += frames.feed(stream[at : at + size])
        at += size

    assert got == b"".join(lines)


@pytest.mark.parametrize(
    ("framed", "sent"),
    [pytest.param(True, STREAM, id="framed"), pytest.param(False, b"".join(LINES), id="terminal")],
)
def test_a_stream_is_read_to_its_end(framed: bool, sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    got: list[bytes] = []
    reader = threading.Thread(target=follow, args=(ours, got.append), kwargs={"framed": framed})
    with ours, theirs:
        reader.start()
        theirs.sendall(sent)
        theirs.close()
        reader.join(10)

    assert b"".join(got) == b"".join(LINES)


def test_an_engine_that_goes_away_is_the_end_of_the_stream() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.close()

        follow(ours, lambda data: None, framed=True)  # Raises nothing.
