"""How long after a bot has said something over WebRTC it is heard: what the tool itself adds.

The bot is aiortc's here, in this process, and writes down when it says each tone; so nothing of a
real bot's own is in the figure, neither its jitter buffer nor its turn taking.
"""

import asyncio
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from pipecat_voice_test.audio.codec import ULAW_SILENCE_FRAME, decode_ulaw
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.call.loop import punctual_loop
from pipecat_voice_test.call.phone import CallLimits, PhoneCall
from pipecat_voice_test.call.webrtc.dial import connect
from pipecat_voice_test.protocol.identity import call_identity
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.protocol.webrtc import WebRtcWire
from pipecat_voice_test.timeline import CallerFrame, Event, Heard, Timeline

RATE_HZ = 48_000
PACKET_MS = 20
TONE_EVERY = 25  # Packets: one tone in half a second.
_SAMPLES = RATE_HZ * PACKET_MS // 1000
_TONE = (8000 * np.sin(2 * np.pi * 500 * np.arange(_SAMPLES) / RATE_HZ)).astype(np.int16)
_LOUD = 2000
_NEAR_MS = 250.0  # Half the way to the next tone.


class _Tones(MediaStreamTrack):
    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.said_ms: list[float] = []
        self._number = 0
        self._began_s = 0.0

    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        loop = asyncio.get_running_loop()
        self._began_s = self._began_s or loop.time()
        await asyncio.sleep(self._began_s + self._number * PACKET_MS / 1000 - loop.time())
        samples = np.zeros(_SAMPLES, np.int16)
        if self._number % TONE_EVERY == 0:
            self.said_ms.append(loop.time() * 1000)
            samples = _TONE
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], layout="mono")
        frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
        frame.pts = self._number * _SAMPLES
        self._number += 1
        return frame


class _Listener:
    def __init__(self, for_ms: int) -> None:
        self.events: Sequence[Event] = ()
        self._for_ms = for_ms

    def next_frame(self, at_ms: int, heard: Heard) -> CallerFrame | None:
        return None if at_ms >= self._for_ms else CallerFrame(ULAW_SILENCE_FRAME)


def delays_ms(for_ms: int) -> list[float]:
    """From when each tone was said to when it is heard, in one call of that length."""
    with asyncio.Runner(loop_factory=lambda: punctual_loop(1)) as runner:
        said_ms, timeline = runner.run(_call(for_ms))
    start_ms = timeline.t0_monotonic_ns / 1e6
    heard_ms = [start_ms + onset for onset in _onsets_ms(timeline)]
    found: list[float] = []
    for said in said_ms:
        near = [heard - said for heard in heard_ms if abs(heard - said) < _NEAR_MS]
        found += near[:1]
    return found


async def _call(for_ms: int) -> tuple[list[float], Timeline]:
    clock, voice, bot = SystemClock(), _Tones(), RTCPeerConnection()

    async def answer(offer: str) -> str:
        bot.addTrack(voice)
        await bot.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await bot.setLocalDescription(await bot.createAnswer())
        return bot.localDescription.sdp

    try:
        line = (await connect("the bot", answer, clock)).line
        identity = call_identity(0, "ear", 1)
        limits = CallLimits(max_call_ms=2.0 * for_ms)
        call = VirtualCall(WebRtcWire())
        phone = PhoneCall(call, _Listener(for_ms), line, clock, identity=identity, limits=limits)
        await phone.hold()
        await line.ended()
    finally:
        await bot.close()
    return voice.said_ms, phone.timeline()


def _onsets_ms(timeline: Timeline) -> list[float]:
    """Where a tone begins at the ear, on the call's clock, to the millisecond."""
    last = max((piece.end_sample for piece in timeline.heard), default=0)
    pcm = np.zeros(last + 8 - last % 8, np.int16)
    for piece in timeline.heard:
        pcm[piece.first_sample : piece.end_sample] = decode_ulaw(piece.ulaw)
    loud = np.abs(pcm.astype(np.int32)).reshape(-1, 8).max(axis=1) > _LOUD
    quiet_before = np.concatenate([[True], ~loud[:-1]])
    return [float(at) for at in np.flatnonzero(loud & quiet_before)]
