"""What to say when there is no WebRTC call: the texts of `connect`'s errors."""

from collections.abc import Sequence

from pipecat_voice_test.errors import BotError
from pipecat_voice_test.protocol.untrusted import printable

_SHOWN = 6
_CHARACTERS = 200


class CannotConnect(BotError):
    """Offer and answer were exchanged, or could not be, and no sound can flow."""

    kind = "webrtc_not_connected"


def only_loopback_here() -> CannotConnect:
    return CannotConnect(
        "This machine has no network address but loopback, and WebRTC never uses that one: "
        "no call can come about.",
        fix="give it a network (a container: not `--network none`), even one that leads nowhere,\n"
        "or call the bot by WebSocket: `--bot-transport websocket`.",
    )


def only_loopback_there(bot: str) -> CannotConnect:
    return CannotConnect(
        f"{bot} took the offer, but its answer names no address to send to. A machine whose only "
        "address is loopback has none for WebRTC.",
        fix="run the bot where it has a network (a container: not `--network none`),\n"
        "even one that leads nowhere.",
    )


def useless_answer(bot: str, why: str) -> CannotConnect:
    return CannotConnect(
        f"{bot} answered the offer with a description that cannot be used: "
        f"{printable(why[:_CHARACTERS])}.",
        fix="the answer must be to this very offer: one section for audio with Opus, one for\n"
        "the data channel; look into the bot's log.",
    )


def no_way_to_servers(bot: str, why: str) -> CannotConnect:
    return CannotConnect(
        f"{bot} named STUN or TURN servers, and asking them failed: "
        f"{printable(why[:_CHARACTERS])}.",
        fix="start the bot without `--ice-servers` where it can be reached directly.",
    )


def never_connected(
    bot: str, waited_s: float, ours: Sequence[str], theirs: Sequence[str]
) -> CannotConnect:
    return CannotConnect(
        f"{bot} took the offer, but no path to it was found within {waited_s * 1000:.0f} ms: "
        "no packet came through between any of the addresses (ICE).",
        fix="let UDP through between caller and bot: published ports carry TCP alone, so put both\n"
        "into one network, or run both on one machine.",
        evidence=f"ours: {_listed(ours)}\ntheirs: {_listed(theirs)}",
    )


def no_handshake(bot: str, waited_s: float, *, failed: bool) -> CannotConnect:
    how = "failed" if failed else f"did not end within {waited_s * 1000:.0f} ms"
    return CannotConnect(
        f"A path to {bot} was found, but the handshake that encrypts the call (DTLS) {how}.",
        fix="the bot's log says more; the fingerprint in its answer must be its certificate's.",
    )


def _listed(addresses: Sequence[str]) -> str:
    shown = [printable(address[:_CHARACTERS]) for address in addresses[:_SHOWN]]
    more = len(addresses) - len(shown)
    return ", ".join([*shown, f"{more} more"] if more else shown) or "none"
