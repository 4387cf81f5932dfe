"""The plain door: the address of the bot's media WebSocket is known (P-1, `ws`)."""

from collections.abc import Callable, Mapping, Sequence

from pipecat_voice_test.call.clock import Clock
from pipecat_voice_test.doors.door import CallFacts, OpenLine
from pipecat_voice_test.doors.upgrade import Signing, dial_as
from pipecat_voice_test.protocol.twilio import TwilioWire
from pipecat_voice_test.protocol.untrusted import listed
from pipecat_voice_test.protocol.wire import Wire
from pipecat_voice_test.timeline import Finding, Severity

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
        carries_parameters: Whether the wire has a place for those of a call.
    """

    def __init__(
        self,
        url: str,
        make_wire: MakeWire = twilio_wire,
        *,
        headers: Mapping[str, str] | None = None,
        signing: Signing | None = None,
        carries_parameters: bool = True,
    ) -> None:
        self._url = url
        self._make_wire = make_wire
        self._headers = headers
        self._signing = signing
        self._carries_parameters = carries_parameters

    async def open(self, facts: CallFacts, clock: Clock) -> OpenLine:
        """Connect and upgrade; raises as `dial` does, and UsageError for what a wire refuses."""
        wire = self._make_wire(facts)
        dialled = await dial_as(self._url, self._url, clock, self._signing, headers=self._headers)
        lost = [] if self._carries_parameters else [*facts.parameters]
        events = [_parameters_not_sent(lost)] if lost else []
        return OpenLine(dialled.socket, wire, dialled.connect_ms, events)


def _parameters_not_sent(names: Sequence[str]) -> Finding:
    return Finding(
        0.0,
        "parameters_not_sent",
        Severity.NOTE,
        "parameters of the call were not sent, as this framing has no place for them: "
        f"{listed(names)}. "
        "Fix: leave them out, or tell the bot in the query of `--bot-path`, if it reads one.",
    )
