"""A recording as the call hands it over, 20 ms at a time."""

from pipecat_voice_test.audio.codec import ULAW_SILENCE_FRAME, Pcm, encode_ulaw

from audio.sounds import silence, sound

FRAME_MS = 20


def frames(pcm: Pcm) -> list[bytes]:
    """20 ms each, empty where nothing plays."""
    ulaw = encode_ulaw(sound(pcm, silence(FRAME_MS)))
    whole = [ulaw[at : at + 160] for at in range(0, len(ulaw) - 159, 160)]
    return [b"" if frame == ULAW_SILENCE_FRAME else frame for frame in whole]
