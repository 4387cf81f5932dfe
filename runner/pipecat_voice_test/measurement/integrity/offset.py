"""How far is the voice off the zero line?"""

import numpy as np

from pipecat_voice_test.audio.level import WINDOW_MS, WINDOW_SAMPLES
from pipecat_voice_test.audio.speech import SPEECH_DBOV, loud_windows
from pipecat_voice_test.measurement.integrity.sound import Sound

SHORTEST_MS = 1000


def mean_sample(sound: Sound) -> float | None:
    """The mean of the loud 16-bit samples; None if there is less than a second of them."""
    loud, means = [], []
    for pcm in sound.pieces():
        windows = pcm[: len(pcm) // WINDOW_SAMPLES * WINDOW_SAMPLES]
        loud.append(loud_windows(windows, SPEECH_DBOV))
        means.append(windows.reshape(-1, WINDOW_SAMPLES).mean(axis=1))
    of_loud = np.concatenate(means)[np.concatenate(loud)]
    if len(of_loud) * WINDOW_MS < SHORTEST_MS:
        return None
    return float(np.mean(of_loud))
