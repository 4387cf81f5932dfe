"""What BuildKit reports of a build: protocol buffers of a few fields, read by hand.

`StatusResponse`: 1 vertexes (3 name, 5 started, 6 completed, 7 error), 3 logs (4 msg). A vertex is
one step, such as `[2/5] RUN pip install …`, and is told of again whenever it changes.

Sources: https://github.com/moby/buildkit/blob/v0.8/api/services/control/control.proto,
https://protobuf.dev/programming-guides/encoding/
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

_VERTEXES, _LOGS = 1, 3
_NAME, _STARTED, _COMPLETED, _ERROR = 3, 5, 6, 7
_MESSAGE = 4


@dataclass(frozen=True, slots=True)
class Step:
    """How one step of the build stands."""

    name: str
    running: bool = False
    error: str = ""


def read_trace(aux: str) -> tuple[list[Step], str]:
    """Steps that changed and what was printed, of a base64 `moby.buildkit.trace`.

    What is malformed counts as nothing: the trace is for people only.
    """
    steps: list[Step] = []
    printed: list[str] = []
    try:
        for number, body in _fields(base64.b64decode(aux)):
            if number == _VERTEXES:
                fields = dict(_fields(body))
                running = _STARTED in fields and _COMPLETED not in fields
                name, error = (_text(fields.get(key, b"")) for key in (_NAME, _ERROR))
                steps.append(Step(name, running, error))
            elif number == _LOGS:
                printed.append(_text(dict(_fields(body)).get(_MESSAGE, b"")))
    except (IndexError, ValueError, binascii.Error):
        pass
    return steps, "".join(printed)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each field; content of those that are numbers is left out."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        match key & 7:
            case 0:
                _, at = _varint(data, at)
                yield key >> 3, b""
            case 1:
                at += 8
            case 2:
                length, at = _varint(data, at)
                yield key >> 3, data[at : at + length]
                at += length
            case 5:
                at += 4
            case other:
                raise ValueError(f"no such wire type: {other}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value, at
