"""P-12: a call's names are derived from the seed, and look like the network's."""

import re

import pytest
from pipecat_voice_test.protocol.identity import (
    CallIdentity,
    call_identity,
    run_account_sid,
    session_id,
)

PROVIDERS = ["twilio", "telnyx", "plivo", "exotel"]
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def sids(identity: CallIdentity) -> tuple[str, str, str]:
    return identity.account_sid, identity.call_sid, identity.stream_sid


def test_p12_names_are_two_letters_and_32_lower_case_hex_digits() -> None:
    names = sids(call_identity(0, "greeting", 1))

    assert [name[:2] for name in names] == ["AC", "CA", "MZ"]
    assert all(re.fullmatch(r"[A-Z]{2}[0-9a-f]{32}", name) for name in names)
    assert len({name[2:] for name in names}) == 3


@pytest.mark.parametrize(
    ("provider", "account", "call", "stream"),
    [
        pytest.param("telnyx", UUID, r"v3:[A-Za-z0-9_-]{43}", UUID, id="PROTOCOL-9.1"),
        pytest.param("plivo", r"MA[A-Z2-7]{18}", UUID, UUID, id="PROTOCOL-9.2"),
        pytest.param(
            "exotel", "AC[0-9a-f]{32}", "CA[0-9a-f]{32}", "MZ[0-9a-f]{32}", id="PROTOCOL-9.3"
        ),
    ],
)
def test_p12_names_look_like_those_of_the_network(
    provider: str, account: str, call: str, stream: str
) -> None:
    names = sids(call_identity(0, "greeting", 1, provider))

    assert all(re.fullmatch(*pair) for pair in zip((account, call, stream), names, strict=True))
    assert len(set(names)) == 3


def test_p12_a_session_of_telnyx_is_a_uuid_of_its_own_for_each_call() -> None:
    first, other = (session_id(call_identity(0, "a", number, "telnyx")) for number in (1, 2))

    assert re.fullmatch(UUID, first)
    assert first != other


@pytest.mark.parametrize("provider", PROVIDERS)
def test_p12_the_same_call_of_the_same_run_has_the_same_names(provider: str) -> None:
    assert call_identity(7, "greeting", 2, provider) == call_identity(7, "greeting", 2, provider)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("seed", "scenario", "call_number"),
    [
        pytest.param(1, "greeting", 1, id="another-seed"),
        pytest.param(0, "goodbye", 1, id="another-scenario"),
        pytest.param(0, "greeting", 2, id="another-call"),
        pytest.param(0, "greeting 1", 1, id="a-name-that-ends-in-the-number"),
        pytest.param(0, "\ud800", 1, id="a-name-that-is-not-unicode"),
    ],
)
def test_p12_call_and_stream_are_fresh_for(
    seed: int, scenario: str, call_number: int, provider: str
) -> None:
    first = call_identity(0, "greeting", 1, provider)
    other = call_identity(seed, scenario, call_number, provider)

    assert first.call_sid != other.call_sid
    assert first.stream_sid != other.stream_sid


@pytest.mark.parametrize("provider", PROVIDERS)
def test_p52_all_calls_of_a_run_belong_to_one_account(provider: str) -> None:
    account_sid = run_account_sid(3, provider)

    assert call_identity(3, "a", 1, provider).account_sid == account_sid
    assert call_identity(3, "b", 2, provider).account_sid == account_sid
    assert run_account_sid(4, provider) != account_sid
