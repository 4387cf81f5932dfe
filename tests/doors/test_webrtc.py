"""A bot is called over WebRTC as PROTOCOL 9.7 says: real offers, real ICE, real DTLS, real Opus."""

import asyncio
import json
import re
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from aiortc import RTCPeerConnection
from call.webrtc.bot import PACKET_MS, Bot, Caller, answering
from fakes import IDENTITY
from pipecat_voice_test.audio.codec import decode_ulaw, encode_ulaw
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.call.phone import CallLimits, PhoneCall
from pipecat_voice_test.call.webrtc import line as webrtc_line
from pipecat_voice_test.call.webrtc.ear import BUFFERED_MS
from pipecat_voice_test.call.webrtc.order import Packet
from pipecat_voice_test.call.webrtc.track import Track
from pipecat_voice_test.doors.door import CallFacts
from pipecat_voice_test.doors.webrtc import WebRtcDoor, offer_url
from pipecat_voice_test.errors import BotError, BotNotReady, UsageError, VoiceTestError
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.timeline import (
    CallerFrame,
    EndedBy,
    Event,
    Heard,
    MessageReceived,
    Note,
    Timeline,
)

FRAME = np.arange(160) / 8000
TONE = encode_ulaw((8000 * np.sin(2 * np.pi * 500 * FRAME)).astype(np.int16))
QUIET = b"\xff" * 160
LOUD = 2000
Acts = Callable[[Caller], Awaitable[None]]


class Person:
    """Says a tone and presses keys, then hangs up."""

    def __init__(self, for_ms: int, tone: tuple[int, int] = (0, 0), key_ms: int = -1) -> None:
        self.events: list[Event] = []
        self._for_ms, self._tone, self._key_ms = for_ms, tone, key_ms

    def next_frame(self, at_ms: int, heard: Heard) -> CallerFrame | None:
        if at_ms >= self._for_ms:
            return None
        says = TONE if self._tone[0] <= at_ms < self._tone[1] else QUIET
        return CallerFrame(says, "5" if at_ms == self._key_ms else "")


@dataclass
class Held:
    """What a call left behind."""

    timeline: Timeline
    bot: Bot

    @property
    def caller(self) -> Caller:
        return self.bot.callers[-1]

    def loud_ms(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The milliseconds in which the caller heard a tone."""
        last = max((piece.end_sample for piece in self.timeline.heard), default=0)
        pcm = np.zeros(last - last % -8, np.int16)
        for piece in self.timeline.heard:
            pcm[piece.first_sample : piece.end_sample] = decode_ulaw(piece.ulaw)
        return np.flatnonzero(np.abs(pcm).reshape(-1, 8).max(axis=1) > LOUD)


async def hold(
    bot: Bot, person: Person, *, url: str = "", start: str | None = None, max_call_ms: int = 9000
) -> Held:
    clock = SystemClock()
    facts = CallFacts(IDENTITY, parameters={"customer": "42"})
    line = await WebRtcDoor(url or bot.url, start=start).open(facts, clock)
    call = VirtualCall(line.wire)
    for event in line.events:
        call.record_event(event)
    limits = CallLimits(max_call_ms=max_call_ms)
    phone = PhoneCall(call, person, line.socket, clock, identity=IDENTITY, limits=limits)
    await phone.hold()
    assert line.after is not None
    await line.after(phone.ended_by)
    return Held(phone.timeline(), bot)


def called(acts: Acts | None, person: Person, **options: Any) -> Held:
    async def talk() -> Held:
        async with answering(acts) as bot:
            held = await hold(bot, person, **options)
            await asyncio.wait_for(held.caller.is_gone.wait(), 5)
            return held

    return asyncio.run(talk())


async def idle(caller: Caller) -> None:
    pass


async def silent_talk(caller: Caller) -> None:
    """Say what lasts a second, and events beside it."""
    await asyncio.sleep(0.3)
    caller.voice.tones = 20
    caller.say({"label": "rtvi-ai", "type": "bot-ready", "id": "1", "data": {"version": "2.1.0"}})


@pytest.mark.realtime
def test_both_hear_each_other_whole_and_the_bot_learns_when_the_caller_hangs_up() -> None:
    held = called(silent_talk, Person(1400, tone=(200, 700), key_ms=800))
    loud, timeline = held.loud_ms(), held.timeline

    assert (timeline.ended_by, timeline.close_code) == (EndedBy.CALLER, 1000)
    assert timeline.bot_closed_ms is not None
    # What the codec blurs at both ends is shorter than a packet.
    assert abs(len(loud) - 20 * PACKET_MS) < PACKET_MS
    began_ms = held.caller.voice.spoke_ms[0] - timeline.t0_monotonic_ns / 1e6
    # A packet that came late is laid where it belongs.
    assert began_ms - BUFFERED_MS < loud[0]
    heard = np.concatenate(held.caller.heard)
    at_bot = np.flatnonzero(np.abs(heard)[: len(heard) // 48 * 48].reshape(-1, 48).max(1) > LOUD)
    assert abs(len(at_bot) - 500) < PACKET_MS


@pytest.mark.realtime
def test_events_go_over_the_data_channel_and_are_kept() -> None:
    """PROTOCOL 9.7 and 9.8: `ping…` each second, `trackStatus`, `client-ready`, keys as events."""
    held = called(silent_talk, Person(1200, key_ms=500))
    texts = [text for text in held.caller.texts if not text.startswith("ping")]
    status, ready, key = (json.loads(text) for text in texts)
    received = [
        event
        for event in held.timeline.events
        if isinstance(event, MessageReceived) and event.event != "media"
    ]

    assert status == {
        "type": "signalling",
        "message": {"type": "trackStatus", "receiver_index": 0, "enabled": True},
    }
    assert (ready["label"], ready["type"]) == ("rtvi-ai", "client-ready")
    assert (key["type"], key["data"]) == ("dtmf", {"buttons": ["5"]})
    assert len(held.caller.texts) - len(texts) >= 2
    assert [(event.event, event.detail) for event in received] == [("bot-ready", "2.1.0")]


@pytest.mark.realtime
@pytest.mark.parametrize(("acts", "is_told"), [(silent_talk, False), (None, True)])
def test_keys_that_a_bot_may_not_know_are_told(acts: Acts | None, is_told: bool) -> None:
    """PROTOCOL 9.7 has no keys; a bot without RTVI hears none."""

    async def talk() -> list[Event]:
        async with answering(acts) as bot:
            clock = SystemClock()
            line = await WebRtcDoor(bot.url).open(CallFacts(IDENTITY), clock)
            call, person = VirtualCall(line.wire), Person(600, key_ms=20)
            phone = PhoneCall(call, person, line.socket, clock, identity=IDENTITY)
            await phone.hold()
            assert line.after is not None
            return [*await line.after(phone.ended_by)]

    told = [event.text for event in asyncio.run(talk()) if isinstance(event, Note)]

    assert told == is_told * [
        "Over WebRTC keys are told as RTVI events, and the bot never answered `client-ready`: "
        "it seems not to know any."
    ]


async def leaves(caller: Caller) -> None:
    await asyncio.sleep(0.1)
    caller.say({"type": "signalling", "message": {"type": "peerLeft"}})
    await asyncio.sleep(0.05)
    await caller.peer.close()


async def closes(caller: Caller) -> None:
    await asyncio.sleep(0.1)
    await caller.peer.close()


async def vanishes(caller: Caller) -> None:
    """As if its process were killed: its sockets are gone without a word."""
    await asyncio.sleep(0.1)
    cut_off(caller)


def cut_off(caller: Caller) -> None:
    connection: Any = caller.peer.getTransceivers()[0].sender.transport.transport._connection
    for protocol in connection._protocols:
        protocol.transport.abort()


@pytest.mark.realtime
@pytest.mark.parametrize(
    ("acts", "ended_by", "code", "reason"),
    [
        pytest.param(leaves, EndedBy.BOT, 1000, "peerLeft", id="it-says-so"),
        pytest.param(closes, EndedBy.BOT, 1005, "", id="without-a-word"),
        pytest.param(
            vanishes, EndedBy.BOT_ABNORMAL, 1006, "nothing has come from the bot for 1 s",
            id="it-vanishes",
        ),
    ],
)  # fmt: skip
def test_who_ended_the_call_is_told_by_how_the_bot_left(
    acts: Acts, ended_by: EndedBy, code: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webrtc_line, "VANISHED_MS", 1000.0)
    monkeypatch.setattr(webrtc_line, "PING_S", 0.25)

    async def talk() -> Timeline:
        async with answering(acts) as bot:
            return (await hold(bot, Person(8000))).timeline

    timeline = asyncio.run(talk())

    assert (timeline.ended_by, timeline.close_code, timeline.close_reason) == (
        ended_by, code, reason,
    )  # fmt: skip


@pytest.mark.realtime
def test_a_bot_that_sends_on_after_the_hang_up_has_kept_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """P-43: it is not taken for one that let go."""

    async def talk() -> Timeline:
        async with answering(idle) as bot:
            clock = SystemClock()
            line = await WebRtcDoor(bot.url).open(CallFacts(IDENTITY), clock)
            # It hears nothing of the goodbye.
            monkeypatch.setattr(webrtc_line, "_hang_up", _nothing)
            call = VirtualCall(line.wire)
            limits = CallLimits(goodbye_ms=600)
            phone = PhoneCall(
                call, Person(100), line.socket, clock, identity=IDENTITY, limits=limits
            )
            await phone.hold()
            assert line.after is not None
            await line.after(phone.ended_by)
            return phone.timeline()

    timeline = asyncio.run(talk())

    assert timeline.bot_closed_ms is None
    assert [event.text for event in timeline.events if isinstance(event, Note)] == [
        "bot_kept_socket: not closed 600 ms after `stop`"
    ]


async def _nothing(*_: object) -> None:
    pass


@pytest.mark.realtime
def test_a_session_is_asked_for_where_a_start_endpoint_is_given() -> None:
    async def talk() -> Bot:
        async with answering(idle) as bot:
            reply = {"sessionId": "s 1", "iceConfig": {"iceServers": [{"urls": "http://x"}, 7]}}
            bot.replies["/start"] = 200, json.dumps(reply).encode()
            await hold(bot, Person(100), start="/start")
            return bot

    bot = asyncio.run(talk())
    (started, asked), (offered, offer) = bot.requests

    assert (started, offered) == ("/start", "/sessions/s%201/api/offer")
    assert asked == {
        "transport": "webrtc", "enableDefaultIceServers": False, "body": {"customer": "42"},
    }  # fmt: skip
    assert offer["type"] == "offer"


@pytest.mark.realtime
def test_an_offer_names_sound_first_then_the_data_channel_and_the_parameters() -> None:
    """BOTS.md: the audio track first, then the channel, then the offer."""

    async def talk() -> dict[str, Any]:
        async with answering(idle) as bot:
            await hold(bot, Person(100))
            ((target, offer),) = bot.requests
            assert target == "/api/offer"
            return offer

    offer = asyncio.run(talk())
    sections = [line for line in offer["sdp"].splitlines() if line.startswith("m=")]

    assert [section.split()[0] for section in sections] == ["m=audio", "m=application"]
    assert "opus/48000/2" in offer["sdp"]
    assert offer["request_data"] == {"customer": "42"}


@pytest.mark.realtime
def test_calls_one_after_the_other_leave_nothing_behind() -> None:
    async def talk() -> tuple[set[asyncio.Task[Any]], list[str]]:
        async with answering(idle) as bot:
            for _ in range(3):
                await hold(bot, Person(60))
        await asyncio.sleep(0)
        decoders = [one.name for one in threading.enumerate() if "decoder" in one.name]
        return asyncio.all_tasks() - {asyncio.current_task()}, decoders

    tasks, threads = asyncio.run(talk())

    assert (tasks, threads) == (set(), [])


@pytest.mark.realtime
def test_a_call_that_is_broken_off_keeps_no_program_from_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thread of aiortc would, if the loop ends before the connection is closed."""
    left_open: list[RTCPeerConnection] = []

    async def not_yet(peer: RTCPeerConnection) -> None:
        left_open.append(peer)

    monkeypatch.setattr(webrtc_line, "close_peer", not_yet)

    async def talk() -> list[str]:
        heard_from = asyncio.Event()

        async def acts(caller: Caller) -> None:
            assert caller.channel is not None
            caller.channel.on("message", lambda _: heard_from.set())

        async with answering(acts) as bot:
            held = asyncio.create_task(hold(bot, Person(8000)))
            await heard_from.wait()
            held.cancel()
            await asyncio.wait([held])
            decoders = [one.name for one in threading.enumerate() if "decoder" in one.name]
            for peer in left_open:
                await peer.close()
        return decoders

    assert asyncio.run(talk()) == ["audio-decoder"]  # The bot's.


def test_a_bot_that_floods_the_line_is_not_decoded_forever() -> None:
    track = Track()
    for number in range(5_000):
        track.take(Packet(number % 65_536, number * 960, b"", 1.0))

    assert (track.flooded, track.unplayable) == (4_000, 1_000)


# --- no call ------------------------------------------------------------------------------


def refusal(prepare: Callable[[Bot], None], **options: Any) -> VoiceTestError:
    async def talk() -> VoiceTestError:
        async with answering(idle) as bot:
            prepare(bot)
            with pytest.raises(VoiceTestError) as caught:
                await hold(bot, Person(100), **options)
            error = caught.value
            error.what = error.what.replace(bot.url, "URL")
            return error

    return asyncio.run(talk())


def replying(status: int, body: bytes, path: str = "/api/offer") -> Callable[[Bot], None]:
    return lambda bot: bot.replies.__setitem__(path, (status, body))


def spoiling(spoil: Callable[[str], str]) -> Callable[[Bot], None]:
    return lambda bot: setattr(bot, "spoils", spoil)


def without_addresses(sdp: str) -> str:
    return "".join(line for line in sdp.splitlines(True) if not line.startswith("a=candidate"))


def with_another_certificate(sdp: str) -> str:
    digits = sdp.split("a=fingerprint:sha-256 ")[1][:2]
    other = "00" if digits != "00" else "11"
    return sdp.replace(f"a=fingerprint:sha-256 {digits}", f"a=fingerprint:sha-256 {other}")


@pytest.mark.parametrize(
    ("prepare", "kind", "what"),
    [
        pytest.param(
            replying(404, b'{"detail":"Not Found"}'), "offer_refused",
            "URL/api/offer refused the call with 404 So.", id="no-such-path",
        ),
        pytest.param(
            replying(200, b"<html>"), "offer_refused",
            "URL/api/offer answered with something that is not JSON.", id="a-web-page",
        ),
        pytest.param(
            replying(200, b"[]"), "offer_refused",
            "URL/api/offer answered with JSON that is no object.", id="a-list",
        ),
        pytest.param(
            replying(200, b'{"sdp": 1}'), "offer_refused",
            'URL/api/offer answered with no "sdp" of "type" "answer".', id="no-description",
        ),
        pytest.param(
            spoiling(without_addresses), "webrtc_not_connected",
            "URL/api/offer took the offer, but its answer names no address to send to. A machine "
            "whose only address is loopback has none for WebRTC.", id="loopback-there",
        ),
        pytest.param(
            spoiling(lambda sdp: sdp + "a=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n" * 60),
            "webrtc_not_connected", None, id="a-flood-of-addresses",
        ),
        pytest.param(
            spoiling(lambda sdp: sdp.replace("m=application", "m=audio")),
            "webrtc_not_connected", None, id="another-offers-answer",
        ),
        pytest.param(
            spoiling(with_another_certificate), "webrtc_not_connected",
            "A path to URL/api/offer was found, but the handshake that encrypts the call (DTLS) "
            "failed.", id="another-certificate",
        ),
    ],
)  # fmt: skip
def test_every_answer_that_makes_no_call_is_said_in_its_own_words(
    prepare: Callable[[Bot], None], kind: str, what: str | None
) -> None:
    error = refusal(prepare)

    assert isinstance(error, BotError)
    assert error.kind == kind
    if what is not None:
        assert error.what == what
    assert error.fix


def test_a_refusal_is_shown_as_it_came_but_speaks_to_no_terminal() -> None:
    error = refusal(replying(400, b"not\nallowed \x1b[31m"))

    assert error.evidence == "It answered:\n| not\n| allowed \\x1b[31m"


def test_a_path_that_nothing_comes_through_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """ICE that never connects: nobody listens any more at what the answer names."""
    monkeypatch.setattr("pipecat_voice_test.call.webrtc.dial.CONNECT_S", 0.5)

    def prepare(bot: Bot) -> None:
        def deaf(sdp: str) -> str:
            cut_off(bot.callers[-1])
            return sdp

        bot.spoils = deaf

    error = refusal(prepare)

    assert error.what == (
        "URL/api/offer took the offer, but no path to it was found within 500 ms: "
        "no packet came through between any of the addresses (ICE)."
    )
    assert re.fullmatch(r"ours: \S+:\d+.*\ntheirs: \S+:\d+.*", error.evidence)


def test_a_machine_with_loopback_alone_is_told_so_before_anybody_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """BOTS.md: ICE skips 127.0.0.1, and such a host would never connect."""
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **_: [])
    asked: list[Bot] = []

    error = refusal(asked.append)

    assert error.what.startswith("This machine has no network address but loopback")
    assert asked[0].requests == []


def test_nobody_there_is_a_bot_that_is_not_ready() -> None:
    async def talk() -> None:
        await WebRtcDoor("ws://127.0.0.1:1/ws").open(CallFacts(IDENTITY), SystemClock())

    with pytest.raises(BotNotReady, match=r"^http://127\.0\.0\.1:1/api/offer took no connection"):
        asyncio.run(talk())


@pytest.mark.parametrize(
    ("bot_url", "url"),
    [
        ("ws://bot:7860/ws", "http://bot:7860/api/offer"),
        ("wss://bot.test", "https://bot.test/api/offer"),
        ("http://bot:7860", "http://bot:7860/api/offer"),
        ("https://bot.test/voice/api/offer", "https://bot.test/voice/api/offer"),
        ("ws://u:p@[::1]:80/ws?x=1", "http://u:p@[::1]:80/api/offer"),
    ],
)
def test_every_way_to_write_a_bots_address_leads_to_its_offers(bot_url: str, url: str) -> None:
    assert offer_url(bot_url) == url


@pytest.mark.parametrize("bot_url", ["ftp://bot", "bot:7860", "http://", "ws://bot:99999999"])
def test_what_is_no_address_is_said(bot_url: str) -> None:
    with pytest.raises(UsageError, match="is no address of a WebRTC bot"):
        offer_url(bot_url)


def test_who_calls_by_websocket_loads_nothing_of_it() -> None:
    """It takes half a second."""
    code = (
        "import sys, pipecat_voice_test.doors.entrance; print({'av', 'aiortc'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
