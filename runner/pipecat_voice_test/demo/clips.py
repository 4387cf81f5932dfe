"""What the bot can say: recorded speech, a steady tone, or a tone with pauses in it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipecat_voice_test.demo.ear import DECODED, SAMPLES_PER_MS, loud_ms

SILENCE = b"\xff"
_HERE = Path(__file__).parent / "voice"
_PERIOD_SAMPLES = 32  # 250 Hz.
_AMPLITUDE = 4500  # About -20 dBov.
# Loud and quiet parts of a long reply, like somebody who thinks while speaking.
_PAUSES_MS = ((900, 400), (700, 650), (1200, 900), (800, 500), (1000, 700), (900, 450))


@dataclass(frozen=True, slots=True)
class Clip:
    """Something to say, as μ-law at 8000 Hz."""

    name: str
    ulaw: bytes

    @property
    def length_ms(self) -> float:
        return len(self.ulaw) / SAMPLES_PER_MS

    @property
    def lead_ms(self) -> int:
        """Milliseconds before its first loud one."""
        return max(0, loud_ms(self.ulaw[: 50 * SAMPLES_PER_MS]).find(1))

    def lasting(self, length_ms: float) -> "Clip":
        """The same over and over, cut to this length."""
        samples = round(length_ms * SAMPLES_PER_MS)
        return Clip(self.name, (self.ulaw * (samples // len(self.ulaw) + 1))[:samples])


@dataclass(frozen=True, slots=True)
class Voice:
    """Everything one voice can say. `replies` are given in turn."""

    greeting: Clip
    replies: tuple[Clip, ...]
    hours: Clip
    address: Clip
    confirm: Clip
    goodbye: Clip


def steady_voice() -> Voice:
    """A steady harmonic tone: every millisecond of it is loud."""
    return _lasting(_tone)


def pausing_voice() -> Voice:
    """The same tone with pauses of 400 to 900 ms in everything that is longer."""
    return _lasting(_tone_with_pauses)


def speaking_voice() -> Voice:
    """Synthetic speech from `voice/`, where a note says how it was made."""

    def clip(name: str) -> Clip:
        return Clip(name, (_HERE / f"{name}.ulaw").read_bytes())

    return Voice(
        clip("greeting"),
        tuple(clip(f"reply-{number}") for number in (1, 2, 3, 4)),
        clip("hours"),
        clip("address"),
        clip("confirm"),
        clip("goodbye"),
    )


VOICES = {"speech": speaking_voice, "steady": steady_voice, "pauses": pausing_voice}


def _lasting(sound: Callable[[int], bytes]) -> Voice:
    return Voice(
        Clip("greeting", sound(2000)),
        tuple(
            Clip(f"reply-{number}", sound(length_ms))
            for number, length_ms in enumerate((10_000, 2500, 9000, 3000), start=1)
        ),
        Clip("hours", sound(3000)),
        Clip("address", sound(3500)),
        Clip("confirm", sound(1500)),
        Clip("goodbye", sound(1500)),
    )


def _encoded(sample: float) -> int:
    return min(range(256), key=lambda code: abs(DECODED[code] - sample))


def _period() -> bytes:
    """One period of three harmonics; a quarter of it is as loud as any other."""
    angles = [2 * math.pi * index / _PERIOD_SAMPLES for index in range(_PERIOD_SAMPLES)]
    return bytes(
        _encoded(
            _AMPLITUDE * (math.sin(a + 0.5) + 0.5 * math.sin(2 * a + 1) + 0.3 * math.sin(3 * a + 2))
        )
        for a in angles
    )


_PERIOD = _period()


def _tone(length_ms: int) -> bytes:
    samples = length_ms * SAMPLES_PER_MS
    return (_PERIOD * (samples // _PERIOD_SAMPLES + 1))[:samples]


def _tone_with_pauses(length_ms: int) -> bytes:
    sound = b""
    number = 0
    while True:
        loud, quiet = _PAUSES_MS[number % len(_PAUSES_MS)]
        left_ms = length_ms - len(sound) // SAMPLES_PER_MS
        if left_ms <= loud + quiet:  # It ends as it began: with voice.
            return sound + _tone(left_ms)
        sound += _tone(loud) + SILENCE * (quiet * SAMPLES_PER_MS)
        number += 1
