"""Opus, the codec of WebRTC: the caller's frames into packets, the bot's packets into samples.

Coded here, in the loop, and not in aiortc's threads: a frame takes a fraction of a millisecond,
and what crosses to a thread and back comes when the threads please.

Sources: https://www.rfc-editor.org/rfc/rfc6716, https://www.rfc-editor.org/rfc/rfc7587
"""

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from pipecat_voice_test.audio.codec import SAMPLE_RATE_HZ, Pcm

RTP_HZ = 48_000  # Timestamps count so many a second whatever the audio's own rate.
# Enough for a telephone's band to go through unharmed; a bot is to be judged, not a codec.
BIT_RATE = 64_000
# As browsers send. The jitter buffer of an aiortc bot holds four packets back, whatever their
# length: 80 ms that callers of such a bot wait, and that are in every figure here.
PACKET_MS = 20
_TIME_BASE = Fraction(1, RTP_HZ)


class Unplayable(Exception):
    """A packet that is no Opus."""


class Speaking:
    """Codes the caller's audio."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "w")
        assert isinstance(codec, AudioCodecContext)
        codec.bit_rate = BIT_RATE
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = SAMPLE_RATE_HZ
        codec.time_base = Fraction(1, SAMPLE_RATE_HZ)
        # 2.5 ms of delay in place of 6.5.
        codec.options = {"application": "lowdelay", "frame_duration": str(PACKET_MS)}
        self._codec = codec
        self._samples = 0
        self._ticks = 0

    def __call__(self, pcm: bytes) -> "list[av.Packet[Any]]":
        """The packets for a frame of 16-bit samples at 8000 Hz, with their RTP timestamps."""
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
        frame.planes[0].update(pcm)
        frame.sample_rate = SAMPLE_RATE_HZ
        frame.pts = self._samples
        frame.time_base = Fraction(1, SAMPLE_RATE_HZ)
        self._samples += frame.samples
        packets = self._codec.encode(frame)
        for packet in packets:
            packet.pts = self._ticks
            packet.time_base = _TIME_BASE
            self._ticks += PACKET_MS * RTP_HZ // 1000
        return packets


class Hearing:
    """Decodes the bot's audio, one track of it."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "r")
        assert isinstance(codec, AudioCodecContext)
        codec.format = "s16"
        codec.layout = "mono"  # Two channels become one while they are decoded.
        codec.sample_rate = RTP_HZ
        self._codec = codec

    def __call__(self, payload: bytes) -> Pcm:
        """The samples of one packet at 48000 Hz.

        Raises:
            Unplayable: It is no Opus.
        """
        if not payload:
            raise Unplayable("an empty packet")
        try:
            frames = self._codec.decode(av.Packet(payload))
        except av.FFmpegError as error:
            raise Unplayable(type(error).__name__) from error
        parts: list[Pcm] = [
            np.asarray(frame.to_ndarray(), np.int16).reshape(-1) for frame in frames
        ]
        if not parts:
            return np.zeros(0, np.int16)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
