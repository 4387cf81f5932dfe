"""Audio as programs hand it over and get it: signed 16-bit mono PCM at 24 kHz."""

from dataclasses import dataclass

CHUNK_RATE_HZ = 24_000
SAMPLE_BYTES = 2


@dataclass(slots=True)
class AudioChunk:
    """A piece of audio of any length.

    Attributes:
        data: Little-endian samples of 16 bits, one channel, 24 000 a second.
        transcript: What is said in it, if somebody knows.
        start_time, end_time: In a chunk that was heard, seconds of the call at which the ear got
            its first sample and had got its last.
    """

    data: bytes
    transcript: str | None = None
    start_time: float | None = None
    end_time: float | None = None

    def __post_init__(self) -> None:
        """Keep the bytes as they are now.

        Raises:
            ValueError: Half a sample is missing.
        """
        self.data = bytes(self.data)
        if len(self.data) % SAMPLE_BYTES:
            raise ValueError(
                f"a chunk of {len(self.data)} bytes ends in the middle of a 16-bit sample: "
                "give an even number of bytes, whole samples of signed 16-bit mono PCM"
            )

    @property
    def sample_rate(self) -> int:
        """Samples a second."""
        return CHUNK_RATE_HZ

    @property
    def channels(self) -> int:
        return 1

    @property
    def duration_seconds(self) -> float:
        """How long it takes to say or hear it."""
        return len(self.data) / SAMPLE_BYTES / CHUNK_RATE_HZ


def silent_chunk(duration_seconds: float) -> AudioChunk:
    """Digital silence of this length, to the nearest sample.

    Raises:
        ValueError: The length is negative.
    """
    if duration_seconds < 0:
        raise ValueError(f"a chunk cannot last {duration_seconds} s")
    return AudioChunk(bytes(SAMPLE_BYTES * round(duration_seconds * CHUNK_RATE_HZ)))
