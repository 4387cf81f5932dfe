"""One call on one WebSocket: Twilio's messages in, the brain's acts out, at their time.

Call time 0 is the caller's `start`. The caller sends frame n no earlier than 20n ms after it,
so the smallest distance seen between a frame's arrival and 20n is the best estimate of that
moment, and it only gets better: a frame that was late on the way does not count.
"""

import asyncio
import base64
import binascii
import contextlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from pipecat_voice_test.demo.acts import Act, Clear, Close, Log, Mark, Send, told
from pipecat_voice_test.demo.brain import Brain
from pipecat_voice_test.demo.ear import SAMPLES_PER_MS
from pipecat_voice_test.demo.mischief import HELD_S, make_mischief

FOREIGN_SID = "MZ" + "f" * 32


class Alarm:
    """Wakes one waiter at a time of the loop's clock, or sooner."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None

    async def wait_until(self, when_s: float | None) -> None:
        self._waiter = self._loop.create_future()
        handle = self._loop.call_at(when_s, self.ring) if when_s is not None else None
        try:
            await self._waiter
        finally:
            if handle is not None:
                handle.cancel()

    def ring(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Line:
    """Holds one call from its first message to its end."""

    def __init__(
        self,
        socket: ServerConnection,
        brain: Brain,
        faults: Mapping[str, float],
        log: TextIO | None,
        tell: Callable[[str], object],
    ) -> None:
        self._socket = socket
        self._brain = brain
        self._faults = faults
        self._log_file = log
        self._tell = tell
        self._alarm = Alarm()
        self._zero_ns = 0
        self._received_samples = 0
        self._stream_sid = self._call_sid = ""
        self.overheard_by: Line | None = None  # Another call that hears what is said in this one.

    async def hold(self) -> None:
        """Take the call; returns when it is over."""
        try:
            if not await self._started():
                return
            self._log("start", {"at": 0.0}, {})
            async with asyncio.TaskGroup() as tasks:
                talker = tasks.create_task(self._talk())
                mischief = tasks.create_task(make_mischief(self._socket, self.sid, self._faults))
                await self._listen()
                talker.cancel()
                mischief.cancel()
        except* ConnectionClosed:
            pass
        finally:
            code = self._socket.protocol.close_code
            self._log("closed", {"at": self._now_ms()}, {"code": code})
        if "keeps-socket" in self._faults:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._socket.wait_closed(), HELD_S)

    async def be_told(self, payload: str) -> None:
        """Let the caller hear what was meant for another."""
        if not self._stream_sid:
            return
        with contextlib.suppress(ConnectionClosed):
            await self._send(_media(self._stream_sid, payload))

    @property
    def sid(self) -> str:
        """The stream's id, as the caller gave it."""
        return self._stream_sid

    async def _started(self) -> bool:
        """Read two messages, as the framework's bots do; one of them should be `start`."""
        for _ in range(2):
            message = _parsed(await self._socket.recv())
            if message.get("event") == "start":
                self._zero_ns = time.monotonic_ns()
                start = message.get("start") or {}
                self._stream_sid = str(start.get("streamSid") or message.get("streamSid"))
                self._call_sid = str(start.get("callSid"))
        return bool(self._stream_sid)

    async def _listen(self) -> None:
        async for data in self._socket:
            message = _parsed(data)
            match message.get("event"):
                case "media":
                    self._hear(message)
                case "dtmf":
                    digit = str((message.get("dtmf") or {}).get("digit", ""))
                    self._brain.press(digit, self._now_ms())
                case "mark":
                    name = str((message.get("mark") or {}).get("name", ""))
                    self._brain.mark_returned(name, self._now_ms())
                case "stop":
                    return
                case _:
                    continue
            self._alarm.ring()

    def _hear(self, message: dict[str, Any]) -> None:
        try:
            ulaw = base64.b64decode(message["media"]["payload"])
        except (KeyError, TypeError, binascii.Error):
            return
        self._received_samples += len(ulaw)
        spoken_ns = self._received_samples * 1_000_000 // SAMPLES_PER_MS
        self._zero_ns = min(self._zero_ns, time.monotonic_ns() - spoken_ns)
        self._brain.hear(ulaw, self._now_ms())

    async def _talk(self) -> None:
        while True:
            due_ms = self._brain.due_ms()
            if due_ms is None:
                await self._alarm.wait_until(None)
            elif due_ms > self._now_ms():
                await self._alarm.wait_until((self._zero_ns / 1e6 + due_ms) / 1e3)
            acts = self._brain.act(self._now_ms())
            try:
                for act in acts:
                    await self._perform(act)
            finally:  # Written last, so that writing delays nothing, but always.
                for act in acts:
                    if isinstance(act, Log):
                        self._log(act.event, act.times_ms, act.facts)

    async def _perform(self, act: Act) -> None:
        sid = self._stream_sid
        if "foreign-stream-sid" in self._faults and not _is_greeting(act):
            sid = FOREIGN_SID
        match act:
            case Send():
                payload = base64.b64encode(act.ulaw).decode()
                await self._send(_media(sid, payload))
                if self.overheard_by is not None and not _is_greeting(act):
                    await self.overheard_by.be_told(payload)
            case Mark():
                await self._send({"event": "mark", "streamSid": sid, "mark": {"name": act.name}})
            case Clear():
                await self._send({"event": "clear", "streamSid": sid})
            case Close():
                await self._socket.close(act.code)
            case Log():
                pass

    async def _send(self, message: dict[str, Any]) -> None:
        text = json.dumps(message)
        if "fragments" in self._faults:
            third = len(text) // 3
            await self._socket.send([text[:third], text[third : 2 * third], text[2 * third :]])
        else:
            await self._socket.send(text)

    def _now_ms(self) -> float:
        return (time.monotonic_ns() - self._zero_ns) / 1e6

    def _log(self, event: str, times_ms: Mapping[str, float], facts: Mapping[str, object]) -> None:
        self._tell(f"{self._call_sid[:8]} {told(event, times_ms, facts)}\n")
        if self._log_file is None:
            return
        entry: dict[str, object] = {"event": event, "call_sid": self._call_sid}
        for name, at_ms in times_ms.items():
            entry[f"{name}_ns"] = self._zero_ns + round(at_ms * 1e6)
            entry[f"{name}_ms"] = round(at_ms, 2)
        self._log_file.write(json.dumps(entry | dict(facts)) + "\n")
        self._log_file.flush()


def _media(sid: str, payload: str) -> dict[str, Any]:
    return {"event": "media", "streamSid": sid, "media": {"payload": payload}}


def _is_greeting(act: Act) -> bool:
    match act:
        case Send():
            return act.said == "greeting"
        case Mark():
            return act.name.startswith("greeting")
        case _:
            return False


def _parsed(data: str | bytes) -> dict[str, Any]:
    """The message, or nothing if it is none."""
    try:
        message = json.loads(data)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
