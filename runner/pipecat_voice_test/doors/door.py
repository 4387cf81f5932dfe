"""What doors have in common: each is opened once for a call, and gives a line to hold it on."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipecat_voice_test.call.clock import Clock
from pipecat_voice_test.call.socket import Socket
from pipecat_voice_test.protocol.identity import CallIdentity
from pipecat_voice_test.protocol.requests.call_api import Transfer
from pipecat_voice_test.protocol.wire import Wire
from pipecat_voice_test.timeline import EndedBy, Event


@dataclass(frozen=True, slots=True)
class CallFacts:
    """Who calls whom, and what the network tells the bot about it.

    Attributes:
        parameters: As the scenario gives them; a door may add those of call instructions.
        reorder: Frames overtake each other, where a network does that (PROTOCOL 9.1).
    """

    identity: CallIdentity
    from_number: str = "+15551230001"
    to_number: str = "+15551230002"
    parameters: Mapping[str, str] = field(default_factory=dict)
    reorder: bool = False


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A connection on which the opening messages have not been sent yet.

    Attributes:
        connect_ms: From the start of the TCP connect until messages can be sent.
        events: What was noticed on the way, `Note`s and `Finding`s, at call time 0 or before.
        after: What the network does once the call is over, such as asking for further call
            instructions (P-62); gives what it noticed, at times from when it was asked. Never
            raises.
        go_on_with: What it does in place of that when the bot has given it other instructions
            (P-50), the same way; None if it takes none.
    """

    socket: Socket
    wire: Wire
    connect_ms: float = 0.0
    events: Sequence[Event] = ()
    after: Callable[[EndedBy], Awaitable[Sequence[Event]]] | None = None
    go_on_with: Callable[[Transfer], Awaitable[Sequence[Event]]] | None = None


class Door(Protocol):
    """One way to reach one bot; may be opened for several calls at once."""

    async def open(self, facts: CallFacts, clock: Clock) -> OpenLine:
        """Do what the network does until audio can flow.

        Raises:
            BotNotReady: No connection in time.
            BotError: The bot took no call, or told the network something it cannot use.
            UsageError: What was asked for cannot be.
        """
