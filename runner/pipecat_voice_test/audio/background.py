"""Is there something under the voice? What tells music, typing or a room from a quiet line.

The level rule takes all sound for speech, the voice model (`voice_model/`) only speech. Sound of
-50 dBov and more in which the model hears nobody lies under the voice, or between its words. The
model is late: 200 ms before and 120 ms after what it takes for speech belong to the voice.

Calibrated on calls of 30 s with 12 voices, real people in three languages and four speech
engines. 180 on a quiet line, in digital silence or hiss of -65 to -52 dBov, had at most 0.03 s
of such sound; 190 with music, typing, noise, hum or a crowd 10 to 25 dB under the voice had at
least 0.7 s. Of 288 other quiet calls of 20 s none was taken for one with a background, of 288
others of 16 s with one 2 were missed, both with a crowd 10 dB under the voice.

What the model does not know as a voice, such as a tone made for tests, is as loud as what it
knows, or is all there is. So background is what is softer than the voice. What is not, and a call
in which nobody speaks, is background only if it goes on without a pause and is no steady tone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import SAMPLE_RATE_HZ, SAMPLES_PER_MS, Pcm
from pipecat_voice_test.audio.level import (
    FULL_SCALE,
    WINDOW_MS,
    WINDOW_SAMPLES,
    mean_square,
    powers_dbov,
    window_powers,
)
from pipecat_voice_test.audio.speech import SPEECH_DBOV, Span, Speech
from pipecat_voice_test.audio.voice_model import WINDOW_MS as MODEL_MS
from pipecat_voice_test.audio.voice_model import WINDOW_SAMPLES as MODEL_SAMPLES

_SPEECH, _MAYBE_SPEECH = 0.5, 0.3
_BEFORE_MS, _AFTER_MS = 200, 120
_NOBODY_MS, _NOBODY_SHARE = 300, 0.01  # So much of a call, and of a longer one this share.
_BELOW_VOICE_DB = 5.0

# Music has "speech" in it for moments, and a tone where it begins.
_WORD_MS, _LITTLE_SHARE = 320, 0.06
_KNOWN_SHARE = 0.2

_PICKED_UP_MS = 1000
_PAUSE_MS = 350
_ENDLESS_MS = 6000  # A greeting is missed after 8 s.
_LOUD_MUSIC_MS, _WORD_AND_PAUSE_MS = 3000, 700

_CLICK_MS, _CLICKS, _MOSTLY = 60, 10, 0.8

# The tones of the demo bot vary by at most 0.3 dB, over music too, and are made of three waves.
# Music varies by 0.8 dB and more; noise by less, but it is made of all waves.
_TONE_SPREAD_DB = 0.6
_TONE_BINS, _TONE_SHARE = 18, 0.95
_FRAME_SAMPLES = 256
_SPECTRA = 64

# METRICS 2: from here on a burst is suspected of not being speech.
LONGEST_BURST_MS = 30_000


@dataclass(frozen=True, slots=True)
class Background:
    """What is heard of a bot besides its voice.

    Attributes:
        found: Whether it is enough to mislead the level rule.
        because: Why, or why not, for people.
    """

    found: bool
    because: str


@dataclass(frozen=True, slots=True)
class _Sound:
    """A channel in windows of 10 ms, and what the model makes of it."""

    powers: NDArray[np.float64]
    loud: NDArray[np.bool_]
    spoken: NDArray[np.bool_]
    speech_ms: float
    longest_speech_ms: float

    @property
    def nobody(self) -> NDArray[np.bool_]:
        """Sound in which nobody speaks."""
        return self.loud & ~self.spoken

    @property
    def loud_ms(self) -> float:
        return _ms(self.loud)

    @property
    def has_voice(self) -> bool:
        enough = self.speech_ms >= _LITTLE_SHARE * self.loud_ms
        return self.speech_ms > 0 and (enough or self.longest_speech_ms >= _WORD_MS)


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
    sound = _Sound(
        powers,
        powers >= mean_square(SPEECH_DBOV),
        _near_speech(probabilities, len(powers)),
        float(np.count_nonzero(probabilities >= _SPEECH) * MODEL_MS),
        float(_longest_run(probabilities >= _SPEECH) * MODEL_MS),
    )
    if not sound.loud.any():
        return Background(False, "the bot was not heard")
    tone = _is_tone(pcm, by_level.stretches)
    if not sound.has_voice:
        return _without_voice(sound, tone)
    nobody_ms = _ms(sound.nobody)
    heard = f"{nobody_ms / 1000:.1f} s of sound in which nobody speaks"
    if nobody_ms < max(_NOBODY_MS, _NOBODY_SHARE * len(powers) * WINDOW_MS):
        return Background(False, f"the line is quiet under the bot's voice: {heard}")
    below_db = _level_dbov(powers, sound.loud & sound.spoken) - _level_dbov(powers, sound.nobody)
    speech = f"{sound.speech_ms / 1000:.1f} s of speech"
    if below_db >= _BELOW_VOICE_DB:
        because = f"music or noise under the bot's voice: {heard}, {below_db:.0f} dB below it"
        return Background(True, f"{because}, and {speech}")
    known = sound.speech_ms >= _KNOWN_SHARE * sound.loud_ms
    if known and _are_clicks(sound.nobody):
        because = f"typing or clicks besides the bot's voice: {heard}, none longer than a click"
        return Background(True, f"{because}, and {speech}")
    tone = tone or _is_tone(pcm, _spans(sound.nobody))
    if known and not tone and _endless_ms(sound.nobody, _WORD_AND_PAUSE_MS) >= _LOUD_MUSIC_MS:
        because = f"music or noise as loud as the bot's voice: {heard}, without a pause"
        return Background(True, f"{because}, and {speech}")
    because = (
        f"in {nobody_ms / 1000:.1f} s of sound as loud as its voice the neural detector hears "
        "nobody, so it may not know this voice"
    )
    return Background(False, f"the bot's level tells where it speaks: {because}")


def endless_burst(by_level: Speech) -> str:
    """METRICS `background_suspected`: why what the level rule takes for speech may be none."""
    longest = max((end - start for start, end in by_level.bursts), default=0)
    if longest <= LONGEST_BURST_MS * SAMPLES_PER_MS:
        return ""
    return f"{longest / SAMPLE_RATE_HZ:.1f} s of sound without a pause"


def _without_voice(sound: _Sound, tone: bool) -> Background:
    """The model hears nobody: a voice made for tests, or music and nobody on the line."""
    first = int(np.argmax(sound.loud))
    endless_ms = _endless_ms(sound.loud[first:])
    heard = f"{sound.loud_ms / 1000:.1f} s of sound in which nobody speaks"
    from_first_to_last = endless_ms >= (len(sound.loud) - first) * WINDOW_MS - _PAUSE_MS
    begins_at_once = first * WINDOW_MS <= _PICKED_UP_MS
    if begins_at_once and from_first_to_last and endless_ms >= _ENDLESS_MS and not tone:
        return Background(True, f"music or noise and no voice: {heard}, without a pause")
    because = f"in {sound.loud_ms / 1000:.1f} s of sound the neural detector knows no voice"
    return Background(False, f"the bot's level tells where it speaks: {because}")


def _near_speech(probabilities: NDArray[np.float32], windows: int) -> NDArray[np.bool_]:
    """Which 10 ms windows belong to something that may be speech."""
    before, after = _BEFORE_MS // WINDOW_MS, _AFTER_MS // WINDOW_MS
    width = before + after + MODEL_SAMPLES // WINDOW_SAMPLES + 1
    first = np.flatnonzero(probabilities >= _MAYBE_SPEECH) * MODEL_SAMPLES // WINDOW_SAMPLES
    change = np.zeros(windows + width + 1, np.int32)
    np.add.at(change, np.minimum(first, windows), 1)
    np.add.at(change, np.minimum(first, windows) + width, -1)
    return np.cumsum(change)[before : before + windows] > 0


def _is_tone(pcm: Pcm, spans: Iterable[Span]) -> bool:
    """Whether these stretches are all equally loud, and made of a few waves."""
    inner = [
        pcm[start + _FRAME_SAMPLES : end - _FRAME_SAMPLES]
        for start, end in spans
        if end - start > 4 * _FRAME_SAMPLES
    ]
    if not inner:
        return False
    levels = [powers_dbov(np.maximum(window_powers(one, _FRAME_SAMPLES), 1.0)) for one in inner]
    if float(np.std(np.concatenate([each[:-1] for each in levels]))) >= _TONE_SPREAD_DB:
        return False
    frames = np.concatenate(
        [one[: len(one) // _FRAME_SAMPLES * _FRAME_SAMPLES] for one in inner]
    ).reshape(-1, _FRAME_SAMPLES)
    some = frames[:: max(1, len(frames) // _SPECTRA)] * np.hanning(_FRAME_SAMPLES)
    waves = np.sort((np.abs(np.fft.rfft(some, axis=1)) ** 2).mean(axis=0))[::-1]
    return float(waves[:_TONE_BINS].sum()) >= _TONE_SHARE * float(waves.sum())


def _endless_ms(sound: NDArray[np.bool_], pause_ms: float = _PAUSE_MS) -> float:
    """The longest time without a pause; it begins and ends with sound."""
    at = np.flatnonzero(sound)
    if not len(at):
        return 0.0
    ends = np.flatnonzero(np.diff(at) * WINDOW_MS > pause_ms)
    starts, lasts = at[np.r_[0, ends + 1]], at[np.r_[ends, len(at) - 1]]
    return float((lasts - starts + 1).max() * WINDOW_MS)


def _longest_run(what: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(what, prepend=False, append=False))
    return int(np.diff(edges)[::2].max()) if len(edges) else 0


def _are_clicks(sound: NDArray[np.bool_]) -> bool:
    """Whether these are many short sounds and hardly a longer one."""
    spans = _spans(sound)
    clicks = sum(end - start <= _CLICK_MS * SAMPLES_PER_MS for start, end in spans)
    return clicks >= max(_CLICKS, _MOSTLY * len(spans))


def _spans(windows: NDArray[np.bool_]) -> list[Span]:
    """Where these windows lie, in samples."""
    edges = np.flatnonzero(np.diff(windows, prepend=False, append=False)) * WINDOW_SAMPLES
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _level_dbov(powers: NDArray[np.float64], which: NDArray[np.bool_]) -> float:
    """The level of these windows together."""
    if not which.any():
        return float("-inf")
    return float(10 * np.log10(powers[which].mean() / FULL_SCALE**2))


def _ms(windows: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(windows) * WINDOW_MS)
