"""A WebRTC connection to the bot, as the `Socket` of a call.

Messages are stamped when the ear gets them: audio by the playout clock of its track (`ear.py`),
text when it arrived. Audio from before the first message of the call was heard by nobody.

aiortc has no door to single packets as they arrive. Its receiver puts them into a jitter buffer,
and takes from it what is to be decoded; in that place stands a buffer here that passes packets on
at once and gives nothing back. All else of the receiver, its reports to the bot above all, goes on.

A bot ends a call by saying `peerLeft` and closing the connection (BOTS.md). One that closes without
a word is as clean as a WebSocket closed without a code. One of whom nothing at all comes any more,
neither sound nor reports, which are sent every second or so, has vanished.
"""

import asyncio
import time
from contextlib import suppress
from typing import Any

from aiortc import RTCDataChannel, RTCPeerConnection, RTCRtpTransceiver

from pipecat_voice_test.call.clock import Bell, Clock
from pipecat_voice_test.call.reading import Reading
from pipecat_voice_test.call.socket import Arrival, Closed, Message
from pipecat_voice_test.call.webrtc.mouth import Mouth
from pipecat_voice_test.call.webrtc.order import Packet
from pipecat_voice_test.call.webrtc.track import Track
from pipecat_voice_test.protocol.events.rtvi import signal_of
from pipecat_voice_test.protocol.untrusted import Unreadable, read_json
from pipecat_voice_test.protocol.webrtc import BINARY, audio_message
from pipecat_voice_test.timeline import FRAME_MS

PING_S = 1.0  # BOTS.md: after 3 s without one the caller counts as gone.
VANISHED_MS = 5_000.0
STOOD_STILL_MS = 1.5 * FRAME_MS
MAX_UNREAD_MESSAGES = 10_000
MAX_UNREAD_BYTES = 16 * 1024 * 1024
CLOSING_S = 2.0
# Who sends a packet every 20 ms and is silent for so long has ceased.
_CEASED_S = 0.2
_NORMAL, _NO_CODE, _VANISHED = 1000, 1005, 1006
_BUFFER = "_RTCRtpReceiver__jitter_buffer"

# Connections that are being closed; else nobody would keep their tasks alive.
_closing: set[asyncio.Task[None]] = set()


class WebRtcLine:
    """One connection; a `Socket` from the moment the peer is connected.

    Attributes:
        track: What the caller hears of the bot.
        dropped: How many messages came faster than anybody could take them, and were not kept.
    """

    def __init__(
        self,
        peer: RTCPeerConnection,
        channel: RTCDataChannel,
        mouth: Mouth,
        clock: Clock,
    ) -> None:
        self.bell = Bell()
        self.reading = Reading()
        self.track = Track()
        self.dropped = 0
        self._peer = peer
        self._channel = channel
        self._mouth = mouth
        self._clock = clock
        self._arrivals: list[Arrival] = []
        self._unread_bytes = 0
        self._began_ms: float | None = None
        self._heard_ms = self._looked_ms = clock.now_ms()
        self._packets = 0
        self._gone = False
        self._is_closing = False
        self._ending: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        (transceiver,) = peer.getTransceivers()
        self._transceiver: RTCRtpTransceiver = transceiver
        _hear_packets(transceiver, self._take_packet)
        transceiver.sender.transport.on("statechange", self._look_at_state)
        peer.on("connectionstatechange", self._look_at_state)
        channel.on("message", self._take_text)

    def keep_alive(self) -> None:
        """From now on pings are sent, and it is noticed when the bot has vanished."""
        self._heard_ms = self._clock.now_ms()
        self._keeper = asyncio.create_task(self._keep())

    # --- Socket ---------------------------------------------------------------------------

    def received(self) -> list[Arrival]:
        self._looked_ms = self._clock.now_ms()
        arrivals, self._arrivals = self._arrivals, []
        self._unread_bytes = 0
        return arrivals

    def send(self, data: str | bytes) -> None:
        if self._began_ms is None:
            self._began_ms = self._clock.now_ms()
        if self._is_closing or self._gone:
            return
        if isinstance(data, bytes):
            self._mouth.say(data)
        elif self._channel.readyState == "open":
            self._channel.send(data)

    def close(self) -> None:
        """Say goodbye; `Closed` comes when nothing more comes from the bot."""
        if not self._is_closing:
            self._is_closing = True
            self._ending = _kept(self._say_goodbye())

    def abort(self) -> None:
        self._is_closing = self._gone = True
        if self._keeper is not None:
            self._keeper.cancel()
        _stop_decoder(self._transceiver)
        if self._ending is None or self._ending.done():
            self._ending = _kept(close_peer(self._peer))

    def unsent_bytes(self) -> int:
        return self._channel.bufferedAmount

    async def ended(self) -> None:
        """Wait until nothing is left of the connection; it must have been aborted."""
        if self._ending is not None:
            await asyncio.wait([self._ending], timeout=2 * CLOSING_S)

    # --- what comes in --------------------------------------------------------------------

    def _take_packet(self, sequence: int, timestamp: int, payload: bytes) -> None:
        at_ms = self._clock.now_ms()
        self._packets += 1
        self._heard_ms = at_ms
        # A call looks here for every frame; if it did not, this whole process stood still.
        stood_still = self._began_ms is not None and at_ms - self._looked_ms > STOOD_STILL_MS
        since_ms = self._looked_ms if stood_still else None
        packet = Packet(sequence, timestamp, payload, at_ms, since_ms)
        for heard_ms, pcm in self.track.take(packet):
            if self._began_ms is not None and heard_ms >= self._began_ms:
                self._arrived(Message(heard_ms, audio_message(pcm)), 2 * len(pcm))

    def _take_text(self, data: str | bytes) -> None:
        at_ms = self._clock.now_ms()
        if isinstance(data, bytes):
            self._arrived(Message(at_ms, BINARY + data), len(data))
            return
        self._arrived(Message(at_ms, data), len(data))
        if "peerLeft" in data:
            with suppress(Unreadable):
                if signal_of(read_json(data)) == "peerLeft":
                    self._bot_went(_NORMAL, "peerLeft")

    def _arrived(self, arrival: Arrival, size_bytes: int) -> None:
        if self._gone:
            return
        self._unread_bytes += size_bytes
        too_many = len(self._arrivals) >= MAX_UNREAD_MESSAGES
        if too_many or self._unread_bytes > MAX_UNREAD_BYTES:
            self.dropped += 1
            return
        self._arrivals.append(arrival)
        self.bell.ring()

    def _bot_went(self, code: int, reason: str) -> None:
        if not self._gone:
            self._gone = True
            self._arrivals.append(Closed(self._clock.now_ms(), code, reason))
            self.bell.ring()

    def _look_at_state(self) -> None:
        if self._is_closing:
            return  # It is we who close.
        if self._peer.connectionState == "failed":
            self._bot_went(_VANISHED, "the connection failed")
        elif "closed" in (self._peer.connectionState, self._transceiver.sender.transport.state):
            self._bot_went(_NO_CODE, "")

    # --- tasks ----------------------------------------------------------------------------

    async def _keep(self) -> None:
        known = 0
        while not self._gone:
            if self._channel.readyState == "open":
                self._channel.send(f"ping: {time.time_ns() // 1_000_000}")
            await asyncio.sleep(PING_S)
            packets = await self._packets_received()
            if packets != known:
                known, self._heard_ms = packets, max(self._heard_ms, self._clock.now_ms())
            elif self._clock.now_ms() - self._heard_ms >= VANISHED_MS:
                seconds = VANISHED_MS / 1000
                self._bot_went(_VANISHED, f"nothing has come from the bot for {seconds:.0f} s")

    async def _packets_received(self) -> int:
        """Packets of every kind."""
        report = await self._transceiver.sender.getStats()
        return sum(getattr(stats, "packetsReceived", 0) for stats in report.values()
                   if stats.type == "transport")  # fmt: skip

    async def _say_goodbye(self) -> None:
        """Close, and see when the bot has ceased; only then is our own end taken down."""
        if self._keeper is not None:
            self._keeper.cancel()
        if not self._gone:
            await _hang_up(self._peer, self._transceiver)
            known, ceased_ms = -1, self._clock.now_ms()
            while known != self._packets and not self._gone:
                known, ceased_ms = self._packets, max(ceased_ms, self._heard_ms)
                await asyncio.sleep(_CEASED_S)
            self._bot_went_at(ceased_ms)
        await close_peer(self._peer)

    def _bot_went_at(self, at_ms: float) -> None:
        if not self._gone:
            self._gone = True
            self._arrivals.append(Closed(at_ms, _NORMAL))
            self.bell.ring()


class _PassingBuffer:
    """Stands where aiortc's receiver has its jitter buffer, and keeps nothing."""

    capacity = 16

    def __init__(self, take: Any) -> None:
        self._take = take

    def add(self, packet: Any) -> tuple[bool, None]:
        self._take(packet.sequence_number, packet.timestamp, packet.payload)
        return False, None


def _hear_packets(transceiver: RTCRtpTransceiver, take: Any) -> None:
    receiver = transceiver.receiver
    if not hasattr(receiver, _BUFFER):
        raise RuntimeError(f"this aiortc has no {_BUFFER}; its packets cannot be heard")
    setattr(receiver, _BUFFER, _PassingBuffer(take))


def _stop_decoder(transceiver: RTCRtpTransceiver) -> None:
    """End the thread in which aiortc would decode, and which keeps a program from ending.

    To close the connection does so too, but a loop may end before that has been done.
    """
    receiver: Any = transceiver.receiver
    with suppress(Exception):
        receiver._handle_disconnect()


async def _hang_up(peer: RTCPeerConnection, transceiver: RTCRtpTransceiver) -> None:
    """Send the alert that ends the encrypted connection, and go on listening.

    aiortc's own way also takes down the sockets, after which nobody can tell what the bot does.
    """
    transport: Any = transceiver.sender.transport
    with suppress(Exception):  # Then the bot learns it when the connection is closed.
        assert peer.sctp is not None
        await peer.sctp.stop()  # It must not send any more once encryption has ended.
        transport._ssl.shutdown()
        await transport._write_ssl()


async def close_peer(peer: RTCPeerConnection) -> None:
    """Take a connection down, with all its tasks, sockets and threads; never raises."""
    with suppress(Exception):
        async with asyncio.timeout(CLOSING_S):
            await peer.close()


def _kept(work: Any) -> asyncio.Task[None]:
    task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
    _closing.add(task)
    task.add_done_callback(_closing.discard)
    return task
