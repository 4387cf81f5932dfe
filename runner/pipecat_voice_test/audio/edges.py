"""Where speech over music, typing or a room begins and ends, to a few milliseconds.

The voice model decides whether somebody speaks, the sound itself decides when. A crowd of voices
is speech too, but softer: what is hardly louder than the background is nobody on the phone.

Around each edge of what the model hears, the spectrum of short frames is compared with that of
the background nearby: how far above its mean, in its own standard deviations, are the three bands
that stand out most, and is that more than six of seven background frames do? Summed up along the
frames, with what the model thinks at that moment, the sum is largest where background ends and
speech begins. What is softer than -50 dBov is no speech here either.

Where a `clear` cut the voice off is known to the sample. Speech ends there unless what follows
is speech by far, or what went before was none.

The model's own edges lie 30 to 80 ms late and vary by as much. The constants are those that did
best on 3200 edges of 5 voices over 3 pieces of music, noise, hum and typing, 15 and 20 dB under
the voice. With 7 other voices and 2 other pieces 95 of 100 onsets 20 dB above their background
were within 40 ms of those that the level rule finds without it, 88 of 100 at 15 dB: what is
softer than the background is lost. So it is with an end that dies away (88 and 78 of 100); where
a `clear` cuts a voice off, all were within 2 ms.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import SAMPLES_PER_MS, Pcm
from pipecat_voice_test.audio.level import mean_square, window_powers
from pipecat_voice_test.audio.speech import SHORTEST_MS, SPEECH_DBOV, Span, joined
from pipecat_voice_test.audio.voice_model import WINDOW_SAMPLES

SPEECH_FROM, SPEECH_UNTIL = 0.5, 0.35
_STRETCH_GAP_MS = 50
_NOBODY = 0.2
_GUARD_WINDOWS = 5  # The model is late, so this near to speech nothing is background.

# A voice is so much louder than three quarters of its background, and at most so much softer than
# its own loudest quarter.
_LOUD_PERCENT = 75
_ABOVE_BACKGROUND_DB, _BELOW_VOICE_DB = 5.0, 8.0
_LATE_WINDOWS, _EARLY_WINDOWS = 5, 3

_HOP = 2 * SAMPLES_PER_MS
_FRAME = 8 * SAMPLES_PER_MS
_BANDS = (1, 2, 3, 4, 6, 9, 13, 18, 25, 33)  # Edges in bins of 125 Hz.
_QUANTISING = 30.0  # The power per bin below which μ-law has nothing to tell.
_LEAST_SPREAD_DB = 2.5
_BEST_BANDS = 3

# The two seconds of background that are nearest, rather from the quiet side of an edge: on the
# other side they count as so many times as far away, and a little more.
_BACKGROUND_WINDOWS = 62
_OTHER_SIDE, _OTHER_SIDE_WINDOWS = 1.5, 8
_LEAST_BACKGROUND_WINDOWS = 8

_SURE = 4.0  # The logarithm of the odds from which the model's opinion counts in full.
_RARE = 85  # Percent of the frames of a background stand out less.
# What the sum may lose for an end where a `clear` is: from before it, and from after it.
_LOST_BEFORE, _LOST_AFTER = 25.0, 60.0


class _Side(NamedTuple):
    """How one kind of edge is looked for.

    Attributes:
        before_ms, after_ms: How far from the model's edge.
        stands_out: From how many standard deviations on, at least, a frame speaks for speech.
        model: The weight of the model's opinion.
        lag_ms: How late that is.
        most: What the sound of a single frame may say for speech; against it, 1.
    """

    before_ms: int
    after_ms: int
    stands_out: float
    model: float
    lag_ms: int
    most: float


# A note that begins before the voice is as sudden as a voice, so there the model counts for more.
_ONSET = _Side(260, 48, 1.7, 2.0, 20, 1.5)
_OFFSET = _Side(300, 32, 1.7, 0.8, 80, 3.0)


def spoken_stretches(
    pcm: Pcm, probabilities: NDArray[np.float32], cuts: Sequence[int] = ()
) -> tuple[Span, ...]:
    """Speech without a pause of 50 ms, whatever lies under it.

    Args:
        pcm: A whole recording.
        probabilities: What the voice model says to it, one per 32 ms window.
        cuts: Samples at which what was playing was thrown away.
    """
    if not len(probabilities):
        return ()
    search = _Search(pcm, probabilities, sorted(cuts))
    coarse = _coarse(np.where(search.louder_than_background(), probabilities, 0))
    found: list[Span] = []
    for number, (start, end) in enumerate(coarse):
        before = coarse[number - 1][1] if number else 0
        after = coarse[number + 1][0] if number + 1 < len(coarse) else len(pcm)
        found.append((search.onset(start, end, before), search.offset(start, end, after)))
    long_enough = tuple(
        (start, end) for start, end in found if end - start >= SHORTEST_MS * SAMPLES_PER_MS
    )
    return joined(long_enough, _STRETCH_GAP_MS)


def _coarse(probabilities: NDArray[np.float32]) -> list[Span]:
    """What the model takes for speech, in samples."""
    spans: list[Span] = []
    start: int | None = None
    for window, probability in enumerate(probabilities.tolist()):
        if start is None and probability >= SPEECH_FROM:
            start = window
        elif start is not None and probability < SPEECH_UNTIL:
            spans.append((start * WINDOW_SAMPLES, window * WINDOW_SAMPLES))
            start = None
    if start is not None:
        spans.append((start * WINDOW_SAMPLES, len(probabilities) * WINDOW_SAMPLES))
    return spans


class _Search:
    """Looks for edges in one recording."""

    def __init__(self, pcm: Pcm, probabilities: NDArray[np.float32], cuts: list[int]) -> None:
        self._pcm = pcm
        self._cuts = cuts
        certain = np.clip(probabilities.astype(np.float64), 0.003, 0.997)
        self._opinion = np.log(certain / (1 - certain))
        self._background = self._background_windows(probabilities)

    def louder_than_background(self) -> NDArray[np.bool_]:
        """Which windows, or one near them, stand out from the background by their level."""
        powers = window_powers(self._pcm, WINDOW_SAMPLES)[: len(self._opinion)]
        if not len(self._background):
            return np.ones(len(self._opinion), bool)
        spoken = powers[self._opinion >= 0]
        background = np.percentile(powers[self._background], _LOUD_PERCENT)
        voice = np.percentile(spoken, _LOUD_PERCENT) if len(spoken) else np.inf
        # Music may be as loud as the voice when nobody speaks.
        least = min(
            float(background) * 10 ** (_ABOVE_BACKGROUND_DB / 10),
            float(voice) / 10 ** (_BELOW_VOICE_DB / 10),
        )
        louder = np.asarray(powers >= least)
        # The model still hears somebody when the sound is over.
        near = np.pad(louder, (_LATE_WINDOWS, _EARLY_WINDOWS))
        width = _LATE_WINDOWS + 1 + _EARLY_WINDOWS
        return np.asarray(np.lib.stride_tricks.sliding_window_view(near, width).any(axis=1))

    def onset(self, start: int, end: int, before: int) -> int:
        """The first sample of speech that the model hears from `start` on."""
        first = max(before, start - _ONSET.before_ms * SAMPLES_PER_MS, 0)
        last = min(start + _ONSET.after_ms * SAMPLES_PER_MS, (start + end) // 2 + WINDOW_SAMPLES)
        says = self._says(first, last, start, -1, _ONSET)
        if not len(says):
            return start
        return first + int(np.argmax(np.cumsum(says[::-1])[::-1])) * _HOP

    def offset(self, start: int, end: int, after: int) -> int:
        """The sample after the last of speech that the model hears until `end`."""
        first = max(
            end - _OFFSET.before_ms * SAMPLES_PER_MS, (start + end) // 2 - WINDOW_SAMPLES, 0
        )
        last = min(end + _OFFSET.after_ms * SAMPLES_PER_MS, after, len(self._pcm))
        says = self._says(first, last, end, 1, _OFFSET)
        if not len(says):
            return min(end, len(self._pcm))
        sums = np.cumsum(says)
        best = int(np.argmax(sums))
        for cut in self._cuts[bisect_left(self._cuts, first) : bisect_right(self._cuts, last)]:
            frame = min((cut - first) // _HOP, len(sums) - 1)
            if sums[best] - sums[frame] <= (_LOST_AFTER if best > frame else _LOST_BEFORE):
                return cut
        return min(first + (best + 1) * _HOP, len(self._pcm))

    def _says(
        self, first: int, last: int, edge: int, away: int, side: _Side
    ) -> NDArray[np.float64]:
        """What each frame from `first` on says for speech, or against it."""
        background = self._levels_nearby(edge, away)
        if background is None or last <= first:
            return np.zeros(0)
        frames = np.arange(first, last, _HOP)
        levels = _band_levels(self._pcm, frames)
        mean = background.mean(axis=0)
        spread = np.maximum(background.std(axis=0), _LEAST_SPREAD_DB)
        usual = float(np.percentile(_outstanding((background - mean) / spread), _RARE))
        outstanding = _outstanding((levels - mean) / spread)
        sound = np.clip(outstanding - max(side.stands_out, usual), -1.0, side.most)
        sound[_powers(self._pcm, frames) < mean_square(SPEECH_DBOV)] = -1.0
        at = frames + side.lag_ms * SAMPLES_PER_MS
        opinion = np.interp(at / WINDOW_SAMPLES - 0.5, np.arange(len(self._opinion)), self._opinion)
        says: NDArray[np.float64] = sound + side.model * np.clip(opinion / _SURE, -1, 1)
        return says

    def _background_windows(self, probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
        """The windows far from all speech; those of digital silence only if there are no others."""
        maybe = np.convolve(probabilities >= _NOBODY, np.ones(2 * _GUARD_WINDOWS + 1), "same")
        nobody = np.flatnonzero(maybe < 0.5)
        nobody = nobody[nobody < len(self._pcm) // WINDOW_SAMPLES]
        sounding = np.array([self._pcm[w * WINDOW_SAMPLES : (w + 1) * WINDOW_SAMPLES].any()
                             for w in nobody.tolist()], bool)  # fmt: skip
        heard = nobody[sounding]
        return heard if len(heard) >= _LEAST_BACKGROUND_WINDOWS else nobody

    def _levels_nearby(self, edge: int, away: int) -> NDArray[np.float64] | None:
        """The bands' levels in the background around an edge."""
        if not len(self._background):
            return None
        distance = (self._background - edge // WINDOW_SAMPLES) * away
        cost = np.where(distance >= 0, distance, -distance * _OTHER_SIDE + _OTHER_SIDE_WINDOWS)
        nearest = np.argsort(cost, kind="stable")[:_BACKGROUND_WINDOWS]
        starts = self._background[nearest] * WINDOW_SAMPLES
        return _band_levels(
            self._pcm, (starts[:, np.newaxis] + np.arange(0, WINDOW_SAMPLES, _HOP)).ravel()
        )


def _outstanding(above: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the bands of each frame that stand out most."""
    mean: NDArray[np.float64] = np.sort(above, axis=1)[:, -_BEST_BANDS:].mean(axis=1)
    return mean


def _band_levels(pcm: Pcm, centres: NDArray[np.int64]) -> NDArray[np.float64]:
    """The level of each band, dB, in the frame around each of these samples."""
    frames = _frames(pcm, centres) * np.hanning(_FRAME + 2)[1:-1]
    powers = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    sums = np.add.reduceat(powers[:, : _BANDS[-1]], _BANDS[:-1], axis=1)
    levels: NDArray[np.float64] = 10 * np.log10(sums / np.diff(_BANDS) + _QUANTISING)
    return levels


def _powers(pcm: Pcm, centres: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean square of the frame around each of these samples."""
    powers: NDArray[np.float64] = (_frames(pcm, centres) ** 2).mean(axis=1)
    return powers


def _frames(pcm: Pcm, centres: NDArray[np.int64]) -> NDArray[np.float64]:
    """What lies around each of these samples; silence beyond the ends."""
    where = (centres - _FRAME // 2)[:, np.newaxis] + np.arange(_FRAME)
    inside = (where >= 0) & (where < len(pcm))
    return np.where(inside, pcm[np.clip(where, 0, len(pcm) - 1)], 0).astype(np.float64)
