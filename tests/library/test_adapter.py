"""What adapters say they can do, and what they share; DESIGN 9."""

import asyncio
from dataclasses import FrozenInstanceError

import pytest
from pipecat_voice_test.adapters import (
    AdapterCapabilities,
    AudioChunk,
    PipecatAgentAdapter,
    UnsupportedCapability,
    VoiceAgentAdapter,
    silent_chunk,
)

URL = "ws://127.0.0.1:1/ws"


def test_an_adapter_can_nothing_unless_it_says_so() -> None:
    can = AdapterCapabilities()

    said = (can.streaming_transcripts, can.native_vad, can.dtmf, can.interruption)
    assert said == (False,) * 4
    assert can.input_formats == can.output_formats == []


def test_capabilities_cannot_be_changed() -> None:
    formats = ["pcm16/24000"]
    can = AdapterCapabilities(input_formats=formats)
    formats.append("opus")

    with pytest.raises(FrozenInstanceError):
        can.dtmf = True  # type: ignore[misc]
    assert can.input_formats == ["pcm16/24000"]
    assert can.input_formats != ["opus"]
    assert hash(can) == hash(AdapterCapabilities(input_formats=("pcm16/24000",)))


@pytest.mark.parametrize(
    ("adapter", "wire"),
    [
        pytest.param(PipecatAgentAdapter(URL), "mulaw/8000", id="websocket"),
        pytest.param(
            PipecatAgentAdapter(signaling_url="http://127.0.0.1:1/api/offer", transport="webrtc"),
            "opus/48000",
            id="webrtc",
        ),
    ],
)
def test_what_the_pipecat_adapter_can_do_is_what_it_does(
    adapter: PipecatAgentAdapter, wire: str
) -> None:
    assert adapter.transport_format == wire
    assert adapter.capabilities == AdapterCapabilities(
        streaming_transcripts=False,
        native_vad=False,
        dtmf=True,
        interruption=True,
        input_formats=["pcm16/24000", wire],
        output_formats=["pcm16/24000", wire],
    )
    assert not adapter.is_connected()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "PipecatAgentAdapter(transport='websocket') requires url=, ws://… or wss://…"),
        (
            {"signaling_url": "http://127.0.0.1:1/api/offer"},
            "PipecatAgentAdapter(transport='websocket') requires url=, ws://… or wss://…",
        ),
        (
            {"url": URL, "transport": "webrtc"},
            "PipecatAgentAdapter(transport='webrtc') requires signaling_url=, where the bot takes "
            "offers: http://…/api/offer",
        ),
        (
            {"url": URL, "transport": "pigeon"},
            "transport is 'websocket' or 'webrtc', not 'pigeon'",
        ),
        (
            {"url": URL, "audio_format": "opus", "sample_rate": 48_000},
            "a telephone network's WebSocket carries mulaw/8000, not opus/48000",
        ),
    ],
)
def test_an_adapter_that_could_not_call_is_not_made(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole message is compared.
        PipecatAgentAdapter(**given)  # type: ignore[arg-type]

    assert str(raised.value) == message


class OfAnotherLibrary:
    """The base of its adapters, which wants to be initialised."""

    def __init__(self) -> None:
        self.is_ready = True


class Both(PipecatAgentAdapter, OfAnotherLibrary):
    """As the page on the library has it."""


def test_the_adapter_may_have_the_base_of_another_library_too() -> None:
    assert Both(URL).is_ready


class Loopback(VoiceAgentAdapter):
    """An adapter of a user, with nothing but what is required."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self._said: list[AudioChunk] = []

    async def connect(self) -> None:
        self.done.append("connected")

    async def disconnect(self) -> None:
        self.done.append("disconnected")

    async def send_audio(self, chunk: AudioChunk) -> None:
        self._said.append(chunk)

    async def recv_audio(self, timeout: float) -> AudioChunk:  # noqa: ASYNC109
        return self._said.pop(0)


def test_async_with_connects_and_disconnects_whatever_happens() -> None:
    adapter = Loopback()

    async def use() -> None:
        async with adapter as line:
            await line.send_audio(silent_chunk(1))
            assert (await line.recv_audio(1)).duration_seconds == 1
            raise KeyError

    with pytest.raises(KeyError):
        asyncio.run(use())
    assert adapter.done == ["connected", "disconnected"]


def test_an_adapter_that_cannot_interrupt_says_so() -> None:
    with pytest.raises(UnsupportedCapability) as raised:
        asyncio.run(Loopback().interrupt())

    assert str(raised.value) == (
        "Loopback cannot interrupt by itself.\n"
        "  Fix: send audio while the agent speaks; `capabilities.interruption` tells beforehand."
    )
