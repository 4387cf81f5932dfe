"""The network's end of a call: what it sends, what the caller hears, what is written down."""

import json
from collections.abc import Sequence

import pytest
from pipecat_voice_test.protocol.playout import MAX_QUEUED_SAMPLES, MAX_WAITING_MARKS
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.protocol.wire import Data, Trouble
from pipecat_voice_test.timeline import (
    Backpressure,
    BotClosed,
    Event,
    Finding,
    MarkReceived,
    MarkReturned,
    MessageReceived,
    MessageSent,
    Note,
    PlaybackCleared,
    Severity,
)

from protocol.wires import clear, mark, marks_in, media, running_call, wire

FRAME = bytes(range(160))
SECOND = b"\x11" * 8000


def findings(call: VirtualCall) -> list[tuple[str, int | None, Severity, int]]:
    return [(row.kind, row.code, row.severity, row.count) for row in call.finding_counts]


def of(call: VirtualCall, *kinds: type[Event]) -> list[Event]:
    return [event for event in call.events if isinstance(event, kinds)]


def sent(texts: Sequence[Data]) -> list[str]:
    return [json.loads(text)["event"] for text in texts]


# --- what the caller sends ----------------------------------------------------------------


def test_p10_connected_and_start_come_first_and_together() -> None:
    call = VirtualCall(wire())
    call.start()

    assert sent(call.messages_to_send()) == ["connected", "start"]


def test_p11_messages_leave_in_the_order_in_which_they_were_numbered() -> None:
    call = VirtualCall(wire())
    call.start()
    call.send_frame(FRAME, 20)
    call.receive(mark("a"), 25)
    call.press("5", 30)
    call.send_frame(FRAME, 40)
    call.hang_up(60)

    texts = call.messages_to_send()
    assert sent(texts) == ["connected", "start", "media", "mark", "dtmf", "media", "stop"]
    numbers = [json.loads(text)["sequenceNumber"] for text in texts[1:]]
    assert numbers == ["1", "2", "3", "4", "5", "6"]
    assert of(call, MessageSent) == [
        MessageSent(0.0, "connected", None, len(texts[0])),
        MessageSent(0.0, "start", 1, len(texts[1])),
        MessageSent(20, "media", 2, len(texts[2])),
        MessageSent(25, "mark", 3, len(texts[3]), "a"),
        MessageSent(30, "dtmf", 4, len(texts[4]), "5"),
        MessageSent(40, "media", 5, len(texts[5])),
        MessageSent(60, "stop", 6, len(texts[6])),
    ]


def test_an_utterance_can_be_marked_where_somebody_asks_for_it() -> None:
    call = running_call()
    call.send_frame(FRAME, 20)
    call.say_mark("utterance_end", 20)
    messages = call.messages_to_send()
    call.hang_up(40)
    call.say_mark("too late", 50)

    assert sent(messages) == ["media", "mark"]
    assert marks_in(messages) == ["utterance_end"]
    assert sent(call.messages_to_send()) == ["stop"]


def test_what_was_heard_is_taken_in_order_up_to_the_end_of_the_call() -> None:
    call = running_call()
    call.receive(media(SECOND), 100)
    parts = [call.take_heard(150), call.take_heard(300)]
    assert call.queued_until_ms == 1100
    call.hang_up(400)
    parts.append(call.take_heard(5000))

    assert [[len(piece.ulaw) for piece in part] for part in parts] == [[400], [1200], [800]]


def test_messages_are_given_once() -> None:
    call = running_call()
    call.send_frame(FRAME, 20)

    assert len(call.messages_to_send()) == 1
    assert call.messages_to_send() == []


def test_p24_what_the_caller_said_is_recorded_as_sent() -> None:
    call = running_call()
    call.send_frame(FRAME, 20)
    call.send_frame(FRAME[::-1], 40)

    assert call.said_ulaw == FRAME + FRAME[::-1]


@pytest.mark.parametrize("size_bytes", [0, 159, 161])
def test_p15_a_frame_has_160_bytes(size_bytes: int) -> None:
    with pytest.raises(ValueError, match=f"a frame has 160 bytes, not {size_bytes}"):
        running_call().send_frame(bytes(size_bytes), 20)


# --- marks --------------------------------------------------------------------------------


def test_p36_a_mark_on_an_empty_queue_comes_back_at_once() -> None:
    call = running_call()
    call.receive(mark("a"), 5)

    assert marks_in(call.messages_to_send()) == ["a"]
    assert of(call, MarkReceived, MarkReturned) == [MarkReceived(5, "a"), MarkReturned(5, "a")]


def test_p36_a_mark_behind_ten_seconds_of_audio_comes_back_ten_seconds_later() -> None:
    call = running_call()
    call.receive(media(SECOND * 10), 100)
    call.receive(mark("a"), 100)

    assert call.next_due_ms() == 10_100
    call.advance(10_099.99)
    assert call.messages_to_send() == []
    call.advance(10_103.2)
    assert marks_in(call.messages_to_send()) == ["a"]
    assert of(call, MarkReturned) == [MarkReturned(10_103.2, "a")]
    assert call.next_due_ms() is None


def test_p37_ten_marks_and_one_clear_are_ten_echoes_in_order_and_none_later() -> None:
    call = running_call()
    names = [str(number) for number in range(10)]
    for name in names:
        call.receive(media(SECOND), 0)
        call.receive(mark(name), 0)
    call.receive(clear(), 50)

    assert marks_in(call.messages_to_send()) == names
    call.advance(60_000)
    assert call.messages_to_send() == []


def test_p36_a_mark_that_was_due_goes_out_before_one_that_arrives_later() -> None:
    call = running_call()
    call.receive(media(FRAME), 0)
    call.receive(mark("first"), 0)
    call.receive(mark("second"), 500)

    assert marks_in(call.messages_to_send()) == ["first", "second"]


def test_p36_any_message_that_arrives_brings_out_the_marks_that_were_due() -> None:
    call = running_call()
    call.receive(media(FRAME), 0)
    call.receive(mark("reached"), 0)
    call.receive(media(FRAME), 500)

    assert marks_in(call.messages_to_send()) == ["reached"]


def test_p36_a_very_long_name_is_echoed_whole_and_recorded_in_short() -> None:
    call = running_call()
    name = "x" * 100_000
    call.receive(mark(name), 0)

    assert marks_in(call.messages_to_send()) == [name]
    assert of(call, MarkReceived) == [MarkReceived(0, "x" * 255 + "…")]


def test_marks_without_end_are_refused_with_a_finding() -> None:
    call = running_call()
    call.receive(media(FRAME), 0)
    for _ in range(MAX_WAITING_MARKS + 2):
        call.receive(mark("m"), 0)

    assert findings(call) == [("invalid_message", 31951, Severity.WARNING, 2)]
    call.advance(20)
    assert len(call.messages_to_send()) == MAX_WAITING_MARKS


# --- clear --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at_ms", "discarded_ms", "heard_samples"),
    [
        pytest.param(0, 1000, 0, id="P-37-before-anything-was-heard"),
        pytest.param(250.0625, 750, 2000, id="P-37-in-the-middle-of-a-message"),
        pytest.param(1000, 0, 8000, id="P-37-when-all-was-heard"),
        pytest.param(5000, 0, 8000, id="P-37-long-after"),
    ],
)
def test_clear_throws_away_what_was_not_heard(
    at_ms: float, discarded_ms: float, heard_samples: int
) -> None:
    call = running_call()
    call.receive(media(SECOND), 0)
    call.receive(clear(), at_ms)

    assert of(call, PlaybackCleared) == [PlaybackCleared(at_ms, discarded_ms)]
    assert sum(len(piece.ulaw) for piece in call.heard) == heard_samples
    assert call.raw_ulaw == SECOND


def test_p37_the_caller_hears_silence_from_the_clear_on() -> None:
    call = running_call()
    call.receive(media(SECOND), 0)
    call.receive(clear(), 50)

    frames = [call.heard_frame(from_ms) for from_ms in (0, 20, 40, 60)]
    assert frames == [SECOND[:160], SECOND[:160], SECOND[:80] + b"\xff" * 80, b""]


def test_the_caller_is_told_what_the_wire_saw_since_it_last_asked() -> None:
    call = running_call()
    call.receive(media(FRAME), 3)
    call.receive(mark("a"), 4)
    call.receive(clear(), 5)
    call.receive("nonsense", 6)

    assert call.events_since_last() == (MarkReceived(4, "a"), PlaybackCleared(5, 18.0))
    call.bot_closed(1000, "bye", 7)
    assert call.events_since_last() == (BotClosed(7, 1000, "bye"),)
    assert call.events_since_last() == ()


# --- the end ------------------------------------------------------------------------------


def test_p43_after_stop_nothing_is_sent() -> None:
    call = running_call()
    call.receive(media(SECOND), 0)
    call.receive(mark("waiting"), 0)
    call.hang_up(100)
    call.send_frame(FRAME, 120)
    call.press("1", 120)
    call.receive(mark("late"), 130)
    call.hang_up(140)
    call.advance(5000)

    assert sent(call.messages_to_send()) == ["stop"]
    assert call.said_ulaw == b""
    assert call.next_due_ms() is None


def test_p43_a_mark_that_was_due_before_the_end_is_still_returned() -> None:
    call = running_call()
    call.receive(media(FRAME), 0)
    call.receive(mark("reached"), 0)
    call.hang_up(40)

    assert sent(call.messages_to_send()) == ["mark", "stop"]


def test_p43_what_arrives_after_stop_is_written_down_and_changes_nothing_else() -> None:
    call = running_call()
    call.receive(media(SECOND), 0)
    call.hang_up(100)
    heard, unheard = call.heard, call.unheard_ulaw
    call.receive(media(FRAME), 110)
    call.receive(clear(), 120)
    call.receive(mark("late"), 130)

    assert call.heard == heard
    assert call.unheard_ulaw == unheard
    assert call.raw_ulaw == SECOND + FRAME
    assert call.heard_frame(100) == b""
    assert call.events_since_last() == ()
    late = [event for event in call.events if event.at_ms > 100]
    assert late == [
        MessageReceived(110, "media", len(media(FRAME)), 160, "after the call"),
        MessageReceived(120, "clear", len(clear()), 0, "after the call"),
        MessageReceived(130, "mark", len(mark("late")), 0, "after the call"),
    ]


def test_p43_a_mistake_after_stop_is_only_a_note() -> None:
    call = running_call()
    call.hang_up(100)
    call.receive(b"\x00", 110)

    assert findings(call) == [("malformed_message", 31950, Severity.NOTE, 1)]


@pytest.mark.parametrize("ended_by", ["caller", "bot"])
def test_p41_what_was_queued_at_the_end_is_not_heard(ended_by: str) -> None:
    call = running_call()
    call.receive(media(SECOND[:4000] + FRAME), 0)
    if ended_by == "caller":
        call.hang_up(500)
    else:
        call.bot_closed(1000, "", 500)

    assert call.unheard_ulaw == FRAME
    assert sum(len(piece.ulaw) for piece in call.heard) == 4000
    assert call.heard[0].sent_samples == 4160


def test_p41_when_the_bot_closes_sending_stops_at_once_without_a_stop_message() -> None:
    call = running_call()
    call.send_frame(FRAME, 20)
    call.bot_closed(None, "", 30)
    call.send_frame(FRAME, 40)
    call.hang_up(50)

    assert call.messages_to_send() == []
    assert of(call, BotClosed) == [BotClosed(30, None)]


def test_p40_the_bots_close_after_ours_is_written_down() -> None:
    call = running_call()
    call.hang_up(100)
    call.bot_closed(1011, "x" * 500, 130)

    assert of(call, BotClosed) == [BotClosed(130, 1011, "x" * 124 + "…")]
    assert sent(call.messages_to_send()) == ["stop"]


def test_a_bot_that_closes_before_the_start_ends_the_call() -> None:
    call = VirtualCall(wire())
    call.bot_closed(1006, "", 0)
    call.start()

    assert call.messages_to_send() == []


# --- what the network dislikes ------------------------------------------------------------


@pytest.mark.parametrize("message", [media(FRAME), clear(), "{", b"\x00"])
def test_31951_anything_before_the_bot_could_know_the_stream(message: str | bytes) -> None:
    call = VirtualCall(wire())
    call.receive(message, 0)
    call.start()

    assert findings(call) == [("invalid_message", 31951, Severity.WARNING, 1)]
    assert call.heard == ()
    assert call.raw_ulaw == b""
    assert sent(call.messages_to_send()) == ["connected", "start"]


def test_31931_media_beyond_600_s_is_dropped_with_a_finding() -> None:
    call = running_call()
    call.receive(media(b"\x11" * (MAX_QUEUED_SAMPLES + 4000)), 0)
    call.receive(mark("end"), 0)

    assert findings(call) == [("media_discarded", 31931, Severity.WARNING, 1)]
    assert "The network dropped 500 ms." in call.finding_counts[0].first.message
    assert call.next_due_ms() == 600_000
    assert len(call.raw_ulaw) == MAX_QUEUED_SAMPLES + 4000


def test_a_rejected_message_is_recorded_with_its_reason_and_its_beginning() -> None:
    call = running_call()
    call.receive("nonsense " * 100, 12.5)

    finding = call.finding_counts[0].first
    assert of(call, MessageReceived, Finding) == [
        MessageReceived(12.5, "unreadable", 900, 0, "ignored: not_json"),
        finding,
    ]
    assert finding.excerpt == ("nonsense " * 100)[:512]


def test_every_mistake_is_counted_and_the_first_of_each_kind_kept_whole() -> None:
    call = running_call()
    for at_ms, message in enumerate(["{", clear(streamSid="x"), "[", "{", clear(track=1)]):
        call.receive(message, at_ms)

    assert findings(call) == [
        ("invalid_message", 31951, Severity.WARNING, 3),
        ("invalid_message", 31951, Severity.WARNING, 1),
        ("invalid_message", 31951, Severity.NOTE, 1),
    ]
    assert [row.first.at_ms for row in call.finding_counts] == [0, 1, 4]
    assert [bool(finding.excerpt) for finding in of_findings(call)] == [
        True, True, False, False, True,
    ]  # fmt: skip


def of_findings(call: VirtualCall) -> list[Finding]:
    return [event for event in call.events if isinstance(event, Finding)]


def test_trouble_of_the_transport_is_a_finding_under_the_networks_number() -> None:
    call = running_call()
    call.trouble(Trouble.PROTOCOL_ERROR, 40, "reserved bits set")
    call.trouble(Trouble.MESSAGE_TOO_BIG, 50, "16 MiB")
    call.found(Finding(60, "slow_close", Severity.NOTE, "It took its time."))

    assert findings(call) == [
        ("protocol_error", 31924, Severity.WARNING, 1),
        ("message_too_big", None, Severity.WARNING, 1),
        ("slow_close", None, Severity.NOTE, 1),
    ]
    assert [finding.at_ms for finding in of_findings(call)] == [40, 50, 60]


# --- the record ---------------------------------------------------------------------------


def test_events_are_in_order_of_time_whoever_recorded_them() -> None:
    call = running_call()
    call.record_event(Backpressure(50, 1200.0))
    call.receive(clear(), 40)

    assert [event.at_ms for event in call.events] == [0, 0, 40, 40, 50]


def test_p70_payload_sizes_of_the_messages_cut_the_raw_audio_into_payloads() -> None:
    call = running_call()
    payloads = [b"\x01", b"\x02" * 159, b"\x03" * 1100]
    for at_ms, ulaw in enumerate(payloads):
        call.receive(media(ulaw), at_ms)
        call.receive(media(b""), at_ms)
        call.receive(clear(), at_ms)

    received = [event for event in call.events if isinstance(event, MessageReceived)]
    raw, cut = call.raw_ulaw, []
    for event in received:
        cut.append(raw[: event.payload_bytes])
        raw = raw[event.payload_bytes :]
    assert [payload for payload in cut if payload] == payloads
    assert raw == b""


def test_a_bots_flood_of_messages_is_bounded_in_the_record_but_still_acts() -> None:
    call = running_call(max_bot_events=10)
    for at_ms in range(50):
        call.receive(mark("m"), at_ms)

    assert len(call.messages_to_send()) == 50
    assert len(call.events) == 2 + 10 + 1
    assert of(call, Note) == [
        Note(2, "The bot sent so many messages that the later ones are not listed.")
    ]


def test_a_flood_of_mistakes_is_bounded_in_the_record_but_counted() -> None:
    call = running_call()
    for at_ms in range(3_000):
        call.receive("{", at_ms)

    assert len(of_findings(call)) == 1_000
    assert call.finding_counts[0].count == 3_000


def test_p72_raw_audio_is_bounded_with_a_note() -> None:
    call = running_call(max_raw_bytes=16_000)
    for at_ms in (0, 1, 2, 3):
        call.receive(media(SECOND[:7000]), at_ms)

    assert call.raw_ulaw == SECOND + SECOND
    assert of(call, Note) == [
        Note(2, "The bot sent so much audio that bot_raw.wav ends after 2 s.")
    ]
    assert sum(len(piece.ulaw) for piece in call.heard) == 28_000


def test_the_most_audio_that_waited_is_known_in_milliseconds() -> None:
    call = running_call()
    call.receive(media(SECOND), 0)
    call.receive(media(SECOND), 400)

    assert call.most_queued_ms == 1600


def test_p35_a_playout_delay_holds_audio_back() -> None:
    call = running_call(playout_delay_ms=40)
    call.receive(media(FRAME), 0)

    assert [call.heard_frame(from_ms) for from_ms in (0, 20, 40)] == [b"", b"", FRAME]
