"""P-25: what waits in front of a bot that does not read is told in time, not in bytes."""

import asyncio
from collections.abc import Callable

import pytest
from fakes import FakeCaller, FakeClock, FakeSocket
from pipecat_voice_test.call.phone import PhoneCall
from pipecat_voice_test.protocol.exotel import ExotelWire
from pipecat_voice_test.protocol.twilio import TwilioWire
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.protocol.wire import Wire
from pipecat_voice_test.timeline import Backpressure
from protocol.wires import IDENTITY

WIRES: dict[str, Callable[[], Wire]] = {
    "twilio": lambda: TwilioWire(IDENTITY, {}),  # 19 kB a second
    "exotel-8000": lambda: ExotelWire(IDENTITY, "1", "2", {}, 8000),  # 23 kB
    "exotel-24000": lambda: ExotelWire(IDENTITY, "1", "2", {}, 24_000),  # 66 kB
}


def backed_up(wire: Wire, *, for_ms: float, reads_until_ms: float) -> list[Backpressure]:
    """What is noticed of a bot that stops reading."""
    clock = FakeClock()
    socket = FakeSocket(clock, reads_until_ms=reads_until_ms)
    phone = PhoneCall(VirtualCall(wire), FakeCaller(for_ms), socket, clock, identity=IDENTITY)
    asyncio.run(phone.hold())
    return list(phone.timeline().of(Backpressure))


@pytest.mark.parametrize("network", WIRES)
def test_a_second_of_audio_may_wait_however_many_bytes_that_is(network: str) -> None:
    assert backed_up(WIRES[network](), for_ms=3800, reads_until_ms=2900) == []


@pytest.mark.parametrize("network", WIRES)
def test_more_than_a_second_is_noticed_and_told_in_milliseconds(network: str) -> None:
    (noticed,) = backed_up(WIRES[network](), for_ms=6000, reads_until_ms=2500)

    assert noticed.at_ms == 4000
    assert noticed.unsent_ms == pytest.approx(1500, abs=100)
