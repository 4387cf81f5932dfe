"""What can lie under a voice, from seeds: music, a room, typing, a crowd, and none of them."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from pipecat_voice_test.audio.codec import SAMPLE_RATE_HZ, Pcm, decode_ulaw, encode_ulaw
from pipecat_voice_test.audio.level import active_level_dbov, mean_square, to_pcm
from pipecat_voice_test.demo.background import sound_of
from pipecat_voice_test.demo.clips import speaking_voice

from audio.sounds import MS, VOICES, voice

DEMO_KINDS = ("music", "noise", "typing")
KINDS = (*DEMO_KINDS, "white", "hum")
VOICE_DBOV = -23.0


@cache
def demo_clips() -> tuple[Pcm, ...]:
    """Everything the demo bot says; each begins and ends with a loud millisecond."""
    says = speaking_voice()
    clips = (says.greeting, *says.replies, says.hours, says.address, says.confirm, says.goodbye)
    return tuple(decode_ulaw(clip.ulaw) for clip in clips)


def people() -> list[Pcm]:
    """Recordings of a real person, as loud as the demo bot."""
    clips = [voice(name).astype(np.float64) for name in VOICES]
    return [
        to_pcm(clip * 10 ** ((VOICE_DBOV - active_level_dbov(to_pcm(clip))) / 20)) for clip in clips
    ]


@cache
def behind(kind: str, below_db: float, ms: float) -> NDArray[np.float64]:
    """A sound that goes on so long, so far below the voice."""
    samples = round(ms * MS)
    if kind == "quiet":
        return np.zeros(samples)
    if kind in DEMO_KINDS:
        return np.resize(np.array(sound_of(kind, below_db), np.float64), samples)
    chance = np.random.RandomState(11)
    sound = chance.standard_normal(samples)
    if kind == "hum":
        at = np.arange(samples) / SAMPLE_RATE_HZ
        sound = 0.5 * sound + sum(np.sin(2 * np.pi * 50 * wave * at) / wave for wave in range(3, 9))
    scale = float(np.sqrt(mean_square(VOICE_DBOV - below_db) / np.mean(sound**2)))
    return np.asarray(sound * scale, np.float64)


def on_the_line(voice_alone: Pcm, kind: str = "quiet", below_db: float = 20.0) -> Pcm:
    """What is heard of a voice with a sound under it, through μ-law."""
    under = behind(kind, below_db, len(voice_alone) / MS)
    return decode_ulaw(encode_ulaw(to_pcm(voice_alone + under)))


def conversation(clips: list[Pcm], pauses_ms: tuple[float, ...]) -> Pcm:
    """One clip after the other, with these pauses before, between and after them."""
    parts: list[Pcm] = []
    for number, clip in enumerate(clips):
        parts += [np.zeros(round(pauses_ms[number % len(pauses_ms)] * MS), np.int16), clip]
    parts.append(np.zeros(round(pauses_ms[len(clips) % len(pauses_ms)] * MS), np.int16))
    return np.concatenate(parts)
