"""The library's adapter: how long a chunk takes, whether replies are whole, when they are heard."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
from pipecat_voice_test.adapters import AudioChunk, BotGone, PipecatAgentAdapter
from pipecat_voice_test.audio.codec import Pcm, decode_ulaw
from pipecat_voice_test.audio.files import read_recording
from pipecat_voice_test.audio.speech import clip_spans
from pipecat_voice_test.library.live.rates import Heard24k
from websockets.asyncio.server import ServerConnection, serve

from bench.numbers import Spread
from bench.rig import AUDIO, demo_bot
from bench.table import Found, Row, say
from bench.truth import calls_of

CHUNK_S = 10.0
WITHIN_MS = 20.0
SHORTEST_MS, LONGEST_MS, STEP_MS = 20, 1180, 20
SILENT_S = 0.25
AT_ONCE = 6
_ALIKE = 0.9
# Its times are no whole frames, so that every phase of a frame is met.
_MANNERS = ("--answer-after-ms", "613.7", "--reply-ms", "700", "--send", "20")

T = TypeVar("T")


def measure(folder: Path, *, quick: bool) -> Found:
    """Ten-second chunks, replies of every length, and responses by the log of a bot that knows."""
    found = Found()
    folder.mkdir()
    say("adapter: chunks of ten seconds")
    off_ms = asyncio.run(_chunks(1 if quick else 6))
    found.facts["chunk_off_ms"] = off_ms
    worst_ms = max(map(abs, off_ms))
    found.rows.append(
        Row(
            f"send_audio of {CHUNK_S:.0f} s: off by at most",
            f"{worst_ms:.1f} ms of {len(off_ms)}",
            f"≤ {WITHIN_MS:g} ms",
            worst_ms <= WITHIN_MS,
        )
    )
    say(f"adapter: replies of {SHORTEST_MS} to {LONGEST_MS} ms")
    whole = asyncio.run(_replies(range(SHORTEST_MS, LONGEST_MS + 1, STEP_MS * (4 if quick else 1))))
    found.facts["replies_not_whole_ms"] = [length for length, is_whole in whole if not is_whole]
    share = sum(is_whole for _, is_whole in whole) / len(whole)
    what = f"replies of {SHORTEST_MS} to {LONGEST_MS} ms: whole"
    found.rows.append(Row(what, f"{share:.1%} of {len(whole)}", "100%", share == 1))
    found.rows.append(_responses(folder, found, calls=2 if quick else 4, turns=5 if quick else 25))
    return found


# --- speaking -------------------------------------------------------------------------------


async def _chunks(count: int) -> list[float]:
    """By how much each chunk took longer than it lasts, in milliseconds."""
    t = np.arange(round(24_000 * CHUNK_S)) / 24_000
    chunk = AudioChunk((6000 * np.sin(2 * np.pi * 440 * t)).astype("<i2").tobytes())
    off_ms = []
    async with _replying(()) as url:
        for number in range(count):
            async with PipecatAgentAdapter(url) as adapter:
                await asyncio.sleep(0.003 * number)  # In every phase of a frame.
                began_s = time.monotonic()
                await adapter.send_audio(chunk)
                off_ms.append((time.monotonic() - began_s - CHUNK_S) * 1000)
    return off_ms


# --- whole replies --------------------------------------------------------------------------


async def _replies(lengths_ms: Sequence[int]) -> list[tuple[int, bool]]:
    """Of each length, sent at once and as it is spoken: whether every sample of it came out."""
    jobs = [(length, send) for length in lengths_ms for send in ("at once", "paced")]
    whole: list[tuple[int, bool]] = []
    async with _replying(jobs) as url:

        async def listen(number: int) -> None:
            async with PipecatAgentAdapter(f"{url}?{number}") as adapter:
                for length_ms, _ in jobs[number::AT_ONCE]:
                    await adapter.send_dtmf("1")
                    data = await _drained(adapter)
                    whole.append((length_ms, _is_whole(data, _as_heard(_noise(length_ms)))))

        await asyncio.gather(*map(listen, range(AT_ONCE)))
    return whole


def _is_whole(data: bytes, sent: bytes) -> bool:
    """Whether it is all there and in order.

    Where the bot stumbled in the middle of it there is a silence, so single samples may differ.
    """
    if len(data) != len(sent):
        return False
    both = np.frombuffer(data, "<i2"), np.frombuffer(sent, "<i2")
    return bool(np.corrcoef(*both)[0, 1] > _ALIKE)


async def _drained(adapter: PipecatAgentAdapter) -> bytes:
    data = (await adapter.recv_audio(5.0)).data
    while True:
        try:
            data += (await adapter.recv_audio(SILENT_S)).data
        except TimeoutError:
            return data


def _as_heard(ulaw: bytes) -> bytes:
    stretch = Heard24k()
    return np.concatenate([stretch.feed(decode_ulaw(ulaw)), stretch.rest()]).tobytes()


def _noise(length_ms: int) -> bytes:
    generator = np.random.default_rng(length_ms)
    return generator.integers(0, 256, 8 * length_ms, dtype=np.uint8).tobytes()


@asynccontextmanager
async def _replying(jobs: Sequence[tuple[int, str]]) -> AsyncIterator[str]:
    """A bot that answers each key with the next reply of the call, whose number is in the query."""

    async def take(socket: ServerConnection) -> None:
        assert socket.request is not None
        mine = list(jobs[int(socket.request.path.partition("?")[2] or 0) :: AT_ONCE])
        async for text in socket:
            message = json.loads(text)
            if message["event"] == "dtmf":
                length_ms, send = mine.pop(0)
                await _say(socket, message["streamSid"], _noise(length_ms), send)

    async with serve(take, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/ws"


async def _say(socket: ServerConnection, stream_sid: str, ulaw: bytes, send: str) -> None:
    portion = len(ulaw) if send == "at once" else 160
    for start in range(0, len(ulaw), portion):
        payload = base64.b64encode(ulaw[start : start + portion]).decode()
        message = {"event": "media", "streamSid": stream_sid, "media": {"payload": payload}}
        await socket.send(json.dumps(message))
        if portion == 160:
            await asyncio.sleep(0.02)


# --- responses ------------------------------------------------------------------------------


def _responses(folder: Path, found: Found, *, calls: int, turns: int) -> Row:
    """From the return of `send_audio` to the first chunk, beside what the bot says it took."""
    say(f"adapter: {calls} times {turns} responses of the demo bot")
    log = folder / "bot.jsonl"
    with demo_bot("--log", str(log), *_MANNERS) as bot:
        seen = asyncio.run(_gathered([_respond(bot.url, turns) for _ in range(calls)]))
    truth = calls_of(log.read_text().splitlines())
    off_ms: list[float] = []
    missed = 0
    for call_sid, seen_ms in seen:
        told = [
            entry["at_ms"] - entry["caller_end_ms"]
            for entry in truth.get(call_sid, [])
            if entry["event"] == "answer" and "caller_end_ms" in entry
        ]
        missed += abs(len(told) - len(seen_ms))
        off_ms += [a - b for a, b in zip(seen_ms, told, strict=False)]
    spread = Spread.of(map(abs, off_ms))
    found.facts["response_off_ms"] = off_ms
    return Row(
        "response, by the clock of the program: off by at most",
        f"{spread.max:.1f} ms of {spread.count}, median {spread.p50:.1f}"
        + (f" ({missed} without a counterpart)" if missed else ""),
        f"≤ {WITHIN_MS:g} ms",
        spread.max <= WITHIN_MS and not missed and spread.count > 0,
    )


async def _respond(url: str, turns: int) -> tuple[str, list[float]]:
    """The name of the call, and how long each answer took."""
    chunk = _question()
    seen_ms = []
    async with PipecatAgentAdapter(url) as adapter:
        call_sid = str(adapter.call_sid)
        await _drained(adapter)
        for _ in range(turns):
            await adapter.send_audio(chunk)
            said_s = time.monotonic()
            try:
                await adapter.recv_audio(5.0)
            except (TimeoutError, BotGone):
                break
            seen_ms.append((time.monotonic() - said_s) * 1000)
            await _drained(adapter)
    return call_sid, seen_ms


def _question() -> AudioChunk:
    """A question that ends with its last sample of speech."""
    pcm: Pcm = read_recording((AUDIO / "one_moment_please.wav").read_bytes())
    spans = clip_spans(pcm)
    stretch = Heard24k()
    sound = np.concatenate([stretch.feed(pcm[: spans[-1][1]]), stretch.rest()])
    return AudioChunk(sound.astype("<i2").tobytes())


async def _gathered(things: Sequence[Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*things))
