"""What Exotel understands; it has no numbers for what it does not, and drops it in silence.

Source: https://developer.exotel.com/docs/agentstream/websocket-protocol
"""

from collections.abc import Sequence
from dataclasses import replace

from pipecat_voice_test.protocol.findings.network import TEXT, Network, Shape
from pipecat_voice_test.protocol.wire import Complaint

UNIT_BYTES = 320
LEAST_BYTES = 3_200
MOST_BYTES = 100_000

_EXOTEL = Network(
    "Exotel",
    "stream_sid",
    {
        "media": Shape("media", {"payload": TEXT}),
        "mark": Shape("mark", {"name": TEXT}),
        "clear": Shape(),
    },
    coding="linear 16-bit PCM",
)


def exotel(rate_hz: int) -> Network:
    """The network with streams of this sample rate."""
    return replace(_EXOTEL, audio=f"{rate_hz / 1000:g} kHz linear 16-bit PCM")


def sizes(payload_bytes: int) -> Sequence[Complaint]:
    """What is odd about the length of a message's audio, if anything."""
    notes = []
    if payload_bytes < LEAST_BYTES:
        what = f"of {payload_bytes} bytes; {LEAST_BYTES} bytes are the least"
        notes.append(_odd("too_short", what, f"gather {LEAST_BYTES} bytes or more."))
    if payload_bytes % UNIT_BYTES:
        what = f"of {payload_bytes} bytes, which is no multiple of {UNIT_BYTES}"
        notes.append(_odd("odd_size", what, f"send multiples of {UNIT_BYTES} bytes."))
    return notes


def _odd(case: str, what: str, fix: str) -> Complaint:
    what = f"The bot sent a `media` message {what}: this makes gaps"
    return _EXOTEL.accepted(case, what, fix)
