"""Was what the network plays as μ-law really μ-law?

Speech in its right coding can be predicted from sample to sample; read in a wrong one it is
noise. So each stretch of bytes is read in every coding that bots are known to send by mistake,
and the one whose samples can be predicted best is the one it was made in. Music, tones and
clipped voices are predictable as μ-law; noise is not predictable in any coding. Over 200,000
blocks of healthy sound (six languages by people, 120 by machines, music, tones, noise, -45 to
-12 dBov) no other reading was ever better for a second: single blocks reach +5 dB, runs of
eight stay below 0.3 dB, and wrongly coded speech lies between 1.7 and 18 dB.

Samples that had their bytes swapped before they were encoded cannot be read in any coding. They
are white noise of full scale, and yet no ordinary one: their values, 256 times the low byte plus
the high one, lie close to multiples of 256.
"""

import audioop
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipecat_voice_test.audio.level import FULL_SCALE, mean_square
from pipecat_voice_test.audio.speech import SPEECH_DBOV
from pipecat_voice_test.measurement.integrity.fault import Fault
from pipecat_voice_test.measurement.integrity.sound import Sound

Bytes = NDArray[np.uint8]
Samples = NDArray[np.float32]

BLOCK_BYTES = 1024
RUN_BLOCKS = 8  # A second of sound, pauses not counted.
MOST_BLOCKS = 2048  # Of longer calls every second block is read, or every third.
ORDER = 4  # Past samples a prediction is made from.
BETTER_DB = 1.0  # By how much another reading must be better than μ-law, on average.
EIGHT_BITS_OFFSET = 0.15  # As a share of the scale.
CLEAR_DB = 14.0  # What can be predicted as well as this is rightly coded, or as good as.
SQUARE_SHARE = 0.2  # So much at either end of the scale is a voice clipped to two values.

# Swapped before encoding: RMS of full-scale white noise whose values are evenly spread.
SWAPPED_GAIN_DB = 1.0
SWAPPED_DBOV = -10.0
SWAPPED_KURTOSIS = (1.5, 2.4)  # 1.8 if evenly spread; 1 of a square wave, 3 of natural noise.
_COMB = 256
_COMB_RANGE = (150, 924)  # Where the steps of μ-law are fine enough to see it.
_COMB_NEAR = 48
_COMB_BY_CHANCE = 0.37  # Share of evenly spread values that lie so near.
_COMB_SHARE = 0.6
_COMB_SIGMAS = 4.0

_AT_ONCE = 128  # Blocks: as floating-point numbers, those of a long call would fill the memory.


def _table(decode: Callable[[bytes, int], bytes]) -> Samples:
    return np.frombuffer(decode(bytes(range(256)), 2), np.int16).astype(np.float32)


_ULAW, _ALAW = _table(audioop.ulaw2lin), _table(audioop.alaw2lin)


def _as_ulaw(blocks: Bytes) -> Samples:
    return _ULAW[blocks]


def _words(blocks: Bytes, dtype: str, skip: int) -> Samples:
    whole = blocks[:, skip : blocks.shape[1] - skip]
    return np.ascontiguousarray(whole).view(dtype).astype(np.float32)


def _in_pairs(blocks: Bytes) -> Samples:
    return _ULAW[blocks.reshape(len(blocks), -1, 2)[:, :, ::-1].reshape(blocks.shape)]


# How else the bytes may be read. Words may begin at an even byte or at an odd one.
_READINGS: Mapping[str, Callable[[Bytes], Samples]] = {
    "little-endian": lambda blocks: _words(blocks, "<i2", 0),
    "little-endian, odd": lambda blocks: _words(blocks, "<i2", 1),
    "big-endian": lambda blocks: _words(blocks, ">i2", 0),
    "big-endian, odd": lambda blocks: _words(blocks, ">i2", 1),
    "unsigned": lambda blocks: blocks.astype(np.float32),
    "signed": lambda blocks: blocks.view(np.int8).astype(np.float32),
    "A-law": lambda blocks: _ALAW[blocks],
    "pairs": _in_pairs,
}
# Silence of 8-bit linear samples lies between the codes of zero and of the loudest sample of one
# sign, so as μ-law it is far off the zero line; a voice clipped to two values is not.
_EIGHT_BITS: Mapping[str, int] = {"unsigned": 1, "signed": -1}
# What each reading means: the metrics it is charged to, and how people call it.
_MEANS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "little-endian": (("linear_pcm",), "16-bit little-endian linear PCM"),
    "big-endian": (("linear_pcm", "byte_swapped"), "16-bit big-endian linear PCM"),
    "unsigned": (("linear_pcm",), "8-bit unsigned linear PCM"),
    "signed": (("linear_pcm",), "8-bit signed linear PCM"),
    "A-law": (("a_law",), "A-law"),
    "pairs": (("byte_swapped",), "μ-law with the bytes of each pair swapped"),
}


# The metrics of this module, in the order in which they are reported.
CODINGS = ("linear_pcm", "byte_swapped", "a_law")


def is_enough(sound: Sound) -> bool:
    """Whether there is a second of sound to judge by."""
    return len(_loud_blocks(sound)[0]) >= RUN_BLOCKS


def coding_faults(sound: Sound) -> Iterator[Fault]:
    """What the bot sent in place of μ-law; nothing if there is less than a second of sound."""
    blocks, positions = _loud_blocks(sound)
    if len(blocks) < RUN_BLOCKS:
        return
    ulaw_db = _gains_db(_as_ulaw, blocks)
    swapped = _swapped_before_encoding(blocks, ulaw_db, positions)
    if swapped is not None:
        yield swapped
        return
    better_db = {name: _gains_db(read, blocks) - ulaw_db for name, read in _READINGS.items()}
    runs_db = {name: _running_mean(better) for name, better in better_db.items()}
    means, at_one_end, at_other_end = _of_each(blocks, _offset_and_ends)
    offset = _running_mean(means) / FULL_SCALE
    for name, side in _EIGHT_BITS.items():
        runs_db[name][side * offset < EIGHT_BITS_OFFSET] = -np.inf
    at_ends = np.minimum(at_one_end, at_other_end)
    beyond_doubt = (_running_mean(ulaw_db) > CLEAR_DB) | (_running_mean(at_ends) > SQUARE_SHARE)
    for run_db in runs_db.values():
        run_db[beyond_doubt] = -np.inf
    best = max(runs_db, key=lambda name: float(runs_db[name].max()))
    if runs_db[best].max() < BETTER_DB:
        return
    first = int(np.argmax(runs_db[best] >= BETTER_DB))
    run = slice(first, first + RUN_BLOCKS)
    metrics, called = _MEANS[best.removesuffix(", odd")]
    for metric in metrics:
        yield Fault(
            metric,
            int(positions[first]),
            f"read as {called} the sound can be predicted to "
            f"{float((better_db[best] + ulaw_db)[run].mean()):.1f} dB, "
            f"as μ-law to {float(ulaw_db[run].mean()):.1f} dB, so the caller hears noise.",
        )


def _of_each(
    blocks: Bytes, figures: Callable[[Bytes], tuple[NDArray[Any], ...]]
) -> list[NDArray[Any]]:
    """Figures of every block, a few blocks at a time, so that long calls take no more memory."""
    parts = [figures(blocks[first : first + _AT_ONCE]) for first in range(0, len(blocks), _AT_ONCE)]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def _gains_db(read: Callable[[Bytes], Samples], blocks: Bytes) -> NDArray[np.float64]:
    """The prediction gain of every block, if its bytes are read like this."""
    (gains_db,) = _of_each(blocks, lambda few: (prediction_gain_db(read(few)),))
    return gains_db


def _offset_and_ends(blocks: Bytes) -> tuple[NDArray[Any], ...]:
    """Mean of the samples as μ-law, and shares of them at either end of the scale."""
    ends = ((blocks == end).mean(axis=1) for end in (0x00, 0x80))
    return _as_ulaw(blocks).mean(axis=1), *ends


def _moments_and_comb(blocks: Bytes) -> tuple[NDArray[Any], ...]:
    """Means of second and fourth powers; how many samples are fine, and of these at the comb."""
    as_ulaw = _as_ulaw(blocks)
    squares = as_ulaw.astype(np.float64) ** 2
    size = np.abs(as_ulaw)
    fine = (size >= _COMB_RANGE[0]) & (size <= _COMB_RANGE[1])
    off = np.abs((size + _COMB / 2) % _COMB - _COMB / 2)
    return (
        squares.mean(axis=1),
        (squares * squares).mean(axis=1),
        fine.sum(axis=1),
        (fine & (off <= _COMB_NEAR)).sum(axis=1),
    )


def prediction_gain_db(blocks: Samples) -> NDArray[np.float64]:
    """How much of the power of each row a linear prediction takes away, in dB; 0 for noise."""
    centred = blocks - blocks.mean(axis=1, keepdims=True)
    size = centred.shape[1]
    lags = np.stack(
        [
            np.einsum("ij,ij->i", centred[:, : size - lag], centred[:, lag:])
            for lag in range(ORDER + 1)
        ],
        axis=1,
    ).astype(np.float64)
    flat = lags[:, 0] <= 0
    lags[flat] = np.eye(1, ORDER + 1)
    lags /= lags[:, :1]
    lags[:, 0] = 1.0001  # So that a pure tone stays below 40 dB.
    # Levinson's recursion, for all rows at once.
    left = lags[:, 0].copy()
    weights = np.zeros_like(lags)
    weights[:, 0] = 1.0
    for order in range(1, ORDER + 1):
        reflected = -(weights[:, :order] * lags[:, order:0:-1]).sum(axis=1) / left
        turned = np.pad(weights[:, :order][:, ::-1], ((0, 0), (1, ORDER - order)))
        weights = weights + reflected[:, np.newaxis] * turned
        left *= 1 - reflected * reflected
    gains: NDArray[np.float64] = -10 * np.log10(np.maximum(left, 1e-9))
    return gains


def _loud_blocks(sound: Sound) -> tuple[Bytes, NDArray[np.int64]]:
    """The blocks in which anything is to be heard, and where they begin."""
    count = len(sound.ulaw) // BLOCK_BYTES
    blocks = np.frombuffer(sound.ulaw, np.uint8, count * BLOCK_BYTES).reshape(-1, BLOCK_BYTES)
    loud = np.flatnonzero(_powers(blocks) >= mean_square(SPEECH_DBOV))
    step = -(-len(loud) // MOST_BLOCKS) or 1
    kept = loud[::step]
    return blocks[kept], kept * BLOCK_BYTES


def _powers(blocks: Bytes) -> NDArray[np.float64]:
    """The power of each block around its own mean, as μ-law; a constant is no sound."""
    powers = np.empty(len(blocks))
    for first in range(0, len(blocks), _AT_ONCE):
        powers[first : first + _AT_ONCE] = _ULAW[blocks[first : first + _AT_ONCE]].var(axis=1)
    return powers


def _running_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of `RUN_BLOCKS` values in a row."""
    summed = np.concatenate([[0.0], np.cumsum(values)])
    means: NDArray[np.float64] = (summed[RUN_BLOCKS:] - summed[:-RUN_BLOCKS]) / RUN_BLOCKS
    return means


def _swapped_before_encoding(
    blocks: Bytes, ulaw_db: NDArray[np.float64], positions: NDArray[np.int64]
) -> Fault | None:
    powers, fourths, fine, near_comb = _of_each(blocks, _moments_and_comb)
    power = _running_mean(powers)
    kurtosis = _running_mean(fourths) / np.maximum(power, 1.0) ** 2
    seen = RUN_BLOCKS * _running_mean(fine)
    near = RUN_BLOCKS * _running_mean(near_comb)
    share = near / np.maximum(seen, 1.0)
    sigma = np.sqrt(_COMB_BY_CHANCE * (1 - _COMB_BY_CHANCE) / np.maximum(seen, 1.0))
    found = (
        (_running_mean(ulaw_db) < SWAPPED_GAIN_DB)
        & (power >= mean_square(SWAPPED_DBOV))
        & (kurtosis > SWAPPED_KURTOSIS[0])
        & (kurtosis < SWAPPED_KURTOSIS[1])
        & (share >= _COMB_SHARE)
        & (share - _COMB_BY_CHANCE >= _COMB_SIGMAS * sigma)
    )
    if not found.any():
        return None
    first = int(np.argmax(found))
    level_dbov = 10 * np.log10(power[first] / FULL_SCALE**2)
    return Fault(
        "byte_swapped",
        int(positions[first]),
        f"the sound is noise of {level_dbov:.0f} dBov in which {share[first]:.0%} of the small "
        "values lie at multiples of 256, where the low byte of a sample belongs.",
    )
