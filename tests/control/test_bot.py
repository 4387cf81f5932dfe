"""The control bot agrees with nobody by construction."""

import ast
import base64
import sys
from pathlib import Path

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import decode_ulaw, encode_ulaw
from pipecat_voice_test.control import bot, call


def test_it_is_made_of_the_standard_library_alone() -> None:
    """So that it starts at once, and shares nothing with what it is to test."""
    tree = ast.parse(Path(bot.__file__).read_text())
    imported = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }

    assert imported <= sys.stdlib_module_names
    assert "asyncio" not in imported


def test_what_measures_it_knows_its_times_by_itself() -> None:
    """METRICS 7: a known 300 ms answer and a known 200 ms stop."""
    assert (bot.ANSWERS_AFTER_S * 1000, bot.STOPS_AFTER_S * 1000) == (300, 200)
    assert (call.RESPONSE_MS, call.STOP_MS) == (300, 200)


@pytest.mark.parametrize("sample", [0, 1, -1, 100, -100, 8000, -8000, 32767, -32768])
def test_its_own_codec_is_the_networks(sample: int) -> None:
    (ours,) = decode_ulaw(encode_ulaw(np.array([sample], np.int16)))
    (its,) = decode_ulaw(bytes([bot.mu_law(sample)]))

    assert abs(int(its) - sample) <= max(8, abs(int(ours) - sample))


def test_its_tone_is_steady_and_loud_enough_to_be_speech() -> None:
    pcm = decode_ulaw(base64.b64decode(bot.tone(0.5))).astype(float)

    assert len(pcm) == 4000
    assert np.ptp(pcm.reshape(-1, 16), axis=0).max() == 0
    assert np.sqrt((pcm**2).mean()) == pytest.approx(8000 / np.sqrt(2), rel=0.02)
