"""The waveform of a lane as indices into the palette: its peaks, and its power inside them.

Everything is done by columns at once; a strip of a hundred seconds takes a few milliseconds and
no other thread waits for them.
"""

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.codec import SAMPLES_PER_MS, Pcm
from pipecat_voice_test.audio.level import FULL_SCALE
from pipecat_voice_test.report.picture.palette import index_of, shade_of
from pipecat_voice_test.report.picture.shapes import Ink, Wave
from pipecat_voice_test.report.view.model import Lane
from pipecat_voice_test.report.view.peaks import peak_shares

Pixels = NDArray[np.uint8]
Heights = NDArray[np.float32]

MOST_GAIN = 8.0  # A line that is only noise stays a line.
_PIECE_SAMPLES = 160
_USUAL = 0.995
_INKS = {
    Lane.CALLER: (Ink.CALLER, Ink.CALLER_PEAK, Ink.CALLER_TINT),
    Lane.BOT: (Ink.BOT, Ink.BOT_PEAK, Ink.BOT_TINT),
}


def usual_peak(pcm: Pcm) -> float:
    """How loud a recording gets, as a share of full scale.

    A click does not count: of all pieces of 20 ms one of two hundred may be louder.
    """
    loudest = peak_shares(pcm, count=len(pcm) // _PIECE_SAMPLES)
    return float(np.quantile(loudest, _USUAL)) if len(loudest) else 0.0


def gain_of(peak: float) -> float:
    """What makes a voice fill its lane: it shows when somebody speaks, not how loud."""
    return min(MOST_GAIN, 1.0 / peak) if peak > 0 else 1.0


def wave_pixels(pcm: Pcm, wave: Wave) -> Pixels:
    """Draw a lane; where the recording is over, only the ground is left."""
    core, peak, tint = _INKS[wave.lane]
    width, height = wave.box.right - wave.box.left, wave.box.bottom - wave.box.top
    speech = np.zeros(width, np.bool_)
    for left, right in wave.speech:
        speech[left:right] = True
    peaks, powers = _columns(pcm, wave, width)
    covered = _coverage(peaks * wave.gain, height)
    pixels = np.where(speech, _shades(peak, tint)[covered], _shades(peak, Ink.PAPER)[covered])
    grid = np.zeros(width, np.bool_)
    grid[list(wave.grid)] = True
    pixels[(covered == 0) & grid] = index_of(Ink.GRID)
    filled = _coverage(powers * wave.gain, height)
    pixels = np.where(filled > 0, _shades(core, peak)[filled], pixels)
    pixels[height // 2, : _recorded(pcm, wave, width)] = index_of(core)
    return pixels


def _shades(ink: Ink, back: Ink) -> Pixels:
    return np.frombuffer(shade_of(ink, back), np.uint8)


def _columns(pcm: Pcm, wave: Wave, width: int) -> tuple[Heights, Heights]:
    """The loudest sample and the root of the mean square of each column, as shares."""
    peaks, powers = np.zeros(width, np.float32), np.zeros(width, np.float32)
    columns = _recorded(pcm, wave, width)
    if columns == 0:
        return peaks, powers
    first, last = (round(at_ms * SAMPLES_PER_MS) for at_ms in (wave.from_ms, wave.to_ms))
    edges = first + np.arange(columns + 1, dtype=np.int64) * (last - first) // width
    part = pcm[first : min(int(edges[-1]), len(pcm))].astype(np.float32) / FULL_SCALE
    starts = np.minimum(edges[:-1] - first, len(part) - 1)
    counts = np.diff(np.append(starts, len(part))).clip(1)
    np.abs(part, out=part)
    peaks[:columns] = np.maximum.reduceat(part, starts)
    np.square(part, out=part)
    powers[:columns] = np.sqrt(np.add.reduceat(part, starts) / counts)
    return peaks, powers


def _recorded(pcm: Pcm, wave: Wave, width: int) -> int:
    """In how many columns, from the left, there is something recorded."""
    recorded_ms = len(pcm) / SAMPLES_PER_MS - wave.from_ms
    share = recorded_ms / (wave.to_ms - wave.from_ms)
    return max(0, min(width, int(np.ceil(share * width))))


def _coverage(heights: Heights, height: int) -> Pixels:
    """How much of each pixel lies under a curve that goes up and down from the middle."""
    middle = height / 2
    distance = np.abs(np.arange(height, dtype=np.float32) + 0.5 - middle) - 0.5
    distance = np.maximum(distance, 0.0)  # Also the row in the middle.
    reached = np.minimum(heights, 1.0) * middle
    covered = np.clip(reached[np.newaxis, :] - distance[:, np.newaxis], 0.0, 1.0)
    shares: Pixels = np.rint(covered * 255).astype(np.uint8)
    return shares
