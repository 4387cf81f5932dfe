"""What can be heard behind the bot's voice: music, the noise of a room, somebody typing.

Sounds are loops of a few seconds, the same in every process: what they are made of comes from
`random.Random`, whose `random()` keeps its stream from one Python to the next.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from pipecat_voice_test.demo.coding import linear, ulaw

RATE_HZ = 8000
VOICE_DBOV = -23.0  # The active level of the recorded voice; `voice/README.md`.
_WINDOW = 80
_FAINT = 0.1  # Windows softer than this, beside the loudest, are pauses and have no level.
_BEAT_S = 0.5
# C, A minor, F, G: MIDI notes of a bass and a chord, and two bars of a tune over each.
_CHORDS = ((48, 60, 64, 67), (45, 60, 64, 69), (41, 60, 65, 69), (43, 59, 62, 67))
_TUNE = ((76, 79, 84, 79), (76, 72, 76, 81), (77, 81, 84, 81), (79, 74, 71, 74))
_PARTIALS = ((1, 1.0), (2, 0.4), (3, 0.15))
_PERIOD = [
    sum(share * math.sin(2 * math.pi * partial * at / 1024) for partial, share in _PARTIALS)
    for at in range(1024)
]
_TYPING_S = 8
_NOISE_S = 6


class Background:
    """An endless sound, and the place in it that comes next."""

    def __init__(self, sound: Sequence[int]) -> None:
        self._sound = sound
        self._at = 0

    def under(self, voice: bytes) -> bytes:
        """The voice, μ-law, with the next piece of the sound under it."""
        return ulaw(map(int.__add__, linear(voice), self._next(len(voice))))

    def alone(self, samples: int) -> bytes:
        """The next piece of the sound, as μ-law."""
        return ulaw(self._next(samples))

    def _next(self, samples: int) -> list[int]:
        piece: list[int] = []
        while len(piece) < samples:
            more = self._sound[self._at : self._at + samples - len(piece)]
            piece += more
            self._at = (self._at + len(more)) % len(self._sound)
        return piece


def sound_of(kind: str, below_db: float) -> Sequence[int]:
    """One loop of a sound that lies `below_db` under the voice where it is not faint.

    Raises:
        KeyError: There is no such sound.
    """
    wave = SOUNDS[kind]()
    level = 32768 * 10 ** ((VOICE_DBOV - below_db) / 20)
    rms = _rms(wave)
    scale = level / rms if rms else 0.0
    return tuple(max(-32768, min(32767, round(sample * scale))) for sample in wave)


def _rms(wave: list[float]) -> float:
    powers = [
        sum(sample * sample for sample in wave[at : at + _WINDOW]) / _WINDOW
        for at in range(0, len(wave), _WINDOW)
    ]
    loudest = max(powers)
    heard = [power for power in powers if power >= loudest * _FAINT**2]
    return math.sqrt(sum(heard) / len(heard))


def _silence() -> list[float]:
    return [0.0] * RATE_HZ


def _music() -> list[float]:
    """A soft organ and a tune on something plucked: eight seconds."""
    beat = int(_BEAT_S * RATE_HZ)
    wave = [0.0] * (beat * 4 * len(_CHORDS))
    for number, (chord, tune) in enumerate(zip(_CHORDS, _TUNE, strict=True)):
        bar = number * 4 * beat
        for note in chord:
            _add_note(wave, bar, 4 * beat, note, 0.25, fades_s=30.0)
        for step, note in enumerate(tune):
            _add_note(wave, bar + step * beat, beat, note, 0.5, fades_s=0.3)
    return wave


def _add_note(
    wave: list[float], begins: int, samples: int, note: int, loud: float, *, fades_s: float
) -> None:
    step = 440 * 2 ** ((note - 69) / 12) / RATE_HZ * len(_PERIOD)
    fades = math.exp(-1 / RATE_HZ / fades_s)
    edge = RATE_HZ // 50
    for number in range(samples):
        soft = min(1.0, number / edge, (samples - number) / edge)
        wave[begins + number] += loud * soft * _PERIOD[int(number * step) % len(_PERIOD)]
        loud *= fades


def _noise() -> list[float]:
    """A room with a fan: noise that gets weaker above 500 Hz; its end runs into its beginning."""
    chance = random.Random(1)
    seam = RATE_HZ // 10
    wave = list(islice(_filtered(chance, 0.33), _NOISE_S * RATE_HZ + seam))
    for number in range(seam):
        share = number / seam
        wave[number] = wave[number] * math.sqrt(share) + wave[number - seam] * math.sqrt(1 - share)
    return wave[:-seam]


def _filtered(chance: random.Random, share: float) -> Iterator[float]:
    """White noise through a low-pass that lets `share` of each new sample in."""
    value = 0.0
    while True:
        value += share * (chance.random() - 0.5 - value)
        yield value


def _typing() -> list[float]:
    """Keys pressed and let go, four to eight a second, with a pause to think now and then."""
    chance = random.Random(2)
    wave = [0.0] * (_TYPING_S * RATE_HZ)
    at_s = 0.05
    while at_s < _TYPING_S - 0.3:
        for delay_s, loud in ((0.0, 1.0), (0.07, 0.5)):
            _add_click(
                wave, int((at_s + delay_s) * RATE_HZ), loud * (0.7 + chance.random()), chance
            )
        at_s += 0.12 + 0.13 * chance.random() + (0.8 if chance.random() < 0.08 else 0.0)
    return wave


def _add_click(wave: list[float], begins: int, loud: float, chance: random.Random) -> None:
    """A plastic click: 15 ms of noise that dies away, over a dull thump."""
    for number in range(15 * RATE_HZ // 1000):
        fades = math.exp(-number / RATE_HZ / 0.003)
        thump = 0.4 * math.sin(2 * math.pi * 400 * number / RATE_HZ)
        wave[begins + number] += loud * fades * (chance.random() - 0.5 + thump)


SOUNDS: dict[str, Callable[[], list[float]]] = {
    "silence": _silence,
    "music": _music,
    "noise": _noise,
    "typing": _typing,
}
