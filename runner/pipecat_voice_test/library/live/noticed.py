"""A way to wait for what happens on a line, and a socket that tells when something arrives."""

import asyncio

from pipecat_voice_test.call.socket import Arrival, Closed, Socket


class News:
    """Wakes all who wait whenever something has happened."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake them."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def wait(self, at_most_s: float | None = None) -> None:
        """Return when something has happened, or after this time."""
        waiting: asyncio.Future[None] = self._loop.create_future()
        self._waiting.add(waiting)
        timer = None
        if at_most_s is not None:
            timer = self._loop.call_later(at_most_s, _finish, waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)
            if timer is not None:
                timer.cancel()


class NoticedSocket:
    """A `Socket` like the one inside, which rings when something has come in.

    Attributes:
        closed: How the bot's side ended, once it has.
    """

    def __init__(self, socket: Socket, news: News, loop: asyncio.AbstractEventLoop) -> None:
        self.bell = socket.bell
        self.reading = socket.reading
        self.closed: Closed | None = None
        self._socket = socket
        self._news = news
        self._loop = loop

    def received(self) -> list[Arrival]:
        arrivals = self._socket.received()
        if arrivals:
            self._loop.call_soon(self._news.ring)  # When the call has taken them.
            last = arrivals[-1]
            self.closed = last if isinstance(last, Closed) else self.closed
        return arrivals

    def send(self, data: str | bytes) -> None:
        self._socket.send(data)

    def close(self) -> None:
        self._socket.close()

    def abort(self) -> None:
        self._socket.abort()

    def unsent_bytes(self) -> int:
        return self._socket.unsent_bytes()


def _finish(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
