"""From samples to bytes: μ-law as the network plays it, and A-law as it does not; G.711."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

from pipecat_voice_test.demo.ear import DECODED

# Sums of two sounds are looked up as they are: an index below 0 counts from the table's end.
_REACH = 1 << 16


def ulaw(samples: Iterable[int]) -> bytes:
    """The nearest μ-law codes; what lies beyond the scale takes its ends.

    Args:
        samples: Linear, 16 bits and one more at most.
    """
    return bytes(map(_nearest(DECODED).__getitem__, samples))


def alaw(samples: Iterable[int]) -> bytes:
    """The nearest A-law codes."""
    return bytes(map(_nearest(A_LAW).__getitem__, samples))


def linear(data: bytes) -> list[int]:
    """The 16-bit samples that μ-law stands for."""
    return list(map(DECODED.__getitem__, data))


def _decoded_alaw(code: int) -> int:
    """G.711: the 16-bit sample that an A-law byte stands for."""
    code ^= 0x55
    exponent, mantissa = (code & 0x70) >> 4, code & 0x0F
    magnitude = (mantissa << 4) + 8
    if exponent:
        magnitude = (magnitude + 0x100) << (exponent - 1)
    return magnitude if code & 0x80 else -magnitude


A_LAW = tuple(_decoded_alaw(code) for code in range(256))


@cache
def _nearest(decoded: Sequence[int]) -> list[int]:
    """For each sample the code whose value is nearest; see `_REACH`."""
    codes = sorted(range(256), key=decoded.__getitem__)
    upward: list[int] = []
    for code, above in pairwise(codes):
        until = (decoded[code] + decoded[above]) // 2
        upward += [code] * (until + 1 + _REACH - len(upward))
    upward += [codes[-1]] * (2 * _REACH - len(upward))
    return upward[_REACH:] + upward[:_REACH]
