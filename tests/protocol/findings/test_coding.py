"""Wrongly coded sound on a line of linear PCM is found and named, and nothing healthy is blamed."""

import audioop
import base64
from collections.abc import Callable

import numpy as np
import pytest
from measurement.integrity.sounds import NAMES, at_rate, healthy, said
from pipecat_voice_test.audio.codec import Pcm, encode_ulaw
from pipecat_voice_test.audio.l16 import write_l16
from pipecat_voice_test.audio.level import at_active_level, to_pcm
from pipecat_voice_test.protocol.findings.coding import CodingGuess
from pipecat_voice_test.protocol.findings.network import Network
from pipecat_voice_test.protocol.frames import Frame, FramesWire
from pipecat_voice_test.protocol.vonage import VonageWire
from pipecat_voice_test.protocol.wire import Complaint, Wire

from protocol import tongues

RATES_HZ = [8000, 24_000]
WRONG: dict[str, Callable[[Pcm], bytes]] = {
    "big-endian": lambda pcm: pcm.astype(">i2").tobytes(),
    "half-a-sample-late": lambda pcm: b"\x00" + write_l16(pcm)[:-1],
    "mulaw": encode_ulaw,
    "alaw": lambda pcm: audioop.lin2alaw(pcm.tobytes(), 2),
}


def complaints(data: bytes, message_bytes: int = 640) -> list[Complaint]:
    guess = CodingGuess(Network("Vonage", "", {}))
    return [
        complaint
        for start in range(0, len(data), message_bytes)
        for complaint in guess.listen(data[start : start + message_bytes])
    ]


def talk(rate_hz: int, dbov: float = -26.0) -> Pcm:
    """Some of what the demo bot says."""
    pcm = at_active_level(np.concatenate([said(name) for name in NAMES[:4]]), dbov)
    return pcm if rate_hz == 8000 else at_rate(pcm, rate_hz)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("dbov", [-40, -16])
def test_a_wrong_coding_is_named_once(wrong: str, rate_hz: int, dbov: float) -> None:
    found = complaints(WRONG[wrong](talk(rate_hz, dbov)))

    assert [(one.kind, one.case) for one in found] == [("wrong_coding", wrong)]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("message_bytes", [640, 961, 100_000])
def test_no_voice_is_blamed(rate_hz: int, message_bytes: int) -> None:
    even = message_bytes // 2 * 2
    for dbov in (-45, -12):
        assert complaints(write_l16(talk(rate_hz, dbov)), even) == []


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_nothing_healthy_is_blamed(rate_hz: int) -> None:
    for name, pcm in healthy().items():
        sent = pcm if rate_hz == 8000 else at_rate(pcm, rate_hz)
        assert complaints(write_l16(sent)) == [], name


def test_the_complaint_says_what_to_do() -> None:
    (complaint,) = complaints(WRONG["big-endian"](talk(16_000)))

    assert complaint.message == (
        "The bot sends samples with their high byte first: read as such its sound is 22 times "
        "smoother than as what Vonage takes it for, 16-bit linear PCM with the low byte first. "
        "So the caller hears noise. Fix: swap the bytes of each sample (`audioop.byteswap`, or "
        "numpy's `astype('<i2')`)."
    )


def test_less_sound_than_tells_is_not_judged() -> None:
    assert complaints(WRONG["big-endian"](talk(8000)[:7000])) == []


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff\x7f", b"\xff\x7f" * 2, bytes(640)])
def test_next_to_nothing_is_fine(data: bytes) -> None:
    assert complaints(data) == []


def test_silence_between_words_is_passed_over() -> None:
    quiet = np.zeros(8000, np.int16)
    hush = to_pcm(np.random.RandomState(2).standard_normal(8000) * 20)
    parts = [np.concatenate([quiet, hush, said(name)]) for name in NAMES]

    assert complaints(write_l16(np.concatenate(parts))) == []


def in_frame(data: bytes) -> bytes:
    audio = {"audio": data, "sample_rate": 16_000, "num_channels": 1}
    written: bytes = Frame(audio=audio).SerializeToString()
    return written


@pytest.mark.parametrize(
    ("wire", "written"),
    [
        pytest.param(VonageWire({}), lambda data: data, id="vonage"),
        pytest.param(FramesWire(), in_frame, id="frames"),
        pytest.param(
            tongues.exotel(rate_hz=16_000),
            lambda data: tongues.EXOTEL_TONGUE.payload(base64.b64encode(data).decode()),
            id="exotel",
        ),
    ],
)
def test_every_wire_that_carries_linear_pcm_listens(
    wire: Wire, written: Callable[[bytes], str | bytes]
) -> None:
    data = WRONG["mulaw"](talk(16_000))
    found = [
        complaint.case
        for start in range(0, len(data), 3200)
        for complaint in wire.parse(written(data[start : start + 3200])).complaints
        if complaint.kind == "wrong_coding"
    ]

    assert found == ["mulaw"]
