"""An engine that takes its time over one kind of request, in between us and the real one."""

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

ENGINE = "/var/run/docker.sock"
_READ_BYTES = 65536


class SlowEngine:
    """Passes everything on, but holds a request that fits until it is let go.

    Attributes:
        address: As in `DOCKER_HOST`.
        asked: Set once such a request has come.
        go: To be set, for the engine to be given it.
        answered: Set once the engine has done it.
    """

    def __init__(self, path: Path, held: str, *, after: int = 0) -> None:
        """Answer at a socket file.

        Args:
            path: The file, which must not be too long for one.
            held: Found in the first line of a request, such as "POST /v1.41/containers/create".
            after: So many such requests are not held.
        """
        self.address = f"unix://{path}"
        self.asked, self.go, self.answered = (threading.Event() for _ in range(3))
        self._held = re.compile(held.encode())
        self._spared = iter(range(after))
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.go.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # Wakes who waits for the next caller.
        self._thread.join()
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._take, args=(caller,), daemon=True).start()

    def _take(self, caller: socket.socket) -> None:
        """Pass on what is said on one connection, both ways, to its end."""
        held = threading.Event()
        with caller, socket.socket(socket.AF_UNIX) as engine:
            engine.connect(ENGINE)
            answers = threading.Thread(
                target=self._pass_answers, args=(engine, caller, held), daemon=True
            )
            answers.start()
            for data in _received(caller):
                if self._is_held(data.partition(b"\r\n")[0]):
                    self.asked.set()
                    self.go.wait()
                    held.set()
                engine.sendall(data)
            with contextlib.suppress(OSError):
                engine.shutdown(socket.SHUT_WR)
            answers.join()

    def _pass_answers(
        self, engine: socket.socket, caller: socket.socket, held: threading.Event
    ) -> None:
        for data in _received(engine):
            if held.is_set():
                self.answered.set()
            with contextlib.suppress(OSError):  # The caller may have gone.
                caller.sendall(data)
        with contextlib.suppress(OSError):
            caller.shutdown(socket.SHUT_WR)

    def _is_held(self, line: bytes) -> bool:
        return self._held.search(line) is not None and next(self._spared, None) is None


def _received(source: socket.socket) -> Iterator[bytes]:
    with contextlib.suppress(OSError):
        while data := source.recv(_READ_BYTES):
            yield data
