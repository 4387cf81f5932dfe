"""Payloads that are no samples at all: sound files, compressed sound, base64 within base64."""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import decode_ulaw
from pipecat_voice_test.audio.headers import FILE_HEADERS, file_header, headers_in
from pipecat_voice_test.measurement.integrity.coding import (
    BLOCK_BYTES,
    RUN_BLOCKS,
    prediction_gain_db,
)
from pipecat_voice_test.measurement.integrity.fault import Fault
from pipecat_voice_test.measurement.integrity.sound import Sound

# Base64, with the line breaks some encoders put in. Half of all μ-law bytes are no text, so so
# much of it in a row, of all kinds of letters, is no sound.
_TEXT = re.compile(rb"[A-Za-z0-9+/_=\r\n-]{384,}")
_TEXT_BYTES = 4000  # Half a second, all texts together.
_LETTERS = (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz", b"0123456789")
_LETTERS_SHARE = 0.03

# Compressed sound is noise in which every byte is about as frequent as any other: entropy in
# bits per byte, prediction gain, and share of samples in the upper half of the scale. μ-law of
# healthy sound stays below 7.8 where it cannot be predicted; MP3, Opus, Vorbis and FLAC lie
# between 7.5 and 8, with a median of 7.9.
COMPRESSED_BITS = 7.85
COMPRESSED_GAIN_DB = 0.7
COMPRESSED_LOUD_SHARE = (0.07, 0.25)
_LOUD = 15_996

# Frames of MPEG layer III, from their two first bytes on.
_SEARCHED_BYTES = 1 << 18  # At a time.
_FRAMES = 8  # So many in a row, each as long as the one before it says.
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_RATES_HZ: Mapping[int, tuple[int, ...]] = {
    3: (44100, 48000, 32000),
    2: (22050, 24000, 16000),
    0: (11025, 12000, 8000),
}
_FRAMES_KINDS = 100  # So many different bytes in them: frames are no tone.


def file_headers(sound: Sound) -> list[tuple[int, str]]:
    """Every header of a sound file that was heard: where, and of what kind."""
    found = dict(headers_in(sound.ulaw))
    for start in sound.starts.tolist():
        letters = file_header(sound.ulaw[start : start + 16])
        if letters is not None:
            found.setdefault(start, FILE_HEADERS[letters])
    return sorted(found.items())


def compressed(sound: Sound) -> Fault | None:
    """Sound that was never decompressed, its header missing or not."""
    frames_at = _layer_three(sound.ulaw)
    if frames_at is not None:
        return Fault(
            "file_header", frames_at, "the bytes are frames of an MP3, played as they are."
        )
    size = BLOCK_BYTES * RUN_BLOCKS
    for start in range(0, len(sound.ulaw) - size + 1, size):
        run = sound.ulaw[start : start + size]
        bits = _entropy_bits(run)
        if bits < COMPRESSED_BITS:
            continue
        samples = decode_ulaw(run)
        blocks = samples.reshape(-1, BLOCK_BYTES).astype(np.float32)
        loud = float((np.abs(samples.astype(np.int32)) >= _LOUD).mean())
        is_noise = float(prediction_gain_db(blocks).mean()) < COMPRESSED_GAIN_DB
        if is_noise and COMPRESSED_LOUD_SHARE[0] < loud < COMPRESSED_LOUD_SHARE[1]:
            return Fault(
                "file_header",
                start,
                f"the bytes are those of compressed sound (MP3, Opus, AAC and the like): noise "
                f"with {bits:.2f} of 8 bits of information in each.",
            )
    return None


def double_base64(sound: Sound) -> Fault | None:
    """Payloads that are text after they were decoded."""
    found = [match for match in _TEXT.finditer(sound.ulaw) if _is_mixed(match[0])]
    length = sum(len(match[0]) for match in found)
    if length < _TEXT_BYTES:
        return None
    first = found[0]
    begins = sound.ulaw[max(0, first.start() - 40) : first.start() + 24]
    shown = begins[begins.find(b"data:") :] if b"data:" in begins else first[0][:24]
    return Fault(
        "double_base64",
        first.start(),
        f"{length} bytes that were heard are base64 text, beginning with "
        f'"{shown.decode("ascii", "replace")}…".',
    )


def _is_mixed(text: bytes) -> bool:
    counts = np.bincount(np.frombuffer(text, np.uint8), minlength=256)
    return all(
        counts[np.frombuffer(letters, np.uint8)].sum() >= _LETTERS_SHARE * len(text)
        for letters in _LETTERS
    )


def _entropy_bits(run: bytes) -> float:
    shares = np.bincount(np.frombuffer(run, np.uint8), minlength=256) / len(run)
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum())


def _layer_three(ulaw: bytes) -> int | None:
    """Where frames of MPEG layer III begin, or None."""
    data = np.frombuffer(ulaw, np.uint8)
    at = _sync_words(data)
    version, rest = (data[at + 1] >> 3) & 3, data[at + 2]
    rate, frequency = rest >> 4, (rest >> 2) & 3
    good = (version != 1) & (rate != 0) & (rate != 15) & (frequency != 3)
    at, version, rate, frequency = at[good], version[good], rate[good], frequency[good]
    pad = (data[at + 2] >> 1) & 1
    next_at = at + _frame_bytes(version, rate, frequency) + pad
    kind = version.astype(np.int8) * 4 + frequency.astype(np.int8)
    ends_inside = next_at < len(data)
    at, next_at, kind = at[ends_inside], next_at[ends_inside], kind[ends_inside]
    # The frame that begins where this one ends, if there is one and of the same kind.
    following = np.minimum(np.searchsorted(at, next_at), len(at) - 1)
    same = (at[following] == next_at) & (kind[following] == kind)
    follows = np.zeros(len(at), np.int8)  # How many frames come after this one.
    for _ in range(_FRAMES):
        follows = np.where(same, follows[following] + 1, 0)
    for start in at[follows >= _FRAMES - 1].tolist():
        if len(set(ulaw[start : start + BLOCK_BYTES])) >= _FRAMES_KINDS:
            return int(start)
    return None


def _sync_words(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Where the first two bytes of a frame stand, and two more behind them."""
    # Bits: 11 of sync, 2 version, 2 layer (01 is III), 1 protection; 4 rate, 2 frequency, 1 pad.
    starts = len(data) - 3
    found = [np.zeros(0, np.int64)]
    for first in range(0, starts, _SEARCHED_BYTES):
        end = min(first + _SEARCHED_BYTES, starts)
        is_sync = (data[first:end] == 0xFF) & ((data[first + 1 : end + 1] & 0xE6) == 0xE2)
        found.append(first + np.flatnonzero(is_sync))
    return np.concatenate(found)


def _frame_bytes(
    version: NDArray[np.uint8], rate: NDArray[np.uint8], frequency: NDArray[np.uint8]
) -> NDArray[np.int64]:
    kbits = np.where(version == 3, np.array(_KBITS_1)[rate], np.array(_KBITS_2)[rate])
    rates_hz = np.ones((4, 4), np.int64)
    for number, of_version in _RATES_HZ.items():
        rates_hz[number, :3] = of_version
    per_frame = np.where(version == 3, 144, 72)
    lengths: NDArray[np.int64] = per_frame * kbits * 1000 // rates_hz[version, frequency]
    return lengths
