"""Opening a WebRTC call: our offer, the bot's answer, a path between the two, and encryption.

How offer and answer travel is the door's affair. The audio track comes first, then the data channel
`chat`, then the offer: a Pipecat bot counts on that order (BOTS.md). All addresses of this machine
are in the offer, so none need to be sent later.

ICE passes over 127.0.0.1. A machine that has no other address could only wait, so that is looked at
before anything is sent.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aioice import ice
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from aiortc.rtcicetransport import parse_stun_turn_uri

from pipecat_voice_test.call.clock import Clock
from pipecat_voice_test.call.webrtc import refused
from pipecat_voice_test.call.webrtc.line import WebRtcLine, close_peer
from pipecat_voice_test.call.webrtc.mouth import Mouth

GATHER_S = 10.0
CONNECT_S = 10.0  # As long as a WebSocket upgrade may take (P-8).
CHANNEL_S = 3.0
MOST_CANDIDATES = 50  # Each is sent packets to, whoever lives there.
_CANDIDATE = re.compile(r"^a=candidate:\S+ \d+ \S+ \d+ (\S+) (\d+) ", re.MULTILINE)

Signal = Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server that the bot names."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class Connected:
    """An open line.

    Attributes:
        has_channel: Whether the data channel opened; without one there are no pings and events.
    """

    line: WebRtcLine
    has_channel: bool


async def connect(
    bot: str,
    signal: Signal,
    clock: Clock,
    *,
    ice_servers: Sequence[IceServer] = (),
) -> Connected:
    """Make an offer, have it answered, and wait until sound can flow.

    Args:
        bot: What the bot is called in errors.
        signal: Brings it our SDP and gives the one it answers with.
        clock: What everything is stamped by.
        ice_servers: To find more ways to the bot.

    Raises:
        CannotConnect: There is no path, the bot's answer is of no use, or the handshake failed.
        VoiceTestError: What `signal` raises.
    """
    servers = [server for one in ice_servers if (server := _server(one)) is not None]
    peer = RTCPeerConnection(RTCConfiguration(servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
    try:
        return await _connected(peer, bot, signal, clock)
    except BaseException:
        await asyncio.shield(close_peer(peer))
        raise


async def _connected(peer: RTCPeerConnection, bot: str, signal: Signal, clock: Clock) -> Connected:
    mouth = Mouth()
    peer.addTrack(mouth)
    able = RTCRtpReceiver.getCapabilities("audio")
    opus = [one for one in able.codecs if one.mimeType.lower() == "audio/opus"] if able else []
    peer.getTransceivers()[0].setCodecPreferences(opus)
    channel = peer.createDataChannel("chat", ordered=True)
    line = WebRtcLine(peer, channel, mouth, clock)
    opened, settled = asyncio.Event(), asyncio.Event()
    channel.on("open", opened.set)
    peer.on("connectionstatechange", lambda: _settled(peer, settled))
    try:
        async with asyncio.timeout(GATHER_S):
            await peer.setLocalDescription(await peer.createOffer())
    except OSError as error:  # Of which TimeoutError is one.
        raise refused.no_way_to_servers(bot, str(error) or "no answer came") from error
    offer = peer.localDescription.sdp
    if not candidates(offer):
        raise refused.only_loopback_here()
    answer = await signal(offer)
    await _take_answer(peer, bot, answer)
    try:
        async with asyncio.timeout(CONNECT_S):
            await settled.wait()
    except TimeoutError as error:
        raise _no_path(peer, bot, offer, answer) from error
    if peer.connectionState != "connected":
        raise _no_path(peer, bot, offer, answer)
    try:
        async with asyncio.timeout(CHANNEL_S):
            await opened.wait()
    except TimeoutError:
        pass  # Sound flows all the same.
    line.keep_alive()
    return Connected(line, opened.is_set())


def own_addresses() -> list[str]:
    """Where this machine can be reached; none if it has loopback alone."""
    return ice.get_host_addresses(use_ipv4=True, use_ipv6=True)


def _server(named: IceServer) -> RTCIceServer | None:
    """A server as aiortc knows it; None if its addresses are none."""
    try:
        for url in named.urls:
            parse_stun_turn_uri(url)
    except ValueError:
        return None
    return RTCIceServer(list(named.urls), named.username, named.credential)


def candidates(sdp: str) -> list[str]:
    """Addresses an SDP names, as `host:port`."""
    return [f"{host}:{port}" for host, port in _CANDIDATE.findall(sdp)]


def _settled(peer: RTCPeerConnection, settled: asyncio.Event) -> None:
    if peer.connectionState in ("connected", "failed", "closed"):
        settled.set()


async def _take_answer(peer: RTCPeerConnection, bot: str, answer: str) -> None:
    count = len(candidates(answer))
    if count == 0:
        raise refused.only_loopback_there(bot)
    if count > MOST_CANDIDATES:
        raise refused.useless_answer(bot, f"it names {count} addresses")
    try:
        # aiortc reads what a stranger wrote; it may fail in any way.
        await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    except Exception as error:
        raise refused.useless_answer(bot, f"{type(error).__name__}: {error}") from error


def _no_path(peer: RTCPeerConnection, bot: str, offer: str, answer: str) -> refused.CannotConnect:
    if peer.iceConnectionState == "completed":
        return refused.no_handshake(bot, CONNECT_S, failed=peer.connectionState == "failed")
    return refused.never_connected(bot, CONNECT_S, candidates(offer), candidates(answer))
