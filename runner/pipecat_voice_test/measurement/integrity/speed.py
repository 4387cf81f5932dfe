"""Does the voice play at its own speed?

Sound made for another rate than 8000 Hz and sent as it is plays at another speed, with pitch,
formants and pace moved alike. Two witnesses must agree. The figures of the voice (`pace.py`),
weighed by what was learnt from voices whose speed is known, must say so clearly; and the voice
model must hear a voice once the sound is brought to one of the usual speeds, which it does in
nine tenths of real speech and in less than half of any music, tone or noise.

Measured on voices that had no part in the learning, 8 to 40 s each: none of 3148 healthy pieces
was blamed, half of them 13 % slower or 15 % faster than they were spoken; found were 96 to 100 %
at a third of the speed and below, 79 to 95 % at half of it, 84 to 100 % at three times the speed,
47 to 92 % at twice. Speeds nearer than 1.5 are left alone.
"""

import numpy as np

from pipecat_voice_test.audio.codec import SAMPLE_RATE_HZ, Pcm, decode_ulaw
from pipecat_voice_test.audio.level import WINDOW_SAMPLES as LEVEL_SAMPLES
from pipecat_voice_test.audio.level import to_pcm
from pipecat_voice_test.audio.speech import SPEECH_DBOV, loud_windows
from pipecat_voice_test.audio.voice_model import WINDOW_SAMPLES, voice_probabilities
from pipecat_voice_test.measurement.integrity.fault import Fault
from pipecat_voice_test.measurement.integrity.pace import LONGEST_S, PITCH, Floats, voice_figures
from pipecat_voice_test.measurement.integrity.sound import PIECE_SAMPLES, Sound
from pipecat_voice_test.measurement.integrity.speed_weights import (
    OCTAVES,
    OCTAVES_FROM,
    TOO_FAST,
    TOO_FAST_FROM,
    TOO_SLOW,
    TOO_SLOW_FROM,
)

SLOW_ODDS, FAST_ODDS = 2.5, 3.5  # Healthy voices: 1.8 and 3.1 at most.
NEAREST_OCTAVES = 0.5  # What is nearer to its own speed is left alone.
VOICE_SHARE = 0.8
_TOLD_SHARE = 0.5  # What is less of a voice is music or noise, of which nothing is said.
_VOICE = 0.5
_AS_GOOD = 0.05
_LISTENED_TO_S = 15
# The rates, in Hz, of sound that was sent as if they were 8000, and the other way round.
_RATES_HZ = (16000, 22050, 24000, 44100, 48000)


def wrong_speed(sound: Sound) -> tuple[bool, Fault | None]:
    """Whether the speed can be told at all, and the fault if it is wrong."""
    pcm = _from_first_sound(sound)
    figures = voice_figures(pcm)
    if figures is None:
        return False, None
    part = pcm[: _LISTENED_TO_S * SAMPLE_RATE_HZ]
    share_now = voice_share(part)
    octaves, speeds = _possible_speeds(figures)
    if not speeds:
        return share_now >= _TOLD_SHARE, None
    shares = {speed: voice_share(at_speed(part, 1 / speed)) for speed in speeds}
    most = max(shares.values())
    if most < VOICE_SHARE:
        return False, None
    likely = [speed for speed, share in shares.items() if share >= most - _AS_GOOD]
    speed = min(likely, key=lambda each: abs(np.log2(each) - octaves))
    return True, Fault("wrong_speed", 0, _because(speed, shares[speed], share_now, figures))


def _possible_speeds(figures: Floats) -> tuple[float, list[float]]:
    """How fast it plays in octaves, roughly; and which speeds it may have, none if its own."""
    octaves = float(figures @ np.array(OCTAVES)) + OCTAVES_FROM
    slow = float(figures @ np.array(TOO_SLOW)) + TOO_SLOW_FROM
    fast = float(figures @ np.array(TOO_FAST)) + TOO_FAST_FROM
    if slow >= SLOW_ODDS and octaves <= -NEAREST_OCTAVES:
        return octaves, [SAMPLE_RATE_HZ / rate_hz for rate_hz in _RATES_HZ]
    if fast >= FAST_ODDS and octaves >= NEAREST_OCTAVES:
        return octaves, [rate_hz / SAMPLE_RATE_HZ for rate_hz in _RATES_HZ[:3]]
    return octaves, []


def at_speed(pcm: Pcm, speed: float) -> Pcm:
    """The same sound, played so many times as fast."""
    samples = max(2, round(len(pcm) / speed))
    spectrum = np.fft.rfft(pcm.astype(np.float64))
    kept = np.zeros(samples // 2 + 1, np.complex128)
    both = min(len(kept), len(spectrum))
    kept[:both] = spectrum[:both]
    return to_pcm(np.fft.irfft(kept, samples) * (samples / len(pcm)))


def voice_share(pcm: Pcm) -> float:
    """In how much of what is to be heard the voice model hears a voice."""
    voice = voice_probabilities(pcm)
    loud = np.zeros(len(voice), np.bool_)
    at = np.flatnonzero(loud_windows(pcm, SPEECH_DBOV)) * LEVEL_SAMPLES // WINDOW_SAMPLES
    loud[at] = True
    return float((voice[loud] >= _VOICE).mean()) if loud.any() else 0.0


def _because(speed: float, share_then: float, share_now: float, figures: Floats) -> str:
    pace = f"{1 / speed:.1f} times too slow" if speed < 1 else f"{speed:.1f} times too fast"
    pitch_hz = 2 ** figures[PITCH]
    return (
        f"it plays about {pace}, at a pitch of {pitch_hz:.0f} Hz; the voice model hears a voice "
        f"in {share_now:.0%} of it, and in {share_then:.0%} when it is played "
        f"{1 / speed:.2g} times as fast."
    )


def _from_first_sound(sound: Sound) -> Pcm:
    """The first minute; without any sound in it, of whatever there is."""
    first = 0
    for number, pcm in enumerate(sound.pieces()):
        loud = loud_windows(pcm, SPEECH_DBOV)
        if loud.any():
            first = number * PIECE_SAMPLES + int(np.argmax(loud)) * LEVEL_SAMPLES
            break
    return decode_ulaw(sound.ulaw[first : first + LONGEST_S * SAMPLE_RATE_HZ])
