"""Hears that what came as linear PCM was made in another coding: then the caller hears noise.

From one sample to the next sound changes little, but for noise; read in a wrong coding everything
is noise. So the same bytes are read in each coding that bots are known to send by mistake, and in
each the power of the steps between samples is held against that of the samples themselves. If
they are that much smoother in another coding, they were made in that one.

How many times smoother, over 3100 pieces of healthy sound, of 8000 samples each (voices, music,
tones and noise at 8 to 48 kHz, -45 to -12 dBov): at most 1.1 times, and 2.0 for a voice clipped to
two values. Of 14,000 pieces of voices in a wrong coding, -40 to -16 dBov, 95 of 100 were 2.3 times
smoother and more, half of them 19 times; one piece is enough.
"""

import audioop
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.level import mean_square
from pipecat_voice_test.audio.speech import SPEECH_DBOV
from pipecat_voice_test.protocol.findings.network import Network
from pipecat_voice_test.protocol.wire import Complaint

KIND = "wrong_coding"
TIMES_SMOOTHER = 2.3
LISTENED_BYTES = 16_000  # Of sound, without what is silent: so much tells.
MOST_BYTES = 32_768  # Of one message: all of it would keep the call waiting.

Samples = NDArray[np.float32]


def _values(decoded: bytes) -> Samples:
    return np.frombuffer(decoded, np.int16).astype(np.float32)


_EVERY = bytes(range(256))
_ULAW, _ALAW = _values(audioop.ulaw2lin(_EVERY, 2)), _values(audioop.alaw2lin(_EVERY, 2))
_READINGS: Mapping[str, Callable[[NDArray[np.uint8]], Samples]] = {
    "big-endian": lambda data: data.view(">i2").astype(np.float32),
    "half-a-sample-late": lambda data: data[1:-1].view("<i2").astype(np.float32),
    "mulaw": lambda data: _ULAW[data],
    "alaw": lambda data: _ALAW[data],
}
# What the bot sends, and what is to be done about it.
_MEANS = {
    "big-endian": (
        "samples with their high byte first",
        "swap the bytes of each sample (`audioop.byteswap`, or numpy's `astype('<i2')`).",
    ),
    "half-a-sample-late": (
        "samples that begin in the middle of one",
        "cut audio into messages between samples, and lose no byte of it.",
    ),
    "mulaw": ("μ-law", "decode it before sending (`audioop.ulaw2lin`)."),
    "alaw": ("A-law", "decode it before sending (`audioop.alaw2lin`)."),
}


class CodingGuess:
    """Listens to one bot; complains once in a call, which says enough.

    Args:
        network: Who carries its audio.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._complained = False
        self._sound = bytearray()

    def listen(self, l16: bytes) -> tuple[Complaint, ...]:
        """Take in a message of the bot."""
        if self._complained:
            return ()
        l16 = l16[: min(len(l16) // 2 * 2, MOST_BYTES)]
        samples = np.frombuffer(l16, "<i2").astype(np.float32)
        if samples @ samples > mean_square(SPEECH_DBOV) * len(samples):
            self._sound += l16
        # To look at a second at once takes a tenth of the time that messages one by one do.
        if len(self._sound) < LISTENED_BYTES:
            return ()
        sound, self._sound = np.frombuffer(bytes(self._sound), np.uint8), bytearray()
        return self._judge(sound)

    def _judge(self, sound: NDArray[np.uint8]) -> tuple[Complaint, ...]:
        of_others = {name: _roughness(read(sound)) for name, read in _READINGS.items()}
        other = min(of_others, key=lambda name: of_others[name])
        times = _roughness(sound.view("<i2").astype(np.float32)) / max(of_others[other], 1e-3)
        if times < TIMES_SMOOTHER:
            return ()
        self._complained = True
        called, fix = _MEANS[other]
        message = (
            f"The bot sends {called}: read as such its sound is {times:.0f} times smoother than as "
            f"what {self._network.name} takes it for, 16-bit linear PCM with the low byte first. "
            f"So the caller hears noise. Fix: {fix}"
        )
        return (Complaint(KIND, other, message),)


def _roughness(samples: Samples) -> float:
    """The power of the steps between samples, that of the samples being 1; 2 for white noise."""
    centred, steps = samples - samples.mean(), np.diff(samples)
    return float(steps @ steps) / max(float(centred @ centred), 1.0)
