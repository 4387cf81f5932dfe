"""Does this begin like a sound file? Bytes that belong in front of audio, and never into it.

The first letters of a file alone prove nothing: `RIFF` and `ID3` are smooth μ-law, and real
speech has each of them once in five million samples. What follows them in a file is no μ-law
of any voice, because counts and versions have bytes near zero, which are the loudest samples.
"""

import re

from pipecat_voice_test.audio.codec import decode_ulaw

# How a file of each kind begins, and how people call it.
FILE_HEADERS = {
    b"RIFF": "WAV (`RIFF`)",
    b"ID3": "MP3 (`ID3`)",
    b"OggS": "Ogg (`OggS`)",
    b"fLaC": "FLAC (`fLaC`)",
    b".snd": "AU (`.snd`)",
}
# The same wherever it stands: so many bytes as these are no accident.
_ANYWHERE = {
    re.compile(rb"RIFF.{4}WAVE", re.DOTALL): "WAV (`RIFF`)",
    re.compile(rb"ID3[\x02-\x04][\x00-\x0f].[\x00-\x7f]{4}", re.DOTALL): "MP3 (`ID3`)",
    re.compile(rb"OggS\x00[\x00-\x07]"): "Ogg (`OggS`)",
    re.compile(rb"fLaC[\x00\x80]\x00\x00\x22"): "FLAC (`fLaC`)",
    re.compile(rb"\.snd\x00\x00"): "AU (`.snd`)",
    re.compile(rb"\x1a\x45\xdf\xa3.{1,8}?\x42[\x82\x86]", re.DOTALL): "WebM or Matroska",
    re.compile(rb"FORM.{4}AIF[FC]", re.DOTALL): "AIFF (`FORM`)",
}
# In 30 hours of speech and music at eight levels, no two samples after these letters were further
# apart than 12,300; in the headers of files some are by 26,000 and more.
_JUMP = 20_000
_LOOKED_AT = 8

_PCM = b"\x01\x00", b"\xfe\xff"  # The second says it further behind.
_PCM_BITS = b"\x10"
_MOST_CHUNKS = 32  # Which a file begins with; real ones have two or three.


def file_header(payload: bytes) -> bytes | None:
    """The letters of `FILE_HEADERS` with which this audio begins as a file does, or None.

    Letters with nothing behind them, or with one byte over and over, are taken for a header:
    speech does not break off like that.
    """
    for letters in FILE_HEADERS:
        if payload.startswith(letters):
            return letters if _not_speech(payload, letters) else None
    return None


def headers_in(audio: bytes) -> list[tuple[int, str]]:
    """Where in these bytes a file begins, and of which kind, in order."""
    return sorted(
        (found.start(), kind)
        for shape, kind in _ANYWHERE.items()
        for found in shape.finditer(audio)
    )


def wav_samples(audio: bytes) -> bytes | None:
    """What a WAV file of 16-bit linear PCM holds; None if these bytes are none, or not so coded.

    A length of 0, as those write it who do not know it yet, stands for all that follows.
    """
    if audio[:4] != b"RIFF" or audio[8:12] != b"WAVE":
        return None
    at = 12
    for _ in range(_MOST_CHUNKS):
        name, size = audio[at : at + 4], int.from_bytes(audio[at + 4 : at + 8], "little")
        at += 8
        if name == b"data":
            return audio[at : at + size] if size else audio[at:]
        if name == b"fmt " and (
            audio[at : at + 2] not in _PCM or audio[at + 14 : at + 15] != _PCM_BITS
        ):
            return None
        at += size + size % 2
        if at >= len(audio):
            break
    return None


def _not_speech(payload: bytes, letters: bytes) -> bool:
    follows = payload[len(letters) - 1 : len(letters) + _LOOKED_AT]
    if len(follows) <= _LOOKED_AT or payload[8:12] == b"WAVE" or len(set(follows[1:])) == 1:
        return True
    samples = decode_ulaw(follows).astype(int)
    return bool(abs(samples[1:] - samples[:-1]).max() > _JUMP)
