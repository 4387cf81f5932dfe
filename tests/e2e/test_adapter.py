"""The adapter against a real Pipecat bot: ten turns and a barge-in in one connection (issue 6)."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pipecat_voice_test.adapters import AudioChunk, PipecatAgentAdapter
from pipecat_voice_test.audio.files import read_recording
from pipecat_voice_test.audio.speech import clip_spans
from pipecat_voice_test.bot.url import UrlBot
from pipecat_voice_test.library.live.rates import Heard24k, Spoken8k

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("PVT_PIPECAT_PYTHON", "")
SHORT_ANSWERS = Path(__file__).with_name("short_answers.py")
FINISHED_S = 0.5  # espeak-ng does not pause for so long in so short a sentence.
TURNS = 10

pytestmark = [
    pytest.mark.pipecat,
    pytest.mark.realtime,
    pytest.mark.skipif(not PYTHON, reason="PVT_PIPECAT_PYTHON is not set"),
]


@cache
def thank_you() -> AudioChunk:
    """Somebody says thank you, cut to the speech."""
    pcm = read_recording((ROOT / "examples/scenarios/audio/thank_you.wav").read_bytes())
    spans = clip_spans(pcm)
    stretch = Heard24k()
    sound = np.concatenate([stretch.feed(pcm[: spans[-1][1]]), stretch.rest()])
    return AudioChunk(sound.astype("<i2").tobytes())


@contextmanager
def pipecat_bot(transport: str) -> Iterator[int]:
    """Start one; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [PYTHON, str(SHORT_ANSWERS), str(ROOT / "examples" / "pipecat-bot")]
    command += ["-t", transport, "--host", _host(transport), "--port", str(port)]
    credentials = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "0" * 32}
    with subprocess.Popen(
        command,
        env=os.environ | credentials | {"TURN_TIMEOUT": "0.3"},
        stdout=sys.stderr,
        stderr=sys.stderr,
    ) as process:
        try:
            asyncio.run(UrlBot(f"ws://127.0.0.1:{port}/ws", start_timeout_s=90).start())
            yield port
        finally:
            process.terminate()


def _host(transport: str) -> str:
    """ICE passes loopback over (BOTS.md), so the offer's answer needs another address."""
    return "0.0.0.0" if transport == "webrtc" else "127.0.0.1"


async def speech(adapter: PipecatAgentAdapter, first_s: float = 10.0) -> float:
    """How many seconds of speech are heard until the bot has finished."""
    chunks = [await adapter.recv_audio(first_s)]
    while True:
        try:
            chunks.append(await adapter.recv_audio(FINISHED_S))
        except TimeoutError:
            return _voiced_s(b"".join(chunk.data for chunk in chunks))


def _voiced_s(data: bytes) -> float:
    line = Spoken8k()
    line.give(np.frombuffer(data, "<i2").astype(np.int16))
    return sum(end - start for start, end in clip_spans(line.take(line.samples))) / 8000


async def talk(adapter: PipecatAgentAdapter, turns: int) -> None:
    """Listen to the greeting, take turns, and talk over the last answer."""
    async with adapter:
        assert await speech(adapter) > 1.5, "the greeting"
        for turn in range(turns):
            await adapter.send_audio(thank_you())
            assert 0.2 < await speech(adapter) < 3, f"turn {turn + 1}"
        if turns < TURNS:
            return
        await adapter.send_audio(thank_you())
        await adapter.recv_audio(10)
        await asyncio.sleep(1.5)
        interruption = await adapter.interrupt()
        assert interruption.was_speaking
        assert interruption.yielded
        assert await speech(adapter) > 0.4, "what is left of the interrupted answer, and the next"
        assert adapter.is_connected()
    assert not adapter.is_connected()


def over_websocket() -> None:
    with pipecat_bot("twilio") as port:
        asyncio.run(talk(PipecatAgentAdapter(f"ws://127.0.0.1:{port}/ws"), TURNS))


def over_webrtc() -> None:
    with pipecat_bot("webrtc") as port:
        url = f"http://127.0.0.1:{port}/api/offer"
        asyncio.run(talk(PipecatAgentAdapter(signaling_url=url, transport="webrtc"), 2))


@pytest.fixture(scope="module")
def calls() -> Iterator[dict[str, Future[None]]]:
    """Both at once, as that takes half the time."""
    with ThreadPoolExecutor() as pool:
        yield {"websocket": pool.submit(over_websocket), "webrtc": pool.submit(over_webrtc)}


def test_ten_turns_and_a_barge_in_on_one_line(calls: dict[str, Future[None]]) -> None:
    calls["websocket"].result()


def test_the_same_adapter_comes_in_over_webrtc(calls: dict[str, Future[None]]) -> None:
    pytest.importorskip("aiortc")
    calls["webrtc"].result()
