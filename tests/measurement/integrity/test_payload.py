"""Sound files, compressed sound and text in place of audio are found; speech never is."""

import base64
import io
from collections.abc import Callable

import numpy as np
import pytest
import soundfile
from pipecat_voice_test.audio.codec import encode_ulaw
from pipecat_voice_test.measurement.integrity.payload import (
    compressed,
    double_base64,
    file_headers,
)

from measurement.integrity.sounds import WAV_HEADER, at_rate, healthy, said, sound

SPEECH = encode_ulaw(said("reply-1"))
QUIET = b"\xff" * 131


def file(container: str, coding: str, rate_hz: int = 24000) -> bytes:
    """What the demo bot says, as a file."""
    written = io.BytesIO()
    samples = at_rate(said("reply-1"), rate_hz)
    with soundfile.SoundFile(written, "w", rate_hz, 1, coding, format=container) as into:
        # Some versions of libsndfile cannot take it all at once.
        for start in range(0, len(samples), 4000):
            into.write(samples[start : start + 4000])
    return written.getvalue()


@pytest.mark.parametrize(
    ("container", "coding", "kind"),
    [
        ("WAV", "PCM_16", "WAV (`RIFF`)"),
        ("WAV", "ULAW", "WAV (`RIFF`)"),
        ("OGG", "VORBIS", "Ogg (`OggS`)"),
        ("FLAC", "PCM_16", "FLAC (`fLaC`)"),
        ("AU", "ULAW", "AU (`.snd`)"),
        ("AIFF", "PCM_16", "AIFF (`FORM`)"),
    ],
)
@pytest.mark.parametrize("message_bytes", [20, 160, 10_000])
def test_the_header_of_a_file_is_found_however_it_is_cut(
    container: str, coding: str, kind: str, message_bytes: int
) -> None:
    heard = sound(QUIET + file(container, coding), message_bytes)

    assert file_headers(heard)[0] == (len(QUIET), kind)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (b"ID3\x04\x00\x00\x00\x00\x00\x23TSSE", "MP3 (`ID3`)"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81", "WebM or Matroska"),
    ],
)
def test_headers_of_kinds_we_cannot_write(header: bytes, kind: str) -> None:
    assert file_headers(sound(SPEECH + header + SPEECH)) == [(len(SPEECH), kind)]


def test_every_utterance_with_a_header_counts() -> None:
    utterance = WAV_HEADER + SPEECH

    assert [at for at, _ in file_headers(sound(utterance * 3))] == [
        0, len(utterance), 2 * len(utterance),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "speech",
    [
        pytest.param(b"RIFFMV\xf1f\xd5\xce\xaf\x9c\xa2", id="RIFF"),
        pytest.param(b"ID36\xc7\xac\xac\xad\xe8\xa6('3", id="ID3"),
    ],
)
def test_speech_that_spells_like_a_header_is_none(speech: bytes) -> None:
    """Both were found in healthy voices."""
    assert not file_headers(sound(speech + SPEECH))


@pytest.mark.parametrize("skip", [0, 777])
@pytest.mark.parametrize("rate_hz", [8000, 24000])
def test_frames_of_mp3_are_known_without_a_header(rate_hz: int, skip: int) -> None:
    fault = compressed(sound(file("MP3", "MPEG_LAYER_III", rate_hz)[skip:]))

    assert fault is not None
    assert fault.metric == "file_header"
    assert fault.because == "the bytes are frames of an MP3, played as they are."


def test_compressed_sound_of_any_kind_is_known_by_its_bytes() -> None:
    packets = np.random.RandomState(2).bytes(20_000)

    fault = compressed(sound(SPEECH[:8192] + packets))

    assert fault is not None
    assert fault.position == 8192
    assert fault.because == (
        "the bytes are those of compressed sound (MP3, Opus, AAC and the like): "
        "noise with 7.98 of 8 bits of information in each."
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(base64.b64encode, id="standard"),
        pytest.param(base64.urlsafe_b64encode, id="url-safe"),
        pytest.param(base64.encodebytes, id="with-line-breaks"),
        pytest.param(
            lambda ulaw: b"".join(
                base64.b64encode(ulaw[at : at + 160]) for at in range(0, len(ulaw), 160)
            ),
            id="message-by-message",
        ),
    ],
)
def test_text_is_no_audio(text: Callable[[bytes], bytes]) -> None:
    fault = double_base64(sound(SPEECH + text(SPEECH)))

    assert fault is not None
    assert fault.metric == "double_base64"
    # Some of the codes before it are letters too.
    assert len(SPEECH) - 16 <= fault.position <= len(SPEECH)


def test_a_data_uri_is_shown_as_it_begins() -> None:
    fault = double_base64(sound(b"data:audio/basic;base64," + base64.b64encode(SPEECH)))

    assert fault is not None
    assert 'beginning with "data:audio/basic;base64,' in fault.because


@pytest.mark.parametrize("name", healthy())
def test_nothing_healthy_is_blamed(name: str) -> None:
    heard = sound(encode_ulaw(healthy()[name]), 7)  # A message begins nearly everywhere.

    assert not file_headers(heard)
    assert compressed(heard) is None
    assert double_base64(heard) is None
