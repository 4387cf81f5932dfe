"""What BuildKit reports is read as far as it is for people, and never trips us."""

import base64

import pytest
from pipecat_voice_test.engine.images.buildkit import Step, read_trace


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number: int, body: bytes | str) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    return varint(number << 3 | 2) + varint(len(data)) + data


def aux(*parts: bytes) -> str:
    return base64.b64encode(b"".join(parts)).decode()


DIGEST = field(1, "sha256:" + "0" * 64)
TIME = b"\x08\xf5\xdd\x8b\xd8\x06\x10\xc1\xae\xe3\xb2\x01"
LONG = "[2/2] RUN " + "x" * 300
CACHED = b"\x20\x01"


@pytest.mark.parametrize(
    ("body", "step"),
    [
        pytest.param(DIGEST + field(3, LONG), Step(LONG), id="that-waits"),
        pytest.param(DIGEST + field(3, LONG) + field(5, TIME), Step(LONG, True), id="that-runs"),
        pytest.param(
            DIGEST + field(3, LONG) + CACHED + field(5, TIME) + field(6, TIME),
            Step(LONG),
            id="that-is-done",
        ),
        pytest.param(
            field(3, "FROM x") + field(5, TIME) + field(6, TIME) + field(7, "no active sessions"),
            Step("FROM x", error="no active sessions"),
            id="that-failed",
        ),
    ],
)
def test_a_step(body: bytes, step: Step) -> None:
    assert read_trace(aux(field(1, body))) == ([step], "")


def test_what_steps_print_is_joined() -> None:
    one, two = (field(3, DIGEST + field(2, TIME) + b"\x18\x01" + field(4, t)) for t in "ab")

    assert read_trace(aux(one, two)) == ([], "ab")


@pytest.mark.parametrize(
    "trace",
    [
        pytest.param("", id="empty"),
        pytest.param("%%%", id="not-base64"),
        pytest.param(aux(b"\x0a"), id="cut-off"),
        pytest.param(aux(b"\x0a\xff\xff"), id="longer-than-itself"),
        pytest.param(aux(b"\xff" * 20), id="no-field"),
        pytest.param(aux(b"\x0d1234\x091234567\x08"), id="fields-of-other-kinds"),
    ],
)
def test_nothing_is_read_from_a_trace_that_is(trace: str) -> None:
    steps, printed = read_trace(trace)

    assert (steps, printed) == ([], "")
