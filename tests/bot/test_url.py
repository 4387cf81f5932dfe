"""A bot that already runs is called at the address given, once it answers."""

import asyncio
import re
import shlex
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from pipecat_voice_test.bot.url import UrlBot
from pipecat_voice_test.errors import BotNotReady, UsageError

SAY = "say `ws://HOST:PORT/PATH`, for example `ws://127.0.0.1:7860/ws`."


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        pytest.param("http://bot:7860/ws", "say `ws://bot:7860/ws`.", id="http"),
        pytest.param("https://bot/ws?a=b", "say `wss://bot/ws?a=b`.", id="https"),
        pytest.param("localhost:7860/ws", "say `ws://localhost:7860/ws`.", id="no-scheme"),
        pytest.param("ftp://bot/ws", SAY, id="another-scheme"),
        pytest.param("ws://", SAY, id="no-host"),
        pytest.param("ws://bot:port/ws", SAY, id="port-is-no-number"),
        pytest.param("ws://bot:99999/ws", SAY, id="port-too-large"),
        pytest.param("ws://bot/ws#here", SAY, id="fragment"),
        pytest.param("ws://[::1/ws", SAY, id="half-a-bracket"),
    ],
)
def test_what_is_no_websocket_address(url: str, fix: str) -> None:
    with pytest.raises(UsageError) as caught:
        UrlBot(url)

    assert str(caught.value) == f"`--bot-url {url}` is not a WebSocket address.\n  Fix: {fix}"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        pytest.param("ws://bot:7860/ws", "ws://bot:7860/ws", id="as-given"),
        pytest.param("wss://me:pw@bot/ws?token=1", "wss://bot/ws", id="without-secrets"),
        pytest.param("WS://[::1]:80/", "ws://[::1]:80/", id="ipv6"),
    ],
)
def test_name_and_url(url: str, name: str) -> None:
    bot = UrlBot(url)

    assert (bot.launcher, bot.name, bot.url) == ("url", name, url)


async def not_found(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 404 Not Found\r\n\r\n")
    writer.close()


def test_a_bot_that_answers_404_is_ready() -> None:
    async def wait() -> float:
        async with await asyncio.start_server(not_found, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with UrlBot(f"ws://127.0.0.1:{port}/ws") as bot:
                return bot.ready_ms

    assert asyncio.run(wait()) > 0


def test_a_bot_that_comes_up_later_is_waited_for() -> None:
    async def wait() -> float:
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            port = holder.getsockname()[1]
        bot = UrlBot(f"ws://127.0.0.1:{port}/ws", start_timeout_s=20)
        starting = asyncio.create_task(bot.start())
        await asyncio.sleep(0.1)
        async with await asyncio.start_server(not_found, "127.0.0.1", port):
            await starting
        return bot.ready_ms

    assert asyncio.run(wait()) >= 100


def test_nobody_there() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        bot = UrlBot(f"ws://127.0.0.1:{port}/ws", start_timeout_s=0.3)
        with pytest.raises(BotNotReady) as caught:
            asyncio.run(bot.start())

    assert caught.value.kind == "bot_not_ready"
    assert str(caught.value) == (
        f"ws://127.0.0.1:{port}/ws did not answer within 300 ms:"
        f" 127.0.0.1:{port} refused the connection.\n"
        "  Fix: start the bot before the run, check host and port of `--bot-url`,\n"
        "       or raise `--start-timeout` if it loads models first."
    )


def test_a_tcp_port_that_never_answers_http_is_not_ready() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        bot = UrlBot(f"ws://127.0.0.1:{port}/ws", start_timeout_s=0.3)
        with pytest.raises(BotNotReady) as caught:
            asyncio.run(bot.start())

    assert caught.value.what == (
        f"ws://127.0.0.1:{port}/ws did not answer within 300 ms:"
        f" 127.0.0.1:{port} accepted the connection but never answered an HTTP request."
    )


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_a_certificate_nobody_signed_is_refused_at_once(tmp_path: Path) -> None:
    subprocess.run(
        shlex.split(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            " -subj /CN=localhost -keyout key.pem -out cert.pem"
        ),
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")

    async def wait() -> None:
        async with await asyncio.start_server(not_found, "127.0.0.1", 0, ssl=tls) as server:
            port = server.sockets[0].getsockname()[1]
            await UrlBot(f"wss://127.0.0.1:{port}/ws").start()

    with pytest.raises(BotNotReady) as caught:
        asyncio.run(wait())

    message = re.sub(r":\d+", ":1", str(caught.value))
    assert message == (
        "wss://127.0.0.1:1/ws: 127.0.0.1:1 has no valid certificate (self-signed certificate).\n"
        "  Fix: give the name the certificate was made for, or call the bot by `ws://`."
    )


def test_stopping_twice_and_without_starting_is_fine() -> None:
    bot = UrlBot("ws://127.0.0.1:1/ws")

    async def stop_twice() -> None:
        await bot.stop()
        await bot.stop()

    asyncio.run(stop_twice())
    bot.kill_now()

    assert bot.log_since(bot.log_position()) == ""
