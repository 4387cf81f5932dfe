"""`wss://`: the bot's certificate is verified, and the bytes come through whole (P-8)."""

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.call.websocket import dial
from pipecat_voice_test.errors import BotNotReady
from websockets.asyncio.server import ServerConnection, serve

from call.test_websocket import closing, kinds

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="no openssl to make a certificate with")
MESSAGE = "".join(map(str, range(60_000)))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `localhost` with its key in one file."""
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [
            *(OPENSSL or "", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", str(file), "-out", f"{file}.c"),
        ],
        check=True,
        capture_output=True,
    )
    file.write_bytes(file.read_bytes() + Path(f"{file}.c").read_bytes())
    return file


async def bot(connection: ServerConnection) -> None:
    await connection.send(MESSAGE)
    await connection.send(await connection.recv())


async def exchange(certificate: Path, tls: ssl.SSLContext | None) -> list[object]:
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate)
    async with serve(bot, "127.0.0.1", 0, ssl=server_side) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        line = (await dial(f"wss://localhost:{port}/ws", SystemClock(), tls=tls)).socket
        line.send("echo")
        arrived = await closing(line)
        line.abort()
        return [*kinds(arrived)]


def test_messages_come_through_whole(certificate: Path) -> None:
    tls = ssl.create_default_context(cafile=str(certificate))

    assert asyncio.run(exchange(certificate, tls)) == [
        ("message", MESSAGE),
        ("message", "echo"),
        ("closed", 1000, ""),
    ]


def test_a_certificate_nobody_knows_is_not_taken(certificate: Path) -> None:
    with pytest.raises(BotNotReady, match="certificate verify failed"):
        asyncio.run(exchange(certificate, None))
