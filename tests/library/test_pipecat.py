"""The adapter against a bot on a real socket, in real time: issue 6, "Library"."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest
from pipecat_voice_test.adapters import (
    AgentStreamEndedError,
    AudioChunk,
    BotGone,
    Interruption,
    NotConnected,
    PipecatAgentAdapter,
    PipecatRecvError,
    silent_chunk,
)
from pipecat_voice_test.audio.codec import decode_ulaw
from pipecat_voice_test.errors import BotNotReady
from pipecat_voice_test.library.live.rates import Heard24k

from library.bots import Bots, TestBot, WhenGot, bots, is_loud, strongest_hz, tone

VOICE = bytes(np.random.default_rng(2).integers(0, 128, 8000 * 8, dtype=np.uint8))
pytestmark = pytest.mark.realtime
Use = Callable[[PipecatAgentAdapter, Bots], Awaitable[None]]


def call(use: Use, when_got: WhenGot | None = None, **given: Any) -> Bots:
    """Have a line to a bot used."""

    async def used() -> Bots:
        async with bots(when_got) as taken, PipecatAgentAdapter(taken.url, **given) as adapter:
            await use(adapter, taken)
        return taken

    return asyncio.run(used())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a bot keeps no event for each condition.
            await asyncio.sleep(0.002)


async def drained(adapter: PipecatAgentAdapter, quiet_s: float = 0.3) -> bytes:
    data = b""
    while True:
        try:
            data += (await adapter.recv_audio(quiet_s)).data
        except TimeoutError:
            return data


def as_heard(ulaw: bytes) -> bytes:
    stretch = Heard24k()
    return np.concatenate([stretch.feed(decode_ulaw(ulaw)), stretch.rest()]).tobytes()


def alike(heard: bytes, whole: bytes) -> bool:
    """The same samples. Cut elsewhere, a sum of the filter may be rounded the other way."""
    one, other = (np.frombuffer(data, np.int16).astype(int) for data in (heard, whole))
    return len(one) == len(other) and int(np.abs(one - other).max(initial=0)) <= 1


# --- the line -------------------------------------------------------------------------------


def test_connect_begins_the_call_as_the_network_does_and_the_line_is_never_quiet() -> None:
    async def wait(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        assert adapter.is_connected()
        await until(lambda: len(taken.last.frames) >= 20)

    taken = call(wait, stream_sid="MZ_given", call_sid="CA_given")

    connected, start, *media = taken.last.got[:22]
    assert connected == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert start["start"]["streamSid"] == start["streamSid"] == "MZ_given"
    assert start["start"]["callSid"] == "CA_given"
    assert start["start"]["mediaFormat"] == {
        "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1,
    }  # fmt: skip
    assert [int(m["media"]["timestamp"]) for m in media] == list(range(20, 420, 20))
    assert all(len(set(frame)) > 3 for frame in taken.last.frames), "P-23: no digital silence"
    assert taken.last.loud == []


def test_disconnect_sends_stop_and_closes_and_may_be_repeated() -> None:
    async def leave(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await adapter.disconnect()
        await adapter.disconnect()
        assert not adapter.is_connected()

    taken = call(leave)

    assert taken.last.events[-1] == "stop"
    assert taken.last.close_code == 1000


def test_ids_that_were_given_are_those_of_every_call_and_others_are_fresh() -> None:
    given = PipecatAgentAdapter("ws://x", stream_sid="MZ1", call_sid="CA1")
    fresh = PipecatAgentAdapter("ws://x")

    async def three_times(adapter: PipecatAgentAdapter) -> list[TestBot]:
        async with bots() as taken:
            adapter.url = taken.url
            for _ in range(3):
                async with adapter:
                    await until(lambda: bool(taken.last.of("start")))
                    assert adapter.stream_sid == taken.last.stream_sid
            return taken.calls

    calls = asyncio.run(three_times(given))
    assert {call.stream_sid for call in calls} == {"MZ1"}
    assert (given.stream_sid, given.call_sid) == ("MZ1", "CA1")

    calls = asyncio.run(three_times(fresh))
    assert len({call.stream_sid for call in calls}) == 3
    assert all(call.stream_sid.startswith("MZ") and len(call.stream_sid) == 34 for call in calls)
    assert (fresh.stream_sid, fresh.call_sid) == (None, None)


def test_connecting_again_calls_again_only_when_there_is_nobody() -> None:
    async def again(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await asyncio.gather(adapter.connect(), adapter.connect())
        assert len(taken.calls) == 1
        await taken.last.socket.close()
        await until(lambda: not adapter.is_connected())
        await adapter.connect()
        assert len(taken.calls) == 2
        await adapter.send_audio(silent_chunk(0.02))

    call(again)


def test_a_bot_that_is_not_there_is_no_line_and_may_come_later() -> None:
    async def connect() -> None:
        async with bots() as taken:
            url = taken.url
        adapter = PipecatAgentAdapter(url)
        with pytest.raises(BotNotReady):
            await adapter.connect()
        assert not adapter.is_connected()
        async with bots() as taken:
            adapter.url = taken.url
            await adapter.connect()
            await adapter.disconnect()
        assert len(taken.calls) == 1

    asyncio.run(connect())


@pytest.mark.parametrize(
    "use", ["send_audio", "recv_audio", "interrupt", "send_dtmf", "save_recording"]
)
def test_without_a_line_nothing_can_be_done_and_that_is_said(use: str) -> None:
    adapter = PipecatAgentAdapter("ws://127.0.0.1:1/ws")
    arguments = {"send_audio": (silent_chunk(1),), "recv_audio": (1,), "send_dtmf": ("1",)}

    async def do() -> None:
        await adapter.disconnect()
        done = getattr(adapter, use)(*arguments.get(use, ("x",) if use == "save_recording" else ()))
        await done

    with pytest.raises(RuntimeError) as raised:
        asyncio.run(do())
    assert isinstance(raised.value, NotConnected)
    assert str(raised.value) == (
        "There is no line to the bot.\n"
        "  Fix: `await adapter.connect()` first, or use `async with adapter:`."
    )


# --- speaking -------------------------------------------------------------------------------


def test_a_chunk_has_been_spoken_when_send_audio_returns() -> None:
    async def speak(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await until(lambda: len(taken.last.frames) > 2)
        before = len(taken.last.frames)
        await adapter.send_audio(tone(0.5))
        assert len(taken.last.frames) - before >= 23  # Its last frame is in progress.

    taken = call(speak)

    loud = taken.last.loud
    assert len(loud) == 25
    assert loud == list(range(loud[0], loud[0] + 25)), "P-24: it begins on a frame"


def test_chunks_sent_at_once_are_never_mixed() -> None:
    tones = [500.0, 1500.0, 1000.0]

    async def speak(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await asyncio.gather(*(adapter.send_audio(tone(0.2, hz)) for hz in tones))

    taken = call(speak)

    heard = [strongest_hz(taken.last.frames[number]) for number in taken.last.loud]
    assert heard == [hz for hz in tones for _ in range(10)]


def test_chunks_sent_one_after_the_other_are_all_said() -> None:
    """That they follow without a hole is a matter of milliseconds: live/test_mouth.py."""
    whole = tone(0.5)
    parts = [whole.data[at : at + 4800] for at in range(0, len(whole.data), 4800)]

    async def speak(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        for part in parts:
            await adapter.send_audio(AudioChunk(part))

    assert len(call(speak).last.loud) == 25


def test_a_mark_follows_the_last_frame_where_it_is_asked_for() -> None:
    async def speak(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await adapter.send_audio(tone(0.1))
        await adapter.send_audio(tone(0.1), end_of_utterance=True)
        adapter.end_of_utterance = True
        await adapter.send_audio(tone(0.1))
        await adapter.send_audio(tone(0.1), end_of_utterance=False)

    taken = call(speak)

    events = [
        "mark" if message["event"] == "mark" else "loud"
        for message in taken.last.got
        if message["event"] == "mark"
        or (message["event"] == "media" and is_loud(_payload(message)))
    ]
    assert events == ["loud"] * 10 + ["mark"] + ["loud"] * 5 + ["mark"] + ["loud"] * 5
    assert [mark["mark"] for mark in taken.last.of("mark")] == [{"name": "utterance_end"}] * 2


def test_a_send_that_is_cancelled_is_cut_off_and_the_next_is_not() -> None:
    async def speak(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(adapter.send_audio(tone(5, 500)), 0.2)
        await adapter.send_audio(tone(0.2, 1500))

    taken = call(speak)

    heard = [strongest_hz(taken.last.frames[number]) for number in taken.last.loud]
    assert heard.count(1500) == 10
    assert 1 <= heard.count(500) <= len(heard) - 10 < 100


def test_hanging_up_ends_what_is_being_said_and_finishes_what_has_been() -> None:
    async def speak(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await adapter.send_audio(tone(0.2))
        saying = asyncio.create_task(adapter.send_audio(tone(5)))
        await asyncio.sleep(0)
        await adapter.disconnect()
        with pytest.raises(NotConnected, match="this side has hung up"):
            await saying

    taken = call(speak)

    assert 10 <= len(taken.last.loud) <= 13
    assert taken.last.close_code == 1000


def test_keys_are_pressed_one_after_the_other() -> None:
    async def press(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await asyncio.gather(adapter.send_dtmf("12"), adapter.send_dtmf("#"))
        with pytest.raises(ValueError, match="'x' is not a key of a telephone"):
            await adapter.send_dtmf("1x")

    taken = call(press)

    assert [key["dtmf"]["digit"] for key in taken.last.of("dtmf")] == ["1", "2", "#"]


# --- listening ------------------------------------------------------------------------------


def test_every_reply_arrives_whole_in_order_and_silence_is_told_by_name() -> None:
    replies = [VOICE[: 8 * ms] for ms in (20, 100, 385)]

    async def listen(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await until(lambda: bool(taken.calls and taken.last.of("start")))
        for reply in replies:
            await taken.last.say(reply)
            assert alike(await drained(adapter), as_heard(reply))
        with pytest.raises(TimeoutError) as raised:
            await adapter.recv_audio(timeout=0.05)
        assert str(raised.value) == "nothing was heard from the bot for 0.05 s"

    call(listen)


def test_two_who_listen_share_what_is_heard() -> None:
    async def listen(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await until(lambda: bool(taken.calls and taken.last.of("start")))
        both = [asyncio.create_task(adapter.recv_audio(1.0)) for _ in range(2)]
        await asyncio.sleep(0)
        await taken.last.say(VOICE[:1600])
        first, second = await asyncio.gather(*both)
        assert alike(first.data + second.data + await drained(adapter), as_heard(VOICE[:1600]))

    call(listen)


def test_a_listener_who_gives_up_loses_nothing() -> None:
    async def listen(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await until(lambda: bool(taken.calls and taken.last.of("start")))
        await taken.last.say(VOICE[:2400])
        data = b""
        for _ in range(200):
            try:
                data += (await asyncio.wait_for(adapter.recv_audio(1), 0.003)).data
            except TimeoutError:
                continue
        assert alike(data + await drained(adapter), as_heard(VOICE[:2400]))

    call(listen)


@pytest.mark.parametrize(
    ("code", "reason", "told"),
    [
        (1000, "", "it closed the line with code 1000."),
        (4003, "out of\x1b[2J credit", 'it closed the line with code 4003 and said "out of'),
    ],
)
def test_when_the_bot_has_gone_what_was_heard_is_given_first(
    code: int, reason: str, told: str
) -> None:
    async def listen(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await until(lambda: bool(taken.calls and taken.last.of("start")))
        speaking = asyncio.create_task(adapter.send_audio(tone(5)))
        await taken.last.say(VOICE[:800])
        await asyncio.sleep(0.2)
        await taken.last.socket.close(code, reason)
        with pytest.raises(BotGone) as raised:
            await speaking
        assert told in str(raised.value)
        assert "\x1b" not in str(raised.value)
        assert (await adapter.recv_audio(1)).data
        for gone in (AgentStreamEndedError, PipecatRecvError):
            with pytest.raises(gone):
                await everything(adapter)
        with pytest.raises(BotGone):
            await adapter.interrupt()

    call(listen)


async def everything(adapter: PipecatAgentAdapter) -> bytes:
    """All that is left; raises what comes after it."""
    data = b""
    while True:
        try:
            data += (await adapter.recv_audio(1)).data
        except Exception as error:
            error.args = (*error.args, data)
            raise


def test_a_bot_that_vanishes_is_told_from_one_that_hangs_up() -> None:
    async def listen(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await until(lambda: bool(taken.calls and taken.last.of("start")))
        taken.last.socket.transport.abort()
        with pytest.raises(BotGone) as raised:
            await adapter.recv_audio(5)
        assert "vanished" in str(raised.value)
        assert "(1006)" in str(raised.value)

    call(listen)


def test_what_was_heard_before_hanging_up_can_still_be_had() -> None:
    async def listen(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await until(lambda: bool(taken.calls and taken.last.of("start")))
        await taken.last.say(VOICE[:1600])
        await asyncio.sleep(0.5)
        await adapter.disconnect()
        with pytest.raises(NotConnected) as raised:
            await everything(adapter)
        assert alike(raised.value.args[-1], as_heard(VOICE[:1600]))
        assert str(raised.value) == (
            "The call is over: this side has hung up.\n  Fix: call `connect()` for another one."
        )

    call(listen)


def test_binary_frames_and_nonsense_disturb_nobody() -> None:
    async def listen(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await until(lambda: bool(taken.calls and taken.last.of("start")))
        await taken.last.socket.send(VOICE[:160])
        await taken.last.socket.send("{")
        await taken.last.say(VOICE[:1600])
        assert alike(await drained(adapter), as_heard(VOICE[:1600]))
        await adapter.send_audio(tone(0.1))

    taken = call(listen)

    assert len(taken.last.loud) == 5


# --- interrupting ---------------------------------------------------------------------------


def interrupted(
    hears_after: int | None, chunk: AudioChunk | None = None
) -> tuple[Interruption, Bots]:
    """Interrupt a bot that stops when it has heard so many loud frames, or never."""
    found: list[Interruption] = []

    async def stop(bot: TestBot, message: dict[str, Any]) -> None:
        if hears_after is not None and len(bot.loud) == hears_after and not bot.of("cleared"):
            await bot.send({"event": "clear"})
            bot.got.append({"event": "cleared"})

    async def interrupt(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await until(lambda: bool(taken.calls and taken.last.of("start")))
        await taken.last.say(VOICE)
        await adapter.recv_audio(1)
        await asyncio.sleep(0.6)
        found.append(await adapter.interrupt(chunk))

    taken = call(interrupt, stop)
    return found[0], taken


def test_interrupt_takes_the_floor_by_voice_and_tells_when_the_bot_fell_silent() -> None:
    found, taken = interrupted(hears_after=15)

    assert "clear" not in taken.last.events, "a bot ignores a clear from the network"
    assert len(taken.last.loud) > 40
    assert found.was_speaking
    assert found.yielded
    assert found.silent_ms is not None
    assert found.stop_ms == found.silent_ms - found.onset_ms
    # The clear came with the fifteenth loud frame; the rest was taken back.
    assert found.stop_ms >= 250
    assert found.cleared_ms > 1000


def test_a_bot_that_talks_on_has_not_yielded() -> None:
    found, _ = interrupted(hears_after=None)

    assert found.was_speaking
    assert (found.yielded, found.silent_ms, found.stop_ms) == (False, None, None)


def test_with_nobody_speaking_there_is_nothing_to_yield() -> None:
    async def interrupt(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        found = await adapter.interrupt()
        assert not found.was_speaking
        assert found.stop_ms == 0
        with pytest.raises(ValueError, match="there is no speech in this chunk"):
            await adapter.interrupt(silent_chunk(1))

    taken = call(interrupt)

    assert len(taken.last.loud) > 40


# --- recording ------------------------------------------------------------------------------


def test_the_call_can_be_written_down(tmp_path: Any) -> None:
    async def use(adapter: PipecatAgentAdapter, taken: Bots) -> None:
        await adapter.send_audio(tone(0.1))
        await adapter.disconnect()
        assert adapter.save_recording(tmp_path / "here") == tmp_path / "here" / "call.wav"

    call(use)

    assert {path.name for path in (tmp_path / "here").iterdir()} == {
        "call.wav", "bot_raw.wav", "events.jsonl",
    }  # fmt: skip


def _payload(message: dict[str, Any]) -> bytes:
    return base64.b64decode(message["media"]["payload"])
