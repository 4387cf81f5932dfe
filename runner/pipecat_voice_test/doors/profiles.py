"""The providers whose end of a call we can play, and what each of them can carry (PROTOCOL 9)."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipecat_voice_test.doors.direct import twilio_wire
from pipecat_voice_test.doors.door import CallFacts
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.exotel import ExotelWire
from pipecat_voice_test.protocol.plivo import PlivoWire
from pipecat_voice_test.protocol.telnyx import TelnyxWire
from pipecat_voice_test.protocol.vonage import RATES_HZ as VONAGE_RATES_HZ
from pipecat_voice_test.protocol.vonage import VonageWire
from pipecat_voice_test.protocol.wire import Wire


@dataclass(frozen=True, slots=True)
class Profile:
    """One provider.

    Attributes:
        formats: Ways it codes audio, the usual one first: `mulaw`, `alaw`, `l16` (linear PCM,
            16-bit little-endian).
        rates_hz: Sample rates it carries, the usual one first.
        make: Makes its end of one call, from facts, format and rate.
        carries_parameters: Whether its messages have a place for those of a call.
    """

    formats: tuple[str, ...]
    rates_hz: tuple[int, ...]
    make: Callable[[CallFacts, str, int], Wire]
    carries_parameters: bool = True


def _telnyx(facts: CallFacts, audio_format: str, _rate_hz: int) -> Wire:
    return TelnyxWire(
        facts.identity,
        facts.from_number,
        facts.to_number,
        facts.parameters,
        _unix_ms,
        alaw=audio_format == "alaw",
        reorder=facts.reorder,
    )


def _plivo(facts: CallFacts, _format: str, _rate_hz: int) -> Wire:
    return PlivoWire(facts.identity, facts.parameters, _unix_ms)


def _exotel(facts: CallFacts, _format: str, rate_hz: int) -> Wire:
    return ExotelWire(facts.identity, facts.from_number, facts.to_number, facts.parameters, rate_hz)


def _vonage(facts: CallFacts, _format: str, rate_hz: int) -> Wire:
    return VonageWire(facts.parameters, rate_hz)


def _frames(_facts: CallFacts, _format: str, rate_hz: int) -> Wire:
    # Loaded for those who come in here: protobuf takes as long as all other wires together.
    from pipecat_voice_test.protocol.frames import FramesWire

    return FramesWire(rate_hz)


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000


PROFILES: Mapping[str, Profile] = {
    "twilio": Profile(("mulaw",), (8000,), lambda facts, _format, _rate_hz: twilio_wire(facts)),
    "telnyx": Profile(("mulaw", "alaw"), (8000,), _telnyx),
    "plivo": Profile(("mulaw",), (8000,), _plivo),
    "exotel": Profile(("l16",), (8000, 16_000, 24_000), _exotel),
    "vonage": Profile(("l16",), VONAGE_RATES_HZ, _vonage),
    "frames": Profile(("l16",), (16_000, 8000, 24_000, 48_000), _frames, carries_parameters=False),
}


def wire_maker(
    provider: str, audio_format: str | None = None, sample_rate_hz: int | None = None
) -> Callable[[CallFacts], Wire]:
    """Makes the wires of one provider, for `DirectDoor` and its like.

    Args:
        provider: One of `PROFILES`.
        audio_format: One of its formats; None for the usual one.
        sample_rate_hz: One of its rates; None for the usual one.

    Raises:
        UsageError: It carries no such audio.
    """
    profile = PROFILES[provider]
    wanted_format = audio_format or profile.formats[0]
    wanted_rate_hz = sample_rate_hz or profile.rates_hz[0]
    if wanted_format not in profile.formats:
        raise UsageError(
            f"`--audio-format {wanted_format}` does not go with `--provider {provider}`.",
            fix=f"give one of: {', '.join(profile.formats)}.",
        )
    if wanted_rate_hz not in profile.rates_hz:
        rates = ", ".join(str(one) for one in profile.rates_hz)
        raise UsageError(
            f"`--sample-rate {wanted_rate_hz}` does not go with `--provider {provider}`.",
            fix=f"give one of: {rates}.",
        )
    return lambda facts: profile.make(facts, wanted_format, wanted_rate_hz)
