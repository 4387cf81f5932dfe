"""What is held against linear PCM, whoever carries it."""

from pipecat_voice_test.audio.headers import headers_in
from pipecat_voice_test.protocol.findings.network import Network
from pipecat_voice_test.protocol.wire import Complaint

_BEGINNING_BYTES = 64  # A file is known by so many.


def half_a_sample(network: Network, size_bytes: int, sample_bytes: int) -> Complaint:
    """The end of the audio is left out.

    Args:
        network: Who carries it.
        size_bytes: Of the audio.
        sample_bytes: Of one sample of every channel.
    """
    message = (
        f"The bot sent {size_bytes} bytes of audio, where a sample has {sample_bytes}. "
        f"{network.name} leaves the rest of one out. "
        "Fix: cut audio into messages between samples, not within one."
    )
    return Complaint(network.invalid_media.kind, "half_a_sample", message)


def begins_like_a_file(network: Network, l16: bytes) -> tuple[Complaint, ...]:
    """Audio with something in front of it is played with that; none, if it has nothing there.

    Only the whole beginning of a file counts: each of its letters is a possible sample.
    """
    found = headers_in(l16[:_BEGINNING_BYTES])
    if not found or found[0][0] > 0:
        return ()
    message = (
        f"The bot sent audio that begins like a {found[0][1]} file. {network.name} plays every two "
        "bytes as a sample, so the caller hears noise. "
        "Fix: send raw 16-bit linear PCM without a file header."
    )
    return (Complaint("payload_has_file_header", "file_header", message),)


def nothing_in_it(network: Network, size_bytes: int, what: str) -> Complaint:
    """No sample at all; `what` is a message with its article."""
    return network.ignored(
        "empty_payload",
        f"The bot sent {what} with {size_bytes} bytes of audio, which is no sample",
        "send no message when there is no audio.",
    )
