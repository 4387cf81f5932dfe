"""What Twilio understands, and its numbers for what it does not.

Source: https://www.twilio.com/docs/api/errors (31924, 31931, 31950, 31951)
"""

from pipecat_voice_test.protocol.findings.network import TEXT, Fault, Network, Shape

_INVALID = Fault("invalid_message", 31951)

TWILIO = Network(
    "The network",
    "streamSid",
    {
        "media": Shape("media", {"payload": TEXT}),
        "mark": Shape("mark", {"name": TEXT}),
        "clear": Shape(),
    },
    no_message=Fault("malformed_message", 31950),
    invalid=_INVALID,
    invalid_media=_INVALID,
    early=_INVALID,
    too_many=_INVALID,
    discarded=Fault("media_discarded", 31931),
    framing=Fault("protocol_error", 31924),
)
