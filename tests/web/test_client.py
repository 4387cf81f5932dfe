"""A question over HTTP has one answer or one plain reason, soon, whoever is asked."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from call import test_tls
from call.servers import Peer, serving
from pipecat_voice_test.web.client import AskFailed, Reply, Trouble, ask

certificate = test_tls.certificate

OK = b"HTTP/1.1 200 OK\r\n"

Answer = Callable[[Peer], Awaitable[None]]


def says(raw: bytes) -> Answer:
    async def handler(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(raw)

    return handler


async def asked(answer: Answer, *, timeout_s: float = 5.0, max_bytes: int = 1000) -> Reply:
    async with serving(answer) as url:
        web = url.replace("ws:", "http:")
        return await ask("POST", web, body=b"a=b", timeout_s=timeout_s, max_bytes=max_bytes)


def test_a_request_goes_out_whole_and_once() -> None:
    seen: list[bytes] = []

    async def handler(peer: Peer) -> None:
        await peer.read_request()
        seen.append(peer.request.encode() + await peer.reader.read())

    async def talk() -> str:
        async with serving(handler) as url:
            web = url.replace("ws://", "http://user:pa%20ss@") + "?x=1"
            headers = {"Content-Type": "text/plain"}
            with pytest.raises(AskFailed):
                await ask("POST", web, body=b"hi", headers=headers, timeout_s=0.2, max_bytes=9)
        return url

    port = asyncio.run(talk()).split(":")[2].removesuffix("/ws")

    assert seen == [
        b"POST /ws?x=1 HTTP/1.1\r\nHost: 127.0.0.1:%b\r\nContent-Type: text/plain\r\n"
        b"Connection: close\r\nAuthorization: Basic dXNlcjpwYSBzcw==\r\nContent-Length: 2\r\n\r\nhi"
        % port.encode()
    ]


@pytest.mark.parametrize(
    ("raw", "reply"),
    [
        pytest.param(
            OK + b"Content-Length: 2\r\nX-A: 1\r\n\r\nhi",
            Reply(200, "OK", (("content-length", "2"), ("x-a", "1")), b"hi"),
            id="with-its-length",
        ),
        pytest.param(b"HTTP/1.0 500 No\r\n\r\nhi", Reply(500, "No", (), b"hi"), id="until-closed"),
        pytest.param(b"HTTP/1.1 204\r\n\r\n", Reply(204, "", (), b""), id="without-a-body"),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
            Reply(200, "OK", (("transfer-encoding", "chunked"),), b"hi"),
            id="in-chunks",
        ),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n",
            Reply(302, "Found", (("location", "/b"),), b""),
            id="redirects-are-not-followed",
        ),
        pytest.param(OK + b"\r\n" + b"x" * 1000, Reply(200, "OK", (), b"x" * 1000), id="at-limit"),
    ],
)
def test_an_answer_comes_as_it_was_given(raw: bytes, reply: Reply) -> None:
    assert asyncio.run(asked(says(raw))) == reply


@pytest.mark.parametrize(
    ("raw", "trouble", "message"),
    [
        pytest.param(b"", Trouble.CUT_OFF, "closed the connection without an answer", id="nothing"),
        pytest.param(
            b"HTTP/1.1 20", Trouble.CUT_OFF, "closed the connection without an answer", id="half"
        ),
        pytest.param(
            OK + b"Content-Length: 9\r\n\r\nhi",
            Trouble.CUT_OFF,
            "closed the connection after 2 bytes of its answer",
            id="less-than-announced",
        ),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nhi",
            Trouble.CUT_OFF,
            "closed the connection after 2 bytes of its answer",
            id="half-a-chunk",
        ),
        pytest.param(
            b"SSH-2.0-OpenSSH_9\r\n",
            Trouble.NOT_HTTP,
            "did not answer in HTTP: peer unexpectedly closed connection",
            id="another-protocol",
        ),
        pytest.param(
            b"\x1b[31m\r\n\r\n",
            Trouble.NOT_HTTP,
            r"did not answer in HTTP: illegal status line: bytearray(b'\x1b[31m')",
            id="what-would-colour-a-terminal",
        ),
        pytest.param(
            OK + b"Content-Length: 1001\r\n\r\n",
            Trouble.TOO_BIG,
            "answered with more than 1000 bytes (1001 announced)",
            id="one-byte-too-many-announced",
        ),
        pytest.param(
            OK + b"\r\n" + b"x" * 1001,
            Trouble.TOO_BIG,
            "answered with more than 1000 bytes",
            id="one-byte-too-many",
        ),
        pytest.param(
            OK + b"a: b\r\n" * 300,
            Trouble.TOO_BIG,
            "answered with a head of more than 200 lines",
            id="endless-headers",
        ),
        pytest.param(
            OK + b"a: " + b"b" * 20_000,
            Trouble.TOO_BIG,
            "answered with a head of more than 16384 bytes",
            id="an-endless-header",
        ),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\n" * 9,
            Trouble.TOO_BIG,
            "answered with more than 8 interim answers",
            id="endless-interim-answers",
        ),
        pytest.param(
            OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
            Trouble.NOT_HTTP,
            "did not answer in HTTP: bad Content-Length",
            id="a-length-of-5000-digits",
        ),
    ],
)
def test_what_is_no_answer_says_why(raw: bytes, trouble: Trouble, message: str) -> None:
    with pytest.raises(AskFailed) as caught:
        asyncio.run(asked(says(raw)))

    assert (caught.value.trouble, str(caught.value)) == (trouble, message)


def test_one_time_limit_holds_for_silence_and_for_drips() -> None:
    async def silent(peer: Peer) -> None:
        await peer.reader.read()

    async def dripping(peer: Peer) -> None:
        await peer.send(OK + b"\r\n")
        while not peer.reader.at_eof() and not peer.writer.is_closing():
            peer.writer.write(b"x")
            await asyncio.sleep(0.01)

    async def message(answer: Answer) -> str:
        with pytest.raises(AskFailed) as caught:
            await asked(answer, timeout_s=0.1)
        assert caught.value.trouble is Trouble.TIMED_OUT
        return str(caught.value)

    assert asyncio.run(message(silent)) == "did not answer within 100 ms"
    late = asyncio.run(message(dripping))
    assert late.startswith("did not finish its answer within 100 ms (")
    assert late.endswith(" bytes of it came)")


@pytest.mark.parametrize(
    "url",
    ["ws://a/", "a", "http://", "http://a b/", "http://[::1/", "http://a:0/", "http://a..b/",
     "http://a/\r\nX: y"],
)  # fmt: skip
def test_what_is_no_address_is_not_asked(url: str) -> None:
    with pytest.raises(AskFailed) as caught:
        asyncio.run(ask("GET", url, timeout_s=1.0, max_bytes=1))

    assert caught.value.trouble is Trouble.BAD_ADDRESS
    assert str(caught.value) == "is no http:// or https:// address"


def test_nobody_there_is_no_connection() -> None:
    async def gone() -> None:
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        await ask("GET", f"http://127.0.0.1:{port}/", timeout_s=5.0, max_bytes=1)

    with pytest.raises(AskFailed, match=r"took no connection: ") as caught:
        asyncio.run(gone())

    assert caught.value.trouble is Trouble.NO_CONNECTION


@pytest.mark.skipif(test_tls.OPENSSL is None, reason="no openssl to make a certificate with")
def test_an_https_server_is_held_to_its_certificate(certificate: Path) -> None:
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: 2\r\n\r\nhi")

    async def over_tls(tls: ssl.SSLContext | None) -> Reply:
        server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=server_side)
        async with server:
            port = server.sockets[0].getsockname()[1]
            url = f"https://localhost:{port}/"
            return await ask("GET", url, timeout_s=5.0, max_bytes=9, tls=tls)

    assert asyncio.run(over_tls(trusting)).body == b"hi"
    with pytest.raises(AskFailed) as caught:
        asyncio.run(over_tls(None))
    assert caught.value.trouble is Trouble.UNTRUSTED
    assert str(caught.value) == "has no valid certificate (self-signed certificate)"
