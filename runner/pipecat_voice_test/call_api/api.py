"""The server at which bots ask a network to end their calls, or to go on with them otherwise.

It may be told where to listen before the event loop runs, and from any thread, because a bot is
told the address before it starts. What comes in meanwhile waits in the system's queue.
"""

import asyncio
import json
import logging
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from urllib.parse import parse_qsl, unquote

from pipecat_voice_test.call_api.calls import ApiCall, Calls, now
from pipecat_voice_test.protocol.requests.call_api import (
    ApiReply,
    ApiRequest,
    CallApiRules,
    not_a_request,
)
from pipecat_voice_test.protocol.wire import Complaint
from pipecat_voice_test.timeline import Severity
from pipecat_voice_test.web.server import Answer, HttpServer, Request, listening

MAX_FIELDS = 100
_FORM = "application/x-www-form-urlencoded"

log = logging.getLogger(__name__)


class CallApi:
    """One network's call API for all calls of a run."""

    def __init__(self, rules: CallApiRules) -> None:
        """Nothing listens yet."""
        self._rules = rules
        self._calls = Calls()
        self._server = HttpServer(self._answer, self._not_understood)
        self._lock = threading.Lock()
        self._ports: dict[tuple[str, int], int] = {}
        self._listeners: list[socket.socket] = []
        self._waiting: list[socket.socket] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._closed = False
        self._told: set[str] = set()

    def listen(self, host: str, port: int = 0) -> int:
        """Be found at an address of this machine from now on; asked again, it is the same port.

        Args:
            host: An IP address of this machine.
            port: 0 for a free one.

        Returns:
            The port.

        Raises:
            OSError: There is no such address here, or the port is taken.
        """
        with self._lock:
            if (host, port) not in self._ports:
                listener = listening(host, port)
                self._ports[host, port] = listener.getsockname()[1]
                self._take(listener)
            return self._ports[host, port]

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Answer whoever asks; closed at once at the end, whatever is under way."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
            waiting, self._waiting = self._waiting, []
        try:
            for listener in waiting:
                await self._server.serve(listener)
            yield
        finally:
            with self._lock:
                self._closed, self._loop = True, None
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)
            await self._server.close()
            for listener in self._listeners:
                listener.close()

    @contextmanager
    def knows(self, call: ApiCall) -> Iterator[None]:
        """Let bots ask about a call for as long as it is held."""
        with self._calls.held(call):
            yield

    def _take(self, listener: socket.socket) -> None:
        """Have a listener served, now or when the loop runs; the lock is held."""
        self._listeners.append(listener)
        if self._closed:
            listener.close()
        elif self._loop is None:
            self._waiting.append(listener)
        else:
            with suppress(RuntimeError):  # The loop is closed: nobody calls any more.
                self._loop.call_soon_threadsafe(self._serve, listener)

    def _serve(self, listener: socket.socket) -> None:
        if self._closed:
            return
        task = asyncio.get_running_loop().create_task(self._server.serve(listener))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    # --- requests -------------------------------------------------------------------------

    def _answer(self, request: Request) -> Answer:
        asked = taken_apart(request)
        reply = self._rules.reply(asked, self._calls.state)
        self._write_down(asked, reply, len(request.body))
        call = self._calls.find(reply.call_id)
        if call is not None and reply.deed is not None:
            call.do(reply.deed, asked.at)
        if reply.body is None:
            return Answer(reply.status, b"", reply.headers)
        headers = (("Content-Type", "application/json"), *reply.headers)
        return Answer(reply.status, json.dumps(reply.body).encode(), headers)

    def _not_understood(self, why: str) -> None:
        self._complain(not_a_request(why), why)

    def _write_down(self, asked: ApiRequest, reply: ApiReply, size_bytes: int) -> None:
        detail = f"{reply.says or 'refused'}: {asked.shown}: {reply.status}"
        call = self._calls.find(reply.call_id)
        if call is not None:
            call.asked(detail, size_bytes, reply.complaint)
        elif reply.complaint is not None and self._calls.state(reply.call_id) is None:
            self._complain(reply.complaint, detail, size_bytes)

    def _complain(self, complaint: Complaint, detail: str, size_bytes: int = 0) -> None:
        """Put down to a call what names none: to the only one, else to each of them as a note."""
        live = self._calls.live
        if len(live) > 1:
            text = f"{complaint.message} (One of {len(live)} calls at that time.)"
            complaint = Complaint(
                complaint.kind, complaint.case, text, complaint.code, Severity.NOTE
            )
        for call in live:
            call.asked(detail, size_bytes, complaint)
        if not live and complaint.case not in self._told:
            self._told.add(complaint.case)
            log.warning("between calls: %s", complaint.message)


def taken_apart(request: Request) -> ApiRequest:
    """A request as the rules of an API look at it. Never raises."""
    path = request.target.partition("?")[0].partition("#")[0]
    return ApiRequest(
        request.method,
        tuple(unquote(segment) for segment in path.removeprefix("/").split("/")),
        now(),
        _form(request),
        request.header("authorization"),
    )


def _form(request: Request) -> dict[str, str]:
    kind = request.header("content-type").partition(";")[0].strip().lower()
    if kind != _FORM or not request.body:
        return {}
    try:
        pairs = parse_qsl(
            request.body.decode("utf-8", "replace"),
            keep_blank_values=True,
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        return {}
    return dict(pairs)
