"""What Telnyx understands, and the errors with which it answers what it does not.

Source: https://developers.telnyx.com/api-reference/websockets/stream-call-media-over-websocket
"""

from dataclasses import replace

from pipecat_voice_test.protocol.findings.network import TEXT, Fault, Network, Shape
from pipecat_voice_test.protocol.wire import Complaint

MALFORMED_FRAME = Fault("malformed_frame", 100003)
INVALID_MEDIA = Fault("invalid_media", 100004)
TOO_MANY_ERRORS = 100005

TELNYX = Network(
    "Telnyx",
    "stream_id",
    {
        "media": Shape("media", {"payload": TEXT}, needs_stream=False),
        "mark": Shape("mark", {"name": TEXT}, needs_stream=False),
        "clear": Shape(needs_stream=False),
    },
    no_message=MALFORMED_FRAME,
    invalid=MALFORMED_FRAME,
    invalid_media=INVALID_MEDIA,
    early=Fault("unknown_error", 100002),
    too_many=Fault("rate_limit_reached", TOO_MANY_ERRORS),
    answers=True,
)
TELNYX_ALAW = replace(TELNYX, audio="8 kHz A-law", coding="A-law")

# The errors a bot is told of: title and detail by code.
ERRORS = {
    100002: ("unknown_error", "the message could not be handled"),
    100003: ("malformed_frame", "the message is not one of those that may be sent here"),
    100004: ("invalid_media", "the audio of the message cannot be played"),
    100005: ("rate_limit_reached", "too many messages at once"),
}


def too_short(milliseconds: float) -> Complaint:
    return TELNYX.accepted(
        "too_short",
        f"The bot sent a `media` message of {milliseconds:g} ms; 20 ms are the least",
        "send at least 160 bytes in each message.",
        INVALID_MEDIA,
    )


def other_law() -> Complaint:
    """The stream to the bot is A-law, and what comes back is μ-law."""
    return TELNYX.accepted(
        "other_law",
        "The bot sends μ-law on a stream in A-law, which is right if the way back has a codec of "
        "its own (`stream_bidirectional_codec`, PCMU unless the application says otherwise)",
        "answer in the `encoding` of the `start` message, or leave that codec at PCMU.",
        INVALID_MEDIA,
    )
