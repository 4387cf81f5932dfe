"""A bot is given dummies, unless it was given others; what looks real is refused (P-52)."""

from collections.abc import Mapping

import pytest
from pipecat_voice_test.asked.credentials import DUMMY_TELNYX_KEY, Keys, keys_of, looks_real
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.bot.command import DUMMY_AUTH_TOKEN
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.identity import run_account_sid

HEX = "1f2e3d4c5b6a79880a9b8c7d6e5f4031"


def keys(env: Mapping[str, str] | None = None, **options: str) -> Keys:
    given = {name.replace("_", "-"): (value,) for name, value in options.items()}
    return keys_of(Given(given, {}), env or {})


def test_a_bot_of_twilios_is_given_dummies() -> None:
    found = keys(seed="7")

    assert found.get("TWILIO_ACCOUNT_SID") == run_account_sid(7)
    assert found.get("TWILIO_AUTH_TOKEN") == DUMMY_AUTH_TOKEN
    assert found.env == {}


@pytest.mark.parametrize(
    ("provider", "names"),
    [
        ("twilio", []),
        ("telnyx", ["TELNYX_API_KEY"]),
        ("plivo", ["PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN"]),
        ("exotel", []),
    ],
)
def test_a_bot_of_another_network_is_given_that_networks_too(
    provider: str, names: list[str]
) -> None:
    assert list(keys(provider=provider).env) == names


def test_the_account_is_that_of_the_calls() -> None:
    """Plivo's start message names it, and its API wants it."""
    assert keys(provider="plivo", seed="7").env["PLIVO_AUTH_ID"] == run_account_sid(7, "plivo")


def test_what_was_given_stays() -> None:
    env = {"TELNYX_API_KEY": "mine", "TWILIO_AUTH_TOKEN": "mine too"}
    found = keys(env, provider="telnyx")

    assert found.env == env
    assert found.get("TWILIO_AUTH_TOKEN") == "mine too"


def test_the_token_that_signs_is_the_bots_too() -> None:
    """P-52: equal to those of the run."""
    assert keys(auth_token="my-token").auth_token == "my-token"


@pytest.mark.parametrize(
    ("name", "value", "real"),
    [
        ("TWILIO_ACCOUNT_SID", "AC" + HEX, True),
        ("TWILIO_AUTH_TOKEN", HEX, True),
        ("TWILIO_API_KEY", "SK" + HEX, True),
        ("TWILIO_API_KEY_SECRET", "q8W2e4R6t8Y0u1I3o5P7a9S2d4F6g8H0", True),
        ("TELNYX_API_KEY", f"KEY{HEX.upper()}_aB3dE5fG7hI9jK1lM3nO5p", True),
        ("PLIVO_AUTH_ID", "MAZTQ4NJY2MWQ0YZG4MM", True),
        ("PLIVO_AUTH_TOKEN", "ZmE4NzI5YzU1ZjQ2YjQ1ZDhkNzYxZmNhMzY1ZDhk", True),
        ("TWILIO_ACCOUNT_SID", "AC" + "0" * 32, False),
        ("TWILIO_ACCOUNT_SID", "ACxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", False),
        ("TWILIO_AUTH_TOKEN", "deadbeef" * 4, False),
        ("TWILIO_AUTH_TOKEN", "test", False),
        ("TWILIO_AUTH_TOKEN", HEX + "0", False),
        ("TWILIO_PHONE_NUMBER", "+15551230001", False),
        ("TELNYX_API_KEY", DUMMY_TELNYX_KEY, False),
        ("PLIVO_AUTH_TOKEN", "0" * 40, False),
        ("OPENAI_API_KEY", HEX, False),
    ],
)
def test_what_looks_real(name: str, value: str, real: bool) -> None:
    assert looks_real(name, value) is real


def test_real_credentials_are_refused_and_never_shown() -> None:
    """P-52."""
    with pytest.raises(UsageError) as refused:
        keys({"TWILIO_AUTH_TOKEN": HEX})

    assert str(refused.value) == (
        "TWILIO_AUTH_TOKEN of `--bot-env` looks like a real credential, with which a bot could "
        "end real calls.\n"
        "  Fix: leave it out, and the bot is given a dummy; or give one that cannot be mistaken,\n"
        "       such as 00000000000000000000000000000000;\n"
        "       or say `--allow-real-credentials` if the bot needs it."
    )


def test_a_real_token_to_sign_with_is_not_for_a_bot_of_ours_either() -> None:
    with pytest.raises(UsageError) as refused:
        keys(auth_token=HEX)

    assert refused.value.what == (
        "`--auth-token`, which the bot is given as well, looks like a real credential, with which "
        "a bot could end real calls."
    )
    assert keys({"TWILIO_AUTH_TOKEN": "dummy"}, auth_token=HEX).get("TWILIO_AUTH_TOKEN") == "dummy"


def test_real_ones_are_allowed_where_that_is_wanted() -> None:
    found = keys({"TWILIO_AUTH_TOKEN": HEX}, allow_real_credentials="true")

    assert found.get("TWILIO_AUTH_TOKEN") == HEX


@pytest.mark.parametrize("provider", ["twilio", "plivo"])
def test_the_runs_own_account_is_not_real(provider: str) -> None:
    name = {"twilio": "TWILIO_ACCOUNT_SID", "plivo": "PLIVO_AUTH_ID"}[provider]
    account = run_account_sid(3, provider)

    assert keys({name: account}, seed="3").get(name) == account


def test_secrets_are_not_in_a_representation() -> None:
    """P-70."""
    assert "hush" not in repr(keys({"A": "hush"}, auth_token="hush"))
