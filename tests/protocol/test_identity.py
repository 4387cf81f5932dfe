"""P-12: a call's names are derived from the seed, and look like the network's."""

import re

import pytest
from pipecat_voice_test.protocol.identity import CallIdentity, call_identity, run_account_sid


def sids(identity: CallIdentity) -> tuple[str, str, str]:
    return identity.account_sid, identity.call_sid, identity.stream_sid


def test_p12_names_are_two_letters_and_32_lower_case_hex_digits() -> None:
    names = sids(call_identity(0, "greeting", 1))

    assert [name[:2] for name in names] == ["AC", "CA", "MZ"]
    assert all(re.fullmatch(r"[A-Z]{2}[0-9a-f]{32}", name) for name in names)
    assert len({name[2:] for name in names}) == 3


def test_p12_the_same_call_of_the_same_run_has_the_same_names() -> None:
    assert call_identity(7, "greeting", 2) == call_identity(7, "greeting", 2)


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
def test_p12_call_and_stream_are_fresh_for(seed: int, scenario: str, call_number: int) -> None:
    first, other = call_identity(0, "greeting", 1), call_identity(seed, scenario, call_number)

    assert first.call_sid != other.call_sid
    assert first.stream_sid != other.stream_sid


def test_p52_all_calls_of_a_run_belong_to_one_account() -> None:
    assert call_identity(3, "a", 1).account_sid == call_identity(3, "b", 2).account_sid
    assert call_identity(3, "a", 1).account_sid == run_account_sid(3)
    assert run_account_sid(3) != run_account_sid(4)
