"""How far is the voice off the zero line?"""

import numpy as np

from pipecat_voice_test.audio.codec import decode_ulaw
from pipecat_voice_test.audio.level import WINDOW_MS, WINDOW_SAMPLES
from pipecat_voice_test.audio.speech import SPEECH_DBOV, loud_windows
from pipecat_voice_test.measurement.integrity.sound import Sound

SHORTEST_MS = 1000


def mean_sample(sound: Sound) -> float | None:
    """The mean of the loud 16-bit samples; None if there is less than a second of them."""
    pcm = decode_ulaw(sound.ulaw)
    whole = len(pcm) // WINDOW_SAMPLES
    loud = loud_windows(pcm[: whole * WINDOW_SAMPLES], SPEECH_DBOV)
    if loud.sum() * WINDOW_MS < SHORTEST_MS:
        return None
    means = pcm[: whole * WINDOW_SAMPLES].reshape(-1, WINDOW_SAMPLES).mean(axis=1)
    return float(np.mean(means[loud]))
