"""What was said and what was heard, as WAV files (P-71, P-72).

Both are on the call clock: sample 8·t of a channel is millisecond t. A frame that went out late
is not moved, because the caller said it when it was due. Files are made piece by piece, so that
a call of ten minutes need not lie in memory as a whole several times.
"""

from collections.abc import Iterator

import numpy as np

from pipecat_voice_test.audio.codec import ULAW_SILENCE, Pcm, decode_ulaw
from pipecat_voice_test.audio.files import wav_blocks
from pipecat_voice_test.timeline import Timeline


def call_wav(timeline: Timeline) -> bytes:
    """The call as its caller lived it: left what was said, right what was heard."""
    return b"".join(call_wav_blocks(timeline))


def call_wav_blocks(timeline: Timeline) -> Iterator[bytes]:
    """`call_wav`, piece by piece. Both channels are as long as the longer one (P-71)."""
    heard_samples = max((piece.end_sample for piece in timeline.heard), default=0)
    samples = max(len(timeline.said_ulaw), heard_samples)
    return wav_blocks(_said(timeline, samples), _heard(timeline, samples))


def bot_raw_wav(timeline: Timeline) -> bytes:
    """Everything the bot sent, in order of arrival and without gaps (P-72)."""
    return b"".join(bot_raw_wav_blocks(timeline))


def bot_raw_wav_blocks(timeline: Timeline) -> Iterator[bytes]:
    """`bot_raw_wav`, piece by piece."""
    return wav_blocks(decode_ulaw(timeline.raw_ulaw))


def _said(timeline: Timeline, samples: int) -> Pcm:
    said = np.zeros(samples, np.int16)
    said[: len(timeline.said_ulaw)] = decode_ulaw(timeline.said_ulaw)
    return said


def _heard(timeline: Timeline, samples: int) -> Pcm:
    heard = bytearray(ULAW_SILENCE) * samples
    for piece in timeline.heard:
        heard[piece.first_sample : piece.end_sample] = piece.ulaw
    return decode_ulaw(bytes(heard))
