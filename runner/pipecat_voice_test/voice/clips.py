"""What the caller says in one turn, ready to be played: samples, and where the speech in them is.

Speech boundaries are found here once, on clean audio before noise is added (M-2).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from pipecat_voice_test.audio.codec import SAMPLES_PER_MS, Pcm
from pipecat_voice_test.audio.files import LONGEST_S, UnreadableAudio, read_recording
from pipecat_voice_test.audio.level import at_active_level
from pipecat_voice_test.audio.speech import SPEECH_DBOV, Span, clip_spans, joined
from pipecat_voice_test.errors import ScenarioError
from pipecat_voice_test.voice.speaker import Speaker, plain

Level = float | Literal["keep"]

_OUTER_MARGIN_MS = 100
_INNER_MARGIN_MS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One utterance of the caller at 8000 Hz, without the noise of the line.

    Attributes:
        spans: Its bursts of speech as `(start, end)` in samples; never empty.
        text: What is said, for people.
    """

    pcm: Pcm = field(repr=False)
    spans: tuple[Span, ...]
    text: str


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A text as spoken, and the span from its first to its last speech sample."""

    pcm: Pcm
    start: int
    end: int
    spans: tuple[Span, ...]


def make_clip(
    parts: Sequence[str | int],
    recording: bytes | None,
    *,
    level_dbov: Level,
    speaker: Speaker,
    text: str = "",
    where: str = "",
    name: str = "the recording",
) -> Clip:
    """Turn what a scenario says into samples.

    Args:
        parts: Texts to be spoken, and the lengths in milliseconds of the pauses between them.
            A pause lasts exactly that long from the last speech sample before it to the first
            after it. Ignored if there is a recording.
        recording: A WAV, FLAC, OGG or MP3 file, played as it is but for its level.
        level_dbov: Active speech level of the result; "keep" leaves it as it is.
        speaker: Speaks the texts; not used for a recording.
        text: What the recording says, if it is known.
        where: File and line of the turn, for messages.
        name: What to call the recording in messages.

    Raises:
        ScenarioError: The recording cannot be read, or there is no speech to be heard.
        SpeechError: The texts cannot be spoken on this machine.
    """
    place = f"{where}: " if where else ""
    if recording is None:
        return _spoken(parts, level_dbov, speaker, place)
    try:
        pcm = read_recording(recording)
    except UnreadableAudio as error:
        raise ScenarioError(
            f"{place}{name} cannot be played, because {error}",
            fix="convert it, for example with: ffmpeg -i IN -ac 1 -ar 8000 OUT.wav",
        ) from error
    pcm = _levelled(pcm, level_dbov)
    if not (spans := clip_spans(pcm)):
        raise _no_speech(f"{place}{name}")
    return Clip(pcm, spans, text)


def _spoken(parts: Sequence[str | int], level_dbov: Level, speaker: Speaker, place: str) -> Clip:
    texts, pauses_ms = _texts_and_pauses(parts)
    if sum(pauses_ms) > LONGEST_S * 1000:
        raise ScenarioError(
            f"{place}the pauses of this turn take {sum(pauses_ms)} ms",
            fix=f"an utterance lasts at most {LONGEST_S} s; use a turn with `wait_ms` instead.",
        )
    if not texts:
        raise _no_speech(f"{place}this turn")
    speaker.prepare(texts)
    phrases = _phrases([speaker.speak(text) for text in texts], level_dbov)
    for phrase, text in zip(phrases, texts, strict=True):
        if not phrase.spans:
            raise _no_speech(f'{place}"{text}" as spoken')
    pcm, spans = _laid_out(phrases, pauses_ms)
    return Clip(pcm, joined(spans), " ".join(texts))


def _texts_and_pauses(parts: Sequence[str | int]) -> tuple[list[str], list[int]]:
    """The texts, and the pauses before, between and after them; one more than texts.

    Texts without a pause between them are one text, so that the engine speaks them as one.
    """
    texts: list[str] = []
    pauses_ms = [0]
    continues = False
    for part in parts:
        if isinstance(part, int):
            pauses_ms[-1] += part
            continues = False
        elif said := plain(part):
            if continues:
                texts[-1] += f" {said}"
            else:
                texts.append(said)
                pauses_ms.append(0)
            continues = True
    return texts, pauses_ms


def _phrases(spoken: list[Pcm], level_dbov: Level) -> list[_Phrase]:
    # One gain for all: the engine decided how loud the phrases are among themselves. It comes
    # before the edges are looked for, because it decides what is loud enough to be speech.
    together = _levelled(np.concatenate(spoken), level_dbov)
    phrases = []
    for pcm in np.split(together, np.cumsum([len(pcm) for pcm in spoken])[:-1]):
        spans = clip_spans(pcm)
        start, end = (spans[0][0], spans[-1][1]) if spans else (0, 0)
        phrases.append(_Phrase(pcm, start, end, spans))
    return phrases


def _laid_out(phrases: list[_Phrase], pauses_ms: list[int]) -> tuple[Pcm, tuple[Span, ...]]:
    """Phrases with exact pauses between them.

    What lies around the speech of a phrase, softer than speech, is kept for a moment and faded,
    so that no word ends in a click and no clip has a long tail.
    """
    leads, tails = _margins(phrases, pauses_ms)
    onset = max(leads[0], pauses_ms[0] * SAMPLES_PER_MS)
    onsets = []
    for phrase, pause_ms in zip(phrases, pauses_ms[1:], strict=True):
        onsets.append(onset)
        onset += phrase.end - phrase.start + pause_ms * SAMPLES_PER_MS
    pcm = np.zeros(max(onset, onsets[-1] + _voiced(phrases[-1]) + tails[-1]), np.int16)
    spans: list[Span] = []
    for phrase, at, lead, tail in zip(phrases, onsets, leads, tails, strict=True):
        kept = phrase.pcm[phrase.start - lead : phrase.end + tail].astype(np.float64)
        kept[:lead] *= np.arange(lead) / max(lead, 1)
        kept[len(kept) - tail :] *= np.arange(tail)[::-1] / max(tail, 1)
        # Margins of two phrases never meet: each has at most half of the pause.
        pcm[at - lead : at - lead + len(kept)] = np.rint(kept).astype(np.int16)
        moved = at - phrase.start
        spans += [(start + moved, end + moved) for start, end in phrase.spans]
    return pcm, tuple(spans)


def _margins(phrases: list[_Phrase], pauses_ms: list[int]) -> tuple[list[int], list[int]]:
    """How many samples before and after the speech of each phrase are kept."""
    inner = [min(_INNER_MARGIN_MS, pause_ms // 2) for pause_ms in pauses_ms[1:-1]]
    most_ms = [_OUTER_MARGIN_MS, *inner, _OUTER_MARGIN_MS]
    leads, tails = [], []
    for index, phrase in enumerate(phrases):
        leads.append(min(phrase.start, most_ms[index] * SAMPLES_PER_MS))
        after = len(phrase.pcm) - phrase.end
        tails.append(min(after, most_ms[index + 1] * SAMPLES_PER_MS))
    return leads, tails


def _voiced(phrase: _Phrase) -> int:
    return phrase.end - phrase.start


def _levelled(pcm: Pcm, level_dbov: Level) -> Pcm:
    return pcm if level_dbov == "keep" else at_active_level(pcm, level_dbov)


def _no_speech(what: str) -> ScenarioError:
    return ScenarioError(
        f"{what} holds no speech: nothing in it reaches {SPEECH_DBOV:.0f} dBov for 60 ms",
        fix="use words or a recording that can be heard, or drop `level_dbov: keep`.",
    )
