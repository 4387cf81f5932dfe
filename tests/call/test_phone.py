"""The loop of a call on a clock that jumps: pacing, marks, and every way a call can end."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from fakes import (
    IDENTITY,
    FakeCaller,
    FakeClock,
    FakeSocket,
    Says,
    clear,
    mark,
    media,
    numbered_frame,
)
from pipecat_voice_test.call.heartbeat import Heartbeat
from pipecat_voice_test.call.machine import Share
from pipecat_voice_test.call.phone import CallLimits, PhoneCall
from pipecat_voice_test.call.socket import Broken, Closed, Ping
from pipecat_voice_test.protocol.twilio import TwilioWire
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.protocol.wire import Complaint
from pipecat_voice_test.timeline import (
    Backpressure,
    BotClosed,
    Caller,
    CallerFrame,
    EndedBy,
    EndedHow,
    Event,
    Finding,
    Heard,
    MessageReceived,
    Note,
    PlaybackCleared,
    Rig,
    Timeline,
)

SPEECH = b"\x10" * 160


@dataclass
class Held:
    timeline: Timeline
    socket: FakeSocket
    phone: PhoneCall


def hold(
    says: Says = (),
    *,
    caller: Caller | None = None,
    for_ms: float = 400.0,
    stalls: list[tuple[float, float]] | None = None,
    limits: CallLimits | None = None,
    **bot: Any,
) -> Held:
    clock = FakeClock()
    socket = FakeSocket(clock, says, **bot)
    socket.stalls = stalls or []
    phone = phone_of(socket, caller or FakeCaller(for_ms), clock, limits)
    asyncio.run(phone.hold())
    return Held(phone.timeline(), socket, phone)


def phone_of(
    socket: FakeSocket, caller: Caller, clock: FakeClock, limits: CallLimits | None = None
) -> PhoneCall:
    call = VirtualCall(TwilioWire(IDENTITY, {}))
    return PhoneCall(call, caller, socket, clock, identity=IDENTITY, limits=limits)


def sent_ms(held: Held, *events: str) -> list[float]:
    return [message.at_ms for message in held.socket.events(*events)]


# --- pacing: P-10, P-20, P-21, P-22 -----------------------------------------------------------


def test_ten_minutes_have_a_frame_every_20_ms_without_drift() -> None:
    """P-20, P-21."""
    held = hold(for_ms=600_000.0, limits=CallLimits(max_call_ms=700_000.0))

    assert sent_ms(held, "media") == [20.0 * n for n in range(1, 30_001)]
    assert set(held.timeline.late_ms) == {0.0}
    assert len(held.timeline.said_ulaw) == 600_000 * 8


def test_connected_and_start_go_out_before_anything_else() -> None:
    """P-10, P-11."""
    messages = [json.loads(message.text) for message in hold(for_ms=40).socket.sent]

    assert [m["event"] for m in messages] == ["connected", "start", "media", "media", "stop"]
    assert [m.get("sequenceNumber") for m in messages] == [None, "1", "2", "3", "4"]


def test_a_stall_makes_frames_late_but_none_is_lost_merged_or_early() -> None:
    """P-21: the owed frames follow back to back, and the next one is on time again."""
    held = hold(for_ms=400, stalls=[(105.0, 66.0)])
    frames = held.socket.events("media")

    assert [frame.payload for frame in frames] == [numbered_frame(n * 20) for n in range(20)]
    assert sent_ms(held, "media")[3:10] == [80, 100, 171, 171, 171, 180, 200]
    assert held.timeline.late_ms[3:10] == (0, 0, 51, 31, 11, 0, 0)


def test_lateness_is_summed_up_for_the_judge() -> None:
    """P-22; quantiles as in M-23."""
    rig = hold(for_ms=2000, stalls=[(105.0, 66.0)]).timeline.rig

    assert rig.late_max_ms == 51
    assert rig.late_p99_ms == pytest.approx(31 + 0.01 * 20)
    assert rig.frames_sent == 100


class FakeHeart(Heartbeat):
    """Knows of one stall."""

    def __init__(self, stall_ms: float) -> None:
        self.stall_ms = stall_ms

    def share(self) -> Share:
        return Share(1)

    def rig_since(self, start_ms: float, share: Share) -> Rig:
        assert (start_ms, share) == (5000.0, Share(1))
        return Rig(loop_stall_ms=self.stall_ms, stolen=0.25, starved=0.5, stalls=((80.0, 110.0),))


def test_a_stall_after_the_call_is_not_held_against_it() -> None:
    """METRICS 7: the timeline may be put together later, when the machine is busy."""
    clock = FakeClock()
    heart = FakeHeart(30.0)
    call, socket = VirtualCall(TwilioWire(IDENTITY, {})), FakeSocket(clock)
    socket.reading.worst_ms, socket.reading.times_late = 120.0, 1
    phone = PhoneCall(call, FakeCaller(100), socket, clock, identity=IDENTITY, heartbeat=heart)
    asyncio.run(phone.hold())
    heart.stall_ms, socket.reading.worst_ms, socket.reading.times_late = 500.0, 900.0, 7

    assert phone.timeline().rig == Rig(
        frames_sent=5,
        loop_stall_ms=30.0,
        read_lag_ms=120.0,
        read_lags=1,
        stolen=0.25,
        starved=0.5,
        stalls=((80.0, 110.0),),
    )


def test_what_was_said_is_what_was_sent() -> None:
    """P-24."""
    held = hold(for_ms=200)

    assert held.timeline.said_ulaw == b"".join(f.payload for f in held.socket.events("media"))


@pytest.mark.parametrize(
    ("arrives_ms", "told_at_ms"),
    [
        pytest.param(300.0, 320, id="at-the-start-of-a-frame"),
        pytest.param(319.5, 320, id="at-its-end"),
        pytest.param(0.0, 20, id="at-call-time-zero"),
    ],
)
def test_what_is_heard_in_a_frame_can_change_the_next_one(
    arrives_ms: float, told_at_ms: int
) -> None:
    """P-21: what is decided in frame n is said from frame n + 1 on."""
    caller = FakeCaller(400)
    hold([(arrives_ms, media(SPEECH))], caller=caller)

    assert next(at_ms for at_ms, heard in caller.told if heard.ulaw) == told_at_ms


def test_the_caller_is_told_what_the_wire_saw_once() -> None:
    caller = FakeCaller(400)
    hold([(105.0, media(SPEECH * 10)), (130.0, clear())], caller=caller)
    told = [(at_ms, event) for at_ms, heard in caller.told for event in heard.events]

    assert told == [(140, PlaybackCleared(130.0, 175.0))]


@pytest.mark.parametrize(
    "at_ms", [pytest.param(0, id="with-the-first-frame"), pytest.param(1000, id="later")]
)
def test_a_key_is_sent_the_moment_it_is_pressed(at_ms: int) -> None:
    """P-16."""
    held = hold(caller=FakeCaller(1200, keys={at_ms: "5"}))
    (key,) = held.socket.events("dtmf")

    assert key.at_ms == at_ms
    assert json.loads(key.text)["dtmf"]["digit"] == "5"


def test_messages_are_stamped_when_they_arrive() -> None:
    arrived = hold([(103.3, media(SPEECH)), (103.4, clear())]).timeline.of(MessageReceived)

    assert [event.at_ms for event in arrived] == pytest.approx([103.3, 103.4])


def test_a_ping_is_recorded_and_is_no_note_for_people() -> None:
    """P-44."""
    timeline = hold([(100.0, Ping(0.0, b"abcd"))]).timeline

    assert list(timeline.of(MessageReceived)) == [MessageReceived(100.0, "ping", size_bytes=4)]
    assert list(timeline.of(Note)) == []


def test_a_flood_of_pings_is_not_kept_in_memory() -> None:
    timeline = hold([(100.0, Ping(0.0, b""))] * 1500).timeline

    assert len(list(timeline.of(MessageReceived))) == 1000


# --- floods -----------------------------------------------------------------------------------


class SlowPlayout(VirtualCall):
    """Takes a millisecond for each message, as a slow machine would."""

    clock: FakeClock

    def receive(self, message: str | bytes, at_ms: float) -> None:
        self.clock.stall(1.0)
        super().receive(message, at_ms)


def test_a_flood_costs_the_bot_and_not_the_caller() -> None:
    """A thousand messages at once are taken between frames, and all of them in the end."""
    clock = FakeClock()
    socket = FakeSocket(clock, [(101.0, media(b"\x10"))] * 1000)
    call = SlowPlayout(TwilioWire(IDENTITY, {}))
    call.clock = clock
    phone = PhoneCall(call, FakeCaller(4000), socket, clock, identity=IDENTITY)
    asyncio.run(phone.hold())
    timeline = phone.timeline()

    assert max(timeline.late_ms) <= 16
    assert len(timeline.raw_ulaw) == 1000
    assert len(timeline.late_ms) == 200


# --- marks: P-36 to P-39, PROTOCOL 11.2 to 11.4 -----------------------------------------------


@pytest.mark.parametrize(
    ("says", "returned"),
    [
        pytest.param([(103.0, mark("a"))], [("a", 103.0)], id="11.3-at-once-with-an-empty-queue"),
        pytest.param(
            [(103.0, media(SPEECH * 500)), (103.0, mark("a"))],
            [("a", 10_103.0)],
            id="11.2-ten-seconds-after-a-dump",
        ),
        pytest.param(
            [(103.0, media(SPEECH * 500)), (103.0, mark("a")), (110.0, mark("a"))],
            [("a", 10_103.0), ("a", 10_103.0)],
            id="P-36-equal-names-as-often-as-they-were-sent",
        ),
        pytest.param(
            [(103.0, media(SPEECH * 500))]
            + [(104.0 + n, mark(str(n))) for n in range(10)]
            + [(5000.5, clear())],
            [(str(n), 5000.5) for n in range(10)],
            id="11.3-clear-returns-ten-in-order-and-none-later",
        ),
        pytest.param(
            [(103.0, media(SPEECH)), (103.0, mark("a")), (103.0, media(SPEECH)), (104, mark("b"))],
            [("a", 123.0), ("b", 143.0)],
            id="P-36-each-when-the-ear-reaches-it",
        ),
        pytest.param(
            [(103.0, media(b"\x10" * 3)), (103.0, mark("a"))],
            [("a", 103.375)],
            id="P-39-between-frames-and-never-early",
        ),
    ],
)
def test_when_marks_come_back(says: Says, returned: list[tuple[str, float]]) -> None:
    held = hold(says, for_ms=11_000)
    marks = held.socket.events("mark")

    assert [json.loads(m.text)["mark"]["name"] for m in marks] == [name for name, _ in returned]
    assert [m.at_ms for m in marks] == pytest.approx([at_ms for _, at_ms in returned])


def test_clear_in_the_middle_of_a_long_message_silences_the_ear() -> None:
    """PROTOCOL 11.4."""
    timeline = hold([(103.0, media(SPEECH * 100)), (700.0, clear())], for_ms=1000).timeline

    assert [piece.end_sample / 8 for piece in timeline.heard] == [700.0]


# --- the ways a call ends: PROTOCOL 5 ---------------------------------------------------------


def test_the_caller_hangs_up_after_the_current_frame() -> None:
    """PROTOCOL 5, P-43: `stop`, the close, and nothing after."""
    held = hold(for_ms=100, closes_after_ms=30.0)

    assert [m.event for m in held.socket.sent[-2:]] == ["media", "stop"]
    assert sent_ms(held, "stop") == [100.0]
    assert held.socket.closed_ms == 100.0
    assert held.timeline.ended_by is EndedBy.CALLER
    assert held.timeline.close_code == 1000
    assert held.timeline.bot_closed_ms == pytest.approx(130.0)
    assert held.socket.aborted_ms == pytest.approx(130.0)


def test_nothing_is_sent_after_stop_whatever_the_bot_says() -> None:
    """P-43; the fake socket refuses anything after the close."""
    says = [(90.0, media(SPEECH * 500)), (90.0, mark("a")), (120.0, mark("b")), (130.0, clear())]
    held = hold(says, for_ms=100, closes_after_ms=100.0)

    assert held.socket.sent[-1].event == "stop"
    assert [e.detail for e in held.timeline.of(MessageReceived)][2:] == ["after the call"] * 2


def test_a_bot_that_keeps_the_socket_is_dropped_after_5_s() -> None:
    """P-43."""
    held = hold(for_ms=100, closes_after_ms=None)

    assert held.socket.aborted_ms == 5100.0
    assert list(held.timeline.of(Note)) == [
        Note(5100.0, "bot_kept_socket: not closed 5000 ms after `stop`")
    ]
    assert held.timeline.bot_closed_ms is None
    assert held.timeline.ended_at_ms == 100.0


@pytest.mark.parametrize(
    ("code", "ended_by", "recorded"),
    [
        pytest.param(1000, EndedBy.BOT, 1000, id="1000"),
        pytest.param(1001, EndedBy.BOT, 1001, id="1001"),
        pytest.param(1005, EndedBy.BOT, 1005, id="1005-none-given"),
        pytest.param(1011, EndedBy.BOT, 1011, id="1011"),
        pytest.param(4003, EndedBy.BOT, 4003, id="4003"),
        pytest.param(1006, EndedBy.BOT_ABNORMAL, None, id="1006-vanished"),
    ],
)
def test_the_bot_ends_the_call(code: int, ended_by: EndedBy, recorded: int | None) -> None:
    """P-40: sending stops at once, without `stop`."""
    held = hold([(105.0, Closed(0.0, code, "bye"))])

    assert sent_ms(held, "media") == [20, 40, 60, 80, 100]
    assert held.socket.events("stop") == []
    assert held.timeline.ended_by is ended_by
    assert (held.timeline.close_code, held.timeline.close_reason) == (code, "bye")
    assert held.timeline.ended_at_ms == held.timeline.bot_closed_ms == 105.0
    assert list(held.timeline.of(BotClosed)) == [BotClosed(105.0, recorded, "bye")]


def test_what_was_queued_when_the_bot_closed_is_not_heard() -> None:
    """P-41."""
    timeline = hold([(100.0, media(SPEECH * 10)), (150.0, Closed(0.0, 1000))]).timeline

    assert [piece.end_sample / 8 for piece in timeline.heard] == [150.0]
    assert len(timeline.unheard_ulaw) == 150 * 8


def test_a_bot_that_breaks_the_protocol_ends_the_call() -> None:
    """PROTOCOL 4.2."""
    says: Says = [(100.0, Broken(0.0, "protocol_error", "reserved bits must be 0")),
            (100.0, Closed(0.0, 1006))]  # fmt: skip
    timeline = hold(says).timeline

    assert timeline.ended_by is EndedBy.BOT_ABNORMAL
    assert [f.kind for f in timeline.of(Finding)] == ["protocol_error"]


def test_a_call_that_takes_too_long_is_ended_as_by_the_caller() -> None:
    """PROTOCOL 5, `max_call_s`."""
    held = hold(for_ms=10_000, limits=CallLimits(max_call_ms=1000))

    assert held.timeline.ended_by is EndedBy.TIMEOUT
    assert sent_ms(held, "stop") == [1000.0]
    assert held.timeline.close_code == 1000


def test_a_bot_that_does_not_read_is_noticed_and_then_given_up() -> None:
    """P-25."""
    held = hold(for_ms=60_000, reads_until_ms=2000.0, closes_after_ms=None)
    (noticed,) = held.timeline.of(Backpressure)

    assert 3000 < noticed.at_ms <= 4000
    assert noticed.unsent_ms > 1000
    assert held.timeline.ended_by is EndedBy.BOT_ABNORMAL
    assert held.timeline.ended_at_ms == noticed.at_ms + 10_000
    assert [f.kind for f in held.timeline.of(Finding)] == ["bot_not_reading"]
    assert held.socket.aborted_ms == held.timeline.ended_at_ms


def test_a_bot_that_did_not_hang_up_is_not_said_to_have_hung_up() -> None:
    timeline = hold(for_ms=60_000, reads_until_ms=2000.0, closes_after_ms=None).timeline

    assert list(timeline.of(BotClosed)) == []


def test_a_cancelled_call_says_stop_and_leaves_a_complete_timeline() -> None:
    """P-73, DESIGN 2.4."""
    clock = FakeClock()
    socket = FakeSocket(clock, [(100.0, media(SPEECH * 100))])
    phone = phone_of(socket, FakeCaller(10_000), clock)

    async def cancelled() -> None:
        task = asyncio.create_task(phone.hold())

        def cancel() -> None:
            task.cancel()

        clock.at(5_500.0, cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    timeline = phone.timeline()

    assert [m.event for m in socket.sent[-2:]] == ["media", "stop"]
    assert socket.aborted_ms is not None
    assert (timeline.ended_by, timeline.ended_how) == (EndedBy.CALLER, EndedHow.INTERRUPTED)
    assert timeline.ended_at_ms == pytest.approx(500.0, abs=20)
    assert len(timeline.said_ulaw) == 8 * 20 * timeline.rig.frames_sent
    assert timeline.heard[-1].end_sample / 8 == timeline.ended_at_ms


# --- the call API: PROTOCOL 5, 6 --------------------------------------------------------------


def hold_and(
    at_ms: float,
    do: Callable[[PhoneCall], None],
    says: Says = (),
    *,
    for_ms: float = 400.0,
    **bot: Any,
) -> Held:
    """Hold a call, and have something happen to it beside its line."""
    clock = FakeClock()
    socket = FakeSocket(clock, says, **bot)
    phone = phone_of(socket, FakeCaller(for_ms), clock)
    clock.at(5_000.0 + at_ms, lambda: do(phone))
    asyncio.run(phone.hold())
    return Held(phone.timeline(), socket, phone)


def hang_up(phone: PhoneCall) -> None:
    phone.end_over_api(EndedHow.CALL_API)


@pytest.mark.parametrize("how", [EndedHow.CALL_API, EndedHow.NEW_INSTRUCTIONS])
def test_a_bot_that_hangs_up_over_the_call_api_is_sent_stop_and_a_close(how: EndedHow) -> None:
    """PROTOCOL 5: `stop`, close 1000, ended by the bot; at once, in the middle of a frame."""
    held = hold_and(105.0, lambda phone: phone.end_over_api(how))

    assert sent_ms(held, "media") == [20, 40, 60, 80, 100]
    assert sent_ms(held, "stop") == [105.0]
    assert held.socket.closed_ms == 105.0
    assert (held.timeline.ended_by, held.timeline.ended_how) == (EndedBy.BOT, how)
    assert held.timeline.ended_at_ms == held.timeline.bot_closed_ms == 105.0


def test_what_was_queued_when_the_call_api_ended_the_call_is_not_heard() -> None:
    """P-41."""
    timeline = hold_and(150.0, hang_up, [(100.0, media(SPEECH * 10))]).timeline

    assert [piece.end_sample / 8 for piece in timeline.heard] == [150.0]
    assert len(timeline.unheard_ulaw) == 150 * 8


def test_a_bot_that_keeps_its_socket_after_it_hung_up_is_cut_off() -> None:
    """P-43."""
    held = hold_and(100.0, hang_up, closes_after_ms=None)

    assert held.socket.aborted_ms == 5100.0
    assert [note.text.partition(":")[0] for note in held.timeline.of(Note)] == ["bot_kept_socket"]


def test_whoever_hung_up_first_has_ended_the_call() -> None:
    held = hold_and(105.0, hang_up, [(103.0, Closed(0.0, 1000))])

    assert held.socket.events("stop") == []
    assert (held.timeline.ended_how, held.timeline.ended_at_ms) == (EndedHow.SOCKET, 103.0)


def test_hanging_up_on_a_caller_who_hung_up_does_nothing() -> None:
    held = hold_and(105.0, hang_up, for_ms=100.0, closes_after_ms=50.0)

    assert held.phone.caller_is_gone
    assert sent_ms(held, "stop") == [100.0]
    assert (held.timeline.ended_by, held.timeline.ended_how) == (EndedBy.CALLER, EndedHow.SCRIPT)


def test_what_was_asked_of_the_call_api_is_in_the_records() -> None:
    """PROTOCOL 6: findings recorded."""
    complaint = Complaint("call_api_unauthorized", "unauthorized", "Wrong.", 20003)

    held = hold_and(105.0, lambda phone: phone.asked_over_api("refused", 16, complaint))

    assert list(held.timeline.of(MessageReceived)) == [
        MessageReceived(105.0, "call_api", 16, detail="refused")
    ]
    assert [(f.at_ms, f.kind, f.code) for f in held.timeline.of(Finding)] == [
        (105.0, "call_api_unauthorized", 20003)
    ]
    assert [(tally.kind, tally.count) for tally in held.phone.findings] == [
        ("call_api_unauthorized", 1)
    ]


@pytest.mark.parametrize(
    ("says", "more", "how"),
    [
        pytest.param((), {}, EndedHow.SCRIPT, id="the-caller"),
        pytest.param([(100.0, Closed(0.0, 1000))], {}, EndedHow.SOCKET, id="the-bot"),
        pytest.param([(100.0, Closed(0.0, 1006))], {}, EndedHow.SOCKET, id="a-lost-socket"),
        pytest.param((), {"limits": CallLimits(max_call_ms=100)}, EndedHow.TIME_LIMIT, id="time"),
        pytest.param(
            (),
            {"for_ms": 60_000, "reads_until_ms": 2000.0, "closes_after_ms": None},
            EndedHow.NOT_READING,
            id="a-deaf-bot",
        ),
    ],
)
def test_by_what_a_call_ended_is_kept(says: Says, more: dict[str, Any], how: EndedHow) -> None:
    assert hold(says, **more).timeline.ended_how is how


class BrokenCaller(FakeCaller):
    def next_frame(self, at_ms: int, heard: Heard) -> CallerFrame | None:
        if at_ms == 200:
            raise RuntimeError("a mistake of ours")
        return super().next_frame(at_ms, heard)


def test_a_mistake_of_ours_hangs_up_and_leaves_what_was_recorded() -> None:
    """P-73."""
    clock = FakeClock()
    socket = FakeSocket(clock)
    phone = phone_of(socket, BrokenCaller(1000), clock)

    with pytest.raises(RuntimeError, match="a mistake of ours"):
        asyncio.run(phone.hold())
    assert socket.sent[-1].event == "stop"
    assert len(phone.timeline().said_ulaw) == 200 * 8


class TalkativeCaller(FakeCaller):
    def __init__(self) -> None:
        super().__init__(200)
        self.events = [Note(150.0, "of the caller")]


def test_the_timeline_holds_both_sides_in_order_of_time() -> None:
    says = [(105.0, media(SPEECH)), (155.0, clear())]
    events: tuple[Event, ...] = hold(says, caller=TalkativeCaller()).timeline.events

    assert [e.at_ms for e in events] == sorted(e.at_ms for e in events)
    assert Note(150.0, "of the caller") in events
