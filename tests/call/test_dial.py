"""Opening the line: what is asked, and what is said when it is not granted."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.call.refused import HandshakeRefused, read_answer
from pipecat_voice_test.call.websocket import dial
from pipecat_voice_test.errors import BotError, BotNotReady, ExitCode, UsageError, VoiceTestError

from call.servers import Handler, Peer, accepting, serving


def complaint(handler: Handler, **options: Any) -> str:
    """What is said about a server, with its address replaced by `<bot>`."""

    async def run() -> str:
        async with serving(handler) as url:
            with pytest.raises(BotError) as caught:
                await dial(url, SystemClock(), **options)
            return str(caught.value).replace(url, "<bot>")

    return asyncio.run(run())


def answering(raw: bytes | str) -> Handler:
    """A server that reads the request, answers this, and closes."""

    async def handler(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(raw.encode() if isinstance(raw, str) else raw)

    return handler


def request_lines(**options: Any) -> list[str]:
    """What the network asks for, line by line."""
    seen: list[str] = []

    async def handler(peer: Peer) -> None:
        await peer.accept()
        seen.append(peer.request)
        await peer.reader.read()

    async def run() -> None:
        async with serving(handler) as url:
            dialled = await dial(url + "/tok%20en?x=1", SystemClock(), **options)
            seen[0] = seen[0].replace(url.split("/")[2], "<host>")
            assert dialled.connect_ms > 0
            dialled.socket.abort()

    asyncio.run(run())
    return seen[0].rstrip().split("\r\n")


def test_the_request_has_exactly_the_headers_of_the_network() -> None:
    """P-6: no Origin, no extensions, no subprotocol, no cookies."""
    lines = request_lines()
    key = next(line for line in lines if line.startswith("Sec-WebSocket-Key: "))

    assert lines[0] == "GET /ws/tok%20en?x=1 HTTP/1.1"
    assert sorted(lines[1:]) == sorted(
        [
            "Host: <host>",
            "User-Agent: Twilio.TmeWs/1.0",
            "Upgrade: websocket",
            "Connection: Upgrade",
            key,
            "Sec-WebSocket-Version: 13",
        ]
    )


def test_extra_headers_are_added_or_replace_ours() -> None:
    """P-6."""
    lines = request_lines(headers={"X-Twilio-Signature": "abc=", "User-Agent": "me"})

    assert "X-Twilio-Signature: abc=" in lines
    assert [line for line in lines if line.startswith("User-Agent")] == ["User-Agent: me"]


# --- P-7: refusals ----------------------------------------------------------------------------


def test_a_refusal_is_shown_in_full() -> None:
    """P-7: status, headers, body, and what 403 means."""
    answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\nX-Why: token\r\n\r\nnot\n::you"

    assert complaint(answering(answer)) == (
        "<bot> refused the call with 403 Forbidden.\n"
        "  Fix: check `--bot-path`: Python ASGI servers answer 403 both for a path they do not "
        "know\n"
        "       and for a session they turned away (token, origin)\n"
        "  It answered:\n"
        "  | Content-Length: 9\n"
        "  | X-Why: token\n"
        "  |\n"
        "  | not\n"
        "  | ::you"
    )


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        ("401 Unauthorized", "check `--bot-path` and the bot's log"),
        (
            "404 Not Found",
            "check `--bot-path`: nothing is served there (a Pipecat runner listens on /ws)",
        ),
        (
            "426 Upgrade Required",
            "check `--bot-path` and `--bot-port`: what answers there is no WebSocket endpoint",
        ),
        ("302 Found", "redirects are not followed by the network; name the final address"),
        (
            "500 Internal Server Error",
            "the bot failed while it accepted the call; its log says why",
        ),
        ("200 OK", "check `--bot-path` and the bot's log"),
    ],
)
def test_each_refusal_names_its_likely_cause(status: str, fix: str) -> None:
    """P-7; nobody serves the redirect's target, so following it would say something else."""
    answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nLocation: ws://127.0.0.1:1/\r\n\r\n"

    assert complaint(answering(answer)) == (
        f"<bot> refused the call with {status}.\n  Fix: {fix}\n  It answered:\n"
        "  | Content-Length: 0\n  | Location: ws://127.0.0.1:1/"
    )


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("HTTP/1.1 500 No\r\nContent-Length: 3000\r\n\r\n", id="of-known-length"),
        pytest.param("HTTP/1.1 500 No\r\n\r\n", id="until-the-connection-closes"),
        pytest.param("HTTP/1.0 500 No\r\n\r\n", id="http-1.0"),
        pytest.param("HTTP/1.1 500 No\r\nContent-Length: 9999\r\n\r\n", id="shorter-than-said"),
        pytest.param("HTTP/1.1 500 No\r\nContent-Length: 99999999\r\n\r\n", id="too-long"),
    ],
)
def test_the_first_2_kb_of_the_body_are_shown(head: str) -> None:
    """P-7."""
    said = complaint(answering(head + "x" * 3000))

    assert said.startswith("<bot> refused the call with 500 No.")
    assert said.endswith("\n  | " + "x" * 2048)


def test_a_refusal_that_never_ends_is_shown_all_the_same() -> None:
    async def handler(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(b"HTTP/1.1 503 Busy\r\n\r\nwait")
        await peer.reader.read()

    assert complaint(handler, upgrade_timeout_s=0.2) == (
        "<bot> refused the call with 503 Busy.\n"
        "  Fix: the bot failed while it accepted the call; its log says why\n"
        "  It answered:\n"
        "  |\n"
        "  | wait"
    )


def test_what_a_server_answers_cannot_speak_to_a_terminal() -> None:
    said = complaint(answering("HTTP/1.1 500 N\x80o\r\n\r\n\x1b[2Jgone\x07"))

    assert all(char.isprintable() or char == "\n" for char in said)
    assert "\\x1b[2Jgone\\x07" in said


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(
            "SSH-2.0-OpenSSH_9\r\n",
            "did not receive a valid HTTP response: invalid HTTP status line: SSH-2.0-OpenSSH_9",
            id="another-protocol",
        ),
        pytest.param(
            "",
            "did not receive a valid HTTP response: connection closed while reading HTTP "
            "status line",
            id="nothing",
        ),
    ],
)
def test_an_answer_that_is_no_http(answer: str, reason: str) -> None:
    assert complaint(answering(answer)) == (
        f"<bot> did not open a WebSocket: {reason}.\n"
        "  Fix: check `--bot-port`: what listens there may speak another protocol"
    )


def test_a_reset_instead_of_an_answer() -> None:
    async def handler(peer: Peer) -> None:
        await peer.read_request()
        raw = peer.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.writer.transport.abort()

    assert complaint(handler).startswith("<bot> did not open a WebSocket: ")


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        pytest.param(
            ("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x"),
            "invalid Sec-WebSocket-Accept header",
            id="wrong-key",
        ),
        pytest.param(
            ("Upgrade: w", "Sec-WebSocket-Extensions: permessage-deflate\r\nUpgrade: w"),
            "no extensions supported",
            id="an-extension-nobody-offered",
        ),
    ],
)  # fmt: skip
def test_an_acceptance_that_is_none(spoilt: tuple[str, str], reason: str) -> None:
    async def handler(peer: Peer) -> None:
        await peer.read_request()
        answer = accepting(peer.request).decode().replace(*spoilt)
        await peer.send(answer.encode())
        await peer.reader.read()

    said = complaint(handler)

    assert said.startswith(f"<bot> answered 101, but wrongly: {reason}")
    assert "Fix: the server must accept without extensions or subprotocols" in said


def test_a_server_that_hangs_before_it_accepts() -> None:
    """P-8: 10 s by default."""

    async def handler(peer: Peer) -> None:
        await peer.reader.read()

    assert complaint(handler, upgrade_timeout_s=0.2) == (
        "<bot> took the connection but did not answer the WebSocket upgrade within 200 ms.\n"
        "  Fix: the server hangs before it accepts the session; look for work done before "
        "`accept()`"
    )


def test_an_acceptance_that_does_not_end_is_no_refusal() -> None:
    async def handler(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n")
        await peer.reader.read()

    assert "did not answer the WebSocket upgrade" in complaint(handler, upgrade_timeout_s=0.2)


def test_a_refusal_is_no_readiness_problem() -> None:
    """It answers, so the report must not say that it never listened."""
    assert HandshakeRefused.kind == "handshake_refused"
    assert HandshakeRefused.exit_code == ExitCode.BOT_ERROR


# --- P-8: connecting --------------------------------------------------------------------------


def dialling(url: str, **options: Any) -> VoiceTestError:
    async def run() -> None:
        await dial(url, SystemClock(), **options)

    with pytest.raises(VoiceTestError) as caught:
        asyncio.run(run())
    return caught.value


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{unused.getsockname()[1]}/ws"
        error = dialling(url)

    assert isinstance(error, BotNotReady)
    assert str(error).startswith(f"{url} took no connection: [Errno 111] ")
    assert error.fix == (
        "is the bot still running? Its log says more; `--bot-port` names the port it uses"
    )


@asynccontextmanager
async def full_backlog() -> AsyncIterator[str]:
    """A port on which the kernel lets connections wait for ever."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        await asyncio.sleep(0.05)
        try:
            yield f"ws://127.0.0.1:{listener.getsockname()[1]}/ws"
        finally:
            for one in waiting:
                one.close()


def test_a_connection_that_is_never_taken() -> None:
    """P-8: 5 s by default."""

    async def run() -> str:
        async with full_backlog() as url:
            with pytest.raises(BotNotReady) as caught:
                await dial(url, SystemClock(), connect_timeout_s=0.2)
            return caught.value.what.replace(url, "<bot>")

    assert asyncio.run(run()) == "<bot> took no connection: none within 200 ms."


@pytest.mark.parametrize(
    "url",
    [
        "http://bot/ws",
        "bot:7860",
        "ws:///ws",
        "ws://bot:99999/",
        "ws://bot/#part",
        "ws://a..b/",
        "",
    ],
)
def test_what_is_no_address(url: str) -> None:
    error = dialling(url)

    assert isinstance(error, UsageError)
    assert str(error) == (
        f"`{url}` is not a WebSocket address.\n"
        "  Fix: give it as ws://host:port/path or wss://host/path"
    )


def test_giving_up_while_dialling_leaves_no_connection_behind() -> None:
    async def handler(peer: Peer) -> None:
        await peer.read_request()
        assert await peer.reader.read() == b""

    async def run() -> None:
        async with serving(handler) as url:
            task = asyncio.create_task(dial(url, SystemClock()))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())


@pytest.mark.parametrize(
    ("raw", "status", "headers", "body"),
    [
        (b"HTTP/1.0 404 Not Found\r\n\r\nno", 404, [], b"no"),
        (b"HTTP/1.1 500\r\nA: b\r\n\r\n", 500, [("A", "b")], b""),
        (b"HTTP/1.1 500 X\nA: b\nC:d\n\nno\n\nmore", 500, [("A", "b"), ("C", "d")], b"no\n\nmore"),
        (b"HTTP/1.1 500 X\r\nno colon here\r\nA: b", 500, [("A", "b")], b""),
    ],
)
def test_half_an_answer_is_read_as_far_as_it_goes(
    raw: bytes, status: int, headers: list[tuple[str, str]], body: bytes
) -> None:
    answer = read_answer(raw)

    assert answer is not None
    assert answer.status_code == status
    assert list(answer.headers.raw_items()) == headers
    assert answer.body == body


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 50", b"HTTP/2 200 OK\r\n", b"\x16\x03\x01"])
def test_what_is_no_answer(raw: bytes) -> None:
    assert read_answer(raw) is None
