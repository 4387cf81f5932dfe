"""Is there something under the bot's voice? What the voice model and the level say together.

Background is sound that is softer than the voice and in which nobody speaks, for longer than a
voice is without speech: of 577 clips of real people and of speech engines, at -20 to -34 dBov,
none had more than 430 ms of sound without a window of speech, but for a whisper, a shriek of
monkeys and beeps, which are as loud as speech.

Some voices the model does not know: the tone of a bot that is made for tests. They are as loud as
whatever the model takes for speech, so they are told from background by their level. Before
anybody has spoken there is nothing to compare with: all there is to say then is that the sound is
softer than a voice on the telephone, and that nobody speaks in it.
"""

import math
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.level import FULL_SCALE
from pipecat_voice_test.audio.live.voice import SURE
from pipecat_voice_test.audio.live.windows import Window
from pipecat_voice_test.audio.voice_model import WINDOW_MS

_SOUND_DBOV = -50.0  # METRICS 2: below that is silence.
_SOFT_DBOV = -36.0  # METRICS 3.5: a voice is louder.
_BELOW_VOICE_DB = 6.0
_SAME_DB = 1.0
_VOICE_KNOWN_MS = 600  # The model takes the first 300 ms of a tone for speech.
_NOBODY_MS = 600
UNKNOWN_VOICE_MS = 1500
_MOSTLY = 0.6
_SOFT_SOUND_MS = 128
_NEARLY_ALL = 0.9
_KEPT_WINDOWS = 20_000 // WINDOW_MS


class Finding(Enum):
    """What the sound so far shows."""

    NOTHING = "the level tells where the bot speaks"
    BACKGROUND = "there is sound under the bot's voice that is no speech"
    ONLY_BACKGROUND = "soft sound goes on since it began, and nobody speaks"
    UNKNOWN_VOICE = "the model does not know the bot's voice as speech"


class Evidence:
    """Everything heard since the sound began, up to 20 s."""

    def __init__(self) -> None:
        # With room for as much again, so that what is too old need not go window by window.
        self._dbov = np.empty(2 * _KEPT_WINDOWS)
        self._speech = np.empty(2 * _KEPT_WINDOWS, np.bool_)
        self._windows = 0

    def take(self, window: Window) -> None:
        """Take the next window."""
        if self._windows == len(self._dbov):
            for kept in (self._dbov, self._speech):
                kept[:_KEPT_WINDOWS] = kept[_KEPT_WINDOWS:]
            self._windows = _KEPT_WINDOWS
        self._dbov[self._windows] = 20 * math.log10(max(window.rms, 1) / FULL_SCALE)
        self._speech[self._windows] = window.probability >= SURE
        self._windows += 1

    def _kept(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        kept = slice(max(0, self._windows - _KEPT_WINDOWS), self._windows)
        return self._dbov[kept], self._speech[kept]

    def finding(self) -> Finding:
        """What there is to be said by now."""
        dbov, speech = self._kept()
        sound = dbov >= _SOUND_DBOV
        if np.count_nonzero(speech) * WINDOW_MS < _VOICE_KNOWN_MS:
            heard = sound | speech
            soft = np.count_nonzero(heard & ~speech & (dbov < _SOFT_DBOV))
            enough = soft * WINDOW_MS >= _SOFT_SOUND_MS
            going_on = enough and soft >= _NEARLY_ALL * np.count_nonzero(heard)
            return Finding.ONLY_BACKGROUND if going_on else Finding.NOTHING
        # Not `np.median`, which loads another module in the middle of the call.
        voice_dbov = np.sort(dbov[speech])[np.count_nonzero(speech) // 2]
        as_loud = dbov >= voice_dbov - _SAME_DB
        if float(_ms_since_speech(as_loud & ~speech, speech)[-1]) >= UNKNOWN_VOICE_MS:
            return Finding.UNKNOWN_VOICE
        strong = dbov >= voice_dbov - _BELOW_VOICE_DB
        if np.mean(speech[strong]) < _MOSTLY:
            return Finding.NOTHING
        if _ms_since_speech(sound & ~strong & ~speech, speech).max() < _NOBODY_MS:
            return Finding.NOTHING
        return Finding.BACKGROUND

    def loud_without_speech_ms(self) -> float:
        """How much there was since the last speech that is as loud as a voice."""
        dbov, speech = self._kept()
        return float(_ms_since_speech((dbov >= _SOFT_DBOV) & ~speech, speech)[-1])


def _ms_since_speech(what: NDArray[np.bool_], speech: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How much of `what` there was since the last speech, for every window."""
    so_far = np.cumsum(what)
    before = np.maximum.accumulate(np.where(speech, so_far, 0))
    return np.asarray((so_far - before) * WINDOW_MS, np.float64)
