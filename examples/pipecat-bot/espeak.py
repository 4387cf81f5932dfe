"""Speech from espeak-ng: a Pipecat text-to-speech service that needs no network and no key.

A phrase is rendered once per process and sample rate, in a thread, so that the answer of a
running call waits neither for espeak-ng nor for another call's answer.
"""

import asyncio
import functools
import io
import subprocess
import wave
from collections.abc import AsyncGenerator

import numpy as np
import soxr
from pipecat.frames.frames import ErrorFrame, Frame, TTSAudioRawFrame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

VOICE = "en-us"
WORDS_PER_MINUTE = 160
RENDER_TIMEOUT_S = 20
AUDIBLE = 100  # of 32768; espeak-ng puts digital silence around what it says
# Pipecat closes the socket up to 140 ms before the last audio it sent has been played, and
# Twilio drops what has not. This silence is then what gets lost, and not the last syllable.
SILENCE_AFTER_MS = 200


class EspeakTTSService(TTSService):
    """Speaks with espeak-ng at the sample rate of the pipeline."""

    def __init__(self, **kwargs):
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            settings=TTSSettings(model=None, voice=VOICE, language=None),
            **kwargs,
        )

    def can_generate_metrics(self) -> bool:
        return True

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        try:
            pcm = await asyncio.to_thread(render, text, self.sample_rate)
        except (OSError, subprocess.SubprocessError) as error:
            yield ErrorFrame(error=f"espeak-ng cannot say {text!r}: {error}")
            return
        await self.stop_ttfb_metrics()
        yield TTSAudioRawFrame(pcm, self.sample_rate, 1, context_id=context_id)


@functools.lru_cache(maxsize=256)
def render(text: str, rate_hz: int) -> bytes:
    """Return `text` as 16-bit mono PCM that begins with its first sound.

    Raises:
        OSError: espeak-ng is not installed.
        subprocess.SubprocessError: espeak-ng failed or took longer than `RENDER_TIMEOUT_S`.
    """
    command = ["espeak-ng", "-v", VOICE, "-s", str(WORDS_PER_MINUTE), "--stdin", "--stdout"]
    done = subprocess.run(
        command, input=text.encode(), capture_output=True, check=True, timeout=RENDER_TIMEOUT_S
    )
    with wave.open(io.BytesIO(done.stdout)) as spoken:
        samples = np.frombuffer(spoken.readframes(spoken.getnframes()), dtype=np.int16)
        spoken_hz = spoken.getframerate()
    audible = np.flatnonzero(np.abs(samples.astype(np.int32)) > AUDIBLE)
    if audible.size:
        samples = samples[audible[0] : audible[-1] + 1]
    samples = np.append(samples, np.zeros(spoken_hz * SILENCE_AFTER_MS // 1000, dtype=np.int16))
    return soxr.resample(samples, spoken_hz, rate_hz).tobytes()
