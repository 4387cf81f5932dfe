"""A-law there and back, and which of the two laws somebody speaks."""

import audioop

import numpy as np
import pytest
from pipecat_voice_test.audio.alaw import ALAW_SILENCE, LawGuess, alaw_to_ulaw, ulaw_to_alaw
from pipecat_voice_test.audio.codec import ULAW_SILENCE, Pcm, encode_ulaw

from audio.sounds import VOICES, hiss, music, tone, voice

EVERY = bytes(range(256))
PIECE_BYTES = 320


def values(decoded: bytes) -> Pcm:
    return np.frombuffer(decoded, np.int16).astype(np.int32)


def test_every_code_becomes_the_nearest_of_the_other_law() -> None:
    ulaw, alaw = values(audioop.ulaw2lin(EVERY, 2)), values(audioop.alaw2lin(EVERY, 2))

    for these, those, turned in (
        (alaw, ulaw, alaw_to_ulaw(EVERY)),
        (ulaw, alaw, ulaw_to_alaw(EVERY)),
    ):
        nearest = np.abs(these[:, np.newaxis] - those).min(axis=1)
        assert np.array_equal(np.abs(those[list(turned)] - these), nearest)


def test_the_sign_of_a_sample_stays() -> None:
    for turned in (alaw_to_ulaw(EVERY), ulaw_to_alaw(EVERY)):
        assert [code & 0x80 for code in turned] == [code & 0x80 for code in EVERY]


def test_silence_becomes_the_quietest_there_is() -> None:
    assert ulaw_to_alaw(ULAW_SILENCE) == ALAW_SILENCE
    assert abs(audioop.ulaw2lin(alaw_to_ulaw(ALAW_SILENCE), 2)[0]) <= 8


def test_nothing_becomes_nothing() -> None:
    assert (alaw_to_ulaw(b""), ulaw_to_alaw(b"")) == (b"", b"")


SOUNDS = {
    **{name: voice(name) for name in VOICES},
    "music": music(2000, -20),
    "hiss": hiss(1000, -60),
    "loud hiss": hiss(1000, -20),
    "a tone": tone(1000, -12, 1000),
    "nothing": np.zeros(8000, np.int16),
}


@pytest.mark.parametrize("is_alaw", [False, True], ids=["mu-law", "a-law"])
@pytest.mark.parametrize("gain", [1.0, 0.1, 0.01])
@pytest.mark.parametrize("name", SOUNDS)
def test_the_law_is_told_from_the_first_message_on(name: str, gain: float, is_alaw: bool) -> None:
    codes = encode_ulaw((SOUNDS[name] * gain).astype(np.int16))
    codes = ulaw_to_alaw(codes) if is_alaw else codes
    guess = LawGuess()

    for at in range(0, len(codes), PIECE_BYTES):
        guess.listen(codes[at : at + PIECE_BYTES])
        assert guess.is_alaw == is_alaw


@pytest.mark.parametrize("nothing", [(), (b"",), (b"", b"")])
def test_it_is_mu_law_until_something_speaks_for_a_law(nothing: tuple[bytes, ...]) -> None:
    guess = LawGuess()
    for message in nothing:
        guess.listen(message)

    assert not guess.is_alaw
