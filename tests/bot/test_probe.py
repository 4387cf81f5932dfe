"""P-3: any well-formed HTTP answer is readiness; an open port is not."""

import asyncio
import contextlib

import pytest
from pipecat_voice_test.bot.probe import Address, Answer, Probe, probe


async def ask(answer: bytes | None, *, timeout_s: float = 5.0) -> tuple[Probe, bytes]:
    """Probe a server that sends `answer` and closes, or says nothing; also what it was sent."""
    asked = bytearray()

    served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.extend(await reader.readuntil(b"\r\n\r\n"))
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        served.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        outcome = await probe(Address("127.0.0.1", port), timeout_s=timeout_s)
        await served.wait()
        return outcome, bytes(asked)


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nhello", Answer.HTTP, id="P-3-200"),
        pytest.param(b"HTTP/1.1 307 Moved\r\nLocation: /x\r\n\r\n", Answer.HTTP, id="P-3-307"),
        pytest.param(b"HTTP/1.1 404 Not Found\r\n\r\n", Answer.HTTP, id="P-3-404"),
        pytest.param(b"HTTP/1.1 426 Upgrade Required\r\n\r\n", Answer.HTTP, id="P-3-426"),
        pytest.param(b"HTTP/1.0 500 \r\n\r\n", Answer.HTTP, id="P-3-500-without-words"),
        pytest.param(b"HTTP/1.1 204\r\n\r\n", Answer.HTTP, id="P-3-no-reason"),
        pytest.param(b"HTTP/1.1 banana\r\n\r\n", Answer.NOT_HTTP, id="P-3-no-status"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", Answer.NOT_HTTP, id="P-3-another-protocol"),
        pytest.param(b"", Answer.NOT_HTTP, id="P-3-accepts-and-closes"),
    ],
)
def test_what_counts_as_an_answer(sent: bytes, answer: Answer) -> None:
    outcome, _ = asyncio.run(ask(sent))

    assert outcome.answer is answer


def test_an_open_port_that_says_nothing_is_silent() -> None:
    outcome, _ = asyncio.run(ask(None, timeout_s=0.2))

    assert outcome.answer is Answer.SILENT


def test_the_question_is_a_plain_get_and_never_an_upgrade() -> None:
    _, asked = asyncio.run(ask(b"HTTP/1.1 200 OK\r\n\r\n"))

    assert asked.startswith(b"GET / HTTP/1.1\r\n")
    assert b"upgrade" not in asked.lower()


def test_a_host_that_does_not_exist_is_unreachable() -> None:
    outcome = asyncio.run(probe(Address("no-such-host.invalid", 80)))

    assert outcome.answer is Answer.UNREACHABLE
    assert outcome.detail


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    outcome, _ = asyncio.run(ask(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: x\r\n" * 100_000))

    assert outcome.answer is Answer.HTTP
