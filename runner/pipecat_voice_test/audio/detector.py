"""Where does the bot speak: by its level, or by the voice model? METRICS 2, `detector`.

`level` is the level rule, as it stands in `speech.py`. `model` finds speech with the voice model
and its edges in the sound. `auto` takes the level rule where the line is quiet under the bot's
voice, and the model where something else is heard.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipecat_voice_test.audio.background import endless_burst, look_for_background
from pipecat_voice_test.audio.codec import SAMPLES_PER_MS, Pcm
from pipecat_voice_test.audio.edges import spoken_stretches
from pipecat_voice_test.audio.speech import Span, heard_speech, joined
from pipecat_voice_test.audio.voice_model import voice_probabilities

BY_LEVEL: Literal["level"] = "level"
BY_MODEL: Literal["model"] = "model"
_ASKED_FOR = "the scenario asks for it"
_CONTEXT_MS = 10_000  # Enough for the model to know the background.


@dataclass(frozen=True, slots=True)
class FoundSpeech:
    """Where somebody speaks in one channel.

    Attributes:
        stretches: Speech without a silence of 50 ms, in samples, in order.
        bursts: The same with silences of less than 200 ms closed.
        detector: What found it.
        because: Why that one, for people.
        suspected: Why what the level rule found may be no speech, or empty.
    """

    stretches: tuple[Span, ...]
    bursts: tuple[Span, ...]
    detector: Literal["level", "model"]
    because: str
    suspected: str = ""


def find_speech(
    pcm: Pcm, detector: Literal["auto", "level", "model"] = "auto", cuts: Sequence[int] = ()
) -> FoundSpeech:
    """Find the speech in the bot's channel of a whole call.

    Args:
        pcm: The channel, silence included.
        detector: `level` and `model` are obeyed; `auto` chooses.
        cuts: Samples at which what was playing was thrown away.
    """
    by_level = heard_speech(pcm)
    probabilities = voice_probabilities(pcm)
    background = look_for_background(pcm, by_level, probabilities)
    if detector == BY_MODEL or (detector == "auto" and background.found):
        found = spoken_stretches(pcm, probabilities, cuts)
        because = background.because if detector == "auto" else _ASKED_FOR
        return FoundSpeech(found, joined(found), BY_MODEL, because)
    suspected = background.because if background.found else endless_burst(by_level)
    because = background.because if detector == "auto" else _ASKED_FOR
    return FoundSpeech(by_level.stretches, by_level.bursts, BY_LEVEL, because, suspected)


def speech_after_ms(heard: Pcm, rest: Pcm) -> float:
    """How much speech is in `rest`, which would have followed `heard`; by the model."""
    before = heard[-_CONTEXT_MS * SAMPLES_PER_MS :]
    whole = np.concatenate([before, rest])
    found = spoken_stretches(whole, voice_probabilities(whole))
    samples = sum(max(0, end - max(start, len(before))) for start, end in found)
    return samples / SAMPLES_PER_MS
