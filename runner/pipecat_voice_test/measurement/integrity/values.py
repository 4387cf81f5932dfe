"""Whether the bot's audio arrives whole and rightly coded.

Judged once per call on everything that was heard. A fault of the coding makes noise of all
sound, so nothing else is said of sound that has one. What cannot be judged, for want of sound
or because what is heard is no voice, has no value.
"""

from collections.abc import Iterator

from pipecat_voice_test.audio.level import FULL_SCALE
from pipecat_voice_test.measurement.facts import CallFacts
from pipecat_voice_test.measurement.integrity.coding import CODINGS, coding_faults, is_enough
from pipecat_voice_test.measurement.integrity.fault import Fault
from pipecat_voice_test.measurement.integrity.goodbye import cut_goodbye
from pipecat_voice_test.measurement.integrity.loops import looped
from pipecat_voice_test.measurement.integrity.offset import mean_sample
from pipecat_voice_test.measurement.integrity.payload import (
    compressed,
    double_base64,
    file_headers,
)
from pipecat_voice_test.measurement.integrity.sound import Sound, sound_of
from pipecat_voice_test.measurement.integrity.speed import wrong_speed
from pipecat_voice_test.measurement.value import Value


def integrity_values(facts: CallFacts) -> Iterator[Value]:
    """All values of this kind of one call."""
    sound = sound_of(facts.timeline.heard)
    if not sound.ulaw:
        return
    headers = _file_header(sound)
    yield headers
    text = double_base64(sound)
    yield _value("double_base64", sound, text)
    if text is not None or not is_enough(sound):
        return
    wrong = {fault.metric: fault for fault in coding_faults(sound)}
    yield from (_value(metric, sound, wrong.get(metric)) for metric in CODINGS)
    if wrong or headers.value:
        return
    yield from _of_whole_samples(facts, sound)


def _of_whole_samples(facts: CallFacts, sound: Sound) -> Iterator[Value]:
    """What is said only of sound that is rightly coded."""
    yield _value("looped", sound, looped(sound))
    told, other_speed = wrong_speed(sound)
    if told:
        yield _value("wrong_speed", sound, other_speed)
    told, cut = cut_goodbye(facts, sound)
    if told:
        yield _value("cut_goodbye", sound, cut)
    mean = mean_sample(sound)
    if mean is not None:
        because = f"the mean of its samples is {mean:+.0f} of {FULL_SCALE}."
        yield Value("dc_offset", abs(mean) / FULL_SCALE, because=because)


def _file_header(sound: Sound) -> Value:
    headers = file_headers(sound)
    if not headers:
        return _value("file_header", sound, compressed(sound))
    first, kind = headers[0]
    because = f"what was heard then begins like a {kind} file; the header is played as noise."
    return Value("file_header", float(len(headers)), at_ms=sound.at_ms(first), because=because)


def _value(metric: str, sound: Sound, fault: Fault | None) -> Value:
    if fault is None:
        return Value(metric, 0.0)
    return Value(metric, 1.0, at_ms=sound.at_ms(fault.position), because=fault.because)
