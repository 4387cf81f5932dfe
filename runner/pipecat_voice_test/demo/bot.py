"""A Twilio Media Streams bot to be called: `python -m pipecat_voice_test.demo.bot`.

It greets, listens, answers, yields when it is interrupted, understands keys (1 opening hours,
2 address, digits ended by #, 9 goodbye) and does everything at exactly the time it is told.
With `--background` it streams all the time, and with `--tool-ms` it looks something up before
it answers; both are healthy.

`--log FILE` says what really happened, one JSON object a line. Every moment has two forms:
`…_ns` on CLOCK_MONOTONIC, comparable with `t0_monotonic_ns` of a call's results on the same
machine, and `…_ms` in the bot's own estimate of call time. Lines, each with its `call_sid`:

    start     at
    greeting  at: the caller hears its first loud millisecond, if the audio plays at once
    answer    at; caller_onset, caller_end: the speech it answers, or key: the key
    clear     at: when it was sent; removed_ms: how much went unheard by the bot's reckoning
    stopped   at: end of the last loud millisecond heard after yielding; caller_onset
    heard     at: a mark came back; mark
    closed    at; code: null if there was no close frame

The truth about a call is therefore

    response_ms = answer.at_ms  - answer.caller_end_ms
    stop_ms     = stopped.at_ms - stopped.caller_onset_ms
    greeting_ms = (greeting.at_ns - t0_monotonic_ns) / 1e6

`at` is taken when the message is handed to the socket, so the way to the caller (well under a
millisecond on one machine) comes on top. The caller's edges are those of `ear`. A background is
no voice: with one, too, `at` is about the voice alone. An answer with neither `caller_end` nor
`key` is one that nobody asked for, or that a tool held up.
"""

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import selectors
import signal
import socket
import sys
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from pipecat_voice_test.demo.background import SOUNDS, Background, sound_of
from pipecat_voice_test.demo.brain import Brain
from pipecat_voice_test.demo.clips import VOICES, Voice
from pipecat_voice_test.demo.faults import Faults, Manners, table
from pipecat_voice_test.demo.line import Line
from pipecat_voice_test.demo.mischief import SMALL_BUFFER_BYTES, StubbornConnection, die
from pipecat_voice_test.demo.mouth import Mouth
from pipecat_voice_test.demo.spoilt import spoilt

PATH = "/ws"
FAULTS_VARIABLE = "DEMO_BOT_FAULT"
STOP_S = 1.0
_PORTIONS_MS = {"20": 20.0, "40": 40.0, "137.5": 137.5, "200": 200.0, "all": None}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line asked for."""

    host: str
    port: int
    voice: Voice
    manners: Manners
    portion_ms: float | None
    faults: Faults
    log: Path | None
    background: Sequence[int] | None = None
    tells: bool = False


def settings_from(arguments: list[str], environment: str = "") -> Settings:
    """Read the command line; `environment` holds more faults.

    Raises:
        SystemExit: It asks for help, or for something there is not.
    """
    manners = Manners()
    parser = argparse.ArgumentParser(
        prog="python -m pipecat_voice_test.demo.bot",
        description="A phone bot to call, healthy unless a fault is switched on.",
        epilog=f"faults (also in {FAULTS_VARIABLE}, separated by commas):\n{table()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=7860)
    add("--greeting-after-ms", type=float, default=manners.greeting_after_ms)
    add("--answer-after-ms", type=float, default=manners.answer_after_ms)
    add("--stop-after-ms", type=float, default=manners.stop_after_ms)
    add("--voice-to-yield-ms", type=float, default=manners.voice_to_yield_ms,
        help="it takes this much voice to interrupt it")  # fmt: skip
    add("--tool-ms", type=float, help="says something short, is silent this long, then answers")
    add("--reply-ms", type=float, help="every reply lasts this long")
    add("--send", choices=_PORTIONS_MS, default="20", help="milliseconds a message")
    add("--voice", choices=VOICES, default="speech")
    add("--background", choices=SOUNDS, help="streams this all the time, also under the voice")
    add("--background-db", type=float, default=20, help="the background is this far below it")
    add("--fault", action="append", default=[], metavar="NAME[=VALUE]")
    add("--log", type=Path, metavar="FILE", help="what happened, as JSON lines")
    add("--tell", action="store_true", help="print what happens")
    given = parser.parse_args(arguments)
    try:
        faults = Faults([*environment.split(","), *given.fault])
    except ValueError as error:
        parser.error(str(error))
    voice = VOICES[given.voice]()
    if given.reply_ms:
        voice = replace(voice, replies=tuple(c.lasting(given.reply_ms) for c in voice.replies))
    manners = Manners(
        greeting_after_ms=given.greeting_after_ms,
        answer_after_ms=given.answer_after_ms,
        stop_after_ms=given.stop_after_ms,
        voice_to_yield_ms=given.voice_to_yield_ms,
        tool_ms=given.tool_ms,
    )
    behind = given.background or ("silence" if "streams-silence" in faults else None)
    return Settings(
        given.host,
        given.port,
        spoilt(voice, faults),
        faults.applied_to(manners),
        _PORTIONS_MS[given.send],
        faults,
        given.log,
        sound_of(behind, given.background_db) if behind else None,
        given.tell,
    )


async def answer_calls(settings: Settings) -> None:
    """Take calls until SIGTERM or SIGINT."""
    faults = settings.faults
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if "exit-after" in faults:
        loop.call_later(faults["exit-after"], die)
    with contextlib.ExitStack() as files:
        log = files.enter_context(settings.log.open("a")) if settings.log else None
        calls = Calls(settings, log)
        server = await serve(
            calls.take,
            sock=_listener(settings),
            process_request=lambda connection, request: _greet_http(connection, request, faults),
            create_connection=StubbornConnection if "keeps-socket" in faults else ServerConnection,
            compression=None,
            open_timeout=None,
            ping_interval=None,
            max_size=None,
        )
        port = next(iter(server.sockets)).getsockname()[1]
        _print(f"listening on ws://{settings.host}:{port}{PATH}\n")
        gc.freeze()
        await stopped.wait()
        server.close()
        with contextlib.suppress(TimeoutError):  # Some faults hold their calls for ever.
            await asyncio.wait_for(server.wait_closed(), STOP_S)


class Calls:
    """All calls of one bot; a healthy one lets none of them know of the others."""

    def __init__(self, settings: Settings, log: TextIO | None) -> None:
        self._settings = settings
        self._log = log
        self._latest: weakref.ref[Line] | None = None

    async def take(self, connection: ServerConnection) -> None:
        """Hold one call, to its end."""
        settings = self._settings
        if "never-reads" in settings.faults:
            await asyncio.get_running_loop().create_future()
        behind = None if settings.background is None else Background(settings.background)
        mouth = Mouth(settings.portion_ms, behind, slowness=settings.manners.slowness)
        brain = Brain(settings.manners, settings.voice, mouth)
        tell = _print if settings.tells else _keep_to_itself
        line = Line(connection, brain, settings.faults, self._log, tell)
        if "crosses-calls" in settings.faults:
            if self._latest is not None and (before := self._latest()) is not None:
                before.overheard_by = line
            self._latest = weakref.ref(line)
        try:
            await line.hold()
        except Exception:
            logging.exception("the call failed")
            raise


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _keep_to_itself(text: str) -> None: ...


async def _greet_http(
    connection: ServerConnection, request: Request, faults: Faults
) -> Response | None:
    """Answer plain HTTP; let WebSockets through to `PATH` only."""
    path = request.path.partition("?")[0]
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return connection.respond(200 if path == "/" else 404, "This is a phone bot.\n")
    if path != PATH:
        return connection.respond(403, "There is no bot on this path.\n")
    if "hang-upgrade" in faults:
        await asyncio.get_running_loop().create_future()
    if "refuse" in faults:
        return connection.respond(int(faults["refuse"]), "Refused on request.\n")
    return None


def _listener(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.create_server((settings.host, settings.port), family=family, backlog=256)
    # Calls inherit it. asyncio does it only for sockets it made, and without it a `clear` waits
    # in the kernel for the caller's next frame, when `at` of the log is long past.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if "never-reads" in settings.faults:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
    return listener


def main() -> None:
    # Probes that look and leave are no errors, and no news either.
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    settings = settings_from(sys.argv[1:], os.environ.get(FAULTS_VARIABLE, ""))
    # select waits in microseconds where epoll waits in whole milliseconds, rounded up.
    with asyncio.Runner(loop_factory=_punctual_loop) as runner:
        runner.run(answer_calls(settings))


def _punctual_loop() -> asyncio.AbstractEventLoop:
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


if __name__ == "__main__":
    main()
