"""The layers of the voice model.

A window of 256 samples with the 32 before it becomes four spectra, four convolutions make one
vector of them, and an LSTM with a memory of 128 cells turns it into a probability. Up to the
LSTM no window needs to know the one before, so many are computed at once.

Layers and their parameters are those of the 8000 Hz branch of `silero_vad.onnx` of the package
silero-vad 6.2.3.
"""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import SAMPLES_PER_MS
from pipecat_voice_test.audio.level import FULL_SCALE
from pipecat_voice_test.audio.voice_model.weights import weights

Floats = NDArray[np.float32]

WINDOW_SAMPLES = 256
WINDOW_MS = WINDOW_SAMPLES // SAMPLES_PER_MS
CONTEXT_SAMPLES = 32  # Of the window before.
_MIRRORED_SAMPLES = 32  # At the end, so that the last spectrum has its full width.
_SPECTRUM_SAMPLES, _SPECTRUM_STEP = 128, 64
_SPECTRA = 4
_BINS = _SPECTRUM_SAMPLES // 2 + 1
CELLS = 128

# BLAS shares a larger product with other threads, and on a busy machine waits for them.
_ALONE_COLUMNS = 2 * CELLS


@dataclass(slots=True)
class Memory:
    """What the LSTM carries from one window to the next."""

    output: Floats = field(default_factory=lambda: np.zeros(CELLS, np.float32))
    cells: Floats = field(default_factory=lambda: np.zeros(CELLS, np.float32))


class Network:
    """The model without its memory."""

    def __init__(self, arrays: dict[str, Floats]) -> None:
        self._spectrum = np.ascontiguousarray(arrays["spectrum"][:, 0].T)
        self._convolutions = [
            (_as_matrix(arrays[f"conv{layer}_weight"]), arrays[f"conv{layer}_bias"])
            for layer in range(4)
        ]
        # PyTorch's order of gates is input, forget, cell, output. With the cell's gate last
        # and the others halved one `tanh` serves all: sigmoid(x) = 0.5 + 0.5 tanh(x / 2).
        order = np.r_[0 : 2 * CELLS, 3 * CELLS : 4 * CELLS, 2 * CELLS : 3 * CELLS]
        halved = np.repeat(np.array([0.5, 0.5, 0.5, 1.0], np.float32), CELLS)
        bias = arrays["lstm_input_bias"] + arrays["lstm_state_bias"]
        self._gates_bias = bias[order] * halved
        self._from_input = _in_halves(arrays["lstm_input"][order].T * halved)
        self._from_output = _in_halves(arrays["lstm_state"][order].T * halved)
        self._output = arrays["output_weight"][0, :, 0]
        self._output_bias = float(arrays["output_bias"][0])

    def gates(self, samples: Floats) -> Floats:
        """What each window tells the LSTM, `(windows, 512)`.

        Args:
            samples: 32 samples of context and then whole windows, full scale being 1.
        """
        x = self._spectra(samples)
        for layer, (steps, stride) in enumerate([(4, 1), (2, 2)]):
            x = self._convolved(x, layer, steps, stride)
        # One step is left: all that remains of a convolution is a product.
        for layer in (2, 3):
            matrix, bias = self._convolutions[layer]
            x = np.maximum(x.reshape(len(x), -1) @ matrix + bias, 0)
        halves = [x @ half for half in self._from_input]
        gates: Floats = np.concatenate(halves, axis=1) + self._gates_bias
        return gates

    def probability(self, gates: Floats, memory: Memory) -> float:
        """That somebody speaks in the next window; `memory` takes it in."""
        first, last = (memory.output @ half for half in self._from_output)
        activated = np.tanh(np.concatenate([first, last]) + gates)
        doors = activated[: 3 * CELLS] * np.float32(0.5) + np.float32(0.5)
        memory.cells = (
            doors[CELLS : 2 * CELLS] * memory.cells + doors[:CELLS] * activated[3 * CELLS :]
        )
        memory.output = doors[2 * CELLS :] * np.tanh(memory.cells)
        score = float(np.maximum(memory.output, 0) @ self._output) + self._output_bias
        return 0.5 + 0.5 * float(np.tanh(0.5 * score))

    def _spectra(self, samples: Floats) -> Floats:
        """Magnitudes, `(windows, 4, 65)`."""
        windows = samples[CONTEXT_SAMPLES:].reshape(-1, WINDOW_SAMPLES)
        before = samples[:-CONTEXT_SAMPLES].reshape(-1, WINDOW_SAMPLES)[:, :CONTEXT_SAMPLES]
        mirrored = windows[:, -2 : -2 - _MIRRORED_SAMPLES : -1]
        padded = np.concatenate([before, windows, mirrored], axis=1)
        starts = range(0, _SPECTRA * _SPECTRUM_STEP, _SPECTRUM_STEP)
        pieces = np.stack([padded[:, at : at + _SPECTRUM_SAMPLES] for at in starts], axis=1)
        pieces = pieces.reshape(-1, _SPECTRUM_SAMPLES)
        waves = pieces @ self._spectrum
        magnitudes: Floats = np.sqrt(waves[:, :_BINS] ** 2 + waves[:, _BINS:] ** 2)
        return magnitudes.reshape(-1, _SPECTRA, _BINS)

    def _convolved(self, x: Floats, layer: int, steps: int, stride: int) -> Floats:
        """`(windows, 4, channels)` to `(windows, steps, channels)`, three taps, never negative."""
        matrix, bias = self._convolutions[layer]
        padded = np.zeros((len(x), _SPECTRA + 2, x.shape[2]), np.float32)
        padded[:, 1:-1] = x
        last = stride * (steps - 1) + 1
        taps = [padded[:, tap : tap + last : stride] for tap in range(3)]
        product = np.concatenate(taps, axis=2).reshape(len(x) * steps, -1) @ matrix
        product += bias
        convolved: Floats = np.maximum(product, 0, out=product).reshape(len(x), steps, -1)
        return convolved


@cache
def network() -> Network:
    """The model; it is read from its file the first time."""
    return Network(weights())


def to_floats(samples: NDArray[np.int16]) -> Floats:
    """16-bit samples as the model wants them."""
    return samples.astype(np.float32) / np.float32(FULL_SCALE)


def _as_matrix(weight: Floats) -> Floats:
    """`(out, in, taps)` as `(taps * in, out)`."""
    return np.ascontiguousarray(weight.transpose(2, 1, 0).reshape(-1, len(weight)))


def _in_halves(matrix: Floats) -> tuple[Floats, ...]:
    return tuple(
        np.ascontiguousarray(matrix[:, first : first + _ALONE_COLUMNS])
        for first in range(0, matrix.shape[1], _ALONE_COLUMNS)
    )
