"""The bot's voice: RTP packets in, samples with the moment they are heard out.

Pure but for the decoder. A bot may flood the line, so there is only so much decoding in a second.
"""

import numpy as np

from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.call.webrtc.ear import EarClock
from pipecat_voice_test.call.webrtc.opus import Hearing, Unplayable
from pipecat_voice_test.call.webrtc.order import Order, Packet

# Nobody hears what is below; a decoder rounds silence to one or two.
QUIET_PEAK = 33  # -60 dBFS
# A pause in front of a noise is that much quieter than the voice.
QUIETER = 0.1
_FADE = 0.998  # In ten seconds, 60 % of how loud the voice was is forgotten.
# 2.5 ms is the shortest packet there is.
MOST_PER_SECOND = 500
_MOST_AT_ONCE = 1_000


class Track:
    """What the caller hears of one bot.

    Attributes:
        unplayable: How many packets were no Opus.
        flooded: How many came faster than any voice needs, and were dropped unheard.
    """

    def __init__(self) -> None:
        self.unplayable = 0
        self.flooded = 0
        self._order = Order()
        self._clock = EarClock()
        self._hearing = Hearing()
        self._loud = 0.0
        self._may_take = float(_MOST_AT_ONCE)
        self._taken_ms: float | None = None

    @property
    def lost(self) -> int:
        """How many packets never came."""
        return self._order.lost

    def take(self, packet: Packet) -> list[tuple[float, Pcm]]:
        """What can be heard once this packet has come: when, and mono samples at 48000 Hz."""
        if not self._is_bearable(packet.at_ms):
            self.flooded += 1
            return []
        heard = (self._play(ready) for ready in self._order.put(packet))
        return [one for one in heard if one is not None]

    def _play(self, packet: Packet) -> tuple[float, Pcm] | None:
        try:
            pcm = self._hearing(packet.payload)
        except Unplayable:
            self.unplayable += 1
            return None
        at_ms, cut = self._clock.lay(
            packet.timestamp,
            len(pcm),
            packet.at_ms,
            is_quiet=self._is_quiet(pcm),
            unread_since_ms=packet.unread_since_ms,
        )
        return (at_ms, pcm[cut:]) if cut < len(pcm) else None

    def _is_quiet(self, pcm: Pcm) -> bool:
        peak = float(np.abs(pcm.astype(np.int32)).max(initial=0))
        self._loud = max(peak, self._loud * _FADE)
        return peak < max(QUIET_PEAK, QUIETER * self._loud)

    def _is_bearable(self, at_ms: float) -> bool:
        passed_ms = 0.0 if self._taken_ms is None else at_ms - self._taken_ms
        self._taken_ms = at_ms
        gained = passed_ms * MOST_PER_SECOND / 1000.0
        self._may_take = min(_MOST_AT_ONCE, self._may_take + gained)
        if self._may_take < 1.0:
            return False
        self._may_take -= 1.0
        return True
