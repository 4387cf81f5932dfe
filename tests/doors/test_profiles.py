"""What each provider can carry, and that what was asked for reaches its wire (PROTOCOL 9)."""

import json
from typing import Any

import pytest
from pipecat_voice_test.doors.door import CallFacts
from pipecat_voice_test.doors.profiles import PROFILES, wire_maker
from pipecat_voice_test.doors.providers import PROVIDERS
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.identity import call_identity


def facts(provider: str) -> CallFacts:
    identity = call_identity(0, "greeting", 1, provider)
    return CallFacts(identity, "+15550000001", "+15550000002", {"customer_id": "42"})


def start_of(provider: str, *options: Any) -> dict[str, Any]:
    opening = wire_maker(provider, *options)(facts(provider)).opening()
    message: dict[str, Any] = json.loads(opening[-1].data)
    return message


def test_names_and_profiles_are_the_same() -> None:
    assert tuple(PROFILES) == PROVIDERS


@pytest.mark.parametrize(
    ("provider", "options", "media_format"),
    [
        ("telnyx", (), {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}),
        ("telnyx", ("alaw",), {"encoding": "PCMA", "sample_rate": 8000, "channels": 1}),
        ("exotel", (), {"encoding": "audio/x-raw", "sample_rate": "8000", "bit_rate": "16"}),
        (
            "exotel",
            ("l16", 24_000),
            {"encoding": "audio/x-raw", "sample_rate": "24000", "bit_rate": "16"},
        ),
    ],
)
def test_the_bot_is_told_what_was_asked_for(
    provider: str, options: tuple[Any, ...], media_format: dict[str, Any]
) -> None:
    start = start_of(provider, *options)["start"]

    assert start["media_format"] == media_format
    assert (start["from"], start["to"]) == ("+15550000001", "+15550000002")
    assert start["custom_parameters"] == {"customer_id": "42"}


def test_plivo_is_told_the_parameters() -> None:
    start = start_of("plivo")

    assert start["extra_headers"] == "customer_id=42"
    assert start["start"]["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000}


@pytest.mark.parametrize(
    ("provider", "options", "told"),
    [
        (
            "plivo",
            ("alaw",),
            "`--audio-format alaw` does not go with `--provider plivo`.\n"
            "  Fix: give one of: mulaw.",
        ),
        (
            "telnyx",
            ("l16",),
            "`--audio-format l16` does not go with `--provider telnyx`.\n"
            "  Fix: give one of: mulaw, alaw.",
        ),
        (
            "exotel",
            (None, 11_025),
            "`--sample-rate 11025` does not go with `--provider exotel`.\n"
            "  Fix: give one of: 8000, 16000, 24000.",
        ),
    ],
)
def test_what_a_provider_does_not_carry_is_refused(
    provider: str, options: tuple[Any, ...], told: str
) -> None:
    with pytest.raises(UsageError) as caught:
        wire_maker(provider, *options)

    assert str(caught.value) == told
