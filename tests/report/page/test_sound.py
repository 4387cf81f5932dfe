"""Recordings inside the page: as good as call.wav, half its size, and no more than fit."""

import base64
import io
import struct

import numpy as np
import pytest
import soundfile
from pipecat_voice_test.audio.codec import decode_ulaw
from pipecat_voice_test.report.page.sound import (
    chosen,
    embedded_bytes,
    in_base64,
    ulaw_wav_blocks,
)

EVERY_CODE = decode_ulaw(bytes(range(256)) * 300)
BACKWARDS = EVERY_CODE[::-1]


def test_every_sample_comes_back_as_it_was_on_its_own_side() -> None:
    wav = b"".join(ulaw_wav_blocks(EVERY_CODE, BACKWARDS))

    samples, rate_hz = soundfile.read(io.BytesIO(wav), dtype="int16")

    assert rate_hz == 8000
    assert np.array_equal(samples[:, 0], EVERY_CODE)
    assert np.array_equal(samples[:, 1], BACKWARDS)


def test_the_header_names_format_7_and_counts_its_samples_in_a_fact_chunk() -> None:
    wav = b"".join(ulaw_wav_blocks(EVERY_CODE[:100], EVERY_CODE[:100]))

    assert struct.unpack("<4sI4s", wav[:12]) == (b"RIFF", len(wav) - 8, b"WAVE")
    assert struct.unpack("<4sIHHIIHHH", wav[12:38]) == (
        *(b"fmt ", 18, 7, 2, 8000, 16_000, 2, 8, 0),
    )
    assert struct.unpack("<4sII4sI", wav[38:58]) == (b"fact", 4, 100, b"data", 200)
    assert len(wav) == 58 + 200


@pytest.mark.parametrize("samples", [0, 1, 2, 3, 49_152, 49_153, 76_800])
def test_the_length_of_its_text_is_known_before_it_is_made(samples: int) -> None:
    text = b"".join(in_base64(ulaw_wav_blocks(EVERY_CODE[:samples], EVERY_CODE[:samples])))

    assert len(text) == embedded_bytes(samples)
    assert base64.b64decode(text, validate=True)[:4] == b"RIFF"


@pytest.mark.parametrize(
    ("left_bytes", "found"),
    [
        pytest.param(100, ["a", "b", "c"], id="all-fit"),
        pytest.param(60, ["a", "b", "c"], id="to-the-byte"),
        pytest.param(59, ["a", "b"], id="one-byte-short"),
        pytest.param(45, ["a", "c"], id="one-that-does-not-fit-leaves-its-room-to-the-next"),
        pytest.param(9, [], id="none"),
        pytest.param(-1, [], id="the-text-alone-is-longer"),
    ],
)
def test_the_first_that_fit_are_chosen(left_bytes: int, found: list[str]) -> None:
    sizes = {"a": 10, "b": 40, "c": 10} if left_bytes != 45 else {"a": 20, "b": 40, "c": 10}

    assert chosen(["a", "b", "c", "no recording"], sizes, left_bytes) == found
