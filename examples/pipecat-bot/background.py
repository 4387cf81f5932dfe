"""Sound under the bot's voice, as a call centre has it: Pipecat's own mixer hook, filled by us.

With a mixer the output never falls silent: the line carries sound from the first second to the
last, also while the bot listens. That is healthy, and hard on a tester who listens for silence.
"""

import numpy as np
from pipecat.audio.mixers.base_audio_mixer import BaseAudioMixer
from pipecat.frames.frames import MixerControlFrame

LOOP_S = 16
LEVEL_RMS = 300.0  # Of 32768, about 20 dB under the voice.
# Four chords of a slow tune, in Hz.
CHORDS = (
    (220.0, 277.2, 329.6),
    (196.0, 246.9, 293.7),
    (174.6, 220.0, 261.6),
    (196.0, 246.9, 329.6),
)
KEYS_PER_S = 6.0


class Background(BaseAudioMixer):
    """Adds a loop to everything that is sent; `silence` adds nothing, but sends all the time."""

    def __init__(self, name: str):
        self._name = name
        self._loop = np.zeros(1)
        self._at = 0

    async def start(self, sample_rate: int) -> None:
        self._loop = SOUNDS[self._name](sample_rate)

    async def stop(self) -> None:
        pass

    async def process_frame(self, frame: MixerControlFrame) -> None:
        pass

    async def mix(self, audio: bytes) -> bytes:
        voice = np.frombuffer(audio, dtype=np.int16)
        under = self._loop.take(range(self._at, self._at + len(voice)), mode="wrap")
        self._at = (self._at + len(voice)) % len(self._loop)
        return np.clip(voice + under, -32768, 32767).astype(np.int16).tobytes()


def silence(rate_hz: int) -> np.ndarray:
    return np.zeros(rate_hz * LOOP_S)


def music(rate_hz: int) -> np.ndarray:
    """Chords that are struck twice a second and ring out."""
    at_s = np.arange(rate_hz * LOOP_S) / rate_hz
    chord = (at_s * len(CHORDS) / LOOP_S).astype(int)
    sound = np.zeros(len(at_s))
    for voice in range(3):
        hz = np.array([notes[voice] for notes in CHORDS])[chord]
        sound += sum(np.sin(2 * np.pi * k * np.cumsum(hz) / rate_hz) / k for k in (1, 2, 3))
    return _at_level(sound * (0.4 + 0.6 * np.exp(-3 * (at_s % 0.5))))


def typing(rate_hz: int) -> np.ndarray:
    """Somebody at a keyboard: short bursts of noise, over the hum of a room."""
    random = np.random.default_rng(1)
    sound = random.normal(0, 0.05, rate_hz * LOOP_S)
    length = int(rate_hz * 0.03)
    for at in random.integers(0, len(sound) - length, int(KEYS_PER_S * LOOP_S)):
        sound[at : at + length] += random.normal(0, 1, length) * np.exp(-np.linspace(0, 5, length))
    return _at_level(sound)


def _at_level(sound: np.ndarray) -> np.ndarray:
    return sound * LEVEL_RMS / np.sqrt(np.mean(sound**2))


SOUNDS = {"silence": silence, "music": music, "typing": typing}
