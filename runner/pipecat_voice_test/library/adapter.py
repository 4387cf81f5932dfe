"""What every adapter can be asked to do, and how it says what it can.

Names and meanings are those of LangWatch Scenario's voice adapters, so that a suite written for
them can switch.

Source: langwatch-scenario 1.6.0 on PyPI
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from pipecat_voice_test.errors import UnsupportedCapability
from pipecat_voice_test.library.chunk import AudioChunk


class Formats(tuple[str, ...]):
    """Audio formats, each `encoding/rate`. It cannot be changed, and equals a list of the same."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return super().__eq__(tuple(other) if isinstance(other, list) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__


@dataclass(frozen=True, slots=True)
class AdapterCapabilities:
    """What an adapter can do, and what it cannot.

    Attributes:
        streaming_transcripts: Chunks that are heard come with the words in them.
        native_vad: It tells when the bot starts and stops speaking.
        dtmf: It can press keys: it has `send_dtmf(tones)`.
        interruption: It has an `interrupt()` that takes the floor by itself.
        input_formats: What it speaks: as chunks are given to it, then as they go on the line.
        output_formats: What it hears: as chunks come out of it, then as they come on the line.
    """

    streaming_transcripts: bool = False
    native_vad: bool = False
    dtmf: bool = False
    interruption: bool = False
    input_formats: Sequence[str] = Formats()
    output_formats: Sequence[str] = Formats()

    def __post_init__(self) -> None:
        """Keep the formats as they are now."""
        object.__setattr__(self, "input_formats", Formats(self.input_formats))
        object.__setattr__(self, "output_formats", Formats(self.output_formats))


class VoiceAgentAdapter(ABC):
    """A line to an agent that speaks: `async with adapter:`, then speak and listen.

    Attributes:
        capabilities: What this one can do.
    """

    capabilities: AdapterCapabilities = AdapterCapabilities()

    @abstractmethod
    async def connect(self) -> None:
        """Open the line."""

    @abstractmethod
    async def disconnect(self) -> None:
        """Close the line; may be called again, and without a line."""

    @abstractmethod
    async def send_audio(self, chunk: AudioChunk) -> None:
        """Speak, and return when the chunk has been spoken."""

    @abstractmethod
    async def recv_audio(  # The name of `timeout` is that of DESIGN 9.
        self,
        timeout: float,  # noqa: ASYNC109
    ) -> AudioChunk:
        """What is heard next.

        Raises:
            TimeoutError: Nothing for `timeout` seconds.
        """

    async def interrupt(self) -> Any:
        """Take the floor while the agent speaks.

        Raises:
            UnsupportedCapability: This adapter cannot.
        """
        raise UnsupportedCapability(
            f"{type(self).__name__} cannot interrupt by itself.",
            fix="send audio while the agent speaks; `capabilities.interruption` tells beforehand.",
        )

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.disconnect()
