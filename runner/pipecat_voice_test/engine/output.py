"""What a container prints, read in big pieces as the engine streams it.

The engine sends frames: one byte for the stream, three zeros, four bytes of length, the data. A
bot that prints short lines makes a frame of each, so taking frames one by one from the socket
costs several system calls a line, and a flooding bot would take the interpreter from the call.

Source: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
"""

import contextlib
import struct
import time
from collections.abc import Callable
from typing import Any

READ_BYTES = 64 * 1024
_BREATH_S = 0.001  # Between reads, so that a bot that floods its log cannot starve the call.
_HEAD = struct.Struct(">BxxxL")


class Frames:
    """Takes the stream as it comes, gives back the data in it, both streams in one."""

    def __init__(self) -> None:
        self._head = b""
        self._left_bytes = 0

    def feed(self, data: bytes) -> bytes:
        if self._left_bytes >= len(data):
            self._left_bytes -= len(data)
            return data
        pieces = [data[: self._left_bytes]]
        at = self._left_bytes
        if self._head:
            data, at = self._head + data[at:], 0
        end = len(data)
        while at + _HEAD.size <= end:
            length = _HEAD.unpack_from(data, at)[1]
            at += _HEAD.size
            pieces.append(data[at : at + length])
            at += length
        self._left_bytes = max(0, at - end)
        self._head = data[at:] if at < end else b""
        return b"".join(pieces)


def follow(stream: Any, append: Callable[[bytes], None], *, framed: bool) -> None:
    """Read a socket of `attach_socket` to its end; also when the engine goes away."""
    read = getattr(stream, "recv", None) or stream.read
    frames = Frames()
    with contextlib.suppress(OSError, ValueError):
        while data := read(READ_BYTES):
            append(frames.feed(data) if framed else data)
            time.sleep(_BREATH_S)


def endless(stream: Any) -> Any:
    """The same socket without a limit on how long it may be silent."""
    for one in (stream, getattr(stream, "_sock", None)):
        if one is not None and hasattr(one, "settimeout"):
            one.settimeout(None)
    return stream


def closed(stream: Any) -> None:
    """Close a socket of `attach_socket`, and first the HTTP response that docker-py ties to it.

    The other way round Python complains, when it collects the response, that its file is gone.
    """
    response = getattr(stream, "_response", None)
    for one in (response, stream):
        if one is not None:
            with contextlib.suppress(OSError, ValueError):
                one.close()
