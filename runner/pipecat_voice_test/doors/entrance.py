"""Which door was asked for, and how to find it once the bot's address is known."""

from dataclasses import dataclass

from pipecat_voice_test.doors.direct import DirectDoor
from pipecat_voice_test.doors.door import Door
from pipecat_voice_test.doors.profiles import wire_maker


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
    return DirectDoor(
        bot_url, wire_maker(entrance.provider, entrance.audio_format, entrance.sample_rate_hz)
    )
