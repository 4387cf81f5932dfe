"""Healthy sound of many kinds, and what bots do to it by mistake."""

import audioop
import base64
import struct
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pipecat_voice_test
import soxr  # type: ignore[import-untyped]  # It ships no types.
from pipecat_voice_test.audio.codec import Pcm, decode_ulaw, encode_ulaw
from pipecat_voice_test.audio.level import at_active_level, to_pcm
from pipecat_voice_test.measurement.integrity.sound import Sound

VOICES = Path(pipecat_voice_test.__file__).parent / "demo" / "voice"
NAMES = sorted(path.stem for path in VOICES.glob("*.ulaw"))
RATE_HZ = 8000
# RIFF, WAVE, format 7 (μ-law), one channel at 8000 Hz, length unknown.
WAV_HEADER = (
    b"RIFF\xff\xff\xff\xffWAVEfmt "
    + struct.pack("<IHHIIHH", 16, 7, 1, 8000, 8000, 1, 8)
    + b"data\xff\xff\xff\xff"
)


def sound(ulaw: bytes, message_bytes: int = 160) -> Sound:
    """What was heard if this was sent in messages of one length, from call time 0 on."""
    starts = np.arange(0, len(ulaw), message_bytes)
    return Sound(ulaw, starts, starts)


@cache
def said(name: str) -> Pcm:
    """What the demo bot says: synthetic speech."""
    return decode_ulaw((VOICES / f"{name}.ulaw").read_bytes())


def at_rate(pcm: Pcm, rate_hz: int) -> Pcm:
    return to_pcm(soxr.resample(pcm.astype(np.float64), RATE_HZ, rate_hz))


def noise(dbov: float, ms: float = 3000) -> Pcm:
    random = np.random.RandomState(3).standard_normal(round(ms * 8))
    return to_pcm(random * 32768 * 10 ** (dbov / 20))


def tones(*hz: float, dbov: float = -20, ms: float = 3000) -> Pcm:
    at = np.arange(round(ms * 8)) / RATE_HZ
    mixed = sum(np.sin(2 * np.pi * each * at + number) for number, each in enumerate(hz))
    return to_pcm(mixed * np.sqrt(2 / len(hz)) * 32768 * 10 ** (dbov / 20))


def in_cadence(pcm: Pcm, on_ms: int, off_ms: int) -> Pcm:
    on = np.arange(len(pcm)) % ((on_ms + off_ms) * 8) < on_ms * 8
    return np.where(on, pcm, 0).astype(np.int16)


def song(ms: float = 4000) -> Pcm:
    """Music of a kind: chords of three notes that ring out, two a second."""
    at = np.arange(4000) / RATE_HZ
    scale = (262, 294, 330, 349, 392, 440, 494)
    chords = [
        sum(np.sin(2 * np.pi * scale[(root + step) % 7] * at) for step in (0, 2, 4))
        for root in (0, 3, 4, 0, 5, 3, 4, 1)
    ]
    played = np.concatenate([chord * np.exp(-at * 4) for chord in chords] * 2)
    return to_pcm(played[: round(ms * 8)] * 3000)


@cache
def healthy() -> Mapping[str, Pcm]:
    """Nothing of this may ever be blamed."""
    voice = said("reply-2")
    return {
        **{name: said(name) for name in NAMES},
        "soft": at_active_level(voice, -45),
        "loud": at_active_level(voice, -12),
        "clipped": to_pcm(voice * 20.0),
        "two-values": np.where(voice < 0, -32124, 32124).astype(np.int16),
        "off-the-line": to_pcm(voice + 2000.0),
        "over-hiss": to_pcm(voice + noise(-38, len(voice) / 8).astype(float)),
        "hiss": noise(-45),
        "loud-noise": noise(-12),
        "full-scale-noise": np.random.RandomState(1).randint(-32768, 32767, 24000).astype(np.int16),
        "silence": np.zeros(24000, np.int16),
        "music": song(),
        "ringback": in_cadence(tones(440, 480, ms=9000), 2000, 4000),
        "busy": in_cadence(tones(480, 620, ms=6000), 500, 500),
        "keys": in_cadence(tones(770, 1336, ms=4000), 100, 100),
        "steady": tones(250, 500, 750),
        "overdriven-tone": tones(1000, dbov=5),
        "hum": to_pcm(tones(50, dbov=-40) + noise(-60).astype(float)),
    }


def raw(pcm: Pcm, dtype: str = "<i2") -> bytes:
    return pcm.astype(dtype).tobytes()


def base64_twice(ulaw: bytes) -> bytes:
    """What is played when text was taken for audio."""
    return base64.b64encode(ulaw)


def a_law(pcm: Pcm) -> bytes:
    return audioop.lin2alaw(pcm.tobytes(), 2)


def swapped(pcm: Pcm) -> bytes:
    return encode_ulaw(pcm.byteswap())
