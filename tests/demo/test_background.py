"""Backgrounds are seeded, seamless, and as far below the voice as they are told."""

import math

import pytest
from pipecat_voice_test.demo.background import SOUNDS, VOICE_DBOV, Background, sound_of
from pipecat_voice_test.demo.coding import linear

AUDIBLE = sorted(set(SOUNDS) - {"silence"})


def level_dbov(samples: list[int]) -> float:
    return 10 * math.log10(sum(s * s for s in samples) / len(samples)) - 20 * math.log10(32768)


@pytest.mark.parametrize("kind", ["music", "noise"])
@pytest.mark.parametrize("below_db", [10, 20, 30])
def test_it_lies_so_far_below_the_voice(kind: str, below_db: float) -> None:
    sound = sound_of(kind, below_db)

    assert level_dbov(list(sound)) == pytest.approx(VOICE_DBOV - below_db, abs=0.5)


@pytest.mark.parametrize("kind", SOUNDS)
def test_it_is_the_same_every_time(kind: str) -> None:
    assert sound_of(kind, 20) == sound_of(kind, 20)


@pytest.mark.parametrize("kind", AUDIBLE)
def test_it_goes_on_for_ever_however_it_is_cut(kind: str) -> None:
    sound = sound_of(kind, 20)
    pieces, whole = Background(sound), Background(sound)
    cut = b"".join(pieces.alone(1100) for _ in range(2 * len(sound) // 1100))

    assert cut == whole.alone(len(cut))
    assert len(cut) > len(sound)


def test_typing_is_mostly_pauses() -> None:
    sound = sound_of("typing", 20)

    assert sum(abs(sample) < 100 for sample in sound) > 0.8 * len(sound)
    assert max(map(abs, sound)) > 1000


@pytest.mark.parametrize("kind", SOUNDS)
def test_under_a_voice_both_are_heard(kind: str) -> None:
    sound = sound_of(kind, 20)
    voice = bytes(range(256))
    mixed = linear(Background(sound).under(voice))

    assert mixed == pytest.approx(
        [max(-32_124, min(32_124, v + s)) for v, s in zip(linear(voice), sound, strict=False)],
        rel=0.06,
        abs=4,
    )
