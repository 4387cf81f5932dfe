"""The messages on Vonage's wire are those of PROTOCOL 9.4, to the letter."""

import json
import random
from typing import Any

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import FRAME_SAMPLES, decode_ulaw, encode_ulaw
from pipecat_voice_test.audio.l16 import write_l16
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.protocol.vonage import RATES_HZ, VonageWire
from pipecat_voice_test.protocol.wire import (
    Clear,
    Complaint,
    Mark,
    Media,
    Rejected,
    Trouble,
    Wire,
)
from pipecat_voice_test.timeline import MessageReceived, PlaybackCleared, Severity

FRAME = encode_ulaw(np.rint(9000 * np.sin(np.arange(FRAME_SAMPLES) / 4)).astype(np.int16))
SHAPES = 'a message is {"action": "clear"} or {"action": "notify", "payload": {…}}.'
ONE_OBJECT = "send one complete JSON object per message."
CLEAR = '{"action":"clear"}'
NOTIFY = '{"action":"notify","payload":{"turn":1}}'
RAW = "Fix: send raw 16-bit linear PCM without a file header."


def running_call(**options: Any) -> VirtualCall:
    call = VirtualCall(VonageWire({}, **options))
    call.start()
    call.messages_to_send()
    return call


def voice(ms: float, rate_hz: int) -> bytes:
    at_s = np.arange(round(ms * rate_hz / 1000)) / rate_hz
    return write_l16(np.rint(9000 * np.sin(2 * np.pi * 440 * at_s)).astype(np.int16))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        pytest.param(
            {},
            '{"event":"websocket:connected","content-type":"audio/l16;rate=16000"}',
            id="at-16000-hz-unless-told-otherwise",
        ),
        pytest.param(
            {"rate_hz": 8000},
            '{"event":"websocket:connected","content-type":"audio/l16;rate=8000"}',
            id="at-the-rate-it-was-told",
        ),
        pytest.param(
            {"parameters": {"customer_id": "42", "von": "Jürgen"}},
            '{"event":"websocket:connected","content-type":"audio/l16;rate=16000",'
            '"customer_id":"42","von":"J\\u00fcrgen"}',
            id="with-custom-headers",
        ),
    ],
)
def test_a_call_opens_with_one_text_that_states_the_rate(
    options: dict[str, Any], text: str
) -> None:
    opening = VonageWire(**{"parameters": {}, **options}).opening()

    assert [(one.event, one.data, one.sequence) for one in opening] == [
        ("websocket:connected", text, None)
    ]


@pytest.mark.parametrize("name", ["event", "content-type"])
def test_a_custom_header_may_not_hide_a_field_of_the_first_event(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        VonageWire({name: "x"})

    assert str(caught.value) == (
        f"The call parameter `{name}` cannot be sent: Vonage's first event has a field of that "
        "name.\n  Fix: give it another name."
    )


@pytest.mark.parametrize(("rate_hz", "size_bytes"), [(8000, 320), (16_000, 640), (24_000, 960)])
def test_the_caller_speaks_in_binary_frames_of_20_ms(rate_hz: int, size_bytes: int) -> None:
    wire = VonageWire({}, rate_hz)

    frames = [wire.media(FRAME) for _ in range(3)]

    assert [len(frame) for frame in frames] == [size_bytes] * 3


def test_at_8000_hz_the_frames_hold_the_very_samples_of_the_call() -> None:
    assert VonageWire({}, 8000).media(FRAME) == decode_ulaw(FRAME).astype("<i2").tobytes()


@pytest.mark.parametrize("key", "0123456789*#")
def test_a_key_is_one_event(key: str) -> None:
    text = VonageWire({}).dtmf(key)

    assert text == f'{{"event":"websocket:dtmf","digit":"{key}","duration":260}}'


@pytest.mark.parametrize("key", ["", "a", "12", "٣"])
def test_there_is_no_such_key_as(key: str) -> None:
    with pytest.raises(ValueError, match="is not a key of a telephone"):
        VonageWire({}).dtmf(key)


def test_nothing_is_numbered_and_nothing_said_at_the_end() -> None:
    wire: Wire = VonageWire({})

    assert wire.sequence is None
    assert wire.stop() is None


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("ms", [1, 20, 137.5, 2000])
def test_p31_the_bots_audio_may_have_any_length_and_keeps_it(rate_hz: int, ms: float) -> None:
    parsed = VonageWire({}, rate_hz).parse(voice(ms, rate_hz))

    assert isinstance(parsed, Media)
    assert parsed.complaints == ()
    assert len(parsed.ulaw) == int(ms * 8)


def test_what_the_bot_says_is_heard_as_loud_as_it_was() -> None:
    wire = VonageWire({})
    sent = voice(1000, 16_000)
    heard = b""
    for start in range(0, len(sent), 640):
        parsed = wire.parse(sent[start : start + 640])
        assert isinstance(parsed, Media)
        heard += parsed.ulaw

    power = np.mean(decode_ulaw(heard)[100:].astype(float) ** 2)
    assert 10 * np.log10(power / (9000**2 / 2)) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        pytest.param(CLEAR, Clear(), id="clear"),
        pytest.param(NOTIFY, Mark('{"turn":1}'), id="notify"),
        pytest.param('{"payload":{},"action":"notify"}', Mark("{}"), id="notify-of-nothing"),
        pytest.param(
            '{"action":"notify","payload":{"a":[1,1.5,null,"é",{"b":true}]}}',
            Mark('{"a":[1,1.5,null,"\\u00e9",{"b":true}]}'),
            id="whatever-the-bot-wants-back",
        ),
        pytest.param(f" \n{CLEAR}\r\n", Clear(), id="white-space-around-json-is-json"),
    ],
)
def test_what_a_bot_may_say(text: str, parsed: Clear | Mark) -> None:
    assert VonageWire({}).parse(text) == parsed


def test_clear_is_answered_and_what_was_cleared_stays_unheard() -> None:
    call = running_call()
    call.receive(voice(2000, 16_000), 0)

    call.receive(CLEAR, 500)
    call.receive(bytes(640), 520)
    call.hang_up(1000)

    assert call.messages_to_send() == ['{"event":"websocket:cleared"}']
    assert [e.discarded_ms for e in call.events if isinstance(e, PlaybackCleared)] == [1500]
    assert not decode_ulaw(call.heard[-1].ulaw).any()


def test_p36_notify_comes_back_when_the_ear_reaches_it() -> None:
    call = running_call()
    call.receive(voice(300, 16_000), 100)
    call.receive(NOTIFY, 110)

    call.advance(399)
    assert call.messages_to_send() == []
    call.advance(400)
    assert call.messages_to_send() == ['{"event":"websocket:notify","payload":{"turn":1}}']


def test_p37_clear_returns_what_waits_at_once() -> None:
    call = running_call()
    call.receive(voice(300, 16_000), 100)
    call.receive(NOTIFY, 110)

    call.receive(CLEAR, 120)

    assert call.messages_to_send() == [
        '{"event":"websocket:notify","payload":{"turn":1}}',
        '{"event":"websocket:cleared"}',
    ]


def ignored(what: str, fix: str) -> str:
    return f"{what}. Vonage ignores the message. Fix: {fix}"


REJECTED = [
    pytest.param(
        "{",
        "not_json",
        ignored("The bot sent a message that is not JSON (from character 2 on)", ONE_OBJECT),
        id="truncated-json",
    ),
    pytest.param(
        "[" * 200_000,
        "not_json",
        ignored("The bot sent a message that holds more than 10000 values", ONE_OBJECT),
        id="endless-nesting",
    ),
    pytest.param(
        '{"action":"notify","payload":{"x":"' + "y" * (1 << 18) + '"}}',
        "too_long",
        ignored(
            "The bot sent a text message of 262182 characters",
            "keep a `payload` below 262144 characters.",
        ),
        id="a-text-that-would-keep-the-call-waiting",
    ),
    pytest.param(
        "7",
        "not_an_object",
        ignored("The bot sent JSON that is a number, not an object", SHAPES),
        id="a-number",
    ),
    pytest.param(
        '{"event":"clear"}',
        "missing_field",
        ignored("The bot sent a message without `action`", SHAPES),
        id="a-message-for-another-network",
    ),
    pytest.param(
        '{"action":5}',
        "wrong_type",
        ignored("The bot sent a message whose `action` is a number, not a string", SHAPES),
        id="an-action-that-is-a-number",
    ),
    pytest.param(
        '{"action":"x\\n::error::\\u001b"}',
        "unknown_action",
        ignored('The bot sent the action "x\\n::error::\\x1b", which does not exist', SHAPES),
        id="an-action-that-speaks-to-the-log",
    ),
    pytest.param(
        '{"action":"notify"}',
        "missing_field",
        ignored("The bot sent a `notify` without `payload`", SHAPES),
        id="notify-without-payload",
    ),
    pytest.param(
        '{"action":"notify","payload":"x"}',
        "wrong_type",
        ignored("The bot sent a `notify` whose `payload` is a string, not an object", SHAPES),
        id="a-payload-that-is-no-object",
    ),
    pytest.param(
        '{"action":"notify","payload":{"x":1e999}}',
        "wrong_type",
        ignored(
            "The bot sent a `notify` whose `payload` holds a number or nesting beyond all bounds",
            SHAPES,
        ),
        id="a-payload-with-an-endless-number",
    ),
    pytest.param(
        b"",
        "empty_payload",
        ignored(
            "The bot sent a binary message with 0 bytes of audio, which is no sample",
            "send no message when there is no audio.",
        ),
        id="an-empty-binary-message",
    ),
    pytest.param(
        b"\x01",
        "empty_payload",
        ignored(
            "The bot sent a binary message with 1 bytes of audio, which is no sample",
            "send no message when there is no audio.",
        ),
        id="half-a-sample",
    ),
]


@pytest.mark.parametrize(("message", "case", "text"), REJECTED)
def test_what_vonage_does_not_understand_is_told(
    message: str | bytes, case: str, text: str
) -> None:
    parsed = VonageWire({}).parse(message)

    assert isinstance(parsed, Rejected)
    assert parsed.complaints == (Complaint("invalid_message", case, text),)
    assert parsed.event.isprintable()


def test_half_a_sample_at_the_end_is_left_out() -> None:
    parsed = VonageWire({}, 8000).parse(bytes(321))

    text = (
        "The bot sent 321 bytes of audio, where a sample has 2. Vonage leaves the rest of one out. "
        "Fix: cut audio into messages between samples, not within one."
    )
    assert parsed == Media(b"\xff" * 160, (Complaint("invalid_message", "half_a_sample", text),))


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [
        pytest.param(b"RIFF\x24\x10\x00\x00WAVEfmt ", "WAV (`RIFF`)", id="wav"),
        pytest.param(b"ID3\x04\x00\x00\x00\x00\x00\x23TSSE", "MP3 (`ID3`)", id="mp3"),
        pytest.param(b"OggS\x00\x02\x00\x00\x00\x00\x00\x00", "Ogg (`OggS`)", id="ogg"),
    ],
)
def test_a_file_is_played_as_the_noise_it_is(beginning: bytes, kind: str) -> None:
    parsed = VonageWire({}).parse(beginning + bytes(640))

    text = (
        f"The bot sent audio that begins like a {kind} file. Vonage plays every two bytes as a "
        f"sample, so the caller hears noise. {RAW}"
    )
    assert isinstance(parsed, Media)
    assert parsed.complaints == (Complaint("payload_has_file_header", "file_header", text),)
    assert decode_ulaw(parsed.ulaw).any()


@pytest.mark.parametrize("letters", [b"RIFF", b"ID3", b"OggS", b"fLaC", b".snd"])
def test_samples_that_spell_the_letters_of_a_file_are_samples(letters: bytes) -> None:
    parsed = VonageWire({}).parse(letters.ljust(4, b"\x12") + voice(20, 16_000)[40:])

    assert parsed.complaints == ()


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_is_told_without_anybody_elses_name(trouble: Trouble) -> None:
    complaint = VonageWire({}).complain(trouble, "12 s")

    assert "Fix: " in complaint.message
    assert complaint.severity is Severity.WARNING
    assert "stream" not in complaint.message
    assert complaint.code is None


def odd_message(rng: random.Random) -> str | bytes:
    if rng.random() < 0.4:
        return rng.randbytes(rng.choice([0, 1, 2, 3, 640, 641, rng.randrange(5000)]))
    fields: dict[str, Any] = {"action": rng.choice(["clear", "notify", "x", "", 5, None, "\ud800"])}
    if rng.random() < 0.7:
        fields["payload"] = rng.choice(
            [{}, {"a": 1e300}, {"\x00": "\ud800"}, [], "x", None, 10**30]
        )
    text = json.dumps(fields)
    if rng.random() < 0.2:
        where = rng.randrange(len(text))
        text = text[:where] + rng.choice(["\x00", '"', "{", "é", "\ud800", "]"]) + text[where:]
    return text


@pytest.mark.parametrize("seed", range(5))
def test_no_message_raises_and_samples_are_conserved(seed: int) -> None:
    rng = random.Random(seed)
    call = running_call(rate_hz=rng.choice(RATES_HZ))
    messages = [odd_message(rng) for _ in range(1000)]
    for at_ms, message in enumerate(messages):
        call.receive(message, at_ms)
    call.hang_up(1000)

    received = [event for event in call.events if isinstance(event, MessageReceived)]
    discarded_ms = sum(e.discarded_ms for e in call.events if isinstance(e, PlaybackCleared))
    assert len(received) == len(messages)
    assert sum(event.payload_bytes for event in received) == len(call.raw_ulaw)
    heard = sum(len(piece.ulaw) for piece in call.heard)
    assert heard + round(discarded_ms * 8) + len(call.unheard_ulaw) == len(call.raw_ulaw)
    assert repr(call.events).encode("utf-8")
    assert all(row.first.message.isprintable() for row in call.finding_counts)
    assert all(isinstance(one, bytes) or one.isascii() for one in call.messages_to_send())
