"""A text is spoken once, however often it is needed."""

from pathlib import Path

import numpy as np
import pytest
from pipecat_voice_test.errors import SpeechError
from pipecat_voice_test.voice.cache import SpeechCache
from pipecat_voice_test.voice.speaker import Speaker

from voice.fakes import FakeEngine


def test_texts_of_a_run_are_spoken_together_and_once() -> None:
    engine = FakeEngine()
    speaker = Speaker(engine, SpeechCache(None))

    speaker.prepare(["hello", "bye", "hello"])
    speaker.prepare(["bye", "yes"])
    speaker.speak("hello")

    assert engine.asked == [["hello", "bye"], ["yes"]]


def test_line_breaks_make_no_difference() -> None:
    engine = FakeEngine()
    speaker = Speaker(engine, SpeechCache(None))

    assert np.array_equal(speaker.speak("  Good\n morning "), speaker.speak("Good morning"))
    assert engine.asked == [["Good morning"]]


def test_the_next_run_finds_it_in_the_cache(tmp_path: Path) -> None:
    first, second = FakeEngine(), FakeEngine()
    spoken = Speaker(first, SpeechCache(tmp_path)).speak("hello")

    cached = Speaker(second, SpeechCache(tmp_path)).speak("hello")

    assert second.asked == []
    assert np.array_equal(spoken, cached)


def test_without_an_engine_only_a_text_is_an_error() -> None:
    speaker = Speaker(None, SpeechCache(None))
    speaker.prepare([])

    with pytest.raises(SpeechError) as missing:
        speaker.speak("What are your opening hours?")

    assert str(missing.value) == (
        "No speech engine is installed here that could speak "
        '"What are your opening hours?".\n'
        "  Fix: pip install 'pipecat-voice-test[speech]',\n"
        "       or on Debian and Ubuntu: apt-get install flite,\n"
        "       or give the turn a recording with `audio:`."
    )
