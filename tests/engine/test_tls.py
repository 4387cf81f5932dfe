"""An engine behind TLS is reached with the certificates that engines make for themselves."""

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.errors import EngineError

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="no openssl to make a certificate with")


def _openssl(*words: str) -> None:
    subprocess.run([OPENSSL or "", *words], check=True, capture_output=True)


def _authority(folder: Path) -> Path:
    """One that does not say that it may sign, as those of docker:dind before 28.2."""
    folder.mkdir()
    key, certificate = folder / "ca-key.pem", folder / "ca.pem"
    _openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", str(key))
    _openssl("req", "-new", "-x509", "-days", "1", "-key", str(key), "-subj", "/CN=CA",
             "-out", str(certificate))  # fmt: skip
    return folder


def _issue(authority: Path, who: str, extension: str) -> None:
    """A certificate that does not name its authority, and its key."""
    key, request = authority / f"{who}-key.pem", authority / "request.pem"
    _openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", str(key))
    _openssl("req", "-new", "-key", str(key), "-subj", f"/CN={who}", "-out", str(request))
    (authority / "extensions").write_text(extension)
    _openssl("x509", "-req", "-days", "1", "-in", str(request), "-CA", str(authority / "ca.pem"),
             "-CAkey", str(authority / "ca-key.pem"), "-set_serial", "1",
             "-extfile", str(authority / "extensions"),
             "-out", str(authority / f"{who}.pem"))  # fmt: skip


def _certificates(authority: Path) -> Path:
    """What `DOCKER_CERT_PATH` names."""
    _issue(authority, "client", "extendedKeyUsage=clientAuth")
    folder = authority / "client"
    folder.mkdir()
    shutil.copy(authority / "ca.pem", folder / "ca.pem")
    shutil.copy(authority / "client.pem", folder / "cert.pem")
    shutil.copy(authority / "client-key.pem", folder / "key.pem")
    return folder


class _Version(BaseHTTPRequestHandler):
    """All that is asked of an engine to begin with."""

    def do_GET(self) -> None:
        body = b'{"ApiVersion": "1.41"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is what some tests want."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = _authority(tmp_path_factory.mktemp("tls") / "authority")
    _certificates(folder)
    return folder


@pytest.fixture(scope="module")
def address(authority: Path) -> Iterator[str]:
    _issue(authority, "server", "subjectAltName=DNS:localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem", authority / "server-key.pem")
    context.load_verify_locations(authority / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with _Server(("127.0.0.1", 0), _Version) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"tcp://localhost:{server.server_address[1]}"
        server.shutdown()


def _connect(address: str, certificates: Path, verify: str = "1") -> Engine:
    return Engine.connect(
        {
            "DOCKER_HOST": address,
            "DOCKER_TLS_VERIFY": verify,
            "DOCKER_CERT_PATH": str(certificates),
        }
    )


def test_certificates_of_an_old_dind_are_good_enough(address: str, authority: Path) -> None:
    engine = _connect(address, authority / "client")
    engine.close()

    assert engine.client.api.api_version == "1.41"


def test_an_engine_of_another_authority_is_not_taken(address: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="certificate verify failed"):
        _connect(address, _certificates(_authority(tmp_path / "another")))


def test_an_engine_under_another_name_is_not_taken(
    address: str, authority: Path, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match="match"):
        _connect(address.replace("localhost", "127.0.0.1"), authority / "client")


def test_the_authorities_of_the_web_do_not_take_its_place(
    address: str, authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(_authority(tmp_path / "web") / "ca.pem"))
    engine = _connect(address, authority / "client")
    engine.close()

    assert engine.client.api.api_version == "1.41"


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_an_engine_that_is_not_to_be_verified_is_taken(address: str, authority: Path) -> None:
    engine = _connect(address.replace("localhost", "127.0.0.1"), authority / "client", verify="")
    engine.close()

    assert engine.client.api.api_version == "1.41"
