"""The messages in Pipecat's own framing are those of PROTOCOL 9.6, to the letter."""

import io
import json
import random
import wave
from typing import Any

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import FRAME_SAMPLES, decode_ulaw, encode_ulaw
from pipecat_voice_test.protocol.frames import RATES_HZ, Frame, FramesWire
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.protocol.wire import (
    Clear,
    Complaint,
    Media,
    Observed,
    Rejected,
    Trouble,
    Wire,
)
from pipecat_voice_test.timeline import MessageReceived, PlaybackCleared

FRAME = encode_ulaw(np.rint(9000 * np.sin(np.arange(FRAME_SAMPLES) / 4)).astype(np.int16))
WHOLE = "send each frame whole, as `ProtobufFrameSerializer` writes it."
CLEAR = b"\x2a\x00"  # Field 5, empty.


def voice(ms: float, rate_hz: int, channels: int = 1) -> bytes:
    at_s = np.arange(round(ms * rate_hz / 1000)) / rate_hz
    samples = np.rint(9000 * np.sin(2 * np.pi * 440 * at_s)).astype("<i2")
    return np.repeat(samples, channels).tobytes()


def audio(pcm: bytes, rate_hz: int = 24_000, channels: int = 1) -> bytes:
    frame = Frame(audio={"audio": pcm, "sample_rate": rate_hz, "num_channels": channels})
    written: bytes = frame.SerializeToString()
    return written


def wav(pcm: bytes, rate_hz: int = 24_000, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(pcm)
    return file.getvalue()


def heard_of(wire: FramesWire, message: bytes) -> bytes:
    parsed = wire.parse(message)
    assert isinstance(parsed, Media)
    assert parsed.complaints == ()
    return parsed.ulaw


def running_call(rate_hz: int = 16_000) -> VirtualCall:
    call = VirtualCall(FramesWire(rate_hz))
    call.start()
    call.messages_to_send()
    return call


# --- what the caller sends ----------------------------------------------------------------


def test_frames_of_each_kind_have_the_numbers_of_pipecats_schema() -> None:
    written = {
        "text": Frame(text={"id": 1, "name": "n", "text": "t"}),
        "audio": Frame(
            audio={
                "id": 1,
                "name": "n",
                "audio": b"ab",
                "sample_rate": 8000,
                "num_channels": 1,
                "pts": 3,
            }
        ),
        "transcription": Frame(
            transcription={"id": 1, "name": "n", "text": "t", "user_id": "u", "timestamp": "s"}
        ),
        "message": Frame(message={"data": "{}"}),
        "interruption": Frame(interruption={"id": 1, "name": "n"}),
    }

    assert {kind: frame.SerializeToString() for kind, frame in written.items()} == {
        "text": b"\x0a\x08" + b"\x08\x01\x12\x01n\x1a\x01t",
        "audio": b"\x12\x10" + b"\x08\x01\x12\x01n\x1a\x02ab\x20\xc0\x3e\x28\x01\x30\x03",
        "transcription": b"\x1a\x0e" + b"\x08\x01\x12\x01n\x1a\x01t\x22\x01u\x2a\x01s",
        "message": b"\x22\x04" + b"\x0a\x02{}",
        "interruption": b"\x2a\x05" + b"\x08\x01\x12\x01n",
    }


def test_a_call_opens_with_client_ready() -> None:
    opening = FramesWire().opening()

    assert [(one.event, one.sequence) for one in opening] == [("client-ready", None)]
    assert isinstance(opening[0].data, bytes)
    event = json.loads(Frame.FromString(opening[0].data).message.data)
    assert list(event) == ["label", "type", "id", "data"]
    assert event["label"] == "rtvi-ai"
    assert event["type"] == "client-ready"
    assert set(event["data"]) == {"version", "about"}


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_caller_speaks_in_messages_of_20_ms_that_state_their_rate(rate_hz: int) -> None:
    frame = Frame.FromString(FramesWire(rate_hz).media(FRAME))

    assert frame.WhichOneof("frame") == "audio"
    assert len(frame.audio.audio) == 2 * rate_hz // 50
    assert (frame.audio.sample_rate, frame.audio.num_channels) == (rate_hz, 1)
    assert (frame.audio.id, frame.audio.name) == (0, "")  # The bot counts its frames itself.


def test_at_8000_hz_the_messages_hold_the_very_samples_of_the_call() -> None:
    frame = Frame.FromString(FramesWire(8000).media(FRAME))

    assert frame.audio.audio == decode_ulaw(FRAME).astype("<i2").tobytes()


def test_a_key_is_told_as_an_event_with_a_number_of_its_own() -> None:
    wire = FramesWire()
    opening = wire.opening()[0].data
    assert isinstance(opening, bytes)

    events = [json.loads(Frame.FromString(one).message.data)
              for one in (opening, wire.dtmf("5"), wire.dtmf("#"))]  # fmt: skip

    assert [event["type"] for event in events] == ["client-ready", "dtmf", "dtmf"]
    assert [event["data"] for event in events[1:]] == [{"buttons": ["5"]}, {"buttons": ["#"]}]
    assert len({event["id"] for event in events}) == 3


@pytest.mark.parametrize("key", ["", "a", "12", "٣"])
def test_there_is_no_such_key_as(key: str) -> None:
    with pytest.raises(ValueError, match="is not a key of a telephone"):
        FramesWire().dtmf(key)


def test_there_are_no_marks_nothing_is_numbered_and_nothing_said_at_the_end() -> None:
    wire: Wire = FramesWire()

    assert wire.sequence is None
    assert wire.mark("x") is None
    assert wire.cleared() is None
    assert wire.stop() is None


# --- what the bot sends -------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [8000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_bots_audio_may_have_any_rate_and_keeps_its_length(rate_hz: int, channels: int) -> None:
    wire = FramesWire()

    heard = b"".join(
        heard_of(wire, audio(voice(ms, rate_hz, channels), rate_hz, channels))
        for ms in [20, 40, 137.5, 3, 800]
    )

    assert len(heard) == pytest.approx(8 * 1000.5, abs=8)
    power = np.mean(decode_ulaw(heard)[100:].astype(float) ** 2)
    assert 10 * np.log10(power / (9000**2 / 2)) == pytest.approx(0, abs=0.2)


def test_a_bot_that_changes_its_rate_is_heard_at_its_speed() -> None:
    wire = FramesWire()

    lengths = [
        len(heard_of(wire, audio(voice(40, rate_hz), rate_hz)))
        for rate_hz in [24_000, 16_000, 16_000, 8000, 24_000]
    ]

    assert lengths == [320] * 5


@pytest.mark.parametrize("channels", [1, 2])
def test_a_wav_header_is_removed(channels: int) -> None:
    pcm = voice(40, 24_000, channels)

    with_header = FramesWire().parse(audio(wav(pcm, channels=channels), channels=channels))

    assert with_header == FramesWire().parse(audio(pcm, channels=channels))
    assert with_header.complaints == ()


def test_two_channels_are_heard_as_their_mean() -> None:
    left = np.full(160, 4000, "<i2")
    pcm = np.stack([left, 3 * left], axis=1).tobytes()

    heard = heard_of(FramesWire(), audio(pcm, 8000, 2))

    assert heard == encode_ulaw(np.full(160, 8000, np.int16))


def test_an_interruption_clears_what_waits_and_is_not_answered() -> None:
    call = running_call()
    call.receive(audio(voice(2000, 24_000)), 0)

    call.receive(CLEAR, 500)
    call.receive(audio(bytes(960)), 520)
    call.hang_up(1000)

    assert [e.discarded_ms for e in call.events if isinstance(e, PlaybackCleared)] == [1500]
    assert not decode_ulaw(call.heard[-1].ulaw).any()
    assert call.messages_to_send() == []


@pytest.mark.parametrize(
    ("frame", "parsed"),
    [
        pytest.param(Frame(interruption={"id": 7, "name": "x"}), Clear(), id="interruption"),
        pytest.param(Frame(text={"text": "hello"}), Observed("text", "hello"), id="text"),
        pytest.param(
            Frame(transcription={"text": "\n::error::" + "é" * 900}),
            Observed("transcription", "\\n::error::" + "é" * 189 + "…"),
            id="transcription",
        ),
        pytest.param(
            Frame(message={"data": '{"label":"rtvi-ai","type":"bot-started-speaking"}'}),
            Observed("bot-started-speaking"),
            id="an-event-of-9.8",
        ),
        pytest.param(
            Frame(message={"data": '{"label":"rtvi-ai","type":"x","data":"' + "y" * (1 << 18)}),
            Observed("message", "262182 characters"),
            id="an-event-that-would-keep-the-call-waiting",
        ),
    ],
)
def test_other_frames_are_understood(frame: Any, parsed: Clear | Observed) -> None:
    assert FramesWire().parse(frame.SerializeToString()) == parsed


def ignored(what: str, fix: str) -> str:
    return f"{what}. The client ignores the message. Fix: {fix}"


REJECTED = [
    pytest.param(
        "{}",
        "text_frame",
        ignored(
            "The bot sent a text frame of 2 characters, where frames are binary",
            "give its transport `ProtobufFrameSerializer`.",
        ),
        id="text",
    ),
    pytest.param(
        b"\x12\xff",
        "not_protobuf",
        ignored("The bot sent 2 bytes that are no protobuf `Frame`", WHOLE),
        id="cut-off",
    ),
    pytest.param(
        b"\x0a\x03\x12\x01\xff",
        "not_protobuf",
        ignored("The bot sent 5 bytes that are no protobuf `Frame`", WHOLE),
        id="a-name-that-is-no-text",
    ),
    pytest.param(
        b"",
        "no_frame",
        ignored("The bot sent a `Frame` of no kind that is known", WHOLE),
        id="nothing",
    ),
    pytest.param(
        b"\x4a\x02ab",
        "no_frame",
        ignored("The bot sent a `Frame` of no kind that is known", WHOLE),
        id="a-kind-nobody-knows",
    ),
    pytest.param(
        audio(bytes(640), 0),
        "sample_rate",
        ignored(
            "The bot sent audio of 0 samples a second", "state a `sample_rate` of 8000 to 192000."
        ),
        id="no-rate",
    ),
    pytest.param(
        audio(bytes(640), 2**32 - 1),
        "sample_rate",
        ignored(
            "The bot sent audio of 4294967295 samples a second",
            "state a `sample_rate` of 8000 to 192000.",
        ),
        id="a-rate-beyond-all-bounds",
    ),
    pytest.param(
        audio(bytes(640), channels=0),
        "num_channels",
        ignored(
            "The bot sent audio of 0 channels", "state `num_channels` as it is, 1 or 2."
        ),
        id="no-channels",
    ),
    pytest.param(
        audio(b""),
        "empty_payload",
        ignored(
            "The bot sent a frame with 0 bytes of audio, which is no sample",
            "send no message when there is no audio.",
        ),
        id="no-audio",
    ),
    pytest.param(
        audio(wav(b"")),
        "empty_payload",
        ignored(
            "The bot sent a frame with 0 bytes of audio, which is no sample",
            "send no message when there is no audio.",
        ),
        id="a-header-with-nothing-behind-it",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("message", "case", "text"), REJECTED)
def test_what_no_client_understands_is_told(message: str | bytes, case: str, text: str) -> None:
    parsed = FramesWire().parse(message)

    assert isinstance(parsed, Rejected)
    assert parsed.complaints == (Complaint("invalid_message", case, text),)


@pytest.mark.parametrize(
    ("channels", "extra", "sample"), [(1, b"\x00", 2), (2, b"\x00\x00", 4), (2, b"\x00", 4)]
)
def test_a_part_of_a_sample_at_the_end_is_left_out(
    channels: int, extra: bytes, sample: int
) -> None:
    parsed = FramesWire().parse(audio(bytes(320 * channels) + extra, 8000, channels))

    text = (
        f"The bot sent {320 * channels + len(extra)} bytes of audio, where a sample has {sample}. "
        "The client leaves the rest of one out. "
        "Fix: cut audio into messages between samples, not within one."
    )
    assert parsed == Media(b"\xff" * 160, (Complaint("invalid_message", "half_a_sample", text),))


def test_a_file_of_another_kind_is_played_as_the_noise_it_is() -> None:
    parsed = FramesWire().parse(audio(b"ID3\x04\x00\x00\x00\x00\x00\x23TSSE" + bytes(640)))

    assert isinstance(parsed, Media)
    assert [one.kind for one in parsed.complaints] == ["payload_has_file_header"]


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_is_told_without_anybody_elses_name(trouble: Trouble) -> None:
    complaint = FramesWire().complain(trouble, "12 s")

    assert "Fix: " in complaint.message
    assert "stream" not in complaint.message
    assert complaint.code is None


# --- hostile bots -------------------------------------------------------------------------


def odd_message(rng: random.Random) -> str | bytes:
    pcm = rng.randbytes(rng.choice([0, 1, 2, 3, 640, 961, rng.randrange(4000)]))
    match rng.randrange(8):
        case 0 | 1:
            message = audio(pcm, rng.choice([0, 1, 8000, 24_000, 44_101, 47_999, 191_999, 2**31]))
        case 2:
            message = audio(wav(pcm), channels=rng.choice([0, 1, 2, 3, 2**31]))
        case 3:
            message = CLEAR
        case 4:
            data = rng.choice(['{"label":"rtvi-ai","type":"x"}', "[", "{}", '{"type":5}', "\x1b["])
            message = Frame(message={"data": data}).SerializeToString()
        case 5:
            message = Frame(text={"text": "\x00\u202e::error::"}).SerializeToString()
        case 6:
            return rng.choice(["", "\ud800", "{}"])
        case _:
            return rng.randbytes(rng.randrange(60))
    if rng.random() < 0.3:
        where = rng.randrange(len(message) + 1)
        return message[:where] + rng.randbytes(2) + message[where + rng.randrange(3) :]
    return message


@pytest.mark.parametrize("seed", range(5))
def test_no_message_raises_and_samples_are_conserved(seed: int) -> None:
    rng = random.Random(seed)
    call = running_call()
    messages = [odd_message(rng) for _ in range(600)]
    for at_ms, message in enumerate(messages):
        call.receive(message, at_ms)
    call.hang_up(600)

    received = [event for event in call.events if isinstance(event, MessageReceived)]
    discarded_ms = sum(e.discarded_ms for e in call.events if isinstance(e, PlaybackCleared))
    assert len(received) == len(messages)
    assert sum(event.payload_bytes for event in received) == len(call.raw_ulaw)
    heard = sum(len(piece.ulaw) for piece in call.heard)
    assert heard + round(discarded_ms * 8) + len(call.unheard_ulaw) == len(call.raw_ulaw)
    assert repr(call.events).encode("utf-8")
    assert all(event.event.isprintable() for event in received)
    assert all(event.detail.isprintable() for event in received)
    assert all(row.first.message.isprintable() for row in call.finding_counts)
