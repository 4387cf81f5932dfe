"""Where in a recording does somebody speak? The level rule of METRICS 2, for whole recordings.

1. Floor: the 10th percentile of the levels of all 10 ms windows, limited to [-75, -45] dBov.
2. A window is loud at max(-50 dBov, floor + 12 dB) and above.
3. A stretch begins with the first loud window that begins 3 loud windows within 5, and ends
   with the last one before 50 ms without. Both edges are then refined to 1 ms.
4. Stretches under 60 ms are dropped; those closer than 200 ms are joined into bursts.

How an edge is refined: the 5 ms frame, moved by 1 ms, that is first (or last) as loud as a
window must be, and in it the first (or last) millisecond that is. The search begins in the
window before, because a window counts as quiet when speech fills only its last milliseconds.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import SAMPLES_PER_MS, Pcm
from pipecat_voice_test.audio.level import (
    WINDOW_MS,
    WINDOW_SAMPLES,
    mean_square,
    powers_dbov,
    window_powers,
)

Span = tuple[int, int]  # First sample, and the one after the last, at 8000 Hz.

FLOOR_PERCENTILE = 10
LOWEST_FLOOR_DBOV, HIGHEST_FLOOR_DBOV = -75.0, -45.0
SPEECH_DBOV = -50.0
ABOVE_FLOOR_DB = 12.0
ONSET_LOUD, ONSET_WINDOWS = 3, 5
END_WINDOWS = 50 // WINDOW_MS
SHORTEST_MS = 60
JOIN_MS = 200

_FRAME_MS = 5
_SEARCH_MS = 2 * WINDOW_MS + _FRAME_MS - 1


@dataclass(frozen=True, slots=True)
class Speech:
    """What the level rule finds in one channel.

    Attributes:
        threshold_dbov: The level from which a window is loud.
        loud: One entry per 10 ms window.
        stretches: Speech without a silence of 50 ms, in order.
        bursts: The same with silences of less than 200 ms closed.
    """

    threshold_dbov: float
    loud: NDArray[np.bool_] = field(repr=False)
    stretches: tuple[Span, ...]
    bursts: tuple[Span, ...]


def clip_spans(pcm: Pcm) -> tuple[Span, ...]:
    """Bursts of speech in the caller's clean clip.

    The threshold is -50 dBov flat: a tight clip has no silence to take a floor from.
    """
    return joined(stretches(pcm, SPEECH_DBOV))


def heard_bursts(pcm: Pcm) -> tuple[Span, ...]:
    """Bursts of speech in the bot's channel of a whole call."""
    return heard_speech(pcm).bursts


def heard_speech(pcm: Pcm) -> Speech:
    """Everything the level rule finds in the bot's channel of a whole call.

    The floor is that of the call, so give it the whole channel, silence included.
    """
    powers = window_powers(pcm)
    threshold_dbov = loud_from_dbov(_floor_dbov(powers))
    loud = powers >= mean_square(threshold_dbov)
    found = _stretches(pcm, loud, threshold_dbov)
    return Speech(threshold_dbov, loud, found, joined(found))


def speech_floor_dbov(pcm: Pcm) -> float:
    """The level of the background of one channel; rule 1."""
    return _floor_dbov(window_powers(pcm))


def loud_from_dbov(floor_dbov: float) -> float:
    """The level from which a window is loud over this floor; rule 2."""
    return max(SPEECH_DBOV, floor_dbov + ABOVE_FLOOR_DB)


def loud_windows(pcm: Pcm, threshold_dbov: float) -> NDArray[np.bool_]:
    """Whether each 10 ms window is loud; the last may be part of a window."""
    return window_powers(pcm) >= mean_square(threshold_dbov)


def stretches(pcm: Pcm, threshold_dbov: float) -> tuple[Span, ...]:
    """Speech of 60 ms and more without a silence of 50 ms, in order; rules 3 and 4.

    Pauses inside an utterance lie between them; joining them gives bursts.
    """
    return _stretches(pcm, loud_windows(pcm, threshold_dbov), threshold_dbov)


def joined(spans: tuple[Span, ...], gap_ms: int = JOIN_MS) -> tuple[Span, ...]:
    """Close every silence shorter than `gap_ms`; rule 4."""
    result: list[Span] = []
    for start, end in spans:
        if result and start - result[-1][1] < gap_ms * SAMPLES_PER_MS:
            result[-1] = (result[-1][0], end)
        else:
            result.append((start, end))
    return tuple(result)


def _floor_dbov(powers: NDArray[np.float64]) -> float:
    if not len(powers):
        return LOWEST_FLOOR_DBOV
    # Limited before the percentile is taken: digital silence has no level to interpolate.
    levels_dbov = np.clip(powers_dbov(powers), LOWEST_FLOOR_DBOV, HIGHEST_FLOOR_DBOV)
    return float(np.percentile(levels_dbov, FLOOR_PERCENTILE))


def _stretches(pcm: Pcm, loud: NDArray[np.bool_], threshold_dbov: float) -> tuple[Span, ...]:
    first, last = _coarse_stretches(loud)
    if not len(first):
        return ()
    starts = _refined_onsets(pcm, first, threshold_dbov)
    # An offset is an onset when time runs backwards.
    backwards = pcm[::-1]
    ends = len(pcm) - _refined_onsets(
        backwards, last, threshold_dbov, origin=len(pcm) - WINDOW_SAMPLES, step=-WINDOW_SAMPLES
    )
    return tuple(
        (start, end)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        if end - start >= SHORTEST_MS * SAMPLES_PER_MS
    )


def _coarse_stretches(
    loud: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Index of the first and of the last window of each stretch; rule 3."""
    index = np.flatnonzero(loud)
    begins = np.flatnonzero(index[ONSET_LOUD - 1 :] - index[: 1 - ONSET_LOUD] < ONSET_WINDOWS)
    # Loud windows with END_WINDOWS quiet ones between them belong to different groups.
    group = np.concatenate([[0], np.cumsum(np.diff(index) > END_WINDOWS)])
    with_onset, first_onset = np.unique(group[begins], return_index=True)
    group_ends = np.flatnonzero(np.diff(group, append=group[-1:] + 1)) if len(index) else index
    return index[begins[first_onset]], index[group_ends[with_onset]]


def _refined_onsets(
    pcm: Pcm,
    windows: NDArray[np.int64],
    threshold_dbov: float,
    *,
    origin: int = 0,
    step: int = WINDOW_SAMPLES,
) -> NDArray[np.int64]:
    """The first sample of speech in or just before each of `windows`, to 1 ms.

    Window `w` begins with sample `origin + w * step`.
    """
    before = origin + windows * step - WINDOW_SAMPLES
    offsets = np.arange(_SEARCH_MS * SAMPLES_PER_MS)
    where = before[:, np.newaxis] + offsets
    inside = (where >= 0) & (where < len(pcm))
    samples = np.where(inside, pcm[np.clip(where, 0, len(pcm) - 1)], 0).astype(np.float64)
    samples = samples.reshape(len(windows), _SEARCH_MS, SAMPLES_PER_MS)
    each_ms = np.einsum("ijk,ijk->ij", samples, samples) / SAMPLES_PER_MS
    frames = np.lib.stride_tricks.sliding_window_view(each_ms, _FRAME_MS, axis=1).mean(axis=2)
    threshold = mean_square(threshold_dbov)
    first_frame = (frames >= threshold).argmax(axis=1)
    in_or_after = np.arange(_SEARCH_MS) >= first_frame[:, np.newaxis]
    first_ms = ((each_ms >= threshold) & in_or_after).argmax(axis=1)
    first: NDArray[np.int64] = np.clip(before + first_ms * SAMPLES_PER_MS, 0, len(pcm))
    return first
