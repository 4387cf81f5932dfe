"""What is wrong with the bot's audio, and where it can be heard."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the audio itself.

    Attributes:
        metric: Its id in METRICS.
        position: Where in `Sound.ulaw` it is first heard.
        because: What was found, with figures.
    """

    metric: str
    position: int
    because: str
