"""The messages on the wire are those of PROTOCOL 9.3, to the letter."""

import base64
import json
from collections.abc import Callable

import numpy as np
import pytest
from audio.sounds import tone
from pipecat_voice_test.audio.codec import decode_ulaw, encode_ulaw
from pipecat_voice_test.audio.l16 import read_l16, write_l16
from pipecat_voice_test.protocol.exotel import ExotelWire
from pipecat_voice_test.protocol.wire import Clear, Mark, Media
from pipecat_voice_test.timeline import MessageSent

from protocol.tongues import EXOTEL, EXOTEL_TONGUE, FROM, TO, exotel

FRAME = bytes(range(96, 256))
SID = EXOTEL.stream_sid
RATES_HZ = [8000, 16_000, 24_000]


def start(parameters: str = "{}", rate_hz: int = 8000) -> str:
    return (
        '{"event":"start","sequence_number":"1","stream_sid":"' + SID + '","start":{'
        '"stream_sid":"' + SID + '","call_sid":"' + EXOTEL.call_sid + '",'
        '"account_sid":"' + EXOTEL.account_sid + '","from":"' + FROM + '","to":"' + TO + '",'
        '"custom_parameters":' + parameters + ',"media_format":{"encoding":"audio/x-raw",'
        '"sample_rate":"' + str(rate_hz) + '","bit_rate":"16"}}}'
    )  # fmt: skip


def second_message(wire: ExotelWire) -> str | None:
    wire.opening()
    return [wire.media(FRAME) for _ in range(10)][-1]


@pytest.mark.parametrize(
    ("write", "text"),
    [
        pytest.param(
            lambda wire: wire.opening()[0].data, '{"event":"connected"}', id="connected"
        ),
        pytest.param(lambda wire: wire.opening()[1].data, start(), id="start"),
        pytest.param(
            second_message,
            '{"event":"media","sequence_number":"3","stream_sid":"' + SID + '",'
            '"media":{"chunk":"2","timestamp":"200","payload":"'
            + base64.b64encode(write_l16(decode_ulaw(FRAME * 5))).decode() + '"}}',
            id="media",
        ),
        pytest.param(
            lambda wire: wire.dtmf("5"),
            '{"event":"dtmf","sequence_number":"1","stream_sid":"' + SID + '",'
            '"dtmf":{"digit":"5","duration":"100"}}',
            id="dtmf",
        ),
        pytest.param(
            lambda wire: wire.mark('end of "A"'),
            '{"event":"mark","sequence_number":"1","stream_sid":"' + SID + '",'
            '"mark":{"name":"end of \\"A\\""}}',
            id="P-36-mark",
        ),
        pytest.param(
            lambda wire: wire.stop(),
            '{"event":"stop","sequence_number":"1","stream_sid":"' + SID + '",'
            '"stop":{"call_sid":"' + EXOTEL.call_sid + '",'
            '"account_sid":"' + EXOTEL.account_sid + '","reason":"callended"}}',
            id="P-43-stop",
        ),
        pytest.param(lambda wire: wire.cleared(), None, id="a-clear-is-answered-by-marks-alone"),
        pytest.param(
            lambda wire: wire.objection(wire.parse("{").complaints[0]),
            None,
            id="bad-input-is-not-answered",
        ),
    ],
)  # fmt: skip
def test_message_is_written_exactly_as(write: Callable[[ExotelWire], str], text: str) -> None:
    assert write(exotel()) == text


def test_parameters_and_rate_reach_the_start_message() -> None:
    opening = exotel(parameters={"customer_id": "42"}, rate_hz=16_000).opening()

    assert opening[1].data == start('{"customer_id":"42"}', 16_000)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_five_frames_are_one_message_of_100_ms(rate_hz: int) -> None:
    one = exotel(rate_hz=rate_hz)
    one.opening()
    sent = [one.media(FRAME) for _ in range(25)]

    assert [text is not None for text in sent] == [False, False, False, False, True] * 5
    media = [json.loads(text)["media"] for text in sent if text is not None]
    assert [(each["chunk"], each["timestamp"]) for each in media] == [
        (str(n), str(100 * n)) for n in range(1, 6)
    ]
    sizes = {len(base64.b64decode(each["payload"])) for each in media}
    assert sizes == {rate_hz // 10 * 2}


def test_keys_and_marks_do_not_wait_for_a_message_to_fill() -> None:
    call = EXOTEL_TONGUE.call()
    call.send_frame(FRAME, 20)
    call.press("5", 20)
    call.receive(EXOTEL_TONGUE.mark("a"), 25)
    for at_ms in range(40, 120, 20):
        call.send_frame(FRAME, at_ms)

    sent = [json.loads(text) for text in call.messages_to_send()]
    assert [one["event"] for one in sent] == ["dtmf", "mark", "media"]
    assert [one["sequence_number"] for one in sent] == ["2", "3", "4"]
    media = [e for e in call.events if isinstance(e, MessageSent) and e.event == "media"]
    assert [(event.at_ms, event.sequence) for event in media] == [(100, 4)]


def test_p70_a_message_is_written_down_with_the_frames_in_it() -> None:
    call = EXOTEL_TONGUE.call()
    for at_ms in range(20, 220, 20):
        call.send_frame(FRAME, at_ms)

    media = [e for e in call.events if isinstance(e, MessageSent) and e.event == "media"]
    assert [event.frames for event in media] == [range(5), range(5, 10)]


@pytest.mark.parametrize("key", ["", "a", "12", "٣"])
def test_p16_there_is_no_such_key_as(key: str) -> None:
    with pytest.raises(ValueError, match="is not a key of a telephone"):
        exotel().dtmf(key)


WHOLE = FRAME * 10  # 3200 bytes of linear PCM, the least Exotel wants.


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        pytest.param(EXOTEL_TONGUE.media(WHOLE), "media", id="3200-bytes-are-the-least"),
        pytest.param(EXOTEL_TONGUE.mark("a"), Mark("a"), id="P-36-mark"),
        pytest.param(EXOTEL_TONGUE.clear(), Clear(), id="P-37-clear"),
    ],
)
def test_what_exotel_understands(text: str, parsed: str | Mark | Clear) -> None:
    expected = Media(encode_ulaw(decode_ulaw(WHOLE))) if parsed == "media" else parsed

    assert exotel().parse(text) == expected


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("chunk_ms", [40, 100, 137])
def test_a_bot_is_heard_as_long_as_it_speaks_at_every_rate(rate_hz: int, chunk_ms: int) -> None:
    one = exotel(rate_hz=rate_hz)
    seconds = 2
    at = np.arange(seconds * rate_hz) / rate_hz
    said = (8000 * np.sin(2 * np.pi * 440 * at)).astype(np.int16)
    heard = b""
    for first in range(0, len(said), rate_hz * chunk_ms // 1000):
        chunk = write_l16(said[first : first + rate_hz * chunk_ms // 1000])
        parsed = one.parse(EXOTEL_TONGUE.payload(base64.b64encode(chunk).decode()))
        assert isinstance(parsed, Media)
        heard += parsed.ulaw

    assert len(heard) == seconds * 8000
    pcm = decode_ulaw(heard).astype(float)
    expected = 8000 * np.sin(2 * np.pi * 440 * (np.arange(len(pcm)) / 8000))
    lags = [float(pcm[200 + lag : 15_000 + lag] @ expected[200:15_000]) for lag in range(18)]
    assert int(np.argmax(lags)) in ({0} if rate_hz == 8000 else {11, 12, 13})


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_what_the_bot_gets_is_what_the_caller_said(rate_hz: int) -> None:
    one = exotel(rate_hz=rate_hz)
    ulaw = encode_ulaw(tone(1000, -20, 440))
    one.opening()
    texts = [one.media(ulaw[at : at + 160]) for at in range(0, len(ulaw), 160)]
    payloads = [json.loads(text)["media"]["payload"] for text in texts if text is not None]
    pcm = np.concatenate([read_l16(base64.b64decode(payload)) for payload in payloads])

    assert len(pcm) == rate_hz
    spectrum = np.abs(np.fft.rfft(pcm[rate_hz // 10 :].astype(float)))
    assert round(float(np.argmax(spectrum)) * rate_hz / (rate_hz - rate_hz // 10)) == pytest.approx(
        440, abs=2
    )


def case_of(text: str) -> list[str]:
    return [complaint.case for complaint in exotel().parse(text).complaints]


def sized(size_bytes: int) -> str:
    return EXOTEL_TONGUE.payload(base64.b64encode(b"\x01" * size_bytes).decode())


@pytest.mark.parametrize(
    ("size_bytes", "cases"),
    [
        (1, ["empty_payload"]),
        (2, ["too_short", "odd_size"]),
        (640, ["too_short"]),
        (3199, ["too_short", "odd_size"]),
        (3200, []),
        (3201, ["odd_size"]),
        (3520, []),
        (99_840, []),
        (100_000, ["odd_size"]),
        (100_001, ["too_long"]),
        (200_000, ["too_long"]),
    ],
)
def test_sizes_that_make_gaps_are_noted_and_too_much_is_dropped(
    size_bytes: int, cases: list[str]
) -> None:
    parsed = exotel().parse(sized(size_bytes))

    assert [complaint.case for complaint in parsed.complaints] == cases
    dropped = cases in (["empty_payload"], ["too_long"])
    assert {complaint.severity for complaint in parsed.complaints} <= {
        "warning" if dropped else "note"
    }
    if not dropped:
        assert isinstance(parsed, Media)
        assert len(parsed.ulaw) == size_bytes // 2


def test_a_wav_file_is_played_as_samples_and_named() -> None:
    wav = b"RIFF\x78\x0c\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00".ljust(3200, b"\x00")
    parsed = exotel().parse(EXOTEL_TONGUE.payload(base64.b64encode(wav).decode()))

    assert isinstance(parsed, Media)
    assert len(parsed.ulaw) == 1600
    assert [complaint.case for complaint in parsed.complaints] == ["file_header"]
    assert "Exotel plays every two bytes as a sample" in parsed.complaints[0].message


def test_p37_a_clear_returns_all_marks() -> None:
    call = EXOTEL_TONGUE.call()
    call.receive(EXOTEL_TONGUE.media(WHOLE), 0)
    for name in "ab":
        call.receive(EXOTEL_TONGUE.mark(name), 5)
    call.receive(EXOTEL_TONGUE.clear(), 50)

    assert EXOTEL_TONGUE.marks_in(call.messages_to_send()) == ["a", "b"]
