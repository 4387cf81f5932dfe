"""How loud the bot is: METRICS `level` and `clipping`, over its loud windows."""

from dataclasses import dataclass

import numpy as np

from pipecat_voice_test.audio.codec import Pcm, decode_ulaw
from pipecat_voice_test.audio.level import (
    WINDOW_SAMPLES,
    mean_square,
    powers_dbov,
    window_powers,
)
from pipecat_voice_test.audio.speech import loud_from_dbov, speech_floor_dbov
from pipecat_voice_test.measurement.channels import Hearing

# The two ends of the scale of G.711 μ-law, as samples of 16 bit.
LOWEST, HIGHEST = sorted(int(end) for end in decode_ulaw(b"\x00\x80"))


@dataclass(frozen=True, slots=True)
class Loudness:
    """What a meter on the line would show while the bot speaks.

    Attributes:
        level_dbov: RMS over all loud windows.
        clipping: Share of their samples at the two extreme codes, 0 to 1.
        clipped_at_ms: The first of those, or None.
    """

    level_dbov: float
    clipping: float
    clipped_at_ms: float | None = None


def loudness(pcm: Pcm, hearing: Hearing) -> Loudness | None:
    """Measure the bot's channel of a whole call; None if nothing in it is loud.

    Where the bot plays something under its voice, only what lies within its speech counts.
    """
    powers = window_powers(pcm)
    loud = powers >= mean_square(loud_from_dbov(speech_floor_dbov(pcm)))
    if hearing.detector == "model":
        loud &= _spoken(hearing, len(powers))
    if not loud.any():
        return None
    extreme = (pcm == LOWEST) | (pcm == HIGHEST)
    extreme &= np.repeat(loud, WINDOW_SAMPLES)[: len(pcm)]
    clipped = np.flatnonzero(extreme)
    first_ms = float(clipped[0]) * 10 / WINDOW_SAMPLES if len(clipped) else None
    sounding = int(loud.sum()) * WINDOW_SAMPLES
    return Loudness(float(powers_dbov(powers[loud].mean())), len(clipped) / sounding, first_ms)


def _spoken(hearing: Hearing, windows: int) -> np.typing.NDArray[np.bool_]:
    spoken = np.zeros(windows, dtype=np.bool_)
    for stretch in hearing.stretches:
        first, end = (round(edge_ms / 10) for edge_ms in stretch)
        spoken[first:end] = True
    return spoken
