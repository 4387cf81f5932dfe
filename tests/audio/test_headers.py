"""Headers of sound files are told from speech that happens to begin with the same letters."""

import pytest
from pipecat_voice_test.audio.headers import FILE_HEADERS, file_header, headers_in

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
