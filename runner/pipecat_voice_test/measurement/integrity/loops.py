"""The same piece of speech over and over: a buffer that is stuck.

A loop is a piece of 100 to 2000 ms that is heard three times or more back to back, byte by byte
the same but for a few. People and speech engines never say a thing twice alike; a recording can
be played twice, but then there is a pause. Tones and rings repeat themselves too, and so may
music and the sound of typing: only what the voice model hears as speech, and what is no steady
sound, counts.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import SAMPLES_PER_MS, decode_ulaw
from pipecat_voice_test.audio.speech import SPEECH_DBOV, loud_windows
from pipecat_voice_test.audio.voice_model import voice_probabilities
from pipecat_voice_test.measurement.integrity.fault import Fault
from pipecat_voice_test.measurement.integrity.sound import Sound

SHORTEST_MS, LONGEST_MS = 100, 2000
TIMES = 3
_LOOK_EVERY_BYTES = 50 * SAMPLES_PER_MS  # At least once in every piece, wherever it begins.
_PRINT_BYTES = 24  # What is looked for again.
_PRINT_CODES = 8  # Different bytes in it: silence and soft hiss repeat themselves.
_SAME_BYTES = 160
_SAME_SHARE = 0.9
_PAUSE_WINDOWS = 20  # 10 ms each: METRICS 2, rule 4.
_LATE_MS = 100.0  # By how much starvation may have torn the pieces apart.
_VOICE = 0.5
# Of the windows of 32 ms, how many must be voice; beeps in quick succession sound a little like it.
_VOICE_SHARE, _VOICE_SHARE_OF_SHORT = 0.5, 0.8
_SHORT_MS = 200


def looped(sound: Sound) -> Fault | None:
    """The first loop of the call."""
    for start, period, length in _repetitions(sound.ulaw):
        if length < (TIMES - 1) * period - 2 * _SAME_BYTES:
            continue
        end = start + length + period
        heard_ms = sound.at_ms(end - 1) - sound.at_ms(start)
        if heard_ms - (end - start) / SAMPLES_PER_MS > _LATE_MS:
            continue
        if _is_speech(sound.ulaw[start:end], period):
            return Fault(
                "looped",
                start,
                f"the same {period / SAMPLES_PER_MS:.0f} ms were heard "
                f"{(end - start) / period:.1f} times back to back.",
            )
    return None


def _repetitions(ulaw: bytes) -> Iterator[tuple[int, int, int]]:
    """Where sound comes again, after how many bytes, and for how many it goes on to be alike."""
    shortest, longest = (ms * SAMPLES_PER_MS for ms in (SHORTEST_MS, LONGEST_MS))
    codes = np.frombuffer(ulaw, np.uint8)
    at = 0
    while at + shortest + _PRINT_BYTES < len(ulaw):
        print_ = ulaw[at : at + _PRINT_BYTES]
        again = -1
        # What comes again at once is a tone, or a single period of a voice.
        if len(set(print_)) >= _PRINT_CODES and ulaw.find(print_, at + 1, at + shortest) < 0:
            again = ulaw.find(print_, at + shortest, at + longest + _PRINT_BYTES)
        if again < 0:
            at += _LOOK_EVERY_BYTES
            continue
        period = again - at
        backward = _alike(codes[:at][::-1], codes[:again][::-1], longest)
        forward = _alike(codes[at:], codes[again:], len(ulaw))
        yield at - backward, period, backward + forward
        at += max(_LOOK_EVERY_BYTES, forward // _LOOK_EVERY_BYTES * _LOOK_EVERY_BYTES)


def _alike(one: NDArray[np.uint8], other: NDArray[np.uint8], most: int) -> int:
    """For how many bytes both are the same but for a few."""
    length = 0
    size = min(len(one), len(other), most)
    while length < size:
        part = slice(length, min(length + 50 * _SAME_BYTES, size))
        same = one[part] == other[part]
        whole = len(same) // _SAME_BYTES
        if whole == 0:
            return length
        shares = same[: whole * _SAME_BYTES].reshape(-1, _SAME_BYTES).mean(axis=1)
        differs = np.flatnonzero(shares < _SAME_SHARE)
        if len(differs):
            return length + int(differs[0]) * _SAME_BYTES
        length += whole * _SAME_BYTES
    return length


def _is_speech(ulaw: bytes, period: int) -> bool:
    """Whether this is a voice without a pause."""
    pcm = decode_ulaw(ulaw[: 4 * period])
    loud = loud_windows(pcm, SPEECH_DBOV)
    ends = np.flatnonzero(np.concatenate([[True], loud, [True]]))
    if np.diff(ends).max() > _PAUSE_WINDOWS:
        return False
    voice = voice_probabilities(pcm)
    short = period < _SHORT_MS * SAMPLES_PER_MS
    return bool((voice >= _VOICE).mean() >= (_VOICE_SHARE_OF_SHORT if short else _VOICE_SHARE))
