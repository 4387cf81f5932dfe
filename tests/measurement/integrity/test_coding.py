"""Wrongly coded sound is found and named, and nothing healthy is ever taken for it."""

import audioop
from collections.abc import Callable

import pytest
from pipecat_voice_test.audio.codec import Pcm, encode_ulaw
from pipecat_voice_test.audio.level import at_active_level
from pipecat_voice_test.measurement.integrity.coding import coding_faults, is_enough

from measurement.integrity.sounds import (
    NAMES,
    a_law,
    at_rate,
    healthy,
    raw,
    said,
    sound,
    swapped,
)

LINEAR, SWAPPED, ALAW = ["linear_pcm"], ["byte_swapped"], ["a_law"]

WRONG: dict[str, tuple[Callable[[Pcm], bytes], list[str]]] = {
    "8-kHz-linear": (raw, LINEAR),
    "16-kHz-linear": (lambda pcm: raw(at_rate(pcm, 16000)), LINEAR),
    "24-kHz-linear": (lambda pcm: raw(at_rate(pcm, 24000)), LINEAR),
    "linear-that-lost-a-byte": (lambda pcm: raw(pcm)[1:], LINEAR),
    "big-endian-linear": (lambda pcm: raw(pcm, ">i2"), ["linear_pcm", "byte_swapped"]),
    "unsigned-bytes": (lambda pcm: audioop.bias(audioop.lin2lin(raw(pcm), 2, 1), 1, 128), LINEAR),
    "signed-bytes": (lambda pcm: audioop.lin2lin(raw(pcm), 2, 1), LINEAR),
    "swapped-before-encoding": (swapped, SWAPPED),
    "swapped-after-encoding": (lambda pcm: audioop.byteswap(encode_ulaw(pcm), 2), SWAPPED),
    "a-law": (a_law, ALAW),
}


@pytest.mark.parametrize("dbov", [-36, -26, -16])
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_coding_is_named_in_everything_the_demo_bot_says(wrong: str, dbov: int) -> None:
    send, metrics = WRONG[wrong]

    for name in NAMES:
        found = coding_faults(sound(send(at_active_level(said(name), dbov))))

        assert [fault.metric for fault in found] == metrics, name


def test_one_wrong_utterance_among_many_is_found_where_it_is() -> None:
    well = encode_ulaw(said("reply-1"))
    wrong = raw(said("greeting"))

    (fault,) = coding_faults(sound(well + wrong + well))

    assert fault.metric == "linear_pcm"
    assert len(well) - 8192 < fault.position < len(well) + len(wrong)


@pytest.mark.parametrize("name", healthy())
def test_nothing_healthy_is_blamed(name: str) -> None:
    assert not list(coding_faults(sound(encode_ulaw(healthy()[name]))))


def test_less_than_a_second_is_too_little_to_tell() -> None:
    short = sound(raw(said("greeting"))[:7000])

    assert not is_enough(short)
    assert not list(coding_faults(short))


def test_the_figures_say_how_sure_it_is() -> None:
    (fault,) = coding_faults(sound(raw(said("reply-1"))))

    assert fault.because == (
        "read as 16-bit little-endian linear PCM the sound can be predicted to 12.7 dB, "
        "as μ-law to 2.3 dB, so the caller hears noise."
    )
