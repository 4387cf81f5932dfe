"""Whether the bot's audio arrives whole and rightly coded."""

from collections.abc import Iterator

from pipecat_voice_test.measurement.facts import CallFacts
from pipecat_voice_test.measurement.value import Value


def integrity_values(facts: CallFacts) -> Iterator[Value]:
    """All values of this kind of one call."""
    yield from ()
