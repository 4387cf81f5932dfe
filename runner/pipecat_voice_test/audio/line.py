"""What the caller's line carries: noise without a break, and the caller's clips on top of it.

Between utterances there is low noise, not digital zero (P-23); noise runs on underneath a
clip, and everything is μ-law encoded once (P-24). The noise is a loop made before the call, so
that 20 ms of it cost nothing more than a slice of bytes.
"""

import math
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from pipecat_voice_test.audio.codec import FRAME_SAMPLES, Pcm, encode_ulaw
from pipecat_voice_test.audio.level import to_pcm
from pipecat_voice_test.audio.noise import band_level_dbov, line_noise, looped, seeded_bits

_LOOP_FRAMES = 512  # 10.24 s: long enough that nobody hears it come round.
_BLOCK_SAMPLES = 500 * FRAME_SAMPLES  # A long clip is never converted to float as a whole.
_LOOPS_KEPT = 4  # Calls with equal settings share one; with a recording it may take 1.5 MB.


@dataclass(frozen=True, slots=True)
class LineSound:
    """The sound of one line; `line_sound` makes it.

    Attributes:
        period_samples: After this many samples the noise comes round.
    """

    _loop: Pcm = field(repr=False)
    _loop_ulaw: bytes = field(repr=False)

    @property
    def period_samples(self) -> int:
        return len(self._loop_ulaw)

    def quiet_frame(self, frame: int) -> bytes:
        """The 160 bytes of the frame with this number, from 0, while the caller is silent."""
        start = frame * FRAME_SAMPLES % len(self._loop_ulaw)
        return self._loop_ulaw[start : start + FRAME_SAMPLES]

    def mix(self, clip: Pcm, first_frame: int) -> bytes:
        """A whole clip that begins with frame `first_frame`, as it goes on the line.

        Its last frame is filled up with the noise of the line, so what comes back is whole
        frames. Peaks beyond full scale are limited to it.
        """
        first_sample = first_frame * FRAME_SAMPLES
        return b"".join(
            self._mixed(clip[start : start + _BLOCK_SAMPLES], first_sample + start)
            for start in range(0, len(clip), _BLOCK_SAMPLES)
        )

    def _mixed(self, clip: Pcm, first_sample: int) -> bytes:
        samples = -(-len(clip) // FRAME_SAMPLES) * FRAME_SAMPLES
        where = first_sample + np.arange(samples)
        mixed = self._loop.take(where, mode="wrap").astype(np.float64)
        mixed[: len(clip)] += clip
        return encode_ulaw(to_pcm(mixed))


def line_sound(
    seed: int,
    line_noise_dbov: float | None,
    *,
    noise: Pcm | None = None,
    snr_db: float = 0.0,
    speech_level_dbov: float = -26.0,
) -> LineSound:
    """Make the sound of a line; equal settings share one.

    Args:
        seed: Equal seeds give equal noise, bit for bit.
        line_noise_dbov: Level of the line noise; None leaves the line digitally silent.
        noise: A recording of what is around the caller, at 8000 Hz, repeated all the time.
        snr_db: How far that recording lies below the caller's speech, by its RMS level in
            300-3400 Hz; METRICS 6.
        speech_level_dbov: Active level of the caller's speech.

    Raises:
        ValueError: The recording holds nothing between 300 and 3400 Hz.
    """
    if noise is None:
        return _line_sound(seed, line_noise_dbov, None, 0.0)
    return _line_sound(seed, line_noise_dbov, noise.tobytes(), speech_level_dbov - snr_db)


@lru_cache(maxsize=_LOOPS_KEPT)
def _line_sound(
    seed: int, line_noise_dbov: float | None, noise: bytes | None, noise_dbov: float
) -> LineSound:
    sound = np.zeros(_LOOP_FRAMES * FRAME_SAMPLES)
    if noise is not None:
        recording = looped(np.frombuffer(noise, np.int16))
        in_band_dbov = band_level_dbov(recording)
        if in_band_dbov == -math.inf:
            raise ValueError("the recording holds nothing between 300 and 3400 Hz")
        recording *= 10 ** ((noise_dbov - in_band_dbov) / 20)
        # A short recording comes round several times before the line noise does.
        sound = np.tile(recording, -(-len(sound) // len(recording)))
        # Repeats of a call, which differ in their seed, meet different parts of it.
        frames = len(sound) // FRAME_SAMPLES
        sound = np.roll(sound, int(seeded_bits(seed, 1)[0] % frames) * FRAME_SAMPLES)
    if line_noise_dbov is not None:
        sound += line_noise(seed, line_noise_dbov, len(sound))
    loop = to_pcm(sound)
    return LineSound(loop, encode_ulaw(loop))
