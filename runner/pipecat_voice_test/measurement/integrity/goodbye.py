"""Did the bot hang up in the middle of a word?

A word that is over has become soft before its sound ends, also where a clip was cut tightly: the
last 10 ms of 2500 sentences by people, cut where they fall below -50 dBov, were 7.6 dB and more
below the active level of the sentence, and 20 dB in the middle; half of the places inside words
are louder than 2.5 dB below it. Some engines end every sentence abruptly (espeak-ng does), and
some bots beep; so the end must be unlike the other ends of the same bot, and it must be a voice.

Words that were sent and not heard are `tail_lost`: here the end of what was *sent* is looked at.
A bot that sends silence after the word is not blamed either, for its next word may have been one.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from pipecat_voice_test.audio.codec import SAMPLES_PER_MS, ULAW_SILENCE, Pcm, decode_ulaw
from pipecat_voice_test.audio.level import WINDOW_SAMPLES, active_level_dbov, level_dbov
from pipecat_voice_test.audio.voice_model import voice_probabilities
from pipecat_voice_test.measurement.channels import Span
from pipecat_voice_test.measurement.facts import CallFacts
from pipecat_voice_test.measurement.integrity.fault import Fault
from pipecat_voice_test.measurement.integrity.sound import Sound
from pipecat_voice_test.timeline import EndedBy

CUT_DB = -2.5  # An end above this, 0 dB being the active level, is a cut word,
USUAL_DB, USUAL_SHARE, USUAL_ENDS = -9.0, 0.8, 3  # if so many of the other ends are below this.
SURELY_CUT_DB = 1.0  # With fewer other ends to compare with.
CLOSED_WITHIN_MS = 2000.0
_PADDING_BYTES = 160  # Silence that fills up the last frame.
_CONTEXT_MS = 3000
_SHORTEST_MS = 500
_VOICE_WINDOWS = 12  # 32 ms each.
_VOICE = 0.5
_CLEARED_MS = 150.0
_CALLER_MS = 1000.0
_UNTOLD: tuple[bool, Fault | None] = (False, None)


def cut_goodbye(facts: CallFacts, sound: Sound) -> tuple[bool, Fault | None]:
    """Whether it can be told how the goodbye ended, and the fault if it was cut."""
    timeline = facts.timeline
    end_ms = sound.at_ms(len(sound.ulaw) - 1)
    if timeline.ended_by is not EndedBy.BOT or timeline.ended_at_ms - end_ms > CLOSED_WITHIN_MS:
        return _UNTOLD
    if _was_interrupted(facts, end_ms):
        return _UNTOLD
    sent = sound.ulaw + timeline.unheard_ulaw
    last = sent[-_PADDING_BYTES:]
    end = len(sent) - (len(last) - len(last.rstrip(ULAW_SILENCE + b"\x7f")))
    end_db = _end_db(sent, end)
    ends_db = [_end_db(sent, other) for other in _other_ends(facts, sound, end_ms)]
    usual_db = np.array([each for each in ends_db if each is not None])
    if end_db is None or not len(usual_db):
        return _UNTOLD
    cut_db = CUT_DB if len(usual_db) >= USUAL_ENDS else SURELY_CUT_DB
    unusual = (usual_db <= USUAL_DB).mean() >= USUAL_SHARE
    if end_db < cut_db or not unusual or not _is_voice(sent, end):
        return True, None
    return True, Fault(
        "cut_goodbye",
        min(end, len(sound.ulaw)) - 1,
        f"the last 20 ms it sent were {end_db:+.0f} dB from the level of its voice, where "
        f"its other words ended at {np.median(usual_db):+.0f} dB, and it hung up "
        f"{max(0.0, timeline.ended_at_ms - end_ms):.0f} ms later.",
    )


def _end_db(ulaw: bytes, end: int) -> float | None:
    """How loud the sound is that ends here, 0 dB being the active level of what led to it."""
    pcm = decode_ulaw(ulaw[max(0, end - _CONTEXT_MS * SAMPLES_PER_MS) : end])
    if len(pcm) < _SHORTEST_MS * SAMPLES_PER_MS or not pcm.any():
        return None
    active_dbov = active_level_dbov(pcm)
    return max(-99.0, min(_last_dbov(pcm, 1), _last_dbov(pcm, 2)) - active_dbov)


def _last_dbov(pcm: Pcm, windows: int) -> float:
    return level_dbov(pcm[-windows * WINDOW_SAMPLES :])


def _other_ends(facts: CallFacts, sound: Sound, end_ms: float) -> Iterator[int]:
    """Where the bot's earlier words ended by themselves."""
    for burst in facts.hearing.bursts:
        if burst.end_ms < end_ms - _CLEARED_MS and not _was_interrupted(facts, burst.end_ms):
            yield sound.position_at(burst.end_ms)


def _was_interrupted(facts: CallFacts, at_ms: float) -> bool:
    """Whether the bot may have stopped here for the caller."""
    cleared = any(
        clear.discarded_ms > 0 and abs(clear.at_ms - at_ms) < _CLEARED_MS
        for clear in facts.hearing.clears
    )
    said: Sequence[Span] = [
        span for turn in facts.turns if turn.said is not None for span in turn.said.spans
    ]
    return cleared or any(
        span.start_ms < at_ms and span.end_ms > at_ms - _CALLER_MS for span in said
    )


def _is_voice(ulaw: bytes, end: int) -> bool:
    pcm = decode_ulaw(ulaw[max(0, end - _CONTEXT_MS * SAMPLES_PER_MS) : end])
    return bool(np.median(voice_probabilities(pcm)[-_VOICE_WINDOWS:]) >= _VOICE)
