"""How exactly frames go out, beside a sender that sleeps 20 ms after each.

Three senders share one process and one minute: a call of ours, the naive sender, and a bare
timer that sends nothing, which shows what the machine and the event loop can do at best.
"""

import asyncio
import base64
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.call.heartbeat import Heartbeat
from pipecat_voice_test.call.loop import punctual_loop
from pipecat_voice_test.doors.direct import DirectDoor
from pipecat_voice_test.one_call import OneCall
from pipecat_voice_test.prepare import prepare
from pipecat_voice_test.timeline import FRAME_MS, FRAME_SAMPLES
from pipecat_voice_test.voice.cache import SpeechCache
from pipecat_voice_test.voice.speaker import Speaker
from websockets.asyncio.client import connect

from bench.numbers import Spread, drift_ms
from bench.rig import LISTEN, demo_bot, scenario
from bench.table import Found, Row, say

LATE_P99_MS = 2.0
DRIFT_MS = 1.0


def measure(folder: Path, *, quick: bool) -> Found:
    """Hold a call of one minute with a silent bot."""
    for_s = 20 if quick else 60
    say(f"pacing: a call of {for_s} s, and a naive sender beside it")
    with (
        demo_bot("--fault", "silent") as bot,
        asyncio.Runner(loop_factory=partial(punctual_loop, 1)) as runner,
    ):
        late_ms = runner.run(_senders(folder, bot.url, for_s))
    found = Found(facts={"seconds": for_s})
    for name, late in late_ms.items():
        spread, drift = Spread.of(late), drift_ms(late)
        ours = name == "call"
        found.facts[name] = {"late_ms": asdict(spread), "drift_ms": drift, "last_ms": late[-1]}
        found.rows += [
            Row(
                f"{name}: frames late by, p50 / p95 / p99 / max",
                spread.told("ms"),
                f"p99 ≤ {LATE_P99_MS:g} ms" if ours else "",
                spread.p99 <= LATE_P99_MS if ours else None,
            ),
            Row(
                f"{name}: drift over {for_s} s",
                f"{drift:.2f} ms",
                f"under {DRIFT_MS:g} ms" if ours else "",
                abs(drift) < DRIFT_MS if ours else None,
            ),
        ]
    return found


async def _senders(folder: Path, url: str, for_s: int) -> dict[str, list[float]]:
    frames = for_s * 1000 // FRAME_MS
    ours, naive, timer = await asyncio.gather(
        _our_call(folder, url, for_s), _naive_call(url, frames), _bare_timer(frames)
    )
    return {"call": ours, "naive sender": naive, "bare timer": timer}


async def _our_call(folder: Path, url: str, for_s: int) -> list[float]:
    listen = scenario(LISTEN.format(wait_ms=for_s * 1000), folder)
    (prepared,) = prepare([listen], seed=0, speaker=Speaker(None, SpeechCache(None)))
    heartbeat = Heartbeat()
    heartbeat.start()
    call = OneCall(prepared, 1, seed=0, clock=SystemClock(), heartbeat=heartbeat)
    await call.hold(DirectDoor(url))
    heartbeat.stop()
    return list(call.judged().timeline.late_ms)


async def _naive_call(url: str, frames: int) -> list[float]:
    """What many test clients do: send, sleep, send."""
    sid = "MZ" + "0" * 32
    payload = base64.b64encode(b"\xff" * FRAME_SAMPLES).decode()
    loop = asyncio.get_running_loop()
    late_ms = []
    async with connect(url) as socket:
        await socket.send(json.dumps({"event": "connected"}))
        start = {"event": "start", "streamSid": sid, "start": {"callSid": "naive"}}
        await socket.send(json.dumps(start))
        began_s = loop.time()
        for number in range(1, frames + 1):
            await asyncio.sleep(FRAME_MS / 1000)
            media: dict[str, Any] = {"event": "media", "streamSid": sid}
            await socket.send(json.dumps(media | {"media": {"payload": payload}}))
            late_ms.append((loop.time() - began_s) * 1000 - FRAME_MS * number)
    return late_ms


async def _bare_timer(frames: int) -> list[float]:
    clock = SystemClock()
    # Between the frames of the others, who begin as soon as they are connected.
    start_ms = clock.now_ms() + FRAME_MS / 2
    late_ms = []
    for number in range(1, frames + 1):
        await clock.sleep_until_ms(start_ms + FRAME_MS * number)
        late_ms.append(clock.now_ms() - start_ms - FRAME_MS * number)
    return late_ms
