"""What Plivo understands; it has no numbers for what it does not, and drops it in silence.

Source: https://www.plivo.com/docs/voice/audio-streaming/audio-streaming
"""

from pipecat_voice_test.protocol.findings.network import NUMBER, TEXT, Network, Shape
from pipecat_voice_test.protocol.untrusted import quoted
from pipecat_voice_test.protocol.wire import Complaint

PLIVO = Network(
    "Plivo",
    "streamId",
    {
        "playAudio": Shape(
            "media",
            {"contentType": TEXT, "sampleRate": NUMBER, "payload": TEXT},
            needs_stream=False,
        ),
        "checkpoint": Shape(fields={"name": TEXT}),
        "clearAudio": Shape(),
    },
)


def other_type(content_type: str, expected: str) -> Complaint:
    return PLIVO.ignored(
        "other_type",
        f"The bot sent a `playAudio` message of the type {quoted(content_type)}, but the stream "
        f"is {quoted(expected)}",
        "send what `mediaFormat` of the `start` message says.",
    )


def other_rate(rate_hz: float, expected_hz: int) -> Complaint:
    return PLIVO.ignored(
        "other_rate",
        f"The bot sent a `playAudio` message of {rate_hz:g} Hz, but the stream has "
        f"{expected_hz} Hz",
        "send what `mediaFormat` of the `start` message says.",
    )
