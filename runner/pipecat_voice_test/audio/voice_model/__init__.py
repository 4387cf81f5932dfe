"""Does a person speak in these 32 ms? Silero VAD v6 at 8000 Hz, in plain numpy.

Used where the level of a sound does not tell speech from what lies under it: music, typing, a
room. `LICENSE` is that of the weights, `tools/voice-model-weights` made their file.

The model looks at one window of 256 samples at a time, and remembers. What it remembers of
music, noise or long silence keeps it from hearing the speech that follows; so its memory is
wiped every two seconds where there is clearly nobody speaking, as Pipecat does
(`pipecat/audio/vad/silero.py` of pipecat-ai 1.14.0).
"""

from pipecat_voice_test.audio.voice_model.network import WINDOW_MS, WINDOW_SAMPLES
from pipecat_voice_test.audio.voice_model.stream import (
    RESET_AFTER_MS,
    VoiceStream,
    load,
    voice_probabilities,
)

__all__ = [
    "RESET_AFTER_MS",
    "WINDOW_MS",
    "WINDOW_SAMPLES",
    "VoiceStream",
    "load",
    "voice_probabilities",
]
