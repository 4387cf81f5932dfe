"""Recordings in and out of bytes. Where the bytes come from and go to is not known here.

WAV, FLAC, OGG and MP3 are read with libsndfile, at any rate, and resampled with soxr: going
down to 8000 Hz it rejects aliases by more than 80 dB, where `audioop.ratecv` lets them pass.
Both libraries are loaded on first use, which keeps `--help` and `validate` quick.
"""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import SAMPLE_RATE_HZ, Pcm
from pipecat_voice_test.audio.level import FULL_SCALE, to_pcm

if TYPE_CHECKING:
    import soundfile

LONGEST_S = 600
MOST_CHANNELS = 8
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 4000, 384_000

_BLOCK_SAMPLES = 65_536  # A long recording is never held as floating point as a whole.
_QUALITY = "HQ"


class UnreadableAudio(ValueError):
    """The bytes are no recording that can be used; the text goes on after "because"."""


def read_recording(data: bytes) -> Pcm:
    """Decode a WAV, FLAC, OGG or MP3 file to 8000 Hz mono.

    Channels are averaged. 16-bit mono recordings at 8000 Hz keep every sample as it is.

    Raises:
        UnreadableAudio: It is empty, longer than 10 minutes, or not such a file.
    """
    import soundfile

    try:
        with soundfile.SoundFile(BytesIO(data)) as file:
            _refuse_unusable(file.samplerate, file.channels)
            pcm = _as_telephone(_mono_blocks(file), file.samplerate)
    except soundfile.LibsndfileError as error:
        reason = str(error.error_string).rstrip(".")
        raise UnreadableAudio(f"it is no WAV, FLAC, OGG or MP3 file ({reason})") from error
    if not len(pcm):
        raise UnreadableAudio("it is empty")
    return pcm


def resampled(pcm: Pcm, rate_hz: int) -> Pcm:
    """Bring mono samples taken at `rate_hz` to 8000 Hz."""
    return _as_telephone(iter([pcm.astype(np.float32) / np.float32(FULL_SCALE)]), rate_hz)


def wav_blocks(*channels: Pcm) -> Iterator[bytes]:
    """A 16-bit WAV file at 8000 Hz, piece by piece; all channels have the same length.

    A ten-minute call need not be copied as a whole to be written.
    """
    samples = len(channels[0])
    if any(len(channel) != samples for channel in channels):
        raise ValueError("the channels of one recording differ in length")
    frame_bytes = 2 * len(channels)
    data_bytes = samples * frame_bytes
    yield struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + data_bytes, b"WAVE"),
        *(b"fmt ", 16, 1, len(channels), SAMPLE_RATE_HZ),
        *(SAMPLE_RATE_HZ * frame_bytes, frame_bytes, 16),
        *(b"data", data_bytes),
    )
    for start in range(0, samples, _BLOCK_SAMPLES):
        block = [channel[start : start + _BLOCK_SAMPLES] for channel in channels]
        yield np.stack(block, axis=1).astype("<i2").tobytes()


def wav_bytes(*channels: Pcm) -> bytes:
    """A 16-bit WAV file at 8000 Hz as a whole."""
    return b"".join(wav_blocks(*channels))


def _refuse_unusable(rate_hz: int, channels: int) -> None:
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise UnreadableAudio(
            f"its rate is {rate_hz} Hz, and only {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz are read"
        )
    if channels > MOST_CHANNELS:
        raise UnreadableAudio(f"it has {channels} channels, and at most {MOST_CHANNELS} are read")


def _mono_blocks(file: "soundfile.SoundFile") -> Iterator[NDArray[np.float32]]:
    # Lengths in headers are only claims, so the samples that really come are counted.
    left = LONGEST_S * file.samplerate
    while len(block := file.read(_BLOCK_SAMPLES, dtype="float32", always_2d=True)):
        left -= len(block)
        if left < 0:
            raise UnreadableAudio(f"it is longer than {LONGEST_S // 60} minutes")
        if not np.isfinite(block).all():
            raise UnreadableAudio("it contains samples that are no numbers")
        yield block.mean(axis=1)


def _as_telephone(blocks: Iterator[NDArray[np.float32]], rate_hz: int) -> Pcm:
    if rate_hz == SAMPLE_RATE_HZ:
        done = [to_pcm(block * FULL_SCALE) for block in blocks]
    else:
        import soxr  # type: ignore[import-untyped]  # It ships no types.

        stream = soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality=_QUALITY)
        done = [to_pcm(stream.resample_chunk(block) * FULL_SCALE) for block in blocks]
        rest = stream.resample_chunk(np.empty(0, np.float32), last=True)
        done.append(to_pcm(rest * FULL_SCALE))
    return np.concatenate(done) if done else np.empty(0, np.int16)
