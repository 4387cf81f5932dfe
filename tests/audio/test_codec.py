"""μ-law as ITU-T G.711 has it."""

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import (
    ULAW_SILENCE,
    ULAW_SILENCE_FRAME,
    decode_ulaw,
    encode_ulaw,
)

ALL_CODES = bytes(range(256))


def g711_value(code: int) -> int:
    """The value of a code, from the standard's definition: sign, chord, step."""
    inverted = ~code & 0xFF
    chord, step = (inverted >> 4) & 7, inverted & 0xF
    magnitude = ((2 * step + 33) << chord) - 33
    return 4 * (-magnitude if inverted & 0x80 else magnitude)


def test_every_code_has_the_value_of_the_standard() -> None:
    assert decode_ulaw(ALL_CODES).tolist() == [g711_value(code) for code in ALL_CODES]


def test_every_value_gets_its_code_back_but_zero_has_only_one() -> None:
    without_negative_zero = ALL_CODES.replace(b"\x7f", ULAW_SILENCE)

    assert encode_ulaw(decode_ulaw(ALL_CODES)) == without_negative_zero


def g711_code(sample: int) -> int:
    """The code of a sample, from the standard's definition; its scale has 14 bits."""
    magnitude = min(min(abs(sample), 32767) // 4, 8158) + 33
    chord = magnitude.bit_length() - 6
    code = (chord << 4) | ((magnitude >> (chord + 1)) & 0xF)
    return ~(code | (0x80 if sample <= -4 else 0)) & 0xFF


def test_every_sample_has_the_code_of_the_standard() -> None:
    samples = np.arange(-32768, 32768, dtype=np.int16)

    assert list(encode_ulaw(samples)) == [g711_code(int(sample)) for sample in samples]


def test_negative_samples_mirror_positive_ones() -> None:
    samples = np.arange(32768, dtype=np.int16)

    up, down = decode_ulaw(encode_ulaw(samples)), decode_ulaw(encode_ulaw(-samples))

    assert (up == -down).all()


@pytest.mark.parametrize(
    ("ulaw", "samples"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(ULAW_SILENCE, [0], id="silence"),
        pytest.param(ULAW_SILENCE_FRAME, [0] * 160, id="a-silent-frame"),
    ],
)
def test_samples_and_codes_stand_for_each_other(ulaw: bytes, samples: list[int]) -> None:
    assert decode_ulaw(ulaw).tolist() == samples
    assert encode_ulaw(np.array(samples, np.int16)) == ulaw
