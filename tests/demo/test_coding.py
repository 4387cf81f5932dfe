"""Samples become the nearest code, as G.711 has it."""

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import decode_ulaw, encode_ulaw
from pipecat_voice_test.demo.coding import A_LAW, alaw, linear, ulaw
from pipecat_voice_test.demo.ear import DECODED


def test_every_code_stands_for_itself() -> None:
    zeros = DECODED[0x7F], DECODED[0xFF]

    assert zeros == (0, 0)
    assert linear(ulaw(DECODED)) == list(DECODED)
    assert alaw(A_LAW) == bytes(range(256))


def test_ulaw_is_as_near_as_the_encoder_of_the_runner() -> None:
    samples = np.arange(-32768, 32768, dtype=np.int16)
    ours = np.array(linear(ulaw(samples.tolist())))
    theirs = decode_ulaw(encode_ulaw(samples)).astype(np.int64)

    assert (abs(ours - samples) <= abs(theirs - samples)).all()


@pytest.mark.parametrize(("sample", "end"), [(65_534, 32_124), (-65_536, -32_124)])
def test_what_lies_beyond_the_scale_takes_its_ends(sample: int, end: int) -> None:
    assert linear(ulaw([sample])) == [end]


@pytest.mark.parametrize(
    ("code", "sample"), [(0xD5, 8), (0x55, -8), (0x2A, -32_256), (0xAA, 32_256), (0xC5, 264)]
)
def test_a_law_decodes_as_g711_has_it(code: int, sample: int) -> None:
    assert A_LAW[code] == sample
