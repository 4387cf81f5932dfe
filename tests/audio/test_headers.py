"""Headers of sound files are told from speech that happens to begin with the same letters."""

import io
import wave

import pytest
from pipecat_voice_test.audio.headers import FILE_HEADERS, file_header, headers_in, wav_samples

SIZES = {
    b"RIFF": b"\x24\x10\x00\x00WAVEfmt ",
    b"ID3": b"\x04\x00\x00\x00\x00\x00\x23TSSE",
    b"OggS": b"\x00\x02\x00\x00\x00\x00\x00\x00",
    b"fLaC": b"\x00\x00\x00\x22\x10\x00\x10\x00",
    b".snd": b"\x00\x00\x00\x18\xff\xff\xff\xff",
}


@pytest.mark.parametrize("letters", FILE_HEADERS)
@pytest.mark.parametrize("follows", ["real", "nothing", "zeros", "silence"])
def test_letters_with_what_no_voice_has_behind_them_are_a_header(
    letters: bytes, follows: str
) -> None:
    """PROTOCOL 4.2."""
    behind = {
        "real": SIZES[letters], "nothing": b"", "zeros": bytes(160), "silence": b"\xff" * 160,
    }[follows]  # fmt: skip

    assert file_header(letters + behind) == letters


def test_a_wav_header_of_unknown_length_is_one() -> None:
    assert file_header(b"RIFF\xff\xff\xff\xffWAVEfmt ") == b"RIFF"


@pytest.mark.parametrize(
    "speech",
    [
        b"RIFFMV\xf1f\xd5\xce\xaf\x9c\xa2\xb1",
        b"ID36\xc7\xac\xac\xad\xe8\xa6('3GM",
        b"ID3+&$\x1e#I:\xdf\xc8\xb0",
    ],
)
def test_letters_that_healthy_voices_happened_to_spell_are_none(speech: bytes) -> None:
    assert file_header(speech) is None
    assert headers_in(speech) == []


def wav(samples: bytes, *, channels: int = 1, sample_bytes: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(sample_bytes)
        writer.setframerate(24_000)
        writer.writeframes(samples)
    return file.getvalue()


WAV = wav(b"\x01\x02\x03\x04")


@pytest.mark.parametrize(
    ("audio", "samples"),
    [
        pytest.param(WAV, b"\x01\x02\x03\x04", id="as-python-writes-it"),
        pytest.param(wav(bytes(8), channels=2), bytes(8), id="two-channels"),
        pytest.param(wav(b""), b"", id="without-samples"),
        pytest.param(
            WAV[:12] + b"LIST\x03\0\0\0abc\0" + WAV[12:], b"\x01\x02\x03\x04", id="words-before"
        ),
        pytest.param(WAV + b"LIST\x02\0\0\0ab", b"\x01\x02\x03\x04", id="words-behind"),
        pytest.param(
            WAV[:40] + bytes(4) + WAV[44:], b"\x01\x02\x03\x04", id="a-length-nobody-knew"
        ),
        pytest.param(
            WAV[:40] + b"\xff" * 4 + WAV[44:], b"\x01\x02\x03\x04", id="an-endless-length"
        ),
        pytest.param(WAV[:20] + b"\xfe\xff" + WAV[22:], b"\x01\x02\x03\x04", id="extensible"),
        pytest.param(wav(bytes(6), sample_bytes=3), None, id="24-bits"),
        pytest.param(WAV[:20] + b"\x07\x00" + WAV[22:], None, id="another-coding"),
        pytest.param(WAV[:30], None, id="cut-off"),
        pytest.param(b"RIFF\0\0\0\0AVI " + bytes(40), None, id="another-riff-file"),
        pytest.param(b"RIFF\0\0\0\0WAVE" + b"abcd\0\0\0\0" * 100, None, id="chunks-for-ever"),
        pytest.param(b"RIFF", None, id="letters-alone"),
        pytest.param(bytes(640), None, id="no-file"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_what_a_wav_file_holds_is_found_wherever_it_stands(
    audio: bytes, samples: bytes | None
) -> None:
    assert wav_samples(audio) == samples
