"""What a bot says in another coding, or at another rate, is blamed no more than in μ-law."""

import base64
from collections.abc import Callable

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import Pcm, decode_ulaw
from pipecat_voice_test.audio.l16 import write_l16
from pipecat_voice_test.measurement.integrity.coding import coding_faults
from pipecat_voice_test.measurement.integrity.loops import looped
from pipecat_voice_test.measurement.integrity.payload import (
    compressed,
    double_base64,
    file_headers,
)
from pipecat_voice_test.measurement.integrity.sound import sound_of
from pipecat_voice_test.measurement.integrity.speed import wrong_speed
from pipecat_voice_test.protocol.frames import Frame, FramesWire
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.protocol.vonage import VonageWire
from pipecat_voice_test.protocol.wire import Wire
from pipecat_voice_test.timeline import SAMPLE_RATE_HZ
from protocol import tongues

from measurement.integrity.sounds import NAMES, a_law, at_rate, healthy, said

SOUNDS = sorted({*healthy()} - {*NAMES[4:]})
# All at the ends of the scale, which A-law writes as μ-law writes middling samples: which law that
# is cannot be told by listening.
SQUARE = ("clipped", "two-values", "overdriven-tone", "full-scale-noise")


def vonage(pcm: Pcm) -> bytes:
    return write_l16(pcm)


def frames(pcm: Pcm) -> bytes:
    audio = {"audio": write_l16(pcm), "sample_rate": 24_000, "num_channels": 1}
    written: bytes = Frame(audio=audio).SerializeToString()
    return written


def telnyx(pcm: Pcm) -> str:
    return tongues.ALAW_TONGUE.payload(base64.b64encode(a_law(pcm)).decode())


# The network's end, the bot's rate, how long its messages are, and what they look like.
WIRES: dict[str, tuple[Callable[[], Wire], int, float, Callable[[Pcm], str | bytes]]] = {
    "vonage-16000": (lambda: VonageWire({}), 16_000, 20, vonage),
    "frames-24000": (FramesWire, 24_000, 40, frames),
    "telnyx-a-law": (tongues.ALAW_TONGUE.make, 8000, 137.5, telnyx),
}


def heard_over(wire: str, pcm: Pcm) -> VirtualCall:
    """A call in which the bot says this in real time."""
    make, rate_hz, message_ms, written = WIRES[wire]
    call = VirtualCall(make())
    call.start()
    sent = pcm if rate_hz == SAMPLE_RATE_HZ else at_rate(pcm, rate_hz)
    step = round(rate_hz * message_ms / 1000)
    # Whole messages: a very short one is noted by some networks, and rightly.
    for start in range(0, len(sent) - step + 1, step):
        call.receive(written(sent[start : start + step]), 1000 * start / rate_hz)
    call.hang_up(1000 * len(sent) / rate_hz + 1000)
    return call


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        (wire, name)
        for wire in WIRES
        for name in SOUNDS
        if wire != "telnyx-a-law" or name not in SQUARE
    ],
)
def test_nothing_healthy_is_blamed(wire: str, name: str) -> None:
    call = heard_over(wire, healthy()[name])

    sound = sound_of(call.heard)
    assert not list(coding_faults(sound))
    assert not file_headers(sound)
    assert compressed(sound) is None
    assert double_base64(sound) is None
    assert looped(sound) is None
    assert call.finding_counts == ()


@pytest.mark.parametrize("wire", WIRES)
def test_its_speed_is_right(wire: str) -> None:
    sound = sound_of(heard_over(wire, np.concatenate([said(name) for name in NAMES])).heard)

    assert wrong_speed(sound) == (True, None)


@pytest.mark.parametrize("wire", WIRES)
def test_silence_stays_digital_silence_or_as_good_as(wire: str) -> None:
    call = heard_over(wire, healthy()["silence"])

    assert max(abs(decode_ulaw(piece.ulaw).astype(int)).max() for piece in call.heard) <= 8
