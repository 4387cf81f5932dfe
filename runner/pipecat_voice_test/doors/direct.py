"""The plain door: the address of the bot's media WebSocket is known (P-1, `ws`)."""

from collections.abc import Callable, Mapping

from pipecat_voice_test.call.clock import Clock
from pipecat_voice_test.doors.door import CallFacts, OpenLine
from pipecat_voice_test.doors.upgrade import Signing, dial_as
from pipecat_voice_test.protocol.twilio import TwilioWire
from pipecat_voice_test.protocol.wire import Wire

MakeWire = Callable[[CallFacts], Wire]


def twilio_wire(facts: CallFacts) -> Wire:
    return TwilioWire(facts.identity, facts.parameters)


class DirectDoor:
    """Dials one address for every call.

    Args:
        url: `ws://…` or `wss://…`.
        make_wire: Makes the provider's end of a call.
        headers: To be sent with the upgrade, besides or in place of the usual ones (P-6).
        signing: How the upgrade is signed; None to leave it unsigned.
    """

    def __init__(
        self,
        url: str,
        make_wire: MakeWire = twilio_wire,
        *,
        headers: Mapping[str, str] | None = None,
        signing: Signing | None = None,
    ) -> None:
        self._url = url
        self._make_wire = make_wire
        self._headers = headers
        self._signing = signing

    async def open(self, facts: CallFacts, clock: Clock) -> OpenLine:
        """Connect and upgrade; raises as `dial` does, and UsageError for what a wire refuses."""
        wire = self._make_wire(facts)
        dialled = await dial_as(self._url, self._url, clock, self._signing, headers=self._headers)
        return OpenLine(dialled.socket, wire, dialled.connect_ms)
