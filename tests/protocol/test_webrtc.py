"""What a WebRTC caller writes and reads (PROTOCOL 9.7)."""

import json

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import decode_ulaw, encode_ulaw
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.protocol.webrtc import BINARY, HEARD_HZ, WebRtcWire, audio_message
from pipecat_voice_test.protocol.wire import Media, Observed, Rejected, Trouble, Wire


def tone(rate_hz: int, ms: int) -> np.ndarray:
    times = np.arange(rate_hz * ms // 1000) / rate_hz
    return (10_000 * np.sin(2 * np.pi * 400 * times)).astype(np.int16)


def test_a_call_opens_with_the_state_of_the_track_and_client_ready() -> None:
    status, ready = WebRtcWire().opening()

    assert json.loads(str(status.data)) == {
        "type": "signalling",
        "message": {"type": "trackStatus", "receiver_index": 0, "enabled": True},
    }
    assert (ready.event, json.loads(str(ready.data))["type"]) == ("client-ready", "client-ready")


def test_the_callers_frames_go_out_as_samples_at_the_telephones_rate() -> None:
    frame = encode_ulaw(tone(8000, 20))

    assert WebRtcWire().media(frame) == decode_ulaw(frame).tobytes()


def test_the_bots_voice_becomes_a_telephones_sample_for_sample() -> None:
    wire = WebRtcWire()
    pcm = tone(HEARD_HZ, 200)
    heard = [wire.parse(audio_message(pcm[at : at + 960])) for at in range(0, len(pcm), 960)]

    assert {len(one.ulaw) for one in heard if isinstance(one, Media)} == {160}
    whole = decode_ulaw(b"".join(one.ulaw for one in heard if isinstance(one, Media)))
    shift = 12  # What the filter takes: 1.5 ms.
    off = whole[shift + 100 :].astype(int) - tone(8000, 200)[100:-shift]
    assert np.abs(off).max() < 600


@pytest.mark.parametrize(
    ("message", "read"),
    [
        pytest.param(
            '{"label":"rtvi-ai","type":"bot-ready","data":{"version":"2"}}',
            Observed("bot-ready", "2"),
            id="an-event",
        ),
        pytest.param(
            '{"type":"signalling","message":{"type":"peerLeft"}}',
            Observed("peerLeft", "signalling"),
            id="the-bots-farewell",
        ),
        pytest.param(
            '{"type":"signalling","message":{"type":"renegotiate"}}',
            Observed("renegotiate", "signalling"),
            id="there-is-nothing-else-to-negotiate",
        ),
        pytest.param(BINARY + b"abc", Observed("binary", "3 bytes"), id="a-binary-message"),
    ],
)
def test_what_comes_over_the_data_channel_is_kept(message: str | bytes, read: Observed) -> None:
    assert WebRtcWire().parse(message) == read


@pytest.mark.parametrize("message", [b"", b"\x01\x00", b"\x07abc"])
def test_bytes_that_are_neither_are_no_audio(message: bytes) -> None:
    assert isinstance(WebRtcWire().parse(message), Rejected)


def test_there_are_no_marks_no_clear_and_no_last_message() -> None:
    wire: Wire = WebRtcWire()
    complaint = wire.complain(Trouble.MEDIA_DISCARDED, "9 ms")

    assert (wire.sequence, wire.mark("a"), wire.cleared(), wire.stop()) == (None,) * 4
    assert wire.objection(complaint) is None


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_has_words(trouble: Trouble) -> None:
    assert WebRtcWire().complain(trouble, "a detail").message.endswith("(a detail)")


def test_a_key_is_an_event() -> None:
    wire = WebRtcWire()

    assert json.loads(wire.dtmf("*"))["data"] == {"buttons": ["*"]}
    with pytest.raises(ValueError, match="is not a key"):
        wire.dtmf("A")


def test_packets_one_after_the_other_leave_no_hole() -> None:
    """A whole sample is one at both rates, wherever the call's time begins."""
    call = VirtualCall(WebRtcWire())
    call.start()
    for number in range(50):
        call.receive(audio_message(tone(HEARD_HZ, 20)), 123.456789 + 20.0 * number)

    ends = [
        (a.end_sample, b.first_sample) for a, b in zip(call.heard, call.heard[1:], strict=False)
    ]
    assert all(end == first for end, first in ends)
