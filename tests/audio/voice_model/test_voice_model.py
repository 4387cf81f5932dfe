"""The voice model in numpy is Silero's own (AUDIO.md), in pieces of any length.

`probabilities.npy` was made by onnxruntime from Pipecat's `silero_vad.onnx`, by
`PVT_PIPECAT_PYTHON=… pytest tests/audio/voice_model --update-golden`.
"""

import importlib
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pipecat_voice_test.audio.codec import Pcm, decode_ulaw, encode_ulaw
from pipecat_voice_test.audio.level import at_active_level
from pipecat_voice_test.audio.voice_model import (
    WINDOW_MS,
    WINDOW_SAMPLES,
    VoiceStream,
    voice_probabilities,
)
from pipecat_voice_test.audio.voice_model.weights import weights

from audio.sounds import VOICES, hiss, mixed, music, silence, sound, voice

GOLDEN = Path(__file__).with_name("probabilities.npy")
PIPECAT = os.environ.get("PVT_PIPECAT_PYTHON", "")
CLOSE = 1e-5


def everything() -> Pcm:
    """Half a minute of speech, music, noise and silence, as it comes over the line.

    Made of whole numbers alone: it is the same with every numpy on every machine.
    """
    spoken = [voice(name) for name in VOICES]
    return heard(
        *(sound(pcm, silence(700)) for pcm in spoken),
        silence(3000),
        spoken[0],
        mixed(organ(6000), (1500, spoken[2])),
        mixed(static(4000), (1000, spoken[1])),
        organ(500) * 20,
        sound(spoken[4], silence(500)),
    )


def organ(ms: int) -> Pcm:
    """A chord of square waves that changes every second, at about -40 dBov."""
    at = np.arange(ms * 8)
    periods = [(36, 28, 24), (40, 32, 27)]
    chords = [sum((at % period < period // 2) * 300 for period in three) for three in periods]
    return (np.where(at // 8000 % 2, *chords) - 450).astype(np.int16)


def static(ms: int) -> Pcm:
    """White noise at about -45 dBov."""
    return np.random.RandomState(7).randint(-300, 300, ms * 8).astype(np.int16)


def heard(*parts: Pcm) -> Pcm:
    return decode_ulaw(encode_ulaw(sound(*parts)))


def by_onnxruntime(pcm: Pcm, graph: Path) -> NDArray[np.float32]:
    """What the original says, fed as Pipecat feeds it, with a memory that is never wiped."""
    runtime: Any = importlib.import_module("onnxruntime")  # Not before telemetry is off.
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    state: Any = np.zeros((2, 1, 128), np.float32)
    context: Any = np.zeros(32, np.float32)
    found = []
    for first in range(0, len(pcm) - WINDOW_SAMPLES + 1, WINDOW_SAMPLES):
        window = pcm[first : first + WINDOW_SAMPLES].astype(np.float32) / 32768
        fed = {"input": np.concatenate([context, window])[np.newaxis], "state": state}
        probability, state = session.run(None, fed | {"sr": np.array(8000, np.int64)})
        context = window[-32:]
        found.append(probability.item())
    return np.array(found, np.float32)


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Path:
    if not PIPECAT:
        pytest.skip("PVT_PIPECAT_PYTHON is not set")
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "1")
    code = "import importlib.util; print(importlib.util.find_spec('pipecat').origin)"
    origin = subprocess.run([PIPECAT, "-c", code], capture_output=True, text=True, check=True)
    return Path(origin.stdout.strip()).parent / "audio/vad/data/silero_vad.onnx"


def test_numpy_and_onnxruntime_agree(graph: Path, pytestconfig: pytest.Config) -> None:
    pcm = everything()

    theirs = by_onnxruntime(pcm, graph)
    if pytestconfig.getoption("--update-golden"):
        np.save(GOLDEN, theirs)

    ours = voice_probabilities(pcm, reset_after_ms=None)[: len(theirs)]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=CLOSE)
    assert theirs.min() < 0.01
    assert theirs.max() > 0.99


def test_numpy_gives_what_onnxruntime_gave() -> None:
    theirs = np.load(GOLDEN)

    ours = voice_probabilities(everything(), reset_after_ms=None)[: len(theirs)]

    np.testing.assert_allclose(ours, theirs, rtol=0, atol=CLOSE)


@pytest.mark.parametrize("piece_samples", [1, 160, 255, 256, 4000])
def test_a_stream_says_what_a_recording_says(piece_samples: int) -> None:
    pcm = sound(voice("no"), hiss(400, -50))
    stream = VoiceStream()

    found = [
        window
        for first in range(0, len(pcm), piece_samples)
        for window in stream.feed(pcm[first : first + piece_samples])
    ]

    whole = voice_probabilities(pcm)[: len(pcm) // WINDOW_SAMPLES]
    assert [end_ms for end_ms, _ in found] == [WINDOW_MS * (n + 1) for n in range(len(whole))]
    np.testing.assert_allclose([probability for _, probability in found], whole, atol=CLOSE)


@pytest.mark.parametrize(
    ("samples", "windows"), [(0, 0), (1, 1), (256, 1), (257, 2)], ids=lambda n: f"{n}"
)
def test_every_window_begun_has_a_probability(samples: int, windows: int) -> None:
    assert len(voice_probabilities(np.zeros(samples, np.int16))) == windows


def test_after_long_music_a_wiped_memory_hears_a_short_word() -> None:
    word = at_active_level(voice("no"), -26)
    pcm = heard(mixed(music(20_000, -45), (16_000, word)))
    spoken = slice(16_000 // WINDOW_MS, 16_000 // WINDOW_MS + len(word) // WINDOW_SAMPLES)

    wiped, kept = voice_probabilities(pcm), voice_probabilities(pcm, reset_after_ms=None)

    assert np.mean(wiped[spoken] > 0.5) > 0.55
    assert np.mean(kept[spoken] > 0.5) < 0.4


def test_the_memory_is_not_wiped_while_somebody_speaks() -> None:
    pcm = heard(at_active_level(voice("dont_know_who_sent_this"), -26))

    np.testing.assert_array_equal(
        voice_probabilities(pcm, reset_after_ms=100)[:40],
        voice_probabilities(pcm, reset_after_ms=None)[:40],
    )


def test_the_weights_are_those_of_the_8_khz_branch_alone() -> None:
    assert sum(array.size for array in weights().values()) < 220_000
    assert {array.dtype for array in weights().values()} == {np.dtype(np.float32)}


def test_the_weights_carry_their_licence() -> None:
    package = Path(__file__).parents[3] / "runner/pipecat_voice_test/audio/voice_model"

    assert "MIT License" in (package / "LICENSE").read_text()
    assert "Silero Team" in (package / "LICENSE").read_text()
