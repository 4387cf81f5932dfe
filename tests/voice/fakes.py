"""A speech engine without a voice: each word is a tone, each text lies in silence."""

from collections.abc import Sequence

import numpy as np
from audio.sounds import silence, sound, tone
from pipecat_voice_test.voice.engines import Spoken

LEAD_MS, WORD_MS, GAP_MS, TAIL_MS = 137, 150, 40, 412
UNSPEAKABLE = "…"


class FakeEngine:
    """Counts what it was asked for; a text of only `…` is silence, as real engines have it."""

    id = "fake 1.0 beep"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def speak(self, texts: Sequence[str]) -> list[Spoken]:
        self.asked.append(list(texts))
        return [self._speak(text) for text in texts]

    def _speak(self, text: str) -> Spoken:
        words = [word for word in text.split() if word != UNSPEAKABLE]
        parts = [silence(LEAD_MS)]
        for word in words:
            parts += [tone(WORD_MS, -20, hz=200 + 10 * len(word)), silence(GAP_MS)]
        return Spoken(sound(*parts, np.zeros((TAIL_MS - GAP_MS) * 8, np.int16)), 8000)


def length_ms(words: int) -> int:
    """From the first to the last speech sample of a text of so many words."""
    return words * (WORD_MS + GAP_MS) - GAP_MS
