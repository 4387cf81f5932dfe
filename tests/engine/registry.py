"""An image registry of our own on this machine, which also misbehaves when asked to.

Engines take plain HTTP from 127.0.0.1. As public registries do, it wants a token of everybody
and gives one to anybody. One tiny image under every name; what goes wrong depends on the first
part of the name: `locked/…` is for those who log in, `busy/…`, `gone/…`, `slow/…`.

Source: https://distribution.github.io/distribution/spec/api/
"""

import gzip
import hashlib
import io
import json
import secrets
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Final

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def _layer(name: str, data: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class TinyImage:
    """Three small layers without a program in them, which no engine has seen before."""

    def __init__(self) -> None:
        layers = [_layer(f"file-{number}", secrets.token_bytes(8)) for number in range(3)]
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Cmd": ["/file-0"]},
                "rootfs": {"type": "layers", "diff_ids": [_digest(one) for one in layers]},
            }
        ).encode()
        packed = [gzip.compress(one, mtime=0) for one in layers]
        self.blobs = {_digest(one): one for one in (config, *packed)}
        self.manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "config": {
                    "mediaType": "application/vnd.docker.container.image.v1+json",
                    "size": len(config),
                    "digest": _digest(config),
                },
                "layers": [
                    {
                        "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                        "size": len(one),
                        "digest": _digest(one),
                    }
                    for one in packed
                ],
            }
        ).encode()
        self.blobs[_digest(self.manifest)] = self.manifest


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    image: ClassVar[TinyImage]
    registry: ClassVar["Registry"]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.registry.asked.append(path)
        kind = path.split("/")[2] if path.count("/") > 2 else ""
        if path == "/token":
            known = (self.headers["Authorization"] or "").startswith("Basic ")
            self._answer(200, b'{"token": "%s"}' % (b"known" if known else b"anybody"), "text/json")
        elif kind == "busy":
            self._refuse(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.")
        elif self.headers["Authorization"] not in (
            ("Bearer known",) if kind == "locked" else ("Bearer known", "Bearer anybody")
        ):
            self._refuse(401, "UNAUTHORIZED", "authentication required")
        elif kind == "gone":
            self._refuse(404, "NAME_UNKNOWN", "repository name not known to registry")
        elif path.endswith("/manifests/latest"):
            self._answer(200, self.image.manifest, MANIFEST_TYPE)
        elif path.rpartition("/")[2] in self.image.blobs:
            if kind == "slow" and "/blobs/" in path:
                self.registry.hurry.wait(self.registry.SLOW_S)
            body = self.image.blobs[path.rpartition("/")[2]]
            kind = MANIFEST_TYPE if "/manifests/" in path else "application/octet-stream"
            self._answer(200, body, kind)
        elif path == "/v2/":
            self._answer(200, b"{}", "application/json")
        else:
            self._refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")

    do_HEAD = do_GET

    def _refuse(self, status: int, code: str, message: str) -> None:
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self._answer(status, body, "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        if status == 401:
            host = self.headers["Host"]
            self.send_header("WWW-Authenticate", f'Bearer realm="http://{host}/token",service="x"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", _digest(body))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Registry:
    """A registry that runs.

    Attributes:
        address: `127.0.0.1:PORT`, to be written before names of images.
        asked: Every path that was asked for.
        hurry: Set, `slow/…` is slow no longer.
    """

    SLOW_S: Final = 60.0

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self.asked: list[str] = []
        self.hurry = threading.Event()


@contextmanager
def registry() -> Iterator[Registry]:
    """A registry, until the end of the block."""

    class Handler(_Handler):
        image = TinyImage()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Handler.registry = Registry(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Handler.registry
    finally:
        Handler.registry.hurry.set()
        server.shutdown()
        server.server_close()
        thread.join()
