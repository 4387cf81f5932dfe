"""Runs the voice model over a recording, or along a call."""

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.voice_model.network import (
    CONTEXT_SAMPLES,
    WINDOW_MS,
    WINDOW_SAMPLES,
    Floats,
    Memory,
    network,
    to_floats,
)

# Pipecat's figures; see the package's page.
RESET_AFTER_MS = 2000
_NOBODY = 0.1
_NOBODY_WINDOWS = 5

# As many as BLAS computes without calling for other threads. With 64 and more it shares them out,
# which takes four times the time of the clock and twice that of the processor on a busy machine.
_BLOCK_WINDOWS = 8


def load() -> None:
    """Read the weights, which takes some 15 ms the first time, before there is a hurry."""
    network()


def voice_probabilities(
    pcm: Pcm, reset_after_ms: float | None = RESET_AFTER_MS
) -> NDArray[np.float32]:
    """The probability of speech for each 32 ms window, the first beginning with sample 0.

    Args:
        pcm: A whole recording; a last window that is not full is taken as if silence followed.
        reset_after_ms: How often the memory may be wiped, where nobody speaks; None is never.
    """
    stream = VoiceStream(reset_after_ms)
    missing = -len(pcm) % WINDOW_SAMPLES
    found = stream.feed(pcm)
    if missing:
        found += stream.feed(np.zeros(missing, np.int16))
    return np.array([probability for _, probability in found], np.float32)


class VoiceStream:
    """Follows a call; the same samples give the same probabilities in pieces of any length.

    Args:
        reset_after_ms: As in `voice_probabilities`.
    """

    def __init__(self, reset_after_ms: float | None = RESET_AFTER_MS) -> None:
        self._reset_windows = None if reset_after_ms is None else reset_after_ms / WINDOW_MS
        self._memory = Memory()
        self._since_reset = 0
        self._nobody = 0
        self._context: Floats = np.zeros(CONTEXT_SAMPLES, np.float32)
        self._waiting: Pcm = np.zeros(0, np.int16)
        self._end_ms = 0

    def feed(self, pcm: Pcm) -> list[tuple[int, float]]:
        """Take the next samples.

        Returns:
            `(end_ms, probability)` of each window that they complete; `end_ms` counts from the
            first sample of all.
        """
        samples = np.concatenate([self._waiting, pcm])
        whole = len(samples) - len(samples) % WINDOW_SAMPLES
        self._waiting = samples[whole:]
        found: list[tuple[int, float]] = []
        for first in range(0, whole, _BLOCK_WINDOWS * WINDOW_SAMPLES):
            last = min(first + _BLOCK_WINDOWS * WINDOW_SAMPLES, whole)
            found += self._look_at(to_floats(samples[first:last]))
        return found

    def _look_at(self, windows: Floats) -> list[tuple[int, float]]:
        model = network()
        samples = np.concatenate([self._context, windows])
        self._context = samples[-CONTEXT_SAMPLES:]
        found = []
        for gates in model.gates(samples):
            probability = model.probability(gates, self._memory)
            self._end_ms += WINDOW_MS
            found.append((self._end_ms, probability))
            self._forget_sometimes(probability)
        return found

    def _forget_sometimes(self, probability: float) -> None:
        self._since_reset += 1
        self._nobody = self._nobody + 1 if probability < _NOBODY else 0
        if self._reset_windows is None or self._since_reset < self._reset_windows:
            return
        if self._nobody >= _NOBODY_WINDOWS:
            self._memory = Memory()
            self._since_reset = 0
