"""Silence and sound: METRICS 3.5."""

from collections.abc import Iterator

from pipecat_voice_test.measurement.facts import CallFacts
from pipecat_voice_test.measurement.value import Value


def sound_values(facts: CallFacts) -> Iterator[Value]:
    """All values of this kind of one call."""
    yield from ()
