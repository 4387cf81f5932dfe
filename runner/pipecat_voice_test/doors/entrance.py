"""Which door was asked for, and how to find it once the bot's address is known."""

from dataclasses import dataclass, replace
from functools import partial

from pipecat_voice_test.call.clock import Clock
from pipecat_voice_test.doors.addresses import AddressMap
from pipecat_voice_test.doors.asking import Network, WebhookReply
from pipecat_voice_test.doors.direct import DirectDoor
from pipecat_voice_test.doors.door import CallFacts, Door, OpenLine
from pipecat_voice_test.doors.instructions.flow import transferred
from pipecat_voice_test.doors.profiles import PROFILES, wire_maker
from pipecat_voice_test.doors.start import StartDoor
from pipecat_voice_test.doors.upgrade import Signing
from pipecat_voice_test.doors.webhook import WebhookDoor
from pipecat_voice_test.doors.webrtc import WebRtcDoor
from pipecat_voice_test.errors import BotError
from pipecat_voice_test.timeline import Event, Finding, Severity


@dataclass(frozen=True, slots=True)
class Entrance:
    """How callers come in, as options of `run` say it; the defaults are Twilio's plain door.

    Attributes:
        provider: One of `PROFILES`.
        transport: `websocket` or `webrtc`.
        audio_format, sample_rate_hz: None for the provider's usual ones.
        webhook: Path or address that is asked for call instructions (P-1.2), if any.
        start: Path or address of a start endpoint (P-1.3), if any.
        address_map: Where stream addresses of call instructions lead: None to the bot's own
            address, `keep` as they say, else this scheme, host and port.
        keep_query: Connect with the query string of such an address (P-2).
        auth_token: Signs requests and, where it was configured, the upgrade (P-6, P-55); never
            in reports.
        sign_upgrade: Whether `auth_token` was configured.
        signature_url: The address that the upgrade's signature is made of (P-56).
    """

    provider: str = "twilio"
    transport: str = "websocket"
    audio_format: str | None = None
    sample_rate_hz: int | None = None
    webhook: str | None = None
    start: str | None = None
    address_map: str | None = None
    keep_query: bool = False
    auth_token: str = ""
    sign_upgrade: bool = False
    signature_url: str | None = None

    @property
    def shown(self) -> str:
        """What results call it; two runs of different ones cannot be compared (M-31)."""
        if self.transport == "webrtc":
            return "webrtc"
        audio = self.audio_format or ""
        audio += f"@{self.sample_rate_hz}" if self.sample_rate_hz else ""
        return f"{self.provider} {audio}".strip()


def door_to(bot_url: str, entrance: Entrance) -> Door:
    """The door of a bot that listens at `bot_url`, its media WebSocket (`ws://…`, `wss://…`).

    Raises:
        UsageError: What was asked for does not go together.
    """
    if entrance.transport == "webrtc":
        return WebRtcDoor(bot_url, start=entrance.start)
    make_wire = wire_maker(entrance.provider, entrance.audio_format, entrance.sample_rate_hz)
    signing = None
    if entrance.sign_upgrade:
        signing = Signing(entrance.auth_token, entrance.signature_url)
    network = network_of(bot_url, entrance)
    doors: list[Door] = []
    if entrance.webhook is not None:
        doors.append(WebhookDoor(entrance.webhook, network, make_wire, signing))
    if entrance.start is not None:
        doors.append(StartDoor(entrance.start, network, entrance.provider, make_wire, signing))
    match doors:
        case []:
            carries = PROFILES[entrance.provider].carries_parameters
            direct = DirectDoor(bot_url, make_wire, signing=signing, carries_parameters=carries)
            return TransferDoor(direct, network)
        case [door]:
            return TransferDoor(door, network)
        case _:
            return TransferDoor(EitherDoor(*doors), network)


def network_of(bot_url: str, entrance: Entrance) -> Network:
    """How the network asks the servers of a bot that listens at `bot_url`."""
    addresses = AddressMap(bot_url, entrance.address_map, entrance.keep_query)
    return Network(addresses, entrance.auth_token)


class TransferDoor:
    """Adds to a door that a bot can have its call go on with other instructions (P-50)."""

    def __init__(self, door: Door, network: Network) -> None:
        self._door = door
        self._network = network

    async def open(self, facts: CallFacts, clock: Clock) -> OpenLine:
        """Open the door; raises as that does."""
        line = await self._door.open(facts, clock)
        if line.go_on_with is not None:
            return line
        return replace(line, go_on_with=partial(transferred, facts, self._network, clock))


class EitherDoor:
    """Tries a webhook, and where it leads to no stream a start endpoint (P-1)."""

    def __init__(self, first: Door, second: Door) -> None:
        self._first = first
        self._second = second

    async def open(self, facts: CallFacts, clock: Clock) -> OpenLine:
        """Open one of them; raises as the second does, if the first gives no address."""
        try:
            return await self._first.open(facts, clock)
        except WebhookReply as error:
            before = [event for event in error.noticed if isinstance(event, Event)]
            before.append(Finding(0.0, error.kind, Severity.WARNING, error.what))
        try:
            line = await self._second.open(facts, clock)
        except BotError as error:
            error.noticed = (*before, *error.noticed)
            raise
        return replace(line, events=(*before, *line.events))
