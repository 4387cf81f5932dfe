"""Is there something under the voice? What tells music, typing or a room from a quiet line.

The level rule takes all sound for speech, the voice model (`voice_model/`) only speech. Sound of
-50 dBov and more in which the model hears nobody lies under the voice, or between its words. The
model is late: 200 ms before and 120 ms after what it takes for speech belong to the voice.

Calibrated on 30 s calls with 12 voices (real people in three languages, four speech engines):
120 on a quiet line, digital silence or hiss of -65 to -52 dBov, had at most 0.03 s of such
sound, 240 with music, typing, noise, hum or a crowd of voices 10 to 25 dB under the voice at
least 0.7 s.

What the model does not know as a voice, such as a tone, is as loud as what it knows, or is all
there is. So background is what is softer than the voice; and a call in which the model hears
nobody is left to the level rule, unless something that is no steady tone goes on from the moment
of picking up to the end.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import SAMPLE_RATE_HZ, Pcm
from pipecat_voice_test.audio.level import (
    WINDOW_MS,
    WINDOW_SAMPLES,
    mean_square,
    powers_dbov,
    window_powers,
)
from pipecat_voice_test.audio.speech import SPEECH_DBOV, Speech
from pipecat_voice_test.audio.voice_model import WINDOW_SAMPLES as MODEL_SAMPLES

MAYBE_SPEECH = 0.3
BEFORE_MS, AFTER_MS = 200, 120
NOBODY_SPEAKS_MS = 500
BELOW_VOICE_DB = 5.0
VOICE_KNOWN_MS = 300

# Nobody speaks in the whole call, but something is there.
PICKED_UP_MS = 500
ENDLESS_MS = 6000
_STEADY_DB = 1.0
_TONE_BINS, _TONE_SHARE = 6, 0.9
_FRAME_SAMPLES = 256

# METRICS 2: from here on a burst is suspected of not being speech.
LONGEST_BURST_MS = 30_000


@dataclass(frozen=True, slots=True)
class Background:
    """What is heard of a bot besides its voice.

    Attributes:
        found: Whether it is enough to mislead the level rule.
        because: Why, or why not, for people.
        loud_ms: Sound in which nobody speaks.
        speech_ms: Sound in which somebody does.
    """

    found: bool
    because: str
    loud_ms: float = 0.0
    speech_ms: float = 0.0


def look_for_background(
    pcm: Pcm, by_level: Speech, probabilities: NDArray[np.float32]
) -> Background:
    """Judge the bot's channel of a whole call.

    Args:
        pcm: The channel.
        by_level: What the level rule finds in it.
        probabilities: What the voice model says to it, one per 32 ms window.
    """
    powers = window_powers(pcm)
    if not by_level.stretches and not (powers >= mean_square(SPEECH_DBOV)).any():
        return Background(False, "the bot was not heard")
    spoken = _near_speech(probabilities, len(powers))
    loud = powers >= mean_square(SPEECH_DBOV)
    nobody, somebody = loud & ~spoken, loud & spoken
    loud_ms = float(np.count_nonzero(nobody) * WINDOW_MS)
    speech_ms = float(np.count_nonzero(probabilities >= 0.5) * MODEL_SAMPLES / 8)
    if speech_ms < VOICE_KNOWN_MS or not somebody.any():
        return _without_voice(pcm, by_level, loud_ms, speech_ms)
    voice_dbov, other_dbov = (
        float(powers_dbov(powers[which].mean(keepdims=True))[0]) if which.any() else -np.inf
        for which in (somebody, nobody)
    )
    below_db = voice_dbov - other_dbov
    heard = f"{loud_ms / 1000:.1f} s of sound in which nobody speaks"
    if loud_ms < NOBODY_SPEAKS_MS:
        return Background(False, f"the line is quiet under the bot's voice: {heard}",
                          loud_ms, speech_ms)  # fmt: skip
    if below_db < BELOW_VOICE_DB:
        because = (
            f"{heard} by the neural detector, but as loud as the bot's voice, "
            "so it may be a voice that it does not know"
        )
        return Background(False, because, loud_ms, speech_ms)
    because = (
        f"music or noise under the bot's voice: {heard}, {below_db:.0f} dB below the voice, "
        f"and {speech_ms / 1000:.1f} s of speech"
    )
    return Background(True, because, loud_ms, speech_ms)


def _without_voice(pcm: Pcm, by_level: Speech, loud_ms: float, speech_ms: float) -> Background:
    """The model hears nobody: a voice made for tests, or music and nobody on the line."""
    longest = max(by_level.bursts, key=lambda burst: burst[1] - burst[0], default=(0, 0))
    length_ms = (longest[1] - longest[0]) / SAMPLE_RATE_HZ * 1000
    endless = (
        longest[0] <= PICKED_UP_MS * SAMPLE_RATE_HZ // 1000
        and len(pcm) - longest[1] <= PICKED_UP_MS * SAMPLE_RATE_HZ // 1000
        and length_ms >= ENDLESS_MS
    )
    if endless and not _is_tone(pcm[longest[0] : longest[1]]):
        because = (
            f"music or noise and no voice: {length_ms / 1000:.1f} s of sound without a pause, "
            "in which the neural detector hears nobody"
        )
        return Background(True, because, loud_ms, speech_ms)
    because = (
        f"the neural detector knows no voice in {loud_ms / 1000:.1f} s of sound, "
        "so the level tells where the bot speaks"
    )
    return Background(False, because, loud_ms, speech_ms)


def endless_burst(by_level: Speech) -> str:
    """METRICS `background_suspected`: why what the level rule takes for speech may be none."""
    longest = max((end - start for start, end in by_level.bursts), default=0)
    if longest <= LONGEST_BURST_MS * SAMPLE_RATE_HZ // 1000:
        return ""
    return f"{longest / SAMPLE_RATE_HZ:.1f} s of sound without a pause"


def _near_speech(probabilities: NDArray[np.float32], windows: int) -> NDArray[np.bool_]:
    """Which 10 ms windows belong to something that may be speech."""
    before, after = BEFORE_MS // WINDOW_MS, AFTER_MS // WINDOW_MS
    change = np.zeros(windows + before + after + 8, np.int32)
    first = np.flatnonzero(probabilities >= MAYBE_SPEECH) * MODEL_SAMPLES // WINDOW_SAMPLES
    width = before + after + MODEL_SAMPLES // WINDOW_SAMPLES + 1
    np.add.at(change, np.minimum(first, windows), 1)
    np.add.at(change, np.minimum(first + width, len(change) - 1), -1)
    return np.cumsum(change)[before : before + windows] > 0


def _is_tone(pcm: Pcm) -> bool:
    """Whether a sound is always equally loud, and made of a few waves."""
    frames = pcm[: len(pcm) // _FRAME_SAMPLES * _FRAME_SAMPLES].reshape(-1, _FRAME_SAMPLES)
    frames = frames[:: max(1, len(frames) // 256)].astype(np.float64)
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME_SAMPLES), axis=1)) ** 2
    total = power.sum(axis=1)
    steady = float(np.std(powers_dbov(np.maximum(total, 1e-9)))) < _STEADY_DB
    # Where the waves are is asked of all frames together: those of a tune wander.
    mean = np.sort(power.mean(axis=0))[::-1]
    peaks = _TONE_BINS * 3  # A wave between two bins shows in three.
    return steady and float(mean[:peaks].sum() / mean.sum()) >= _TONE_SHARE
