"""A wire to the engine that can be cut, so that the engine need not die for it."""

import contextlib
import socket
import threading
from pathlib import Path
from typing import Self

ENGINE = "/var/run/docker.sock"
_READ_BYTES = 65536


class Wire:
    """Passes everything on until `cut`; from then on nobody answers.

    Attributes:
        address: As in `DOCKER_HOST`.
    """

    def __init__(self, path: Path) -> None:
        self.address = f"unix://{path}"
        self._path = path
        self._ends: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._thread.join()
        self._listener.close()

    def cut(self) -> None:
        self._path.unlink(missing_ok=True)
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                engine = socket.socket(socket.AF_UNIX)
                engine.connect(ENGINE)
                self._ends += (caller, engine)
                threading.Thread(target=self._hold, args=(caller, engine), daemon=True).start()

    def _hold(self, caller: socket.socket, engine: socket.socket) -> None:
        with caller, engine:
            answers = threading.Thread(target=_pass_on, args=(engine, caller), daemon=True)
            answers.start()
            _pass_on(caller, engine)
            answers.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_READ_BYTES):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
