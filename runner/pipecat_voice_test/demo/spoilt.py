"""Speech that reaches the caller wrong: badly coded, badly paced, badly levelled. Pure.

Each fault turns the μ-law of an utterance into the bytes that such a bot would send for it, so
everything else, its pacing and its log too, goes by what is really heard.
"""

import base64
import struct
from array import array
from collections.abc import Callable, Mapping
from dataclasses import replace

from pipecat_voice_test.demo.clips import Clip, Voice
from pipecat_voice_test.demo.coding import alaw, linear, ulaw
from pipecat_voice_test.demo.ear import SAMPLES_PER_MS

# RIFF, WAVE, format 7 (μ-law), one channel at 8000 Hz, length unknown.
WAV_HEADER = (
    b"RIFF\xff\xff\xff\xffWAVEfmt "
    + struct.pack("<IHHIIHH", 16, 7, 1, 8000, 8000, 1, 8)
    + b"data\xff\xff\xff\xff"
)
# An ID3 tag without an entry, and the first header of MPEG 1 layer III at 128 kbit/s.
MP3_HEADER = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\xc4" + bytes(32)
# The first page of an Ogg stream, and what introduces Opus in it.
OGG_HEADER = (
    b"OggS\x00\x02" + bytes(8) + b"\x01\x00\x00\x00" + bytes(8) + b"\x01\x13"
    b"OpusHead\x01\x01\x38\x01\x40\x1f\x00\x00\x00\x00\x00"
)
_STUCK_AFTER_MS = 900
_STUCK_MS = 700


def spoilt(voice: Voice, faults: Mapping[str, float]) -> Voice:
    """The voice as a bot with these faults brings it on the line."""
    for name, value in faults.items():
        if name in SPOILERS:
            voice = _each(voice, SPOILERS[name], value)
    return voice


def _each(voice: Voice, spoil: Callable[[bytes, float], bytes], value: float) -> Voice:
    def clip(said: Clip) -> Clip:
        return Clip(said.name, spoil(said.ulaw, value))

    return replace(
        voice,
        greeting=clip(voice.greeting),
        replies=tuple(map(clip, voice.replies)),
        hours=clip(voice.hours),
        address=clip(voice.address),
        confirm=clip(voice.confirm),
        goodbye=clip(voice.goodbye),
    )


def _linear_pcm(said: bytes, _: float) -> bytes:
    """Two bytes a sample, low one first, where one is played."""
    return struct.pack(f"<{len(said)}h", *linear(said))


def _byte_swapped(said: bytes, _: float) -> bytes:
    """Samples read high byte first, then encoded."""
    samples = array("h", linear(said))
    samples.byteswap()
    return ulaw(samples)


def _double_base64(said: bytes, _: float) -> bytes:
    """Text in place of sound: four letters for three samples."""
    return base64.b64encode(said[: len(said) // 3 * 3])


def _too_fast(said: bytes, percent: float) -> bytes:
    return _at_speed(said, percent / 100)


def _too_slow(said: bytes, percent: float) -> bytes:
    return _at_speed(said, percent / 100)


def _at_speed(said: bytes, speed: float) -> bytes:
    """Played at another rate than it was made for: length, pitch and pace change together."""
    samples = [*linear(said), 0]
    found = []
    for number in range(int(len(said) / speed)):
        at = number * speed
        before = int(at)
        share = at - before
        found.append(round(samples[before] * (1 - share) + samples[before + 1] * share))
    return ulaw(found)


def _louder(said: bytes, db: float) -> bytes:
    gain = 10 ** (db / 20)
    return ulaw(max(-32768, min(32767, round(sample * gain))) for sample in linear(said))


def _quieter(said: bytes, db: float) -> bytes:
    return _louder(said, -db)


def _off_centre(said: bytes, percent: float) -> bytes:
    offset = round(32768 * percent / 100)
    return ulaw(max(-32768, min(32767, sample + offset)) for sample in linear(said))


def _looped(said: bytes, _: float) -> bytes:
    """After its first words, the same piece over and over, to its full length."""
    begins, ends = (ms * SAMPLES_PER_MS for ms in (_STUCK_AFTER_MS, _STUCK_AFTER_MS + _STUCK_MS))
    piece = said[begins:ends]
    if len(said) <= ends:
        return said
    return (said[:begins] + piece * (len(said) // len(piece) + 1))[: len(said)]


SPOILERS: dict[str, Callable[[bytes, float], bytes]] = {
    "wav-header": lambda said, _: WAV_HEADER + said,
    "mp3-header": lambda said, _: MP3_HEADER + said,
    "ogg-header": lambda said, _: OGG_HEADER + said,
    "linear-pcm": _linear_pcm,
    "byte-swapped": _byte_swapped,
    "a-law": lambda said, _: alaw(linear(said)),
    "double-base64": _double_base64,
    "too-fast": _too_fast,
    "too-slow": _too_slow,
    "too-loud": _louder,
    "too-quiet": _quieter,
    "clipped": _louder,
    "dc-offset": _off_centre,
    "loops": _looped,
}
