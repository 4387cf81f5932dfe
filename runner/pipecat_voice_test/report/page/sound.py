"""The recordings that the page carries inside, and which of them it may.

A recording is kept as the network carried it: μ-law, half the size of call.wav and as good, for
its samples came from μ-law. Browsers play it: format 7 of WAV, which needs a `fact` chunk.

Source: Multimedia Programming Interface and Data Specifications 1.0 (1991), "Waveform Audio File
Format"; RFC 2361, 0x0007.
"""

import base64
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipecat_voice_test.audio.codec import SAMPLE_RATE_HZ, Pcm, encode_ulaw

Choice = Literal["all", "failed", "none"]

_ULAW = 7
_BITS = 8
_HEADER = struct.Struct("<4sI4s4sIHHIIHHH4sII4sI")
_BLOCK_SAMPLES = 3 * 16_384  # Whole groups of base64 have three bytes.


@dataclass(frozen=True, slots=True)
class AudioBudget:
    """What recordings may add to the page.

    Attributes:
        choice: Of which calls: `all`, `failed` or `none`.
        page_bytes: Size of the whole page up to which recordings go into it.
    """

    choice: Choice = "all"
    page_bytes: int = 20_000_000


def ulaw_wav_blocks(said: Pcm, heard: Pcm) -> Iterator[bytes]:
    """A stereo μ-law WAV file, left what was said, right what was heard; piece by piece."""
    samples = len(said)
    data_bytes = 2 * samples
    yield _HEADER.pack(
        *(b"RIFF", _HEADER.size - 8 + data_bytes, b"WAVE"),
        *(b"fmt ", 18, _ULAW, 2, SAMPLE_RATE_HZ, 2 * SAMPLE_RATE_HZ, 2, _BITS, 0),
        *(b"fact", 4, samples),
        *(b"data", data_bytes),
    )
    for start in range(0, samples, _BLOCK_SAMPLES):
        block = [
            np.frombuffer(encode_ulaw(channel[start : start + _BLOCK_SAMPLES]), np.uint8)
            for channel in (said, heard)
        ]
        yield np.stack(block, axis=1).tobytes()


def in_base64(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Bytes as text, piece by piece."""
    left = b""
    for block in blocks:
        data = left + block
        whole = len(data) - len(data) % 3
        left = data[whole:]
        yield base64.b64encode(data[:whole])
    yield base64.b64encode(left)


def embedded_bytes(samples: int) -> int:
    """How long the text of a recording of so many samples is."""
    return 4 * -(-(_HEADER.size + 2 * samples) // 3)


def chosen(order: Iterable[str], bytes_of: Mapping[str, int], left_bytes: int) -> list[str]:
    """Those that fit, the first ones first; one that does not leaves its room to the next."""
    found = []
    for name in order:
        if name in bytes_of and bytes_of[name] <= left_bytes:
            left_bytes -= bytes_of[name]
            found.append(name)
    return found
